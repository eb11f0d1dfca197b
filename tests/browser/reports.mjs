/* Reports and administration, on a desktop and on a phone. */
import { readFileSync } from 'node:fs';

import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

async function report(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'lan');
  await visit(page, '/reports');
  await page.locator('.figure').first().waitFor();
  assert.match(await page.locator('.figures').textContent(), /100/, 'all of it sounded');
  await isSound(page, 'report');
  await shot(page, 'report-desktop', true);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Tải CSV' }).click()]);
  const csv = readFileSync(await download.path(), 'utf8');
  const [printed] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: 'Bản in' }).click()]);
  await printed.waitForLoadState();
  assert.match(await printed.textContent('body'), /Thôn Đông/);
  await printed.close();
  await visit(page, '/reports/broadcasts');
  await page.getByRole('link', { name: 'Thông báo tiêm phòng' }).click();
  await page.locator('.badge', { hasText: 'Đã phát đủ' }).waitFor();
  await isSound(page, 'receipts');
  await shot(page, 'receipts-desktop');
  const phone = await open(place, { size: PHONE, theme: 'dark' });
  await signIn(phone, 'lan');
  await visit(phone, '/reports');
  await isSound(phone, 'report on a phone');
  await shot(phone, 'report-phone-dark', true);
  console.log(JSON.stringify({ csv }));
}

async function journal(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'admin');
  await visit(page, '/admin/journal');
  await page.getByRole('cell', { name: 'Duyệt bản tin' }).first().waitFor();
  await page.getByRole('button', { name: 'Kiểm tra ngay' }).click();
  await page.locator('.note.good').waitFor();
  await isSound(page, 'journal');
  await shot(page, 'journal-desktop', true);
  await page.getByLabel('Người thực hiện').fill('hung');
  await page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].length > 0 && [...document.querySelectorAll('tbody tr')].every((tr) => tr.textContent.includes('hung')));
  await page.context().close();
}

async function admin(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'admin');
  await visit(page, '/admin/users');
  await isSound(page, 'accounts');
  await page.getByRole('button', { name: 'Thêm tài khoản' }).click();
  await page.locator('dialog footer .primary').click();
  await page.locator('dialog .field.wrong').first().waitFor();
  await page.locator('dialog').getByLabel('Họ và tên').fill('Hoàng Thị Mai');
  await page.locator('dialog').getByLabel('Tên đăng nhập').fill('mai');
  await page.locator('dialog').getByLabel('Mật khẩu ban đầu').fill(given.password);
  await page.locator('dialog').getByLabel('Vận hành', { exact: true }).check();
  await page.locator('dialog').getByLabel('Duyệt tin', { exact: true }).check();
  await isSound(page, 'new account');
  await shot(page, 'user-phone');
  await page.locator('dialog footer .primary').click();
  await page.getByRole('button', { name: 'Hoàng Thị Mai' }).click();
  await page.locator('dialog').getByLabel('Họ và tên').fill('Hoàng Thị Mai Anh');
  await isSound(page, 'account');
  await page.locator('dialog footer .primary').click();
  await page.getByRole('button', { name: 'Hoàng Thị Mai Anh' }).waitFor();
  await visit(page, '/admin/station');
  await page.getByLabel('Loại đài').selectOption({ label: 'Nông thôn' });
  await isSound(page, 'rules');
  await shot(page, 'rules-phone', true);
  const saved = page.waitForResponse((r) => r.url().endsWith('/api/v1/station') && r.request().method() !== 'GET');
  await page.getByRole('button', { name: 'Lưu', exact: true }).click();
  assert.ok((await saved).ok());

  // Another administrator was faster: the second is told, and sees what is there now.
  const other = await open(place, { size: PHONE });
  await signIn(other, 'admin');
  await visit(other, '/admin/station');
  for (const [who, name] of [[other, 'Xã Phú Xuân Mới'], [page, 'Xã Phú Xuân Cũ']]) {
    await who.getByLabel('Tên đài').fill(name);
    await who.getByRole('button', { name: 'Lưu', exact: true }).click();
    if (who === other) await who.locator('.toast').waitFor();
  }
  await page.getByText('Trong lúc đó người khác đã sửa mục này').waitFor();
  await isSound(page, 'overtaken');
  await page.getByRole('button', { name: 'Tải lại' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('input')].some((field) => field.value === 'Xã Phú Xuân Mới'));
  await other.context().close();
  await page.context().close();
}

await run(async (place) => ({ report, journal, admin })[given.part](place));
