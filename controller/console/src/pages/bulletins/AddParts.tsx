/* The ways a part comes into a bulletin. */
import { useState } from 'preact/hooks';

import { useT } from '../../i18n';
import { MediaPicker } from '../../sound/MediaPicker';
import { RecordDialog } from '../../sound/RecordDialog';
import type { Media } from '../../sound/recordings';
import { UploadBox } from '../../sound/UploadBox';
import { Button, Dialog, type IconName } from '../../ui';
import { LiveDialog } from './LiveDialog';
import { PARTS_MAX, type DraftPart } from './model';
import { SpeakDialog } from './SpeakDialog';

export type NewPart = Omit<DraftPart, 'key'>;
const WAYS = ['text', 'record', 'upload', 'library', 'chime', 'silence', 'live'] as const;
type Way = (typeof WAYS)[number];
const ICONS: Record<Way, IconName> = { text: 'speaker', record: 'mic', upload: 'upload', library: 'library', chime: 'music', silence: 'timer', live: 'antenna' };
const SILENCE_MS = 3000;

export function partOf(media: Media): NewPart {
  return { kind: 'media', media: media.sha256, title: media.title, duration_ms: media.duration_ms, language: '' };
}

export function AddParts({ parts, title, onAdd }: { parts: readonly DraftPart[]; title: string; onAdd: (part: NewPart) => void }) {
  const t = useT('bulletins');
  const [way, setWay] = useState<Way | undefined>(undefined);
  const close = () => setWay(undefined);
  const take = (part: NewPart) => {
    onAdd(part);
    close();
  };
  const takeMedia = (media: Media) => take(partOf(media));
  const hasLive = parts.some((p) => p.kind === 'relay' || p.kind === 'live');
  const full = parts.length >= PARTS_MAX;
  function choose(wanted: Way) {
    if (wanted === 'chime') onAdd({ kind: 'chime', language: '' });
    else if (wanted === 'silence') onAdd({ kind: 'silence', duration_ms: SILENCE_MS, language: '' });
    else setWay(wanted);
  }
  return (
    <div class="add-parts" role="group" aria-label={t('add')}>
      <p class="add-title">{t('add')}</p>
      <div class="add-ways">
        {WAYS.map((w) => <Button key={w} icon={ICONS[w]} disabled={full || (w === 'live' && hasLive)} onClick={() => choose(w)}>{t(`add.${w}`)}</Button>)}
      </div>
      <p class="hint">{full ? t('add.full', { count: PARTS_MAX }) : t(hasLive ? 'add.oneLive' : 'add.hint')}</p>
      {way === 'text' && <SpeakDialog title={title} held={parts.map((p) => p.media ?? '')} onClose={close} onTake={take} />}
      {way === 'record' && <RecordDialog title={title} onClose={close} onDone={takeMedia} />}
      {way === 'upload' && <Dialog title={t('add.upload')} onClose={close}><UploadBox onDone={takeMedia} /></Dialog>}
      {way === 'library' && <MediaPicker title={t('add.library')} onClose={close} onTake={takeMedia} />}
      {way === 'live' && <LiveDialog onClose={close} onTake={take} />}
    </div>
  );
}
