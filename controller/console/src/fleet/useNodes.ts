import { getAll, getWithEtag, type Schema } from '../api/client';
import { useApi } from '../api/useApi';

const EVERY_MS = 10_000;

export function useNodes() {
  return useApi('nodes', () => getAll('/api/v1/nodes'), [], EVERY_MS);
}

/** One of them, with what says which state of it was seen. */
export type SeenNode = Schema<'Node'> & { etag: string | undefined };

/** refresh('node') after a change. */
export function useNode(id: number) {
  const load = async (): Promise<SeenNode> => {
    const { data, etag } = await getWithEtag('/api/v1/nodes/{id}', { params: { id } });
    return { ...data, etag: etag ?? undefined };
  };
  return useApi('node', load, [id], EVERY_MS / 2);
}

/** 'Xã › Thôn': a zone with those around it. */
export function zonePath(zones: readonly Schema<'Zone'>[], id: number | undefined): string {
  const names: string[] = [];
  for (let zone = zones.find((z) => z.id === id); zone && names.length < 16; zone = zones.find((z) => z.id === zone!.parent)) names.unshift(zone.name);
  return names.join(' › ');
}

/** A zone with all below it. */
export function zonesBelow(zones: readonly Schema<'Zone'>[], id: number): Set<number> {
  const found = new Set([id]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const zone of zones) if (found.has(zone.parent)) found.add(zone.id);
  }
  return found;
}
