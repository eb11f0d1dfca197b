import { expect, test } from 'vitest';

import { levels, merge, namesOf, nodes, onAir, take, type LiveNode } from '../src/api/updates';
import { parseRoute } from '../src/state/route';
import { zoneTree } from '../src/ui/ZonePicker';

const node = (id: number, broadcast = 0): LiveNode => ({ id, name: `n${id}`, zone: 1, link: true, heard_us: 1, broadcast, muted: false, muted_locally: false, faults: [] });

test('a snapshot replaces, a change merges, silence ends a level', () => {
  take('snapshot', { nodes: [node(1, 9), node(2)], broadcasts: [{ id: 9 }] });
  take('levels', { 1: [-20000, -6000] });
  take('nodes', { nodes: [node(2, 9)] });
  expect(nodes.value?.map((n) => n.broadcast)).toEqual([9, 9]);
  expect(levels.value[1]).toEqual([-20000, -6000]);
  take('nodes', { nodes: [node(1)] });
  expect(levels.value[1]).toBeUndefined();
  expect(onAir.value).toEqual([{ id: 9 }]);
  take('snapshot', { nodes: [node(3)] });
  expect(nodes.value?.map((n) => n.id)).toEqual([3]);
});

test('merge keeps the order and adds what is new', () => {
  expect(merge([{ id: 1, v: 1 }, { id: 2, v: 1 }], [{ id: 1, v: 2 }, { id: 3, v: 1 }])).toEqual([{ id: 1, v: 2 }, { id: 2, v: 1 }, { id: 3, v: 1 }]);
});

test('a changed object names what is shown of it', () => {
  expect(namesOf(['event:3', 'event:4', 'user:1']).sort()).toEqual(['events', 'schedule', 'users']);
});

test('an address is taken apart, also a broken one', () => {
  const route = parseRoute('#/nodes/12/th%C3%B4n?tab=plots');
  expect([route.page, route.rest, route.query.get('tab')]).toEqual(['nodes', ['12', 'thôn'], 'plots']);
  expect(parseRoute('').page).toBe('');
  expect(parseRoute('#/a/%E0%A4').rest).toEqual(['%E0%A4']);
});

test('zones stand below their parents in the order of their codes', () => {
  const zone = (id: number, parent: number, code: string) => ({ id, parent, code, name: code });
  expect(zoneTree([zone(3, 1, 'B'), zone(1, 0, 'A'), zone(2, 1, 'A')]).map((row) => [row.zone.id, row.depth])).toEqual([[1, 0], [2, 1], [3, 1]]);
});
