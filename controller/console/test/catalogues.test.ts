/* Both languages say the same things, with the same blanks, and in composed letters. */
import { expect, test } from 'vitest';

type File = { default: Record<string, string> };
const files = import.meta.glob<File>('../src/i18n/{vi,en}/*.ts', { eager: true });
const sources = import.meta.glob<string>('../src/**/*.{ts,tsx}', { eager: true, query: '?raw', import: 'default' });
const names = [...new Set(Object.keys(files).map((path) => path.split('/').pop()!))];
const texts = (language: string, name: string) => files[`../src/i18n/${language}/${name}`]?.default ?? {};
const blanks = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort();

test('there are catalogues', () => expect(names.length).toBeGreaterThan(8));

test.each(names)('%s has the same keys in both languages', (name) => {
  expect(Object.keys(texts('en', name)).sort()).toEqual(Object.keys(texts('vi', name)).sort());
});

test.each(names)('%s is complete: no text is empty, blanks agree, letters are composed', (name) => {
  for (const [key, vi] of Object.entries(texts('vi', name))) {
    const en = texts('en', name)[key] ?? '';
    expect(vi.trim(), key).not.toBe('');
    expect(en.trim(), key).not.toBe('');
    expect(blanks(en), key).toEqual(blanks(vi));
    expect(vi.normalize('NFC'), key).toBe(vi);
  }
});

test('no letters of Vietnamese stand outside the catalogues', () => {
  const found = Object.entries(sources)
    .filter(([path]) => !path.includes('/i18n/') && !path.endsWith('.gen.ts'))
    .flatMap(([path, text]) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').split('\n').filter((line) => /[ăâđêôơưạ-ỹ]/i.test(line)).map((line) => `${path}: ${line.trim()}`));
  expect(found).toEqual([]);
});
