/* Choose sound files, or drop them here. */
import { useId, useState } from 'preact/hooks';

import { useT } from '../i18n';
import { Icon } from '../ui';
import type { Media } from './recordings';
import { titleOf, upload } from './uploads';
import { UploadProgress } from './UploadProgress';

const KINDS = 'audio/*,video/mp4,video/webm,.wav,.mp3,.m4a,.aac,.ogg,.opus,.flac,.amr,.webm,.mka';

export function UploadBox({ multiple, onDone }: { multiple?: boolean; onDone: (media: Media) => void }) {
  const t = useT('sound');
  const id = useId();
  const [over, setOver] = useState(false);
  function take(files: FileList | null) {
    for (const file of [...(files ?? [])].slice(0, multiple ? 20 : 1))
      upload(file, titleOf(file.name), file.name).then((media) => media && onDone(media), () => undefined);
  }
  return (
    <div class="stack">
      <div
        class={`drop-box ${over ? 'over' : ''}`}
        onDragOver={(e) => { e.preventDefault(); setOver(true); }}
        onDragLeave={() => setOver(false)}
        onDrop={(e) => { e.preventDefault(); setOver(false); take(e.dataTransfer?.files ?? null); }}
      >
        <Icon name="upload" size={28} />
        <input id={id} class="sr-only" type="file" accept={KINDS} multiple={multiple} aria-describedby={`${id}-hint`} onChange={(e) => { take(e.currentTarget.files); e.currentTarget.value = ''; }} />
        <label for={id} class="button">{multiple ? t('upload.chooseMany') : t('upload.choose')}</label>
        <p class="hint" id={`${id}-hint`}>{t('upload.hint')}</p>
      </div>
      <UploadProgress />
    </div>
  );
}
