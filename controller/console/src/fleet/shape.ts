/* Shapes of hamlets: rings of corners as a person draws them, and GeoJSON as the API and other programs have them. */
import type { Place } from './glance';

export interface Polygon {
  type: 'Polygon';
  coordinates: [number, number][][];
}

export const CORNERS_MAX = 400;

export function isPolygon(value: unknown): value is Polygon {
  const shape = value as Partial<Polygon> | null | undefined;
  return shape?.type === 'Polygon' && Array.isArray(shape.coordinates) && Array.isArray(shape.coordinates[0]);
}

/** The outer ring, without the corner that closes it. */
export function cornersOf(polygon: unknown): Place[] {
  if (!isPolygon(polygon)) return [];
  return polygon.coordinates[0]!.slice(0, -1).map(([lon, lat]) => ({ lat, lon }));
}

const rounded = (degrees: number) => Math.round(degrees * 1e6) / 1e6;

export function polygonOf(corners: readonly Place[]): Polygon {
  const ring = corners.map(({ lat, lon }): [number, number] => [rounded(lon), rounded(lat)]);
  return { type: 'Polygon', coordinates: [[...ring, ring[0]!]] };
}

function area(ring: readonly [number, number][]): number {
  return Math.abs(ring.reduce((sum, [x, y], i) => {
    const [x2, y2] = ring[(i + 1) % ring.length]!;
    return sum + x * y2 - x2 * y;
  }, 0));
}

function rings(value: unknown): [number, number][][] {
  const o = value as { type?: string; features?: unknown[]; geometries?: unknown[]; geometry?: unknown; coordinates?: unknown };
  switch (o?.type) {
    case 'FeatureCollection':
      return (o.features ?? []).flatMap(rings);
    case 'GeometryCollection':
      return (o.geometries ?? []).flatMap(rings);
    case 'Feature':
      return rings(o.geometry);
    case 'Polygon':
      return (o.coordinates as [number, number][][]).slice(0, 1);
    case 'MultiPolygon':
      return (o.coordinates as [number, number][][][]).flatMap((polygon) => polygon.slice(0, 1));
    default:
      return [];
  }
}

function distance2([x, y]: [number, number], [x1, y1]: [number, number], [x2, y2]: [number, number]): number {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const along = dx || dy ? Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy))) : 0;
  return (x - x1 - along * dx) ** 2 + (y - y1 - along * dy) ** 2;
}

/* Douglas and Peucker: corners that lie within `tolerance` of the line through their neighbours go. */
function thinned(line: [number, number][], tolerance: number): [number, number][] {
  if (line.length < 3) return line;
  const [first, last] = [line[0]!, line[line.length - 1]!];
  let far = 0;
  let worst = tolerance ** 2;
  line.forEach((point, i) => {
    const d = distance2(point, first, last);
    if (i > 0 && i < line.length - 1 && d > worst) [far, worst] = [i, d];
  });
  return far === 0 ? [first, last] : [...thinned(line.slice(0, far + 1), tolerance).slice(0, -1), ...thinned(line.slice(far), tolerance)];
}

/** The largest outline in a GeoJSON file, with fewer corners where it has too many; undefined: there is none. */
export function readOutline(text: string): Place[] | undefined {
  try {
    const found = rings(JSON.parse(text)).sort((a, b) => area(b) - area(a))[0];
    if (!found || found.length < 4 || !found.flat().every(Number.isFinite)) return undefined;
    let ring = found.map(([lon, lat]): [number, number] => [lon, lat]);
    // A closed ring is thinned as two halves, since its ends are one point.
    const halves = [ring.slice(0, (ring.length >> 1) + 1), ring.slice(ring.length >> 1)] as const;
    for (let tolerance = 1e-6; ring.length > CORNERS_MAX; tolerance *= 2) ring = [...thinned(halves[0], tolerance).slice(0, -1), ...thinned(halves[1], tolerance)];
    return ring.slice(0, -1).map(([lon, lat]) => ({ lat, lon }));
  } catch {
    return undefined;
  }
}
