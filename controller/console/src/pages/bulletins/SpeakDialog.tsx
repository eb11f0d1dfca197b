/* Text that the station reads aloud: write, hear it, then take it. */
import { useState } from 'preact/hooks';

import { post, remove, type Schema } from '../../api/client';
import { useT, word } from '../../i18n';
import { Player } from '../../sound/Player';
import { fitting } from '../../sound/uploads';
import { Button, confirmed, Dialog, Note, Segments, TextArea, TextField, toast, useAction } from '../../ui';
import type { DraftPart } from './model';

const VOICES = ['north', 'central', 'south'] as const;
type Voice = (typeof VOICES)[number];
const SPEEDS = { slow: 120, usual: 150, fast: 180 } as const;
type Speed = keyof typeof SPEEDS;
const TEXT_MAX = 20000;
const TITLE_BYTES = 199;

type Spoken = Schema<'Media'> & { spoken: string };
interface Said {
  text: string;
  voice: Voice;
  speed: number;
}

/* How names are read: kept for every later text. */
function Dictionary({ onAdded }: { onAdded: () => void }) {
  const t = useT('bulletins');
  const [written, setWritten] = useState('');
  const [spoken, setSpoken] = useState('');
  const save = useAction(async () => {
    const body = { written: written.trim(), spoken: spoken.trim() };
    const kept = await confirmed((extra) => post('/api/v1/dictionary', { ...body, ...extra }), { title: t('dictionary.replace'), action: t('dictionary.replace.action') });
    if (!kept) return;
    toast(t('dictionary.done'));
    setWritten('');
    setSpoken('');
    onAdded();
  });
  return (
    <details class="dictionary">
      <summary>{t('dictionary')}</summary>
      <div class="stack">
        <p class="hint">{t('dictionary.lead')}</p>
        {save.error && <Note>{save.error.message}</Note>}
        <TextField label={t('dictionary.written')} value={written} onChange={setWritten} maxLength={60} />
        <TextField label={t('dictionary.spoken')} value={spoken} onChange={setSpoken} maxLength={60} />
        <Button icon="plus" busy={save.busy} disabled={written.trim() === '' || spoken.trim() === ''} onClick={() => void save.run()}>{t('dictionary.add')}</Button>
      </div>
    </details>
  );
}

function speedOf(words: number | undefined): Speed {
  return words === undefined || (words > 135 && words < 165) ? 'usual' : words <= 135 ? 'slow' : 'fast';
}

/* What was spoken for trial only leaves the library again, unless it was there before or is in use. */
const RECENT_US = 3600e6;
function forget(media: Spoken | undefined, held: readonly string[]): void {
  const isTrial = media?.sha256 && !held.includes(media.sha256) && Date.now() * 1000 - (media.created_us ?? 0) < RECENT_US;
  if (isTrial) remove('/api/v1/media/{sha256}', { params: { sha256: media.sha256 ?? '' } }).catch(() => undefined);
}

interface Props {
  part?: DraftPart | undefined;
  title: string;
  /** Recordings that the bulletin has. */
  held: readonly string[];
  onClose: () => void;
  onTake: (part: Omit<DraftPart, 'key'>) => void;
}

export function SpeakDialog({ part, title, held, onClose, onTake }: Props) {
  const t = useT('bulletins');
  const [text, setText] = useState(part?.text ?? '');
  const [voice, setVoice] = useState<Voice>((part?.voice as Voice | undefined) ?? 'north');
  const [speed, setSpeed] = useState<Speed>(speedOf(part?.speed));
  const [heard, setHeard] = useState<{ media: Spoken; said: Said } | undefined>(undefined);
  const present = heard && heard.said.text === text && heard.said.voice === voice && heard.said.speed === SPEEDS[speed];

  const speak = useAction(async () => {
    const said = { text, voice, speed: SPEEDS[speed] };
    const name = fitting(title.trim() || text.trim().split('\n')[0]!, TITLE_BYTES);
    const media = await post('/api/v1/speech', { ...said, title: name });
    if (heard && heard.media.sha256 !== media.sha256) forget(heard.media, held);
    setHeard({ media, said });
  });
  function take() {
    const { media, said } = heard!;
    onTake({ kind: 'text', media: media.sha256, duration_ms: media.duration_ms, language: part?.language ?? '', text: said.text, voice: said.voice, speed: said.speed });
  }
  function leave() {
    forget(heard?.media, held);
    onClose();
  }

  return (
    <Dialog
      title={t('speak.title')}
      wide
      onClose={leave}
      actions={
        <>
          <Button icon="speaker" kind={present ? 'secondary' : 'primary'} busy={speak.busy} disabled={text.trim() === '' || !!present} onClick={() => void speak.run()}>{heard ? t('speak.again') : t('speak.try')}</Button>
          <Button icon="check" kind={present ? 'primary' : 'secondary'} disabled={!present || speak.busy} onClick={take}>{t('speak.take')}</Button>
        </>
      }
    >
      {speak.error && <Note>{speak.error.message}</Note>}
      <TextArea label={t('speak.text')} hint={t('speak.hint')} rows={8} maxLength={TEXT_MAX} value={text} onChange={setText} />
      <div class="speak-choices">
        <Segments label={t('speak.voice')} value={voice} onChange={setVoice} choices={VOICES.map((v) => ({ value: v, label: t(`voice.${v}`) }))} />
        <Segments label={t('speak.speed')} value={speed} onChange={setSpeed} choices={(Object.keys(SPEEDS) as Speed[]).map((s) => ({ value: s, label: t(`speed.${s}`) }))} />
      </div>
      {speak.busy && <p role="status" class="hint">{t('speak.busy')}</p>}
      {heard && !speak.busy && (
        <div class={`preview ${present ? '' : 'old'}`}>
          <h3>{present ? t('speak.preview') : t('speak.changed')}</h3>
          <Player sound={heard.media.sha256 ?? ''} title={word('part', 'text')} durationMs={heard.media.duration_ms} />
          <p class="hint">{t('speak.reads')}</p>
          <blockquote class="part-text">{heard.media.spoken}</blockquote>
          <Dictionary onAdded={() => setHeard({ media: heard.media, said: { ...heard.said, text: '' } })} />
        </div>
      )}
    </Dialog>
  );
}
