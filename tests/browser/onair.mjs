/* On air: what sounds where, alarms, and speaking into the fake microphone, which says what the file `spoken` says. */
import { createServer, connect } from 'node:net';

import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const api = (page, path) => page.evaluate(async (p) => (await fetch(`/api/v1${p}`)).json(), path);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const state = (page, text) => page.locator('.talk-state', { hasText: text }).waitFor();
const level = async (meter) => Number(await meter.getAttribute('aria-valuenow'));

/* Readings of a meter; a real one moves. */
async function readings(meter, count = 12, everyMs = 250) {
  const seen = [];
  for (let i = 0; i < count; i++) {
    seen.push(await level(meter));
    await sleep(everyMs);
  }
  return seen;
}

async function setUp(page, { title, zone, mode = 'Mở liên tục', tone = false }) {
  await visit(page, '/onair/talk');
  await page.getByLabel('Tiêu đề').fill(title);
  await page.getByRole('checkbox', { name: zone }).check();
  await page.locator('.segments label', { hasText: mode }).click();
  if (!tone) await page.getByLabel('Phát nhạc báo trước khi nói').uncheck();
}

async function begin(page) {
  await button(page, 'Bắt đầu').click();
  await page.waitForFunction(() => document.querySelector('.talk-state') || document.querySelector('dialog[open]'));
  const again = page.locator('dialog[open]').getByRole('button', { name: 'Vẫn tiếp tục' });
  if (await again.count()) await again.click();
  await page.waitForURL(/#\/onair\/talk\/\d+$/);
  return Number(page.url().split('/').pop());
}

/* From the tone to hanging up, by a latched microphone; the meters of page and node move. */
async function talk(place) {
  const page = await open(place, { size: given.size === 'desktop' ? DESKTOP : PHONE });
  if (given.format === 's16le') await page.addInitScript(() => delete window.AudioEncoder);
  if (given.format === 's16le') await page.reload();
  const texts = [];
  page.on('websocket', (s) => s.on('framesent', (f) => typeof f.payload === 'string' && texts.push(f.payload)));
  await signIn(page, 'lan');
  await setUp(page, { title: given.title, zone: given.zone, tone: given.tone });
  await isSound(page, 'talk, set up');
  await shot(page, `talk-setup-${given.format}`, true);
  const broadcast = await begin(page);
  if (given.tone) await state(page, 'nhạc báo');
  await state(page, 'Đang lên sóng');
  const spokenMs = Date.now();
  const own = await readings(page.getByRole('meter', { name: 'Mức micrô của bạn' }));
  const node = page.getByRole('meter', { name: `Mức âm thanh của ${given.node}` });
  await node.waitFor();
  const sounds = await readings(node);
  await isSound(page, 'talking');
  await shot(page, `talking-${given.format}`, true);
  assert.equal(await page.getByRole('meter', { name: /^Mức âm thanh/ }).count(), 1, 'one node sounds');
  await page.locator('.figure', { hasText: 'Cụm loa đang phát lời bạn' }).filter({ hasText: '1/1' }).waitFor();
  await sleep(Math.max(0, spokenMs + 8000 - Date.now()));
  const untilMs = Date.now();
  await button(page, 'Kết thúc').click();
  await page.getByText('Phiên nói đã kết thúc.').waitFor();
  await isSound(page, 'hung up');
  assert.ok(texts.some((text) => JSON.parse(text).format === given.format), `${texts} says ${given.format}`);
  assert.deepEqual(page.faults, []);
  console.log(JSON.stringify({ broadcast, from_us: spokenMs * 1000, to_us: untilMs * 1000, own, sounds }));
}

/* Only while the button is held; on a phone, by touch and by key. */
async function hold(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'lan');
  await setUp(page, { title: 'Giữ để nói', zone: given.zone, mode: 'Giữ nút' });
  const broadcast = await begin(page);
  await state(page, 'Micrô đang tắt');
  const beforeMs = Date.now();
  await sleep(2500);
  const talkButton = button(page, 'Giữ để nói');
  await talkButton.scrollIntoViewIfNeeded();
  const silentUntilMs = Date.now();
  await shot(page, 'hold-silent', true);
  await talkButton.focus();
  await page.keyboard.down(' ');
  await state(page, 'Đang lên sóng');
  const spokenMs = Date.now();
  await sleep(3000);
  await shot(page, 'hold-talking');
  const untilMs = Date.now();
  await page.keyboard.up(' ');
  await state(page, 'Micrô đang tắt');
  const box = await talkButton.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await state(page, 'Đang lên sóng');
  await page.mouse.up();
  await state(page, 'Micrô đang tắt');
  // Going elsewhere hangs up: no microphone stays open unseen.
  await visit(page, '/bulletins');
  await page.waitForFunction(async (id) => (await (await fetch(`/api/v1/broadcasts/${id}`)).json()).state !== 'on_air', broadcast, { polling: 300 });
  assert.deepEqual(page.faults, []);
  const us = (ms) => ms * 1000;
  console.log(JSON.stringify({ broadcast, silent: [us(beforeMs), us(silentUntilMs)], spoken: [us(spokenMs), us(untilMs)] }));
}

/* A way to the station that can be cut: nothing passes, and who comes is turned away. */
async function cuttable(url) {
  const { port } = new URL(url);
  const pairs = new Set();
  let cut = false;
  const server = createServer((near) => {
    if (cut) return near.destroy();
    const far = connect(Number(port), '127.0.0.1');
    pairs.add(near).add(far);
    for (const [a, b] of [[near, far], [far, near]]) {
      a.pipe(b);
      a.on('error', () => b.destroy());
      a.on('close', () => { pairs.delete(a); b.destroy(); });
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `https://localhost:${server.address().port}`,
    cut: () => { cut = true; for (const s of pairs) s.destroy(); },
    stall: () => { cut = true; for (const s of pairs) { s.unpipe(); s.pause(); } },
    mend: () => { for (const s of pairs) s.destroy(); cut = false; },
  };
}

/* The link is lost for three seconds, once by breaking, once by nothing passing any more. */
async function loss(place) {
  const way = await cuttable(place.origin);
  const page = await open({ ...place, origin: way.origin }, { size: PHONE });
  await signIn(page, 'lan');
  await setUp(page, { title: 'Mất sóng', zone: given.zone });
  const broadcast = await begin(page);
  await state(page, 'Đang lên sóng');
  await sleep(3000);
  const spans = [];
  for (const how of ['cut', 'stall']) {
    way[how]();
    const lostMs = Date.now();
    await state(page, 'Mất kết nối');
    await shot(page, `lost-${how}`, true);
    await sleep(Math.max(0, lostMs + 3000 - Date.now()));
    way.mend();
    await state(page, 'Đang lên sóng');
    await sleep(1500);
    const fromMs = Date.now();
    await sleep(4000);
    spans.push([fromMs * 1000, Date.now() * 1000]);
  }
  await button(page, 'Kết thúc').click();
  await page.getByText('Phiên nói đã kết thúc.').waitFor();
  console.log(JSON.stringify({ broadcast, spans }));
}

/* What a bulletin sounds: meters, progress, listening in, Stop; a broadcast that waits for its speaker is joined. */
async function watch(place) {
  const page = await open(place, { size: DESKTOP });
  const asked = [];
  page.on('request', (r) => r.url().includes('/updates') && asked.push(new URL(r.url()).search));
  await signIn(page, 'lan');
  await visit(page, '/onair');
  await page.getByText('Không có gì đang phát').waitFor();
  await isSound(page, 'nothing on air');
  await page.evaluate(async (id) => {
    const { csrf } = await (await fetch('/api/v1/whoami')).json();
    const answer = await fetch('/api/v1/broadcasts', {
      method: 'POST', headers: { 'content-type': 'application/json', 'X-Loa-Csrf': csrf, 'idempotency-key': `k${Math.random()}` },
      body: JSON.stringify({ bulletin: id, everyone: true, quiet_confirmed: true }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }, given.bulletin);
  const card = page.getByRole('article', { name: given.title });
  await card.waitFor();
  const meters = card.getByRole('meter');
  await page.waitForFunction((n) => document.querySelectorAll('.broadcast [role=meter]').length === n, given.nodes);
  await card.getByText(`${given.nodes}/${given.nodes} cụm loa đang phát`).waitFor();
  const sounds = await readings(meters.first());
  const progress = await card.getByRole('progressbar').evaluate((p) => p.value / p.max);
  assert.ok(progress > 0 && progress < 1, `progress ${progress}`);
  await isSound(page, 'on air');
  await shot(page, 'on-air', true);
  await button(card, 'Nghe').click();
  await page.waitForFunction(() => document.querySelector('audio')?.currentTime > 1);
  await isSound(page, 'listening');
  await shot(page, 'listening', true);
  const { items } = await api(page, '/broadcasts?order=newest&limit=1');
  await card.getByRole('button', { name: `Dừng ${given.title}` }).click();
  await page.getByText(`Đã dừng “${given.title}”.`).waitFor();
  const stoppedMs = Date.now();
  await page.getByText('Không có gì đang phát').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[role=meter]').length === 0);
  assert.ok(asked.includes('?page=on-air'), `updates were asked for as ${asked}`);
  await visit(page, '/bulletins');
  await page.waitForTimeout(500);
  assert.equal(asked.at(-1), '', 'elsewhere the session may end for want of use');

  await visit(page, `/onair/talk/${items[0].id}`);
  await page.getByText('Phiên nói này đã kết thúc.').waitFor();
  const live = await page.evaluate(async (zone) => {
    const { csrf } = await (await fetch('/api/v1/whoami')).json();
    const answer = await fetch('/api/v1/live', {
      method: 'POST', headers: { 'content-type': 'application/json', 'X-Loa-Csrf': csrf, 'idempotency-key': `k${Math.random()}` },
      body: JSON.stringify({ title: 'Lời của cảnh báo', zones: [zone], quiet_confirmed: true }),
    });
    return answer.json();
  }, given.zone_id);
  await visit(page, `/onair/talk/${live.id}`);
  await state(page, 'Micrô đang tắt');
  await page.getByRole('heading', { name: 'Lời của cảnh báo' }).first().waitFor();
  await shot(page, 'joined', true);
  await button(page, 'Kết thúc').click();
  await page.getByText('Phiên nói đã kết thúc.').waitFor();
  console.log(JSON.stringify({ broadcast: items[0].id, sounds, stopped_us: stoppedMs * 1000 }));
}

/* An alarm with its age; taking note of it is seen by everybody. */
async function alarms(place) {
  const page = await open(place, { size: PHONE });
  const other = await open(place, { size: DESKTOP, language: 'en', theme: 'dark' });
  await signIn(page, 'lan');
  await signIn(other, 'hung');
  await visit(other, '/onair');
  await visit(page, '/onair');
  const row = page.getByRole('row').filter({ hasText: given.node }).filter({ hasText: 'Mất liên lạc' });
  await row.waitFor();
  await isSound(page, 'an alarm');
  await shot(page, 'alarm', true);
  await row.getByRole('button', { name: /^Đã biết/ }).click();
  await page.getByText('Đã ghi nhận.').waitFor();
  await other.getByRole('row').filter({ hasText: given.node }).filter({ hasText: /Acknowledged by lan at/ }).waitFor();
  await isSound(other, 'an alarm, taken note of');
  await shot(other, 'alarm-desktop-en-dark', true);
}

async function looks(place) {
  for (const [size, kind] of [[PHONE, 'phone'], [DESKTOP, 'desktop']])
    for (const [language, theme] of [['vi', 'dark'], ['en', 'light']]) {
      const page = await open(place, { size, language, theme });
      await signIn(page, 'lan');
      for (const [hash, what] of [['/onair', 'onair'], ['/onair/talk', 'talk']]) {
        await visit(page, hash);
        await isSound(page, `${what}, ${kind} ${language} ${theme}`);
        await shot(page, `${what}-${kind}-${language}-${theme}`, true);
      }
      await page.context().close();
    }
  for (const login of ['hung', 'admin']) {
    const page = await open(place, { size: PHONE });
    await signIn(page, login);
    await visit(page, '/onair/talk');
    assert.equal(await button(page, 'Bắt đầu').count(), 0, `${login} may not talk`);
    assert.equal(await page.getByRole('link', { name: 'Nói', exact: true }).count(), 0);
    await isSound(page, `as ${login}`);
  }
}

const microphone = given.spoken ? ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${given.spoken}`] : [];
await run({ talk, hold, loss, watch, alarms, looks }[given.part], { args: [...microphone, '--autoplay-policy=no-user-gesture-required'] });
