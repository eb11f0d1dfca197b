/* After vite: compress what is served, and refuse a build whose first load is too large for a poor link. */
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const out = new URL('../../../build/console/', import.meta.url).pathname;
const FIRST_LOAD_MAX_BYTES = 300_000;
const TEXT = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt']);

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

for (const path of [...files(out)]) {
  if (!TEXT.has(extname(path))) continue;
  const plain = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  }));
}

/* What a browser fetches before the sign-in page stands: the entry, what it imports, its styles and fonts,
 * and the catalogue of one language. */
const manifest = JSON.parse(readFileSync(join(out, '.vite/manifest.json'), 'utf8'));
const first = new Set(['index.html']);
function visit(key) {
  const chunk = manifest[key];
  if (first.has(chunk.file)) return;
  for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) first.add(file);
  for (const next of chunk.imports ?? []) visit(next);
}
visit('index.html');
rmSync(join(out, '.vite'), { recursive: true });

let total = 0;
for (const file of first) {
  const path = join(out, file);
  if (extname(path) === '.woff') continue; // only for browsers that know no woff2
  total += statSync(TEXT.has(extname(path)) ? `${path}.gz` : path).size;
}
console.log(`first load ${(total / 1000).toFixed(1)} kB compressed, at most ${FIRST_LOAD_MAX_BYTES / 1000}`);
if (total > FIRST_LOAD_MAX_BYTES) {
  console.error('The first load is too large; load what is large only on the screen that needs it.');
  process.exit(1);
}
