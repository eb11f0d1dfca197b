/* What the recordings of a bulletin are called. */
import { oneMedia } from '../../sound/recordings';
import type { StoredPart } from './model';

/** Those that are gone have no title. */
export async function titlesOf(parts: readonly StoredPart[], signal?: AbortSignal): Promise<Map<string, string>> {
  const names = [...new Set(parts.filter((p) => p.kind !== 'text').map((p) => p.media).filter((m): m is string => !!m))];
  const found = await Promise.all(names.map((sha256) => oneMedia(sha256, signal).catch(() => undefined)));
  return new Map(found.flatMap((m) => (m?.sha256 && m.title ? [[m.sha256, m.title] as const] : [])));
}
