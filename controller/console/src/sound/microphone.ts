/* The microphone of this device: asked for, with the reason when there is none, and how loud it is. */

export type Refusal = 'insecure' | 'denied' | 'none' | 'busy' | 'unsupported';
export class MicrophoneRefused extends Error {
  constructor(readonly why: Refusal) {
    super(why);
  }
}

export interface Microphone {
  source: MediaStreamAudioSourceNode;
  stream: MediaStream;
  context: AudioContext;
  /** Of the last moment, 0 to 1. */
  level: () => number;
  /** Lets it go. */
  close: () => Promise<void>;
}

function refusal(problem: unknown): Refusal {
  const name = problem instanceof DOMException ? problem.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'none';
}

/** Asks for it. Throws MicrophoneRefused. */
export async function openMicrophone(how: MediaTrackConstraints, options: AudioContextOptions = {}): Promise<Microphone> {
  if (!navigator.mediaDevices) throw new MicrophoneRefused('insecure');
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false, ...how } }).catch((problem: unknown) => {
    throw new MicrophoneRefused(refusal(problem));
  });
  const context = new AudioContext(options);
  const source = context.createMediaStreamSource(stream);
  const analyser = context.createAnalyser();
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    source, stream, context,
    level() {
      analyser.getFloatTimeDomainData(samples);
      return samples.reduce((most, s) => Math.max(most, Math.abs(s)), 0);
    },
    async close() {
      for (const track of stream.getTracks()) track.stop();
      if (context.state !== 'closed') await context.close();
    },
  };
}
