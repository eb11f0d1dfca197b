import { useT } from '../i18n';
import { training } from '../state/session';
import { Icon } from '../ui';

/** Says at the head of each screen that nothing sounds; nothing on a station that works. */
export function TrainingBanner() {
  const t = useT('common');
  return training.value ? <p class="training"><Icon name="info" />{t('app.training')}</p> : null;
}
