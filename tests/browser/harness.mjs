/* What browser tests share: Chromium on the station's console, checks that hold on every page, screenshots.
 *
 * A test is a file NAME.mjs that test_NAME.py starts against a running station:  node NAME.mjs '{"url": ...}' */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { connect } from 'node:tls';

const require = createRequire(new URL('../../controller/console/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What the Python side said: url, password, files, build, name of the test, ... */
export const given = JSON.parse(process.argv[2] ?? '{}');
export { assert };

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1280, height: 800 };
const SHOTS = join(given.build, 'browser', given.name);
/* LOA_SLOWER=6 makes each page a sixth as fast: what only holds on a quick machine shows. */
const SLOWER = Number(process.env.LOA_SLOWER ?? 1);
/* How long is waited for whatever is to come; on a busy machine everything comes late. */
const PATIENCE_MS = 60000;

/* The station's key, for Chromium to trust. Told only to ignore errors it would begin a request anew for each of them, and
 * on a busy machine it gives up at last: ERR_TOO_MANY_RETRIES. */
async function keyOf(url) {
  const { hostname, port } = new URL(url);
  const link = connect({ host: hostname, port, servername: hostname, rejectUnauthorized: false });
  await once(link, 'secureConnect');
  const key = link.getPeerX509Certificate().publicKey.export({ type: 'spki', format: 'der' });
  link.destroy();
  return createHash('sha256').update(key).digest('base64');
}

/* On a busy machine a page may move between press and release; the browser then clicks what lies around both places,
 * which does nothing. A person would press again. */
const PRESSES = 3;
function pressAgain(locator) {
  const { click } = locator;
  if (click.isPatient) return;
  locator.click = async function (options = {}) {
    if (options.trial) return click.call(this, options);
    for (let left = PRESSES - 1; ; left--) {
      const seen = await this.evaluateHandle((element) => {
        const state = { missed: true };
        // A label's click is followed by one of its field.
        document.addEventListener('click', ({ target }) => {
          if (target === element || !target.contains(element)) state.missed = false;
        }, { capture: true });
        return state;
      });
      await click.call(this, options);
      const missed = await seen.evaluate((state) => state.missed).catch(() => false); // that page has gone
      if (!missed || left === 0) return undefined;
      console.error(`pressed again: ${this}`);
    }
  };
  locator.click.isPatient = true;
}

/** Run the cases in order, each with ({browser, origin}); prints what went wrong; exit 1 then. */
export async function run(test, launch = {}) {
  mkdirSync(SHOTS, { recursive: true });
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking',
      `--ignore-certificate-errors-spki-list=${await keyOf(given.url)}`, ...(launch.args ?? [])],
  });
  let failed = false;
  try {
    await test({ browser, origin: given.url });
  } catch (problem) {
    failed = true;
    console.error(problem);
    const pages = browser.contexts().flatMap((context) => context.pages());
    for (const [i, page] of pages.entries()) await page.screenshot({ path: join(SHOTS, `failed-${i}.png`) }).catch(() => undefined);
  }
  await browser.close();
  process.exit(failed ? 1 : 0);
}

/** A page of its own, signed out, at the station unless `goes` is false. `faults` gathers console errors, failed scripts and requests to anywhere else. */
export async function open({ browser, origin }, { size = PHONE, language = 'vi', theme = 'light', goes = true, ...context } = {}) {
  const where = await browser.newContext({
    ignoreHTTPSErrors: true, viewport: size, locale: language === 'vi' ? 'vi-VN' : 'en-GB', colorScheme: theme, reducedMotion: 'reduce',
    timezoneId: 'Asia/Ho_Chi_Minh', isMobile: size.width < 600, hasTouch: size.width < 600, ...context,
  });
  await where.addInitScript((l) => localStorage.getItem('loa.language') ?? localStorage.setItem('loa.language', l), language);
  where.setDefaultTimeout(PATIENCE_MS);
  const page = await where.newPage();
  pressAgain(Object.getPrototypeOf(page.locator('html')));
  if (SLOWER > 1) await (await where.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  const faults = [];
  page.on('console', (m) => {
    // The browser notes every answer above 399 there; what a test expects it lists itself.
    if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) faults.push(`console: ${m.text()}`);
  });
  page.on('requestfailed', (r) => console.error(`${r.url()}: ${r.failure()?.errorText}`)); // seen when the case fails
  page.on('pageerror', (e) => faults.push(`script: ${e.message}`));
  page.on('request', (r) => {
    const url = new URL(r.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin) faults.push(`request to ${url.origin}`);
  });
  page.on('response', (r) => r.status() >= 500 && faults.push(`${r.status()} of ${r.url()}`));
  page.faults = faults;
  if (goes) await page.goto(origin);
  return page;
}

export async function signIn(page, login, password = given.password) {
  await page.locator('input[autocomplete=username]').fill(login);
  await page.locator('input[autocomplete=current-password]').fill(password);
  await page.locator('form button[type=submit]').click();
  await page.locator('#main h1').waitFor();
}

/** Go to '#/nodes', wait until nothing loads any more. */
export async function visit(page, hash) {
  await page.evaluate((h) => new Promise((shown) => {
    if (location.hash === `#${h}`) return shown();
    // The page that was shown is gone one turn after the console heard of the change.
    addEventListener('hashchange', () => setTimeout(shown), { once: true });
    location.hash = h;
    return undefined;
  }), hash);
  await page.locator('#main h1').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('#main .skeleton'));
}

/** No accessibility violation, no horizontal scroll, no fault so far. */
export async function isSound(page, what) {
  // As tall as the page is, so that nothing lies half below the bar at the lower edge.
  const size = page.viewportSize();
  await page.setViewportSize({ width: size.width, height: Math.max(size.height, await page.evaluate(() => document.documentElement.scrollHeight)) });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const told = violations.map((v) => `${v.id}: ${v.help}\n   ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join('\n   ')}`);
  assert.deepEqual(told, [], `${what}: accessibility`);
  await page.setViewportSize(size);
  const [has, fits] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(has <= fits, `${what}: ${has} px wide on a screen of ${fits}`);
  assert.deepEqual(page.faults, [], what);
}

/** Kept under build/<dir>/browser/<test>/ for people to look at. */
export async function shot(page, name, fullPage = false) {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage });
}
