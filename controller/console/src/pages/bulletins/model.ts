/* A bulletin as it is being written: what the form holds, and what of it goes to the station. Pure. */
import type { BodyOf, Schema } from '../../api/client';

export type Bulletin = Schema<'Bulletin'>;
export type StoredPart = NonNullable<Bulletin['parts']>[number];
export type PartKind = NonNullable<StoredPart['kind']>;
type Body = NonNullable<BodyOf<'/api/v1/bulletins', 'post'>>;

export const KINDS = ['notice', 'news', 'law', 'health', 'weather', 'culture', 'emergency'] as const;
export const PRIORITIES = ['normal', 'priority', 'emergency'] as const;
export const PARTS_MAX = 16;
export const SILENCE_MAX_S = 600;

export interface DraftPart extends StoredPart {
  /** Tells it from others while they change places. */
  key: number;
  kind: PartKind;
  /** What the recording is called. */
  title?: string;
}

export interface Draft {
  title: string;
  kind: (typeof KINDS)[number];
  priority: (typeof PRIORITIES)[number];
  issuer: string;
  document: string;
  /** Local time of the station, 2026-11-30T18:00; empty: never. */
  expires: string;
  template: boolean;
  parts: DraftPart[];
}

export const EMPTY: Draft = { title: '', kind: 'notice', priority: 'normal', issuer: '', document: '', expires: '', template: false, parts: [] };

/* ---- time of the station ---- */

function partsOf(us: number, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  });
  return Object.fromEntries(format.formatToParts(us / 1000).map((p) => [p.type, p.value]));
}

/** us: microseconds since 1970; 0 gives an empty text. */
export function localOf(us: number | undefined, timeZone: string): string {
  if (!us) return '';
  const p = partsOf(us, timeZone);
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

/** 0 for an empty text. */
export function usOf(local: string, timeZone: string): number {
  if (!local) return 0;
  const asUtc = Date.parse(`${local}:00Z`) * 1000;
  const offset = (us: number) => Date.parse(`${localOf(us, timeZone)}:00Z`) * 1000 - us;
  // Twice: the first guess may lie on the other side of a change of the clocks.
  return asUtc - offset(asUtc - offset(asUtc));
}

/* ---- parts ---- */

export function nextKey(parts: readonly DraftPart[]): number {
  return parts.reduce((most, p) => Math.max(most, p.key), 0) + 1;
}

export function add(parts: readonly DraftPart[], part: Omit<DraftPart, 'key'>): DraftPart[] {
  return [...parts, { ...part, key: nextKey(parts) }];
}

export function change(parts: readonly DraftPart[], key: number, what: Partial<DraftPart>): DraftPart[] {
  return parts.map((p) => (p.key === key ? { ...p, ...what } : p));
}

export function move(parts: readonly DraftPart[], from: number, to: number): DraftPart[] {
  if (from === to || to < 0 || to >= parts.length || from < 0 || from >= parts.length) return [...parts];
  const rest = parts.filter((_, i) => i !== from);
  return [...rest.slice(0, to), parts[from]!, ...rest.slice(to)];
}

export function durationMs(parts: readonly StoredPart[]): number {
  return parts.reduce((sum, p) => sum + (p.duration_ms ?? 0), 0);
}

/** Languages of the parts in their order, each with how long its own parts are; empty when all are for everybody. */
export function languagesOf(parts: readonly StoredPart[]): { language: string; durationMs: number }[] {
  const found = new Map<string, number>();
  for (const p of parts) if (p.language) found.set(p.language, (found.get(p.language) ?? 0) + (p.duration_ms ?? 0));
  return [...found].map(([language, ms]) => ({ language, durationMs: ms }));
}

/* ---- from and to the station ---- */

export function draftOf(b: Bulletin, timeZone: string, titles: ReadonlyMap<string, string> = new Map()): Draft {
  return {
    title: b.title ?? '', kind: b.kind ?? 'notice', priority: b.priority ?? 'normal', issuer: b.issuer ?? '', document: b.document ?? '',
    expires: localOf(b.expires_us, timeZone), template: b.template === true,
    parts: (b.parts ?? []).map((p, i) => {
      const title = titles.get(p.media ?? '');
      return { ...p, key: i + 1, kind: p.kind ?? 'media', ...(title === undefined ? {} : { title }) };
    }),
  };
}

function partBody(p: DraftPart): NonNullable<Body['parts']>[number] {
  const language = p.language ? { language: p.language } : {};
  if (p.kind === 'silence') return { kind: p.kind, duration_ms: p.duration_ms ?? 0, ...language };
  if (p.kind === 'chime') return { kind: p.kind, ...language };
  if (p.kind === 'relay' || p.kind === 'live')
    return { kind: p.kind, duration_ms: p.duration_ms ?? 0, ...(p.source ? { source: p.source } : {}), ...(p.backup ? { backup: p.backup } : {}), ...(p.fallback ? { fallback: p.fallback } : {}), ...language };
  return { kind: p.kind, media: p.media ?? '', ...language };
}

export function bodyOf(d: Draft, timeZone: string): Body {
  return {
    title: d.title.trim(), kind: d.kind, priority: d.priority, issuer: d.issuer.trim(), document: d.document.trim(),
    template: d.template, expires_us: usOf(d.expires, timeZone), parts: d.parts.map(partBody),
  };
}

export type Problem = 'title' | 'titleLong' | 'parts' | 'sound' | 'silence' | 'expires';
const TITLE_BYTES = 199;

/** What keeps it from being saved, by field. */
export function problemsOf(d: Draft, timeZone: string, nowUs: number): Problem[] {
  const found: Problem[] = [];
  if (d.title.trim() === '') found.push('title');
  else if (new TextEncoder().encode(d.title.trim()).length > TITLE_BYTES) found.push('titleLong');
  if (d.parts.length === 0) found.push('parts');
  else if (!d.parts.some((p) => p.kind !== 'silence' && p.kind !== 'chime')) found.push('sound');
  else if (d.parts[0]?.kind === 'silence' || d.parts.at(-1)?.kind === 'silence') found.push('silence');
  if (d.expires && usOf(d.expires, timeZone) <= nowUs) found.push('expires');
  return found;
}

/** Letters without their marks, so that "thong bao" finds "Thông báo". */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/\u0111/g, 'd').replace(/\u0110/g, 'D').toLowerCase();
}
