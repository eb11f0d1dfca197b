/* The operator's manual says what the console says, and every picture in it is taken. */
import { expect, test } from 'vitest';

const chapters = import.meta.glob<string>('../manual/*.md', { eager: true, query: '?raw', import: 'default' });
const script = Object.values(import.meta.glob<string>('../../../tools/manual/shots.mjs', { eager: true, query: '?raw', import: 'default' }))[0] ?? '';
const catalogues = import.meta.glob<{ default: Record<string, string> }>('../src/i18n/vi/*.ts', { eager: true });
const words = new Set(Object.values(catalogues).flatMap((file) => Object.values(file.default)));
const list = Object.entries(chapters).map(([path, text]) => ({ name: path.split('/').pop()!, text }));
const all = (text: string, what: RegExp) => [...text.matchAll(what)].map((m) => m[1]!);
const taken = all(script, /\b(?:shot|keep)\(\w+, '([\w-]+)'/g).map((name) => `${name}.png`);

test('there are chapters', () => expect(list.length).toBeGreaterThanOrEqual(10));

test('every picture is taken, once, and shown', () => {
  const shown = list.flatMap(({ text }) => all(text, /!\[[^\]]+\]\(([^)]+)\)/g));
  expect([...new Set(taken)].sort()).toEqual([...taken].sort());
  expect([...shown].sort()).toEqual([...taken].sort());
});

test.each(list)('$name: title, links, letters', ({ text }) => {
  expect(all(text, /^# (.+)$/gm)).toHaveLength(1);
  expect(text.normalize('NFC')).toBe(text);
  for (const to of all(text, /(?<!!)\[[^\]]*\]\(([^)]+)\)/g)) expect(list.map((c) => c.name), to).toContain(to);
  for (const [, alt] of text.matchAll(/!\[([^\]]*)\]/g)) expect(alt).not.toBe('');
});

test.each(list)('$name: what is bold stands on the screen in these words', ({ text }) => {
  expect(all(text, /\*\*([^*]+)\*\*/g).filter((word) => !words.has(word))).toEqual([]);
});

test('every alarm is in the table of what to do', () => {
  const common = catalogues['../src/i18n/vi/common.ts']!.default;
  const alarms = Object.keys(common).filter((key) => key.startsWith('alarm.')).map((key) => common[key]!);
  const rows = list.flatMap(({ text }) => all(text, /^\| \*\*([^*]+)\*\* \|/gm));
  expect(alarms.filter((alarm) => !rows.includes(alarm))).toEqual([]);
});
