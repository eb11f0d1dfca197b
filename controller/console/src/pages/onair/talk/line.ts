/* The line to the station: a WebSocket that is made again when the link is lost, as long as the station waits. */
import { RATE_HZ, type Format } from './voice';

/** What the station says four times a second. */
export interface Heard {
  level_mdb: number;
  delay_ms: number;
  /** How many nodes it is meant for, how many sound it now. */
  nodes: number;
  hearing: number;
  now_us: number;
  start_us: number;
}
export interface End {
  why: 'over' | 'replaced' | 'signed_out' | 'wrong' | 'fast' | 'lost';
  message: string;
}
export interface LineEvents {
  /** It stands, or is lost and being made again. */
  up: (is: boolean) => void;
  heard: (state: Heard) => void;
  /** Nothing comes after it. */
  end: (end: End) => void;
}

/** The station waits for so long for a speaker whose link was lost. */
export const GRACE_MS = 10_000;
/* It speaks four times a second: when it is silent for so long, the link is gone though nobody said so. */
const SILENT_MS = 2000;
const OPEN_MS = 2500;
const AGAIN_MS = 300;
/* What piles up before the link for longer than this is not sent: it would come too late. */
const BEHIND_MS = 1000;
const BYTES_PER_MS: Record<Format, number> = { opus: 8, s16le: 96 };

export interface Line {
  send: (message: Uint8Array) => void;
  close: () => void;
}

export function openLine(broadcast: number, format: Format, events: LineEvents): Line {
  let socket: WebSocket | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watch: ReturnType<typeof setTimeout> | undefined;
  let lostMs = Date.now();
  let up = false;
  let over = false;

  function finish(end: End): void {
    if (over) return;
    close();
    events.end(end);
  }

  function drop(): void {
    clearTimeout(watch);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = undefined;
  }

  function lost(): void {
    drop();
    if (over) return;
    if (up) {
      up = false;
      lostMs = Date.now();
      events.up(false);
    }
    if (Date.now() - lostMs > GRACE_MS) finish({ why: 'lost', message: '' });
    else timer = setTimeout(connect, AGAIN_MS);
  }

  function hear(text: string): void {
    clearTimeout(watch);
    watch = setTimeout(lost, SILENT_MS);
    const said = JSON.parse(text) as ({ type: 'state' } & Heard) | ({ type: 'end' } & End);
    if (said.type === 'end') finish({ why: said.why ?? 'over', message: said.message ?? '' });
    else if (said.type === 'state') {
      if (!up) {
        up = true;
        events.up(true);
      }
      events.heard(said);
    }
  }

  function connect(): void {
    const made = new WebSocket(`wss://${location.host}/api/v1/broadcasts/${broadcast}/talk`, 'loa-talk');
    made.onopen = () => made.send(JSON.stringify({ format, rate_hz: RATE_HZ }));
    made.onmessage = (e: MessageEvent<unknown>) => typeof e.data === 'string' && hear(e.data);
    made.onclose = lost;
    socket = made;
    watch = setTimeout(lost, OPEN_MS);
  }

  function close(): void {
    over = true;
    clearTimeout(timer);
    drop();
  }

  connect();
  return {
    send(message) {
      if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < BEHIND_MS * BYTES_PER_MS[format]) socket.send(message as Uint8Array<ArrayBuffer>);
    },
    close,
  };
}
