/* Commissioning, as a technician does it at the pole with a phone. */
import { writeFileSync } from 'node:fs';

import { assert, DESKTOP, given, isSound as isSoundInSight, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const HERE = { latitude: 16.5123, longitude: 107.6012, accuracy: 6 };
const STEPS = 9;

const toast = (page, text) => page.locator('.toast', { hasText: text }).first().waitFor();
const step = (page, name) => page.locator('details.step', { hasText: name });
const ticked = (page, name) => page.locator('details.step.done', { hasText: name }).waitFor();

/** All in sight, so that no bar lies over half a button. */
async function isSound(page, what) {
  const size = page.viewportSize();
  await page.setViewportSize({ ...size, height: 3600 });
  await isSoundInSight(page, what);
  await page.setViewportSize(size);
}

async function unfold(page, name) {
  const one = step(page, name);
  if ((await one.getAttribute('open')) === null) await one.locator('summary').click();
  return one;
}

async function simply(page, name) {
  const one = await unfold(page, name);
  await one.getByRole('button', { name: 'Đánh dấu đã xong' }).click();
  await ticked(page, name);
}

/** The code on the page goes to the board; returns when it has joined. */
async function joins(page, name) {
  const secret = (await page.locator('output.secret').textContent()).trim();
  assert.ok(secret.length > 10);
  assert.ok((await page.locator('svg.qr path').getAttribute('d')).length > 1000, 'a QR code is drawn');
  await page.reload();
  assert.equal((await page.locator('output.secret').textContent()).trim(), secret, 'a reload does not lose the code');
  await isSound(page, 'join code');
  await shot(page, `code-${given.part}`);
  writeFileSync(given.code, secret);
  await page.getByText(`${name} đã kết nối`).waitFor();
  await isSound(page, 'the node has arrived');
  await shot(page, `arrived-${given.part}`);
  await page.getByRole('link', { name: 'Tiếp tục kiểm tra' }).click();
  await page.getByText(/\/9 mục đã xong/).first().waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'a code that was used is forgotten');
}

async function forbidden(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'ky-thuat');
  await visit(page, '/commission/1');
  const one = await unfold(page, 'Vị trí');
  await one.getByRole('button', { name: 'Lấy vị trí từ điện thoại' }).click();
  await one.getByRole('alert').waitFor();
  await one.getByLabel('Vĩ độ, kinh độ').fill('không biết');
  await one.getByText('Hãy nhập hai số').waitFor();
  await isSound(page, 'position refused');
  await page.context().close();
}

async function install(place) {
  const page = await open(place, { size: PHONE, geolocation: HERE, permissions: ['geolocation'] });
  await signIn(page, 'ky-thuat');
  await visit(page, '/commission');
  await isSound(page, 'nothing yet');
  await page.getByRole('link', { name: 'Thêm cụm loa' }).click();
  await page.getByRole('button', { name: 'Tạo mã kết nối' }).click();
  await page.getByText('Hãy điền mục này.').waitFor();
  await page.getByLabel('Tên cụm loa').fill('Cụm loa chùa');
  await page.waitForFunction(() => Object.values(localStorage).some((kept) => kept.includes('Cụm loa chùa')));
  await page.reload();
  assert.equal(await page.getByLabel('Tên cụm loa').inputValue(), 'Cụm loa chùa', 'a draft is kept');
  await isSound(page, 'new node');
  await shot(page, 'new');
  await page.getByRole('button', { name: 'Tạo mã kết nối' }).click();
  await page.getByRole('heading', { name: 'Mã kết nối của Cụm loa chùa' }).waitFor();
  await joins(page, 'Cụm loa chùa');
  await forbidden(place);

  assert.equal(await page.getByRole('button', { name: 'Ký nghiệm thu' }).isDisabled(), true);
  await page.getByText(/Đang trực tuyến, sai số giờ/).waitFor();
  await isSound(page, 'checklist');
  await shot(page, 'checklist');
  await simply(page, 'Kết nối với đài');

  const label = await unfold(page, 'Tên và nhãn');
  await label.getByLabel('Tên cụm loa').fill('Cụm loa cổng chùa');
  await label.getByLabel('Khu vực').selectOption({ label: 'Thôn Đoài' });
  await label.getByRole('button', { name: 'Lưu tên và khu vực' }).click();
  await ticked(page, 'Tên và nhãn');
  for (const name of ['Lắp trên cột', 'Nguồn điện', 'Tiếp đất và chống sét']) await simply(page, name);

  const position = await unfold(page, 'Vị trí');
  await position.getByRole('button', { name: 'Lấy vị trí từ điện thoại' }).click();
  await position.getByText('Vị trí 16.51230, 107.60120, sai số khoảng 6 m.').waitFor();
  await position.locator('.map-pin').waitFor();
  await isSound(page, 'position');
  await position.evaluate((e) => e.scrollIntoView({ block: 'center' }));
  await shot(page, 'position');
  await position.getByRole('button', { name: 'Lưu vị trí này' }).click();
  await ticked(page, 'Vị trí');

  const walk = await unfold(page, 'Đi nghe thử');
  await walk.getByRole('button', { name: 'Nhỏ hơn' }).click();
  await walk.getByText('-2 dB').waitFor();
  await walk.getByRole('button', { name: 'Bắt đầu phát' }).click();
  await walk.getByText('Đang phát tiếng thử').waitFor();
  await walk.locator('.meter').waitFor();
  await walk.getByRole('button', { name: 'Nhỏ hơn' }).click();
  await walk.getByText('-4 dB').waitFor();
  await isSound(page, 'walk-test');
  await walk.evaluate((e) => e.scrollIntoView({ block: 'center' }));
  await shot(page, 'walk');
  await walk.getByRole('button', { name: 'Nghe rõ khắp nơi' }).click();
  await ticked(page, 'Đi nghe thử');

  const tone = await unfold(page, 'Thử tiếng');
  await tone.getByRole('button', { name: 'Phát tiếng thử' }).click();
  await tone.getByText('Nghe thấy tiếng của chính mình').waitFor();
  await tone.getByRole('button', { name: 'Không nghe thấy' }).click();
  await tone.getByText('Kiểm tra dây loa').waitFor();
  await isSound(page, 'tone');
  await tone.evaluate((e) => e.scrollIntoView({ block: 'center' }));
  await shot(page, 'tone');
  await tone.getByRole('button', { name: 'Tôi nghe thấy' }).click();
  await ticked(page, 'Thử tiếng');

  const photo = await unfold(page, 'Ảnh hiện trường');
  await photo.locator('input[type=file]').setInputFiles({ name: 'cot-loa.png', mimeType: 'image/png', buffer: await page.screenshot() });
  await ticked(page, 'Ảnh hiện trường');
  assert.equal(await page.locator('details.step.done').count(), STEPS);

  const sign = page.getByRole('button', { name: 'Ký nghiệm thu' });
  await sign.click();
  await page.locator('dialog').getByRole('button', { name: 'Ký nghiệm thu' }).click();
  await page.getByText('Lê Văn Kỹ đã ký nghiệm thu lúc').waitFor();
  const earth = await unfold(page, 'Tiếp đất và chống sét');
  await earth.getByRole('button', { name: 'Bỏ đánh dấu' }).click();
  await page.getByText('Còn 1 mục chưa xong.').waitFor();
  await simply(page, 'Tiếp đất và chống sét');
  await sign.click();
  await page.locator('dialog').getByRole('button', { name: 'Ký nghiệm thu' }).click();
  await page.getByText('Lê Văn Kỹ đã ký nghiệm thu lúc').waitFor();
  await isSound(page, 'signed');
  await shot(page, 'signed', true);
  await page.context().close();
}

async function replace(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'ky-thuat');
  await visit(page, '/commission');
  await page.locator('.card', { hasText: 'Đã nghiệm thu' }).getByText('Cụm loa cổng chùa').waitFor();
  await page.getByRole('button', { name: 'Thay bo' }).click();
  await page.getByRole('heading', { name: 'Thay bo của Cụm loa cổng chùa' }).waitFor();
  await isSound(page, 'new board');
  await shot(page, 'replace');
  await page.getByRole('button', { name: 'Tạo mã cho bo mới' }).click();
  await page.getByRole('heading', { name: 'Mã kết nối của Cụm loa cổng chùa' }).waitFor();
  await visit(page, '/commission');
  await page.getByText('thay bo', { exact: true }).waitFor();
  await isSound(page, 'an open code');
  await shot(page, 'overview', true);
  await page.getByRole('link', { name: 'Xem mã' }).click();
  await page.locator('output.secret').waitFor();
  await joins(page, 'Cụm loa cổng chùa');
  await page.locator('.badge', { hasText: 'Trực tuyến' }).waitFor();
  assert.equal(await page.locator('details.step.done').count(), STEPS, 'its history is kept');
  await page.context().close();

  const dark = await open(place, { size: DESKTOP, language: 'en', theme: 'dark' });
  await signIn(dark, 'ky-thuat');
  for (const where of ['/commission', '/commission/new', '/commission/1', '/commission/1/replace']) {
    await visit(dark, where);
    await isSound(dark, `${where}, dark`);
    await shot(dark, `${where.slice(1).replaceAll('/', '-')}-desktop-en-dark`, true);
  }
  await dark.getByRole('link', { name: 'Commissioning' }).first().click();
  await dark.getByRole('link', { name: 'Add a node' }).click();
  await dark.getByLabel('Name of the node').fill('Cụm loa bến đò');
  await dark.getByRole('button', { name: 'Make a join code' }).click();
  await dark.locator('svg.qr').waitFor();
  await isSound(dark, 'code, dark');
  await shot(dark, 'code-desktop-en-dark');
  await dark.getByRole('link', { name: 'Commissioning' }).first().click();
  await dark.getByRole('button', { name: 'Withdraw' }).click();
  await dark.locator('dialog').getByRole('button', { name: 'Withdraw' }).click();
  await toast(dark, 'is withdrawn');
  await dark.getByText('No code is open').waitFor();
  await dark.context().close();
}

await run({ install, replace }[given.part]);
