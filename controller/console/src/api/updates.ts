/* What changes by itself: nodes, their levels, what is on air and next, alarms, what waits for a person.
 *
 * GET /api/v1/updates pushes it: first a snapshot of all, then each topic that changed, "levels" a few times a second,
 * and "changed" with the names of objects ("event:3") that are no longer what this page may hold of them. After each
 * loss of the link a new snapshot comes first. */
import { signal } from '@preact/signals';

import { get, type Schema } from './client';
import { refresh } from './useApi';

export interface LiveNode {
  id: number;
  name: string;
  zone: number;
  /** Connected and ready. */
  link: boolean;
  heard_us: number;
  /** What it plays; 0 nothing. */
  broadcast: number;
  muted: boolean;
  muted_locally: boolean;
  faults: string[];
}

export interface LiveBroadcast {
  id: number;
  title: string;
  priority: string;
  state: string;
  start_us: number;
  end_us: number;
  event: number;
  bulletin: number;
  /** Of live sound: "stream", "microphone", an address; empty for recordings. */
  source?: string;
  /** How many it is for, and how many of them say that they play it. */
  nodes?: number;
  sounding?: number;
}

export type Alarm = Schema<'Alarm'>;
export interface Waiting {
  waiting: number;
  items: { id: number; title: string; priority: string; author: number }[];
}
export interface Alerts {
  /** CAP messages that wait for a person. */
  inbox: number;
  items: Schema<'Alert'>[];
}
/** Of a node: RMS and peak of what it really sounds, thousandths of a decibel below full scale. */
export type Level = [number, number];

/* undefined until first heard. */
export const nodes = signal<LiveNode[] | undefined>(undefined);
export const levels = signal<Record<string, Level>>({});
export const onAir = signal<LiveBroadcast[] | undefined>(undefined);
export const nextUp = signal<LiveBroadcast[] | undefined>(undefined);
export const alarms = signal<Alarm[] | undefined>(undefined);
export const waiting = signal<Waiting | undefined>(undefined);
export const alerts = signal<Alerts | undefined>(undefined);
/** How far the station's clock is ahead of this browser's, milliseconds. */
export const aheadMs = signal(0);

const AGAIN_MS = 3000;
/** What else is shown of an object of this kind. Its plural is always among it. */
const ALSO: Record<string, string[]> = {
  event: ['schedule'], bulletin: ['schedule'], broadcast: ['schedule'], join: ['join-codes'], media: ['media'],
  message: ['alerts'], alert_template: ['alert-templates'], emergency: ['emergency-set'], dictionary: ['dictionary'],
};

let source: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let running = false;
let onAirPage = false;

/** Rows of `changed` replace those of the same id or are added. */
export function merge<T extends { id: number }>(rows: readonly T[] | undefined, changed: readonly T[]): T[] {
  const by = new Map((rows ?? []).map((row) => [row.id, row]));
  for (const row of changed) by.set(row.id, row);
  return [...by.values()];
}

export function namesOf(objects: readonly string[]): string[] {
  const names = new Set<string>();
  for (const object of objects) {
    const kind = object.split(':')[0] ?? '';
    for (const name of [`${kind}s`, ...(ALSO[kind] ?? [])]) names.add(name);
  }
  return [...names];
}

/* One event of the stream; exported for its test. */
export function take(event: string, data: unknown): void {
  switch (event) {
    case 'snapshot': {
      const all = data as Record<string, unknown>;
      if (typeof all.now_us === 'number') aheadMs.value = all.now_us / 1000 - Date.now();
      nodes.value = all.nodes as LiveNode[];
      levels.value = {};
      for (const topic of ['broadcasts', 'schedule', 'alarms', 'bulletins', 'alerts']) if (all[topic]) take(topic, all[topic]);
      break;
    }
    case 'nodes': {
      const changed = (data as { nodes: LiveNode[] }).nodes;
      nodes.value = merge(nodes.value, changed);
      const silent = changed.filter((n) => n.broadcast === 0 && levels.value[n.id]);
      if (silent.length > 0) {
        const rest = { ...levels.value };
        for (const node of silent) delete rest[node.id];
        levels.value = rest;
      }
      refresh('nodes');
      break;
    }
    case 'levels':
      levels.value = { ...levels.value, ...(data as Record<string, Level>) };
      break;
    case 'broadcasts':
      onAir.value = data as LiveBroadcast[];
      break;
    case 'schedule':
      nextUp.value = (data as { next: LiveBroadcast[] }).next;
      break;
    case 'alarms':
      alarms.value = (data as { items: Alarm[] }).items;
      break;
    case 'bulletins':
      waiting.value = data as Waiting;
      break;
    case 'alerts':
      alerts.value = data as Alerts;
      break;
    case 'changed':
      refresh(...namesOf((data as { objects: string[] }).objects));
      break;
  }
}

const EVENTS = ['snapshot', 'nodes', 'levels', 'broadcasts', 'schedule', 'alarms', 'bulletins', 'alerts', 'changed'] as const;

/* A browser tries again by itself when the link broke, and closes for good when the answer was an error: then the session
 * may have ended, which the next request finds out and says. */
async function again(): Promise<void> {
  source = undefined;
  await get('/api/v1/whoami').catch(() => undefined);
  if (running && !source) timer = setTimeout(listen, AGAIN_MS);
}

function listen(): void {
  const made = (source = new EventSource(onAirPage ? '/api/v1/updates?page=on-air' : '/api/v1/updates'));
  for (const name of EVENTS) made.addEventListener(name, (e) => take(name, JSON.parse((e as MessageEvent<string>).data)));
  made.onerror = () => {
    if (made === source && made.readyState === EventSource.CLOSED) void again();
  };
}

/** While the page that shows what is on air is open, the session does not end for want of use. */
export function keepOnAir(open: boolean): void {
  if (open === onAirPage) return;
  onAirPage = open;
  if (!source) return; // it is about to be opened
  source.close();
  listen();
}

export function startUpdates(): void {
  if (running) return;
  running = true;
  listen();
}

export function stopUpdates(): void {
  running = false;
  source?.close();
  source = undefined;
  clearTimeout(timer);
  levels.value = {};
  nodes.value = onAir.value = nextUp.value = alarms.value = waiting.value = alerts.value = undefined;
}
