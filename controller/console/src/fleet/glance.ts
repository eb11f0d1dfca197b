/* How a node is, in one word: the worst that can be said of it. */
import type { Schema } from '../api/client';
import type { Alarm } from '../api/updates';
import type { IconName } from '../ui/Icon';
import type { Tone } from '../ui/parts';

type Node = Schema<'Node'>;

export const GLANCES = ['lost', 'silent', 'fault', 'muted', 'sounding', 'ready', 'revoked'] as const;
export type Glance = (typeof GLANCES)[number];

/** A node that believes that it sounds and does not, or could not if it were asked to. */
const SILENT = ['silent_output', 'amplifier', 'card_lost', 'not_heard', 'not_sounded'];
/** Said by the glance itself, or nothing that is wrong with the sound now. */
const SAID = ['link_lost', 'muted_locally', 'sim_due'];

export const LOOKS: Record<Glance, { tone: Tone; icon: IconName }> = {
  lost: { tone: 'bad', icon: 'offline' },
  silent: { tone: 'bad', icon: 'alertTriangle' },
  fault: { tone: 'warn', icon: 'alertTriangle' },
  muted: { tone: 'warn', icon: 'muted' },
  sounding: { tone: 'live', icon: 'speaker' },
  ready: { tone: 'good', icon: 'check' },
  revoked: { tone: 'neutral', icon: 'lock' },
};

/** What is wrong with it: what it says itself, and alarms that stand. */
export function faultsOf(node: Node, alarms: readonly Alarm[] = []): string[] {
  const standing = alarms.filter((a) => a.node === node.id && a.stands !== false).map((a) => a.kind as string);
  const own = node.online ? (node.status?.faults ?? []) : [];
  return [...new Set([...own, ...standing])].filter((kind) => !SAID.includes(kind));
}

export function glanceOf(node: Node, alarms: readonly Alarm[] = []): Glance {
  if (node.state === 'revoked') return 'revoked';
  if (!node.online) return 'lost';
  const faults = faultsOf(node, alarms);
  if (faults.some((kind) => SILENT.includes(kind))) return 'silent';
  if (node.muted || node.status?.muted_locally) return 'muted';
  if (faults.length > 0) return 'fault';
  return (node.status?.playing_broadcast ?? 0) > 0 ? 'sounding' : 'ready';
}

/** Trouble first. */
export function byGlance(a: Glance, b: Glance): number {
  return GLANCES.indexOf(a) - GLANCES.indexOf(b);
}

export interface Place {
  lat: number;
  lon: number;
}

export function placeOf(node: Node): Place | undefined {
  return typeof node.lat_udeg === 'number' && typeof node.lon_udeg === 'number' ? { lat: node.lat_udeg / 1e6, lon: node.lon_udeg / 1e6 } : undefined;
}

/** Degrees to what the API takes. */
export function placeBody(place: Place): { lat_udeg: number; lon_udeg: number } {
  return { lat_udeg: Math.round(place.lat * 1e6), lon_udeg: Math.round(place.lon * 1e6) };
}

export function placeText(place: Place): string {
  return `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`;
}
