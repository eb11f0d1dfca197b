/* Lines that are made again when they break: what the station pushes, and the one a person speaks on. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { keepOnAir, nodes, startUpdates, stopUpdates } from '../src/api/updates';
import { GRACE_MS, openLine, type End } from '../src/pages/onair/talk/line';

class Source {
  static readonly CLOSED = 2;
  static made: Source[] = [];
  readyState = 0;
  onerror: () => void = () => undefined;
  readonly hears = new Map<string, (e: { data: string }) => void>();
  constructor(readonly url: string) {
    Source.made.push(this);
  }
  addEventListener(name: string, call: (e: { data: string }) => void) {
    this.hears.set(name, call);
  }
  say(name: string, data: unknown) {
    this.hears.get(name)?.({ data: JSON.stringify(data) });
  }
  close() {
    this.readyState = Source.CLOSED;
  }
}

class Socket {
  static readonly OPEN = 1;
  static made: Socket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string) {
    Socket.made.push(this);
  }
  send(what: unknown) {
    this.sent.push(what);
  }
  close() {
    this.readyState = 3;
  }
  opens() {
    this.readyState = Socket.OPEN;
    this.onopen?.();
  }
  says(what: unknown) {
    this.onmessage?.({ data: JSON.stringify(what) });
  }
}

const STATE = { type: 'state', level_mdb: -20000, delay_ms: 200, nodes: 1, hearing: 1, now_us: 0, start_us: 0 };
let asked: string[];

beforeEach(() => {
  vi.useFakeTimers();
  Source.made = [];
  Socket.made = [];
  asked = [];
  vi.stubGlobal('EventSource', Source);
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal('location', { host: 'station' });
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    return new Response('{}', { status: 200, headers: { 'content-type': 'application/json' } });
  });
});
afterEach(() => {
  stopUpdates();
  keepOnAir(false);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('what the browser mends itself is left to it, what was refused is asked for again', async () => {
  startUpdates();
  startUpdates();
  expect(Source.made.map((s) => s.url)).toEqual(['/api/v1/updates']);
  Source.made[0]!.onerror(); // the link broke; the browser is connecting
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Source.made.length).toBe(1);
  Source.made[0]!.close();
  Source.made[0]!.onerror();
  await vi.advanceTimersByTimeAsync(2000);
  expect([Source.made.length, asked]).toEqual([1, ['/api/v1/whoami']]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(Source.made.length).toBe(2);
  Source.made[1]!.say('snapshot', { nodes: [{ id: 7 }] });
  expect(nodes.value).toEqual([{ id: 7 }]);
});

test('who signs out hears nothing more, also when a line was about to be made', async () => {
  startUpdates();
  Source.made[0]!.close();
  Source.made[0]!.onerror();
  stopUpdates();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Source.made.length).toBe(1);
  expect(nodes.value).toBeUndefined();
});

test('the page of what is on air has a line of its own, and the one before stays shut', async () => {
  startUpdates();
  keepOnAir(true);
  expect(Source.made.map((s) => s.url)).toEqual(['/api/v1/updates', '/api/v1/updates?page=on-air']);
  Source.made[0]!.onerror(); // late word of the one that was closed
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Source.made.length).toBe(2);
});

function line() {
  const told: (boolean | End)[] = [];
  return { told, ...openLine(5, 'opus', { up: (is) => told.push(is), heard: () => undefined, end: (end) => told.push(end) }) };
}
const last = () => Socket.made[Socket.made.length - 1]!;

test('a line that goes silent or breaks is made again and goes on', async () => {
  const { told, send } = line();
  expect(last().url).toBe('wss://station/api/v1/broadcasts/5/talk');
  last().opens();
  expect(last().sent).toEqual([JSON.stringify({ format: 'opus', rate_hz: 48000 })]);
  last().says(STATE);
  const first = last();
  await vi.advanceTimersByTimeAsync(2400); // nobody says that it is gone
  expect(told).toEqual([true, false]);
  expect([Socket.made.length, first.onmessage]).toEqual([2, null]);
  last().opens();
  last().says(STATE);
  expect(told).toEqual([true, false, true]);
  last().onclose?.();
  await vi.advanceTimersByTimeAsync(400);
  expect(Socket.made.length).toBe(3);
  last().opens();
  last().says(STATE);
  send(new Uint8Array([1]));
  expect([told, last().sent.length]).toEqual([[true, false, true, false, true], 2]);
  last().bufferedAmount = 1e6;
  send(new Uint8Array([2]));
  expect(last().sent.length, 'what would come too late is not sent').toBe(2);
});

test('a line is given up when the station waits no longer', async () => {
  const { told } = line();
  last().opens();
  last().says(STATE);
  for (let ms = 0; ms < GRACE_MS + 5000; ms += 100) {
    last().onclose?.();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(told).toEqual([true, false, { why: 'lost', message: '' }]);
  const made = Socket.made.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Socket.made.length).toBe(made);
});

test('what the station ended is not made again', async () => {
  const { told } = line();
  last().opens();
  last().says({ type: 'end', why: 'replaced', message: 'Someone else speaks.' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([told, Socket.made.length]).toEqual([[{ why: 'replaced', message: 'Someone else speaks.' }], 1]);
});
