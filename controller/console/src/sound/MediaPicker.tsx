/* Find a recording of the library, listen, take it. */
import { useEffect, useState } from 'preact/hooks';

import { useApi } from '../api/useApi';
import { dateTime } from '../format';
import { useT } from '../i18n';
import { Async, Button, Dialog, Empty, TextField } from '../ui';
import { Player } from './Player';
import { listMedia, type Media } from './recordings';

const SHOWN = 60;
const TYPING_MS = 250;

/** What is typed, once it rests. */
export function useResting(value: string): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

export function MediaPicker({ title, not, onClose, onTake }: { title: string; not?: string; onClose: () => void; onTake: (media: Media) => void }) {
  const t = useT('sound');
  const [text, setText] = useState('');
  const q = useResting(text);
  const found = useApi('media', (signal) => listMedia(q ? { q } : {}, SHOWN, signal), [q]);
  return (
    <Dialog title={title} wide onClose={onClose}>
      <TextField type="search" label={t('pick.search')} value={text} onChange={setText} placeholder={t('pick.placeholder')} />
      <Async from={found}>
        {(all) => all.length === 0 ? <Empty icon="library" title={q ? t('pick.nothing') : t('pick.empty')} /> : (
          <ul class="pick-list">
            {all.filter((m) => m.sha256 !== not).slice(0, SHOWN).map((m) => (
              <li key={m.sha256}>
                <div>
                  <p class="upload-title">{m.title}</p>
                  <p class="hint">{dateTime(m.created_us)}</p>
                </div>
                <Player sound={m.sha256 ?? ''} title={m.title ?? ''} durationMs={m.duration_ms} />
                <Button icon="check" aria-label={t('pick.takeThis', { title: m.title ?? '' })} onClick={() => onTake(m)}>{t('pick.take')}</Button>
              </li>
            ))}
          </ul>
        )}
      </Async>
    </Dialog>
  );
}
