/* The picture of a node where it hangs: taken by the phone, made small before it is sent. */
import { useRef, useState } from 'preact/hooks';

import { remove, type Schema } from '../api/client';
import { request } from '../api/http';
import { refresh } from '../api/useApi';
import { useT } from '../i18n';
import { Button, confirm, Note, toast, useAction } from '../ui';

const LONGEST_PX = 1600;
const MOST_BYTES = 1024 * 1024;
const QUALITIES = [0.85, 0.7, 0.5, 0.3];

/** A JPEG that the station takes; undefined: it is no picture. */
async function small(file: Blob): Promise<Blob | undefined> {
  const picture = await createImageBitmap(file).catch(() => undefined);
  if (!picture) return undefined;
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  for (const quality of QUALITIES) {
    const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', quality));
    if (made && made.size <= MOST_BYTES) return made;
  }
  return undefined;
}

interface Props {
  node: Schema<'Node'>;
  canChange: boolean;
  onSaved?: () => void;
}

export function Photo({ node, canChange, onSaved }: Props) {
  const t = useT('nodes');
  const common = useT('common');
  const input = useRef<HTMLInputElement>(null);
  const [version, setVersion] = useState(0);
  const id = node.id ?? 0;
  const name = node.name ?? '';
  const save = useAction(async (file: File) => {
    const picture = await small(file);
    if (!picture) throw new Error(t('photo.wrong'));
    await request('PUT', `/api/v1/nodes/${id}/photo`, { body: picture });
    setVersion(version + 1);
    toast(t('photo.saved'));
    refresh('node');
    onSaved?.();
  });
  const drop = useAction(async () => {
    if (!(await confirm({ title: t('photo.remove'), text: t('photo.remove.text'), action: common('action.delete'), danger: true }))) return;
    await remove('/api/v1/nodes/{id}/photo', { params: { id } });
    toast(t('photo.removed'));
    refresh('node');
  }, { toastErrors: true });
  return (
    <div class="stack">
      {save.error && <Note>{save.error.message}</Note>}
      {node.has_photo ? <img class="node-photo" src={`/api/v1/nodes/${id}/photo?v=${version}`} alt={t('photo', { name })} /> : <p class="hint">{t('photo.none')}</p>}
      {canChange && (
        <div class="row">
          <input ref={input} hidden type="file" accept="image/*" capture="environment"
            onChange={(e) => {
              const file = e.currentTarget.files?.[0];
              e.currentTarget.value = '';
              if (file) void save.run(file);
            }} />
          <Button icon="camera" busy={save.busy} onClick={() => input.current?.click()}>{node.has_photo ? t('photo.replace') : t('photo.add')}</Button>
          {node.has_photo && <Button kind="quiet" icon="trash" busy={drop.busy} aria-label={t('photo.remove')} onClick={() => void drop.run()} />}
        </div>
      )}
    </div>
  );
}
