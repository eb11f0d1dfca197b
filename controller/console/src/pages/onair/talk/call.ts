/* A person speaks on the station: voice and line put together, from the tone to hanging up. */
import { signal, type ReadonlySignal } from '@preact/signals';

import { post } from '../../../api/client';
import { openLine, type End, type Heard } from './line';
import type { Voice } from './voice';

/** soon: the line stands, nothing sounds before the start. */
export type Phase = 'connecting' | 'soon' | 'tone' | 'open' | 'lost' | 'ending' | 'over';

export interface Call {
  id: number;
  voice: Voice;
  phase: ReadonlySignal<Phase>;
  heard: ReadonlySignal<Heard | undefined>;
  end: ReadonlySignal<End | undefined>;
  /** Is the microphone to be heard? */
  speaking: ReadonlySignal<boolean>;
  /** The microphone or the browser's encoder broke. */
  broken: ReadonlySignal<boolean>;
  speak: (on: boolean) => void;
  /** Everything said is sounded, then the broadcast ends. */
  hangUp: () => Promise<void>;
}

export function beginCall(id: number, voice: Voice, how: { tone: boolean; speak: boolean }): Call {
  const phase = signal<Phase>('connecting');
  const heard = signal<Heard | undefined>(undefined);
  const end = signal<End | undefined>(undefined);
  const speaking = signal(how.speak);
  const broken = signal(false);
  let startsMs: number | undefined; // by this browser's clock
  let begun = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const settle = () => voice.gate(phase.value === 'open' && speaking.value);
  const enter = (next: Phase) => {
    if (phase.value === 'ending' || phase.value === 'over') return;
    phase.value = next;
    settle();
  };
  async function begin() {
    begun = true;
    if (how.tone) {
      enter('tone');
      await voice.tone();
    }
    enter('open');
  }
  function stands() {
    if (begun) return enter('open');
    enter('soon');
    clearTimeout(timer);
    timer = setTimeout(() => void begin(), Math.max(0, (startsMs ?? 0) - Date.now()));
  }
  const line = openLine(id, voice.format, {
    up: (is) => {
      if (!is) enter('lost');
      else if (startsMs !== undefined) stands();
    },
    heard: (state) => {
      heard.value = state;
      if (startsMs !== undefined) return;
      startsMs = Date.now() + (state.start_us - state.now_us) / 1000;
      stands();
    },
    end: (why) => {
      clearTimeout(timer);
      end.value = why;
      phase.value = 'over';
      void voice.close();
    },
  });
  voice.listen(line.send, () => {
    broken.value = true;
  });

  return {
    id, voice, phase, heard, end, speaking, broken,
    speak(on) {
      speaking.value = on;
      settle();
    },
    async hangUp() {
      if (phase.value === 'ending' || phase.value === 'over') return;
      clearTimeout(timer);
      const before = phase.value;
      phase.value = 'ending';
      try {
        await voice.close(); // what it still holds is sent
        await post('/api/v1/broadcasts/{id}/hang-up', undefined, { params: { id } });
      } finally {
        // Where there is no line, nobody says that it is over.
        if (before === 'lost' || before === 'connecting') {
          line.close();
          end.value = { why: 'over', message: '' };
          phase.value = 'over';
        }
      }
    },
  };
}
