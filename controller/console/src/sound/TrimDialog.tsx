/* Keep a piece of a recording: by dragging its ends or by typing seconds. The original stays as it was. */
import { useState } from 'preact/hooks';

import { refresh } from '../api/useApi';
import { duration } from '../format';
import { useT } from '../i18n';
import { Button, Dialog, NumberField, Note, TextField, useAction } from '../ui';
import { cutMedia, type Media } from './recordings';
import { WavePlayer } from './WavePlayer';

const SHORTEST_S = 0.2;

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

interface Props {
  sha256: string;
  title: string;
  durationMs: number;
  onClose: () => void;
  onDone: (media: Media) => void;
}

export function TrimDialog({ sha256, title, durationMs, onClose, onDone }: Props) {
  const t = useT('sound');
  const common = useT('common');
  const all = tenths(durationMs / 1000);
  const [range, setRange] = useState({ from: 0, to: all });
  const [name, setName] = useState(t('trim.name', { title }));
  const valid = range.from >= 0 && range.to <= all + 0.1 && range.to - range.from >= SHORTEST_S;
  const whole = range.from <= 0.05 && range.to >= all - 0.05;
  const save = useAction(async () => {
    const media = await cutMedia(sha256, range.from * 1000, Math.min(range.to * 1000, durationMs), name.trim());
    refresh('media');
    onDone(media);
  });
  return (
    <Dialog
      title={t('trim.title')}
      wide
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common('action.cancel')}</Button>
          <Button kind="primary" icon="scissors" busy={save.busy} disabled={!valid || whole || name.trim() === ''} onClick={() => void save.run()}>{t('trim.save')}</Button>
        </>
      }
    >
      {save.error && <Note>{save.error.message}</Note>}
      <p class="hint">{t('trim.lead')}</p>
      <WavePlayer sha256={sha256} title={title} range={range} onRange={(r) => setRange({ from: tenths(r.from), to: tenths(r.to) })} />
      <div class="trim-fields">
        <NumberField label={t('trim.from')} value={range.from} min={0} max={all} step={0.1} unit={t('seconds')} onChange={(from) => setRange({ ...range, from })} />
        <NumberField label={t('trim.to')} value={range.to} min={0} max={all} step={0.1} unit={t('seconds')} onChange={(to) => setRange({ ...range, to })}
          error={valid ? undefined : t('trim.wrong', { length: duration(durationMs) })} />
      </div>
      <p class="hint" role="status">{whole ? t('trim.whole') : t('trim.keeps', { length: duration(Math.max(0, range.to - range.from) * 1000) })}</p>
      <TextField label={t('trim.called')} value={name} onChange={setName} maxLength={150} required />
    </Dialog>
  );
}
