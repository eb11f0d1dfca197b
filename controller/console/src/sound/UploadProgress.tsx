/* What is being sent to the station. */
import { megabytes, number } from '../format';
import { useT } from '../i18n';
import { Button, Icon } from '../ui';
import { dismiss, uploads, type Upload } from './uploads';
import './sound.css';

function Row({ one }: { one: Upload }) {
  const t = useT('sound');
  const share = one.size > 0 ? one.sent / one.size : 0;
  const says =
    one.state === 'failed' ? one.error
    : one.state === 'sending' ? t('upload.sending', { percent: number(share * 100), sent: megabytes(one.sent), size: megabytes(one.size) })
    : t(`upload.${one.state}`);
  return (
    <li class={`upload ${one.state}`}>
      <div>
        <p class="upload-title">{one.title}</p>
        <p class="hint" role="status">{one.state === 'failed' && <Icon name="alertTriangle" size={16} />}{one.state === 'waiting' && <Icon name="offline" size={16} />}{says}</p>
        {one.state !== 'failed' && <progress max={1} {...(one.state === 'importing' ? {} : { value: share })} aria-label={t('upload.progress', { title: one.title })} />}
      </div>
      <Button kind="quiet" icon="close" aria-label={t('upload.dismiss', { title: one.title })} onClick={() => dismiss(one.key)} />
    </li>
  );
}

export function UploadProgress() {
  return uploads.value.length === 0 ? null : <ul class="uploads">{uploads.value.map((u) => <Row key={u.key} one={u} />)}</ul>;
}
