/* A part that is made while it sounds: a relay of another broadcaster, or the station's own microphone. */
import { useState } from 'preact/hooks';

import { useT } from '../../i18n';
import { MediaPicker } from '../../sound/MediaPicker';
import { Button, Dialog, Note, NumberField, Segments, TextField } from '../../ui';
import type { DraftPart } from './model';

const LONGEST_MIN = 720;

export function LiveDialog({ onClose, onTake }: { onClose: () => void; onTake: (part: Omit<DraftPart, 'key'>) => void }) {
  const t = useT('bulletins');
  const common = useT('common');
  const [kind, setKind] = useState<'relay' | 'live'>('relay');
  const [source, setSource] = useState('');
  const [backup, setBackup] = useState('');
  const [minutes, setMinutes] = useState(30);
  const [fallback, setFallback] = useState<{ sha256: string; title: string } | undefined>(undefined);
  const [picking, setPicking] = useState(false);
  const isAddress = (text: string) => /^https?:\/\/\S+$/.test(text.trim());
  const wrong = kind === 'relay' && (!isAddress(source) || (backup.trim() !== '' && !isAddress(backup)));
  function take() {
    onTake({
      kind, duration_ms: minutes * 60000, source: kind === 'relay' ? source.trim() : 'microphone', language: '',
      ...(kind === 'relay' && backup.trim() ? { backup: backup.trim() } : {}), ...(fallback ? { fallback: fallback.sha256 } : {}),
    });
  }
  if (picking)
    return <MediaPicker title={t('live.fallback')} onClose={() => setPicking(false)} onTake={(m) => { setFallback({ sha256: m.sha256 ?? '', title: m.title ?? '' }); setPicking(false); }} />;
  return (
    <Dialog
      title={t('live.title')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common('action.cancel')}</Button>
          <Button kind="primary" icon="check" disabled={wrong} onClick={take}>{t('live.take')}</Button>
        </>
      }
    >
      <Note tone="info">{t('live.among')}</Note>
      <Segments label={t('live.kind')} value={kind} onChange={setKind} choices={[{ value: 'relay', label: t('live.relay') }, { value: 'live', label: t('live.microphone') }]} />
      {kind === 'relay' && (
        <>
          <TextField type="url" label={t('live.source')} hint={t('live.source.hint')} value={source} onChange={setSource} maxLength={255} required />
          <TextField type="url" label={t('live.backup')} value={backup} onChange={setBackup} maxLength={255} />
        </>
      )}
      {kind === 'live' && <p class="hint">{t('live.microphone.hint')}</p>}
      <NumberField label={t('live.length')} value={minutes} min={1} max={LONGEST_MIN} unit={t('minutes')} onChange={(n) => setMinutes(Math.min(LONGEST_MIN, Math.max(1, Math.round(n))))} />
      <div class="row">
        <Button icon="library" onClick={() => setPicking(true)}>{t('live.fallback')}</Button>
        <span class="hint">{fallback ? fallback.title : t('live.fallback.none')}</span>
      </div>
    </Dialog>
  );
}
