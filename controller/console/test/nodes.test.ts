/* How a node is at a glance, outlines of zones, coordinates as people type them. */
import { describe, expect, it } from 'vitest';

import { faultsOf, glanceOf } from '../src/fleet/glance';
import { CORNERS_MAX, cornersOf, polygonOf, readOutline } from '../src/fleet/shape';
import { readPlace } from '../src/pages/commission/place';

const alarm = (node: number, kind: string) => ({ node, kind, stands: true }) as never;
const node = (more: object = {}) => ({ id: 7, state: 'active', online: true, ...more }) as Parameters<typeof glanceOf>[0];
const status = (more: object) => node({ status: more });

describe('a node at a glance', () => {
  it('is the worst that can be said of it', () => {
    expect(glanceOf(node())).toBe('ready');
    expect(glanceOf(status({ playing_broadcast: 3 }))).toBe('sounding');
    expect(glanceOf(status({ playing_broadcast: 3, faults: ['temperature_high'] }))).toBe('fault');
    expect(glanceOf(node({ muted: true, status: { faults: ['temperature_high'] } }))).toBe('muted');
    expect(glanceOf(status({ muted_locally: true, faults: ['muted_locally'] }))).toBe('muted');
    expect(glanceOf(status({ playing_broadcast: 3, muted_locally: true, faults: ['silent_output'] }))).toBe('silent');
    expect(glanceOf(node({ online: false, muted: true }))).toBe('lost');
    expect(glanceOf(node({ online: false, state: 'revoked' }))).toBe('revoked');
  });

  it('counts alarms that stand for it, and no others', () => {
    expect(glanceOf(node(), [alarm(7, 'not_heard')])).toBe('silent');
    expect(glanceOf(node(), [alarm(8, 'not_heard'), alarm(7, 'sim_due')])).toBe('ready');
    expect(faultsOf(status({ faults: ['mains_lost'] }), [alarm(7, 'mains_lost'), alarm(7, 'link_lost')])).toEqual(['mains_lost']);
  });
});

describe('outlines', () => {
  const square: [number, number][] = [[107, 16], [107.1, 16], [107.1, 16.1], [107, 16.1], [107, 16]];

  it('close when they are stored and open when they are drawn', () => {
    const corners = cornersOf({ type: 'Polygon', coordinates: [square] });
    expect(corners).toHaveLength(4);
    expect(polygonOf(corners).coordinates[0]).toEqual(square);
  });

  it('are found in a file, the largest one', () => {
    const small = square.map(([x, y]) => [107 + (x - 107) / 10, 16 + (y - 16) / 10]);
    const text = JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', geometry: { type: 'MultiPolygon', coordinates: [[small], [square]] } }] });
    expect(readOutline(text)).toEqual(cornersOf({ type: 'Polygon', coordinates: [square] }));
  });

  it('are refused when the file has none', () => {
    for (const text of ['', '{', '{}', 'null', '{"type":"Point","coordinates":[1,2]}', '{"type":"Polygon","coordinates":[[[1,2],["x",3],[4,5],[1,2]]]}', '{"type":"Polygon","coordinates":7}'])
      expect(readOutline(text), text).toBeUndefined();
  });

  it('lose corners, not their form, when they have too many', () => {
    const circle = Array.from({ length: 5001 }, (_, i) => [107 + 0.01 * Math.cos((i / 5000) * 2 * Math.PI), 16 + 0.01 * Math.sin((i / 5000) * 2 * Math.PI)]);
    const read = readOutline(JSON.stringify({ type: 'Polygon', coordinates: [circle] }))!;
    expect(read.length).toBeLessThanOrEqual(CORNERS_MAX);
    expect(read.length).toBeGreaterThan(20);
    for (const { lat, lon } of read) expect(Math.hypot(lat - 16, lon - 107)).toBeCloseTo(0.01, 6);
  });
});

it('coordinates are read as people write them', () => {
  expect(readPlace('16.5123, 107.6012')).toEqual({ lat: 16.5123, lon: 107.6012 });
  expect(readPlace(' 16.5123 107.6012 ')).toEqual({ lat: 16.5123, lon: 107.6012 });
  expect(readPlace('16,5123; 107,6012')).toEqual({ lat: 16.5123, lon: 107.6012 });
  for (const text of ['', '16.5', 'abc, 107', '107.6, 200', '95, 107', '1, 2, 3']) expect(readPlace(text), text).toBeUndefined();
});
