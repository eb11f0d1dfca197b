/* The voice of who speaks: microphone and tone, through a gate, in pieces of 20 ms, as Opus or as samples. */
import { openMicrophone } from '../../../sound/microphone';
import pieces from './pieces.worklet.js?url';

export type Format = 'opus' | 's16le';
export const RATE_HZ = 48_000;
const PIECE = 960;
const PIECE_US = 20_000;
const BITS_PER_S = 32_000;
/* So that opening and closing does not click. */
const FADE_S = 0.015;
/* Two notes, a falling third, as in a railway station. */
const TONE: readonly [number, number][] = [[660, 0.45], [523, 0.75]];
const TONE_LEVEL = 0.25;

export interface Voice {
  format: Format;
  /** `take` gets a message every 20 ms from now on; `failed` is called when the microphone or the encoder breaks. */
  listen: (take: (message: Uint8Array) => void, failed: () => void) => void;
  /** Open or close the way from the microphone to the station. */
  gate: (open: boolean) => void;
  /** Sound the tone; resolves when it is over. */
  tone: () => Promise<void>;
  /** Of the microphone in the last moment, gate or not, 0 to 1. */
  level: () => number;
  /** False: the browser waits for a touch before it lets sound flow. */
  flows: () => boolean;
  wake: () => Promise<void>;
  close: () => Promise<void>;
}

const OPUS = {
  codec: 'opus', sampleRate: RATE_HZ, numberOfChannels: 1, bitrate: BITS_PER_S, opus: { format: 'opus', frameDuration: PIECE_US },
} as AudioEncoderConfig;

async function knowsOpus(): Promise<boolean> {
  if (typeof AudioEncoder === 'undefined') return false;
  try {
    return (await AudioEncoder.isConfigSupported(OPUS)).supported === true;
  } catch {
    return false;
  }
}

export function samplesOf(piece: Float32Array): Uint8Array {
  const out = new DataView(new ArrayBuffer(piece.length * 2));
  piece.forEach((s, i) => out.setInt16(i * 2, Math.round(Math.max(-1, Math.min(1, s)) * 32767), true));
  return new Uint8Array(out.buffer);
}

/* Pieces in, Opus packets out. A browser that has no encoder sends the samples as they are. */
function opusEncoder(take: (message: Uint8Array) => void, failed: () => void) {
  let at = 0;
  const encoder = new AudioEncoder({
    output: (chunk) => {
      const packet = new Uint8Array(chunk.byteLength);
      chunk.copyTo(packet);
      take(packet);
    },
    error: failed,
  });
  encoder.configure(OPUS);
  return {
    encode(piece: Float32Array<ArrayBuffer>) {
      if (encoder.state !== 'configured') return;
      const data = new AudioData({ format: 'f32-planar', sampleRate: RATE_HZ, numberOfFrames: PIECE, numberOfChannels: 1, timestamp: at++ * PIECE_US, data: piece });
      encoder.encode(data);
      data.close();
    },
    async finish() {
      if (encoder.state !== 'configured') return;
      await encoder.flush().catch(() => undefined);
      if ((encoder.state as CodecState) !== 'closed') encoder.close();
    },
  };
}

/** Asks for the microphone; its gate is closed. Throws MicrophoneRefused. */
export async function openVoice(): Promise<Voice> {
  let take: (message: Uint8Array) => void = () => undefined;
  let failed: () => void = () => undefined;
  // The station levels what it gets.
  const microphone = await openMicrophone({ noiseSuppression: false, autoGainControl: false }, { sampleRate: RATE_HZ, latencyHint: 'interactive' });
  const { context, stream, source } = microphone;
  try {
    await context.audioWorklet.addModule(pieces);
    const opus = (await knowsOpus()) ? opusEncoder((m) => take(m), () => failed()) : undefined;
    const gate = context.createGain();
    const worklet = new AudioWorkletNode(context, 'pieces', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
    gate.gain.value = 0;
    source.connect(gate).connect(worklet);
    worklet.port.onmessage = (e: MessageEvent<Float32Array<ArrayBuffer>>) => (opus ? opus.encode(e.data) : take(samplesOf(e.data)));
    for (const track of stream.getTracks()) track.onended = () => failed();
    return {
      format: opus ? 'opus' : 's16le',
      listen(messages, broken) {
        take = messages;
        failed = broken;
      },
      gate: (open) => gate.gain.setTargetAtTime(open ? 1 : 0, context.currentTime, FADE_S / 3),
      tone: () => sound(context, worklet),
      level: microphone.level,
      flows: () => context.state === 'running',
      wake: () => context.resume(),
      async close() {
        worklet.port.onmessage = null;
        await opus?.finish();
        await microphone.close();
      },
    };
  } catch (problem) {
    await microphone.close();
    throw problem;
  }
}

function sound(context: AudioContext, to: AudioNode): Promise<void> {
  return new Promise((resolve) => {
    let at = context.currentTime + 0.02;
    TONE.forEach(([hz, seconds], i) => {
      const note = new OscillatorNode(context, { frequency: hz });
      const shape = new GainNode(context, { gain: 0 });
      shape.gain.setValueAtTime(0, at);
      shape.gain.linearRampToValueAtTime(TONE_LEVEL, at + FADE_S);
      shape.gain.setTargetAtTime(0, at + FADE_S, seconds / 4);
      note.connect(shape).connect(to);
      note.start(at);
      note.stop(at + seconds);
      note.onended = () => {
        shape.disconnect();
        if (i === TONE.length - 1) resolve();
      };
      at += seconds;
    });
  });
}
