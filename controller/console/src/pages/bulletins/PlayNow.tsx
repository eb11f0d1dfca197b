/* Sound an approved bulletin at once: where, how often. */
import { useState } from 'preact/hooks';

import { post } from '../../api/client';
import { refresh } from '../../api/useApi';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import { Button, confirmed, Dialog, Note, NumberField, toast, useAction, whereBody, ZonePicker } from '../../ui';
import type { Bulletin } from './model';

const REPEATS_MAX = 10;
const PAUSE_MAX_S = 7200;

export function PlayNow({ bulletin, onClose }: { bulletin: Bulletin; onClose: () => void }) {
  const t = useT('bulletins');
  const common = useT('common');
  const [where, setWhere] = useState({ everyone: true, zones: [] as number[] });
  const [repeats, setRepeats] = useState(1);
  const [pauseS, setPauseS] = useState(30);
  const nowhere = !where.everyone && where.zones.length === 0;
  const play = useAction(async () => {
    const body = { bulletin: bulletin.id ?? 0, ...whereBody(where), repeats, ...(repeats > 1 ? { pause_ms: pauseS * 1000 } : {}) };
    const made = await confirmed((extra) => post('/api/v1/broadcasts', { ...body, ...extra }));
    if (!made) return;
    toast(t('play.done', { title: bulletin.title ?? '' }));
    refresh('broadcasts', 'schedule');
    onClose();
    go('/onair');
  });
  return (
    <Dialog
      title={t('play.title')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common('action.cancel')}</Button>
          <Button kind="primary" icon="play" busy={play.busy} disabled={nowhere} onClick={() => void play.run()}>{t('play.go')}</Button>
        </>
      }
    >
      {play.error && <Note>{play.error.message}</Note>}
      <p>{t('play.what', { title: bulletin.title ?? '' })}</p>
      <ZonePicker value={where} onChange={setWhere} error={nowhere ? t('play.nowhere') : undefined} />
      <div class="trim-fields">
        <NumberField label={t('play.repeats')} value={repeats} min={1} max={REPEATS_MAX} unit={t('times')} onChange={(n) => setRepeats(Math.min(REPEATS_MAX, Math.max(1, Math.round(n))))} />
        {repeats > 1 && <NumberField label={t('play.pause')} value={pauseS} min={0} max={PAUSE_MAX_S} unit={t('seconds')} onChange={(n) => setPauseS(Math.min(PAUSE_MAX_S, Math.max(0, Math.round(n))))} />}
      </div>
    </Dialog>
  );
}
