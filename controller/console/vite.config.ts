import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** FullCalendar 6 puts its styles into the page by script, which our content security policy forbids: they become files. */
function fullcalendarStyles(): Plugin {
  const sheets = new Map<string, string>();
  return {
    name: 'fullcalendar-styles',
    enforce: 'pre',
    transform(code, id) {
      const found = /@fullcalendar.*\.js$/.test(id) && /var css_248z = ("(?:[^"\\]|\\.)*");\s*injectStyles\(css_248z\);/.exec(code);
      if (!found) return undefined;
      const name = `virtual:fullcalendar-${sheets.size}.css`;
      // The icons of its own toolbar, which we do not show, are a font inside the text.
      sheets.set(name, (JSON.parse(found[1]!) as string).replace(/@font-face\{[^}]*\}/g, ''));
      const rest = code.replace(found[0], '').replace(/(function registerStylesRoot\(rootNode\) \{)/, '$1 return;');
      return { code: `import ${JSON.stringify(name)};\n${rest}`, map: null };
    },
    resolveId: (id) => (sheets.has(id) ? id : undefined),
    load: (id) => sheets.get(id),
  };
}

/* The station serves build/console; everything in it is named by its content but index.html. */
export default defineConfig({
  plugins: [fullcalendarStyles()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: '../../build/console',
    emptyOutDir: true,
    target: 'es2020',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { fs: { allow: ['../..'] } }, // the schedule templates
  test: { environment: 'node', include: ['test/**/*.test.{ts,tsx}'] },
});
