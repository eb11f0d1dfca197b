/* Record with the microphone of this phone or PC, listen, keep it. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { dateTime, duration } from '../format';
import { useT } from '../i18n';
import { Button, Dialog, Icon, Note, TextField, confirm, useAction, useGuard } from '../ui';
import { MicrophoneRefused } from './microphone';
import { Player } from './Player';
import { record, type Recorder, type Recording } from './recorder';
import type { Media } from './recordings';
import { upload } from './uploads';
import { UploadProgress } from './UploadProgress';

const LONGEST_MS = 60 * 60 * 1000;
const DRAW_MS = 100;

type State = 'ready' | 'recording' | 'paused' | 'done';

function Level({ level }: { level: number }) {
  const t = useT('sound');
  const db = Math.max(-60, 20 * Math.log10(Math.max(level, 1e-4)));
  const share = (db + 60) / 60;
  return (
    <div class={`level ${db > -1 ? 'over' : ''}`} role="meter" aria-label={t('record.level')} aria-valuemin={-60} aria-valuemax={0} aria-valuenow={Math.round(db)}>
      <span style={{ width: `${share * 100}%` }} />
    </div>
  );
}

export function RecordDialog({ title: proposed, onClose, onDone }: { title: string; onClose: () => void; onDone: (media: Media) => void }) {
  const t = useT('sound');
  const [state, setState] = useState<State>('ready');
  const [recorder, setRecorder] = useState<Recorder | undefined>(undefined);
  const [recording, setRecording] = useState<Recording | undefined>(undefined);
  const [title, setTitle] = useState(proposed || t('record.name', { when: dateTime(Date.now() * 1000) }));
  const [now, setNow] = useState({ level: 0, lastsMs: 0 });
  const open = useRef<Recorder | undefined>(undefined);
  open.current = recorder;
  useGuard(state !== 'ready');

  const begin = useAction(async () => {
    try {
      setRecording(undefined);
      setRecorder(await record());
      setState('recording');
    } catch (problem) {
      throw problem instanceof MicrophoneRefused ? new Error(t(`record.${problem.why}`)) : problem;
    }
  });
  async function finish() {
    if (!recorder) return;
    setRecording(await recorder.stop());
    recorder.close();
    setRecorder(undefined);
    setState('done');
  }
  const keep = useAction(async () => {
    const media = await upload(recording!.blob, title.trim(), `${title.trim()}.${recording!.kind}`);
    if (media) onDone(media);
  });
  async function leave() {
    if (state !== 'ready' && !(await confirm({ title: t('record.leave'), text: t('record.leave.text'), action: t('record.leave.yes'), danger: true }))) return;
    onClose();
  }

  useEffect(() => () => open.current?.close(), []);
  useEffect(() => {
    if (!recorder) return undefined;
    const timer = setInterval(() => {
      setNow({ level: recorder.level(), lastsMs: recorder.durationMs() });
      if (recorder.durationMs() > LONGEST_MS) void finish();
    }, DRAW_MS);
    return () => clearInterval(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [recorder]);

  return (
    <Dialog
      title={t('record.title')}
      onClose={() => void leave()}
      actions={
        state === 'done' && (
          <>
            <Button icon="mic" disabled={keep.busy} onClick={() => void begin.run()}>{t('record.again')}</Button>
            <Button kind="primary" icon="check" busy={keep.busy} disabled={title.trim() === ''} onClick={() => void keep.run()}>{t('record.keep')}</Button>
          </>
        )
      }
    >
      {begin.error && <Note>{begin.error.message}</Note>}
      {state === 'ready' && <p class="hint">{t('record.lead')}</p>}
      {state !== 'done' ? (
        <div class="recorder">
          <p class={`record-time ${state}`} role="timer">{duration(state === 'ready' ? 0 : now.lastsMs)}</p>
          <p class="record-state" role="status">{state === 'recording' ? <><Icon name="record" />{t('record.on')}</> : state === 'paused' ? t('record.paused') : t('record.off')}</p>
          <Level level={state === 'recording' ? now.level : 0} />
          {state === 'ready' ? (
            <Button kind="primary" large icon="mic" busy={begin.busy} onClick={() => void begin.run()}>{t('record.start')}</Button>
          ) : (
            <div class="row">
              {state === 'recording' ? (
                <Button large icon="pause" onClick={() => { recorder?.pause(); setState('paused'); }}>{t('record.pause')}</Button>
              ) : (
                <Button large icon="mic" onClick={() => { recorder?.resume(); setState('recording'); }}>{t('record.resume')}</Button>
              )}
              <Button kind="primary" large icon="check" onClick={() => void finish()}>{t('record.stop')}</Button>
            </div>
          )}
        </div>
      ) : (
        <>
          <p>{t('record.check')}</p>
          {recording && <Player sound={recording.blob} title={title} durationMs={recording.durationMs} />}
          <TextField label={t('upload.title')} value={title} onChange={setTitle} maxLength={150} required />
          <UploadProgress />
        </>
      )}
      {keep.error && <Note>{keep.error.message}</Note>}
    </Dialog>
  );
}
