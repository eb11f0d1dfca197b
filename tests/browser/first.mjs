/* From nothing: the first-run wizard, then every page in both languages, sizes and colours. */
import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const PAGES = ['onair', 'calendar', 'bulletins', 'library', 'nodes', 'commission', 'alerts', 'reports', 'admin', 'profile'];
const FOR_TECHNICIAN = ['onair', 'nodes', 'commission', 'reports'];

async function wizard(place) {
  const page = await open(place);
  await page.getByLabel('Mã một lần').waitFor();
  await isSound(page, 'wizard, administrator');
  await shot(page, 'wizard-1');
  await page.getByRole('button', { name: 'Tiếp tục' }).click();
  assert.equal(await page.locator('.field.wrong').count(), 4, 'each empty field says so');
  await isSound(page, 'wizard with errors');
  await page.getByLabel('Mã một lần').fill('wrong');
  await page.getByLabel('Họ và tên').fill('Quản trị viên');
  await page.getByLabel('Tên đăng nhập').fill('admin');
  await page.getByLabel('Mật khẩu (bắt buộc)').fill(given.password);
  await page.getByRole('button', { name: 'Tiếp tục' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Mã một lần').fill(given.code);
  await page.getByRole('button', { name: 'Tiếp tục' }).click();
  await page.getByLabel('Tên đài').fill('Đài truyền thanh xã Phú Xuân');
  await isSound(page, 'wizard, station');
  await shot(page, 'wizard-2');
  await page.getByRole('button', { name: 'Tiếp tục' }).click();
  await page.getByLabel('Tên khu vực').fill('Thôn Đông');
  await shot(page, 'wizard-3');
  await page.getByRole('button', { name: 'Tiếp tục' }).click();
  await page.getByLabel('Tên cụm loa').fill('Cụm loa thôn Đông');
  await page.getByRole('button', { name: 'Tạo mã kết nối' }).click();
  const code = await page.locator('output.secret').textContent();
  assert.ok(code.length > 10, 'a join code is shown');
  await isSound(page, 'wizard, node');
  await shot(page, 'wizard-4');
  await page.getByRole('button', { name: 'Vào bảng điều khiển' }).click();
  await page.locator('#main h1').waitFor();
  await page.context().close();
}

async function everyPage(place, size, language, theme) {
  const kind = `${size === PHONE ? 'phone' : 'desktop'}-${language}-${theme}`;
  const page = await open(place, { size, language, theme });
  await page.locator('form').waitFor();
  await isSound(page, `sign-in, ${kind}`);
  await shot(page, `signin-${kind}`);
  await signIn(page, 'admin');
  for (const name of PAGES) {
    await visit(page, `/${name}`);
    await isSound(page, `${name}, ${kind}`);
    await shot(page, `${name}-${kind}`);
  }
  if (size === PHONE) {
    await page.locator('.bottom-bar button').click();
    await page.locator('dialog[open]').waitFor();
    await isSound(page, `more, ${kind}`);
    await shot(page, `more-${kind}`);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
  }
  await page.locator('.stop-all').click();
  await page.locator('.toast').waitFor();
  await isSound(page, `stop all, ${kind}`);
  await shot(page, `stop-${kind}`);
  await page.context().close();
}

async function signInRefused(place) {
  const page = await open(place);
  await page.locator('input[autocomplete=username]').fill('admin');
  await page.locator('input[autocomplete=current-password]').fill('not the password');
  await page.locator('form button[type=submit]').click();
  await page.getByRole('alert').waitFor();
  await isSound(page, 'refused sign-in');
  await signIn(page, 'admin');
  await page.evaluate(() => { location.hash = '/profile'; });
  await page.getByRole('button', { name: 'Đăng xuất' }).click();
  await page.locator('form').waitFor();
  await page.context().close();
}

async function technicianSees(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'ky-thuat');
  const seen = await page.locator('.side-bar a:not(.brand)').evaluateAll((links) => links.map((a) => a.getAttribute('href')));
  assert.deepEqual(seen, [...FOR_TECHNICIAN, 'profile'].map((p) => `#/${p}`));
  assert.equal(await page.locator('.trouble a.danger').count(), 0, 'Emergency is for those who may alert');
  assert.equal(await page.locator('.stop-all').count(), 1);
  await page.evaluate(() => { location.hash = '/admin'; });
  await page.locator('.empty').waitFor();
  await page.context().close();
}

await run(async (place) => {
  if (given.part === 'wizard') return wizard(place);
  await signInRefused(place);
  await technicianSees(place);
  await everyPage(place, PHONE, 'vi', 'light');
  await everyPage(place, DESKTOP, 'vi', 'light');
  await everyPage(place, PHONE, 'en', 'dark');
  await everyPage(place, DESKTOP, 'en', 'dark');
});
