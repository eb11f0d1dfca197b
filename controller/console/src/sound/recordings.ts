/* Recordings as the API has them, and their sound as this browser holds it. */
import { fill, get, getAll, patch, post, type Schema } from '../api/client';
import { download } from '../api/http';

export type Media = Schema<'Media'>;

const HELD = 12;
const held = new Map<string, Promise<Blob>>();

export function fileOf(sha256: string): string {
  return fill('/api/v1/media/{sha256}/file', { sha256 });
}

/** The whole sound, so that one can seek without asking again; the last few are held. */
export function soundOf(sha256: string): Promise<Blob> {
  const known = held.get(sha256);
  held.delete(sha256);
  const sound = known ?? download(fileOf(sha256));
  held.set(sha256, sound);
  sound.catch(() => held.delete(sha256));
  for (const old of held.keys()) if (held.size > HELD) held.delete(old);
  return sound;
}

/** Newest first. q: a piece of the title or file name, in whatever letters. */
export function listMedia(wanted: { q?: string; kind?: string; archived?: boolean }, most: number, signal?: AbortSignal): Promise<Media[]> {
  return getAll('/api/v1/media', { signal, query: { order: 'newest', limit: Math.min(most, 500), archived: false, ...wanted } }, most);
}

export function oneMedia(sha256: string, signal?: AbortSignal): Promise<Media> {
  return get('/api/v1/media/{sha256}', { params: { sha256 }, signal });
}

const FULL_SCALE = 255;

/** What it looks like: the loudest sample of each of equal spans, 0 to 1. */
export async function shapeOf(sha256: string): Promise<{ peaks: number[]; seconds: number }> {
  const shape = await get('/api/v1/media/{sha256}/peaks', { params: { sha256 } });
  return { peaks: shape.peaks.map((p) => p / FULL_SCALE), seconds: shape.duration_ms / 1000 };
}

export type Use = NonNullable<Schema<'MediaUses'>['items']>[number];

/** Where it is used, the first 200. */
export async function usesOf(sha256: string): Promise<Use[]> {
  return (await get('/api/v1/media/{sha256}/uses', { params: { sha256 } })).items ?? [];
}

export function changeMedia(sha256: string, change: Schema<'MediaChange'>): Promise<Media> {
  return patch('/api/v1/media/{sha256}', change, { params: { sha256 } });
}

/** Another recording takes its place: `changed` bulletins at once, `drafts` are new ones beside those handed in or approved. */
export async function replaceMedia(sha256: string, by: string): Promise<{ changed: number; drafts: number }> {
  const done = await post('/api/v1/media/{sha256}/replace', { by }, { params: { sha256 } });
  return { changed: done.changed?.length ?? 0, drafts: done.drafts?.length ?? 0 };
}

/** A piece of it as a recording of its own, without encoding it again. */
export function cutMedia(sha256: string, fromMs: number, toMs: number, title: string): Promise<Media> {
  return post('/api/v1/media/{sha256}/cut', { from_ms: Math.round(fromMs), to_ms: Math.round(toMs), title }, { params: { sha256 } });
}
