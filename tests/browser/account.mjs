/* A person's own account: second factor, signed out after a while, and what leads from one screen to the next. */
import { createHmac } from 'node:crypto';

import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const button = (page, name) => page.getByRole('button', { name });
const dialog = (page) => page.locator('dialog[open]');
const PERIOD_MS = 30_000;

/* RFC 6238, of the period `ahead` from now. */
function codeOf(secret, ahead = 0) {
  const bits = [...secret.replace(/=+$/, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / PERIOD_MS) + ahead));
  const mac = createHmac('sha1', key).update(count).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

async function secondFactor(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'lan');
  await visit(page, '/profile');
  await button(page, 'Bật xác thực hai lớp').click();
  const secret = await page.locator('output.secret').textContent();
  await page.getByRole('img', { name: 'Mã QR cho ứng dụng xác thực' }).waitFor();
  await isSound(page, 'enrolment of a second factor');
  await shot(page, 'totp', true);
  await page.getByLabel('Mã 6 số').fill(codeOf(secret, 9));
  await button(page, 'Xác nhận mã').click();
  await page.locator('main .note.bad').waitFor();
  await page.getByLabel('Mã 6 số').fill(codeOf(secret));
  await button(page, 'Xác nhận mã').click();
  await page.getByText('Đã bật xác thực hai lớp.').waitFor();
  await button(page, 'Đăng xuất').click();

  // From now on the password alone does not do.
  await page.locator('input[autocomplete=username]').fill('lan');
  await page.locator('input[autocomplete=current-password]').fill(given.password);
  await page.locator('form button[type=submit]').click();
  await page.getByLabel('Mã xác thực 6 số').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0, 'the next field is no error');
  await isSound(page, 'sign-in with a second factor');
  await shot(page, 'signin-totp');
  await page.getByLabel('Mã xác thực 6 số').fill(codeOf(secret, 1));
  await page.locator('form button[type=submit]').click();
  await page.locator('#main h1').waitFor();
}

/* The clock of the page is put forward; the station's goes on as it does. */
async function idle(place) {
  const page = await open(place, { size: PHONE, goes: false });
  await page.clock.install();
  await page.goto(given.url);
  await signIn(page, 'hung');
  await page.clock.fastForward('40:00');
  assert.equal(await dialog(page).count(), 0, 'the page of what is on air stays open');
  await visit(page, '/library');
  await page.clock.fastForward('29:10');
  await dialog(page).getByText('Bạn còn ở đây không?').waitFor();
  await isSound(page, 'warning before the log-out');
  await shot(page, 'idle');
  await button(dialog(page), 'Tôi vẫn ở đây').click();
  await dialog(page).waitFor({ state: 'detached' });
  await page.clock.fastForward('28:50');
  assert.equal(await dialog(page).count(), 0, 'the time begins anew');
  await page.clock.fastForward('01:15');
  await page.getByText('Bạn đã được đăng xuất vì lâu không thao tác.').waitFor();
  const status = await page.evaluate(async () => (await fetch('/api/v1/whoami')).status);
  assert.equal(status, 401, 'the session is over at the station, too');
  await isSound(page, 'logged out');
  await shot(page, 'logged-out');
}

/* How a name is read is said once, where it was heard wrong. */
async function dictionary(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'lan');
  await visit(page, '/bulletins/new');
  await button(page, 'Máy đọc văn bản').click();
  const box = dialog(page);
  await box.getByLabel('Văn bản', { exact: true }).fill('Mời bà con đến chùa Wat Pong.');
  await button(box, 'Đọc thử').click();
  await box.locator('blockquote', { hasText: 'Wat Pong' }).waitFor();
  await box.getByText('Tên riêng đọc chưa đúng?').click();
  await box.getByLabel('Viết là').fill('Wat Pong');
  await box.getByLabel('Đọc là').fill('Oát Pông');
  await isSound(page, 'dictionary');
  await shot(page, 'dictionary');
  await button(box, 'Thêm cách đọc').click();
  await button(box, 'Đọc thử lại').click();
  await box.locator('blockquote', { hasText: 'Oát Pông' }).waitFor();
  // What is read otherwise already is shown, left, then replaced.
  await box.getByText('Tên riêng đọc chưa đúng?').click();
  await box.getByLabel('Viết là').fill('Wat Pong');
  await box.getByLabel('Đọc là').fill('Vát Pông');
  const question = page.locator('dialog[open]', { hasText: 'Thay cách đọc đã có?' });
  await button(box, 'Thêm cách đọc').click();
  await question.getByText('“Wat Pong” đang được đọc là “Oát Pông”').waitFor();
  await isSound(page, 'replace a reading');
  await button(question, 'Hủy').click();
  await question.waitFor({ state: 'detached' });
  await button(box, 'Thêm cách đọc').click();
  await button(question, 'Thay cách đọc').click();
  await question.waitFor({ state: 'detached' });
  await button(box, 'Đọc thử lại').click();
  await box.locator('blockquote', { hasText: 'Vát Pông' }).waitFor();
}

/* From a bulletin that was approved to its place in the calendar. */
async function plan(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'lan');
  await visit(page, `/bulletins/${given.bulletin}`);
  await page.getByRole('link', { name: 'Lên lịch' }).click();
  const box = dialog(page);
  await box.waitFor();
  await page.waitForFunction((title) => document.querySelector('dialog[open] select')?.selectedOptions[0]?.textContent.includes(title), given.title);
  await isSound(page, 'planning a bulletin');
  await shot(page, 'plan');
}

/* What waits for an approver, told by the menu of a desk; a person's own bulletin does not wait for them. */
async function waits(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'hung');
  await page.locator('.side-bar .nav-count', { hasText: '1' }).waitFor();
  await page.locator('.side-bar').getByRole('link', { name: 'Bản tin (1 bản tin chờ duyệt)' }).click();
  await page.getByRole('link', { name: given.title }).waitFor();
  await isSound(page, 'what waits');
  await shot(page, 'waits');
  await page.context().close();
  const own = await open(place, { size: DESKTOP });
  await signIn(own, 'lan');
  await visit(own, '/bulletins');
  await own.getByRole('link', { name: given.title }).waitFor();
  assert.equal(await own.locator('.nav-count').count(), 0, 'who wrote it does not approve it');
}

/* On a phone words of what was done hide nothing for good: each button can be scrolled free of them and pressed. */
async function toasts(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'admin');
  await visit(page, '/profile');
  await page.locator('.stop-all').click();
  await page.locator('.toast.done').waitFor();
  await page.route('**/api/v1/broadcasts/stop', (route) => route.abort());
  await page.locator('.stop-all').click();
  await page.locator('.toast.error').waitFor();
  for (const one of await page.locator('main button:not([disabled]), .stop-all, .bottom-bar button').all()) await one.click({ trial: true });
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  const [main, told] = await page.evaluate(() => ['main .card:last-child', '.toast'].map((s) => {
    const all = [...document.querySelectorAll(s)].map((e) => e.getBoundingClientRect());
    return { top: Math.min(...all.map((r) => r.top)), bottom: Math.max(...all.map((r) => r.bottom)) };
  }));
  assert.ok(main.bottom <= told.top, `the last card ends at ${main.bottom}, below the toasts that begin at ${told.top}`);
  await shot(page, 'toasts');
  // Over a dialog they are seen and can be closed, and whoever signs out leaves none to the next.
  await visit(page, '/alerts/templates');
  await page.getByRole('button', { name: 'Cảnh báo bão' }).click();
  const overDialog = dialog(page).locator('.toast.error');
  await overDialog.waitFor();
  assert.equal(await page.locator('.toast').count(), await dialog(page).locator('.toast').count(), 'told once');
  await isSound(page, 'toast in a dialog');
  await shot(page, 'toast-dialog');
  await overDialog.getByRole('button').click();
  await overDialog.waitFor({ state: 'detached' });
  await button(dialog(page).locator('header'), 'Đóng').click();
  await page.locator('.stop-all').click();
  await page.locator('.toasts > .toast.error').waitFor();
  await visit(page, '/profile');
  await button(page, 'Đăng xuất').click();
  await page.getByLabel('Mật khẩu', { exact: true }).waitFor();
  assert.equal(await page.locator('.toast').count(), 0, 'what was told to another person');
}

await run({ secondFactor, idle, dictionary, plan, waits, toasts }[given.part]);
