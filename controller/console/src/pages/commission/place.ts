import type { Place } from '../../fleet/glance';

/** '16.51230, 107.60120' as people write it or copy it; also with a decimal comma: '16,5123; 107,6012'. */
export function readPlace(text: string): Place | undefined {
  const trimmed = text.trim();
  const words = /[;\s]/.test(trimmed) && !/\d\.\d/.test(trimmed) ? trimmed.split(/[;\s]+/).map((w) => w.replace(',', '.')) : trimmed.split(/[,;\s]+/);
  const [lat, lon, more] = words.filter(Boolean).map(Number);
  if (lat === undefined || lon === undefined || more !== undefined || !Number.isFinite(lat) || !Number.isFinite(lon)) return undefined;
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : undefined;
}
