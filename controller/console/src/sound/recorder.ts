/* The microphone of this device, recorded by the browser as Opus or AAC; the station makes of it what it stores. */
import { MicrophoneRefused, openMicrophone } from './microphone';

export interface Recording {
  blob: Blob;
  durationMs: number;
  /** Ending of a file's name. */
  kind: string;
}

const TYPES: readonly [string, string][] = [
  ['audio/webm;codecs=opus', 'webm'],
  ['audio/ogg;codecs=opus', 'ogg'],
  ['audio/mp4', 'm4a'],
];
const BITS_PER_S = 96_000;
const PIECE_MS = 1000;

export interface Recorder {
  pause: () => void;
  resume: () => void;
  stop: () => Promise<Recording>;
  /** Lets the microphone go. */
  close: () => void;
  durationMs: () => number;
  /** Of the last moment, 0 to 1. */
  level: () => number;
}

/** Asks for the microphone and begins. Throws MicrophoneRefused. */
export async function record(): Promise<Recorder> {
  const type = typeof MediaRecorder === 'undefined' ? undefined : TYPES.find(([name]) => MediaRecorder.isTypeSupported(name));
  if (!type) throw new MicrophoneRefused('unsupported');
  const { stream, level, close } = await openMicrophone({ noiseSuppression: true, autoGainControl: true });
  const recorder = new MediaRecorder(stream, { mimeType: type[0], audioBitsPerSecond: BITS_PER_S });
  const pieces: Blob[] = [];
  recorder.ondataavailable = (e) => e.data.size > 0 && pieces.push(e.data);
  let before = 0;
  let since = performance.now();
  const lasts = () => before + (recorder.state === 'recording' ? performance.now() - since : 0);
  recorder.start(PIECE_MS);
  return {
    pause() {
      before = lasts();
      recorder.pause();
    },
    resume() {
      since = performance.now();
      recorder.resume();
    },
    stop: () =>
      new Promise((resolve) => {
        const durationMs = lasts();
        recorder.onstop = () => resolve({ blob: new Blob(pieces, { type: type[0] }), durationMs, kind: type[1] });
        recorder.stop();
      }),
    close: () => void close(),
    durationMs: lasts,
    level,
  };
}
