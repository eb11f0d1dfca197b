/* Stop all and Emergency: on every screen, for those who may. One tap stops everything, so it does not ask. */
import { post } from '../api/client';
import { refresh } from '../api/useApi';
import { useT } from '../i18n';
import { mayAlert, mayStop } from '../state/session';
import { Button, LinkButton, toast, useAction } from '../ui';

export function TroubleButtons() {
  const t = useT('common');
  const stop = useAction(
    async () => {
      const done = await post('/api/v1/broadcasts/stop');
      const count = done?.stopped ?? 0;
      toast(count > 0 ? t('stopAll.done', { count }) : t('stopAll.none'));
      refresh('broadcasts');
    },
    { toastErrors: true },
  );
  return (
    <div class="trouble">
      {mayStop.value && <Button icon="stop" class="stop-all" busy={stop.busy} onClick={() => void stop.run()}>{t('stopAll')}</Button>}
      {mayAlert.value && <LinkButton to="/alerts/new" kind="danger" icon="megaphone">{t('emergency')}</LinkButton>}
    </div>
  );
}
