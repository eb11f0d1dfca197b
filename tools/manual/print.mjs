/* The manual's chapters as one page of HTML and as PDF, beside the screenshots:  node print.mjs build/manual */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const console_ = new URL('../../controller/console/', import.meta.url);
const require = createRequire(new URL('package.json', console_));
const { chromium } = require('playwright-core');
const { marked } = require('marked');

const out = resolve(process.argv[2]);
const shots = join(out, 'browser');
const text = fileURLToPath(new URL('manual/', console_));
const fonts = fileURLToPath(new URL('node_modules/@fontsource/be-vietnam-pro/', console_));

function chapters() {
  return readdirSync(text).filter((name) => name.endsWith('.md')).sort().map((name, i) => {
    const source = readFileSync(join(text, name), 'utf8');
    const id = name.replace('.md', '');
    const html = marked.parse(source, { async: false })
      .replace(/href="([\w-]+)\.md"/g, 'href="#$1"')
      // A picture alone in a paragraph is a figure; several stand side by side.
      .replace(/<p>((?:\s*<img [^>]*>\s*)+)<\/p>/g, (_, images) => `<div class="figures">${images.replace(/<img src="([^"]+)" alt="([^"]+)">/g, picture)}</div>`);
    return { id, title: /^# (.*)$/m.exec(source)[1], html: `<section id="${id}">${html.replace('<h1>', `<h1><small>${i + 1}</small>`)}</section>` };
  });
}

function picture(_, name, caption) {
  if (!existsSync(join(shots, name))) throw new Error(`${name} was not taken`);
  copyFileSync(join(shots, name), join(out, name));
  // Bytes 16 to 24 of a PNG are its width and height.
  const head = readFileSync(join(out, name)).subarray(16, 24);
  const kind = head.readUInt32BE(0) < 600 ? 'phone' : 'desk';
  return `<figure class="${kind}"><img src="${name}" alt=""><figcaption>${caption}</figcaption></figure>`;
}

function page(list, pages) {
  const entries = list.map((c, i) => `<li><a href="#${c.id}"><span>${i + 1}. ${c.title}</span><i>${pages[i] ?? ''}</i></a></li>`);
  const cover = `<header><p class="name">Loa</p><p class="title">Sổ tay người vận hành</p>
    <p class="lead">Đài truyền thanh cơ sở, từ ngày đầu tiên đến khi có việc khẩn cấp</p>
    <nav aria-label="Mục lục"><h2>Mục lục</h2><ol>${entries.join('')}</ol></nav></header>`;
  return `<!doctype html><html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <title>Loa: sổ tay người vận hành</title><link rel="stylesheet" href="manual.css"></head>
    <body>${cover}<main>${list.map((c) => c.html).join('\n')}</main></body></html>`;
}

function style() {
  mkdirSync(join(out, 'files'), { recursive: true });
  const faces = ['400', '600'].map((weight) => readFileSync(join(fonts, `${weight}.css`), 'utf8')).join('\n');
  for (const [, name] of faces.matchAll(/files\/([\w-]+\.woff2?)/g)) copyFileSync(join(fonts, 'files', name), join(out, 'files', name));
  writeFileSync(join(out, 'manual.css'), faces + readFileSync(new URL('manual.css', import.meta.url), 'utf8'));
}

const PAPER = {
  format: 'A4', printBackground: true, displayHeaderFooter: true, headerTemplate: '<span></span>', outline: true, tagged: true,
  footerTemplate: '<div style="width:100%;font:9px sans-serif;color:#555;text-align:center"><span class="pageNumber"></span></div>',
  margin: { top: '18mm', bottom: '18mm', left: '18mm', right: '18mm' },
};
const pagesOf = (pdf) => [...pdf.toString('latin1').matchAll(/\/Type\s*\/Page\b/g)].length;

const list = chapters();
style();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const tab = await browser.newPage();
const file = join(out, 'index.html');
async function print(chosen, pages) {
  writeFileSync(file, page(chosen, pages));
  await tab.goto(pathToFileURL(file).href);
  await tab.evaluate(() => document.fonts.ready);
  return tab.pdf(PAPER);
}
// Chromium knows no page of a link: each chapter begins a page, so the pages of those before it say where.
const pages = [2];
for (const chapter of list) {
  const alone = pagesOf(await print([chapter], []));
  pages.push(pages.at(-1) + alone - 1);
}
const pdf = await print(list, pages);
if (pagesOf(pdf) !== pages.at(-1) - 1) throw new Error(`${pagesOf(pdf)} pages instead of ${pages.at(-1) - 1}`);
writeFileSync(join(out, 'loa-huong-dan.pdf'), pdf);
await browser.close();
console.log(`${pagesOf(pdf)} pages: ${join(out, 'loa-huong-dan.pdf')}`);
