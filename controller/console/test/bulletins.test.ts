/* A bulletin that is being written: times of the station, order, languages, what is sent, what is wrong. */
import { expect, test } from 'vitest';

import { add, bodyOf, draftOf, EMPTY, fold, languagesOf, localOf, move, problemsOf, usOf, type Draft, type DraftPart } from '../src/pages/bulletins/model';
import { fitting, titleOf } from '../src/sound/uploads';

const VN = 'Asia/Ho_Chi_Minh';
const NOW = Date.parse('2026-11-30T10:00:00Z') * 1000;
const part = (key: number, more: Partial<DraftPart> = {}): DraftPart => ({ key, kind: 'media', media: 'a'.repeat(64), duration_ms: 1000, language: '', ...more });
const draft = (more: Partial<Draft>): Draft => ({ ...EMPTY, title: 'Họp', parts: [part(1)], ...more });

test('local times of the station become instants and back, also where the clocks change', () => {
  expect(usOf('2026-12-05T17:00', VN)).toBe(Date.parse('2026-12-05T10:00:00Z') * 1000);
  expect(usOf('', VN)).toBe(0);
  expect(localOf(0, VN)).toBe('');
  for (const zone of [VN, 'Europe/Berlin', 'America/New_York', 'UTC'])
    for (const local of ['2026-03-29T04:30', '2026-03-29T01:30', '2026-10-25T00:30', '2026-10-25T12:00', '2026-11-01T06:00', '2026-12-31T23:59'])
      expect(localOf(usOf(local, zone), zone), `${zone} ${local}`).toBe(local);
});

test('a part moves to its place and nothing else changes', () => {
  const keys = (parts: readonly DraftPart[]) => parts.map((p) => p.key);
  const four = [part(1), part(2), part(3), part(4)];
  expect(keys(move(four, 0, 2))).toEqual([2, 3, 1, 4]);
  expect(keys(move(four, 3, 0))).toEqual([4, 1, 2, 3]);
  expect(keys(move(four, 1, 1))).toEqual([1, 2, 3, 4]);
  expect(keys(move(four, 0, -1))).toEqual([1, 2, 3, 4]);
  expect(keys(move(four, 3, 4))).toEqual([1, 2, 3, 4]);
  expect(keys(add([part(7), part(3)], { kind: 'chime' }))).toEqual([7, 3, 8]);
});

test('each language is counted with its own parts', () => {
  expect(languagesOf([part(1), part(2, { language: 'vi' }), part(3, { language: 'km', duration_ms: 500 }), part(4, { language: 'vi' })])).toEqual([
    { language: 'vi', durationMs: 2000 },
    { language: 'km', durationMs: 500 },
  ]);
});

test('what is sent has of each part only what its kind takes', () => {
  const body = bodyOf(draft({
    title: ' Họp ', expires: '2026-12-05T17:00',
    parts: [part(1, { kind: 'chime', title: 'x' }), part(2, { kind: 'text', text: 'y', language: 'km' }), part(3, { kind: 'silence', media: undefined, duration_ms: 2000 })],
  }), VN);
  expect(body.title).toBe('Họp');
  expect(body.parts).toEqual([{ kind: 'chime' }, { kind: 'text', media: 'a'.repeat(64), language: 'km' }, { kind: 'silence', duration_ms: 2000 }]);
  expect(bodyOf(draft({ parts: [part(1, { kind: 'relay', media: undefined, source: 'https://x/y', backup: '', duration_ms: 60000 })] }), VN).parts).toEqual([
    { kind: 'relay', duration_ms: 60000, source: 'https://x/y' },
  ]);
  const stored = { ...body, id: 4, expires_us: body.expires_us };
  expect(bodyOf(draftOf(stored as never, VN), VN)).toEqual(body);
});

test('what is wrong is said by field', () => {
  expect(problemsOf(draft({}), VN, NOW)).toEqual([]);
  expect(problemsOf(draft({ title: ' ' }), VN, NOW)).toEqual(['title']);
  expect(problemsOf(draft({ title: '\u1ec7'.repeat(67) }), VN, NOW)).toEqual(['titleLong']);
  expect(problemsOf(draft({ parts: [] }), VN, NOW)).toEqual(['parts']);
  expect(problemsOf(draft({ parts: [part(1, { kind: 'chime' })] }), VN, NOW)).toEqual(['sound']);
  expect(problemsOf(draft({ parts: [part(1), part(2, { kind: 'silence' })] }), VN, NOW)).toEqual(['silence']);
  expect(problemsOf(draft({ parts: [part(1), part(2, { kind: 'silence' }), part(3)] }), VN, NOW)).toEqual([]);
  expect(problemsOf(draft({ parts: [part(1, { kind: 'relay' })] }), VN, NOW)).toEqual([]);
  expect(problemsOf(draft({ expires: '2026-11-30T16:59' }), VN, NOW)).toEqual(['expires']);
  expect(problemsOf(draft({ expires: '2026-11-30T17:01' }), VN, NOW)).toEqual([]);
});

test('letters are found without their marks, and names fit their bytes', () => {
  expect(fold('\u0110i\u1ec7n l\u1ef1c \u0111\u1ebfn')).toBe('dien luc den');
  expect(titleOf('thong_bao 12.mp3')).toBe('thong bao 12');
  expect(titleOf('.wav')).toBe('.wav');
  expect(fitting('\u1ec7'.repeat(100), 199)).toBe('\u1ec7'.repeat(66));
});
