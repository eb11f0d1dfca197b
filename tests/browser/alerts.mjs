/* From the Emergency button to every horn and out again, with two persons; drill; inbox; templates. */
import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const idOf = async (page) => {
  await page.waitForFunction(() => /^#\/alerts\/\d+$/.test(location.hash));
  return Number((await page.evaluate(() => location.hash)).split('/').pop());
};

/** The administrator says who may alert, and that operators need a second person. */
async function policy(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'admin');
  await visit(page, '/admin/alerts');
  for (const [group, roles] of [['Ai được phát cảnh báo', ['Vận hành', 'Duyệt tin', 'Quản trị']], ['Phải có người thứ hai xác nhận', ['Vận hành']]]) {
    const set = page.getByRole('group', { name: group });
    for (const role of roles) if (!(await set.getByLabel(role, { exact: true }).isChecked())) await set.getByLabel(role, { exact: true }).check();
  }
  // Nobody may be left to confirm: the station refuses, in words.
  await page.getByRole('button', { name: 'Lưu', exact: true }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Người dự phòng').selectOption({ label: 'Quản trị viên' });
  await page.getByRole('button', { name: 'Lưu', exact: true }).click();
  await page.locator('.toast').waitFor();
  await isSound(page, 'alert policy');
  await shot(page, 'policy');
  await page.context().close();
}

async function send(place) {
  const operator = await open(place, { size: PHONE });
  await signIn(operator, 'lan');
  await operator.getByRole('link', { name: 'Khẩn cấp' }).click();
  await operator.locator('.alert-template').first().waitFor();
  await isSound(operator, 'templates');
  await shot(operator, 'choose-phone');
  await operator.getByRole('button', { name: 'Cảnh báo lũ' }).click();
  await operator.getByLabel('Tất cả cụm loa').uncheck();
  await operator.getByRole('button', { name: 'Xem lại trước khi phát' }).click();
  await operator.getByText('Hãy chọn nơi phát.').waitFor();
  await operator.getByLabel('Thôn Đông').check();
  await operator.getByRole('button', { name: 'Xem lại trước khi phát' }).click();
  await operator.locator('.spoken').waitFor();
  const spoken = await operator.locator('.spoken').textContent();
  assert.ok(spoken.includes('Thôn Đông') && !spoken.includes('{'), spoken);
  await operator.getByText('chờ người thứ hai xác nhận').waitFor();
  await isSound(operator, 'preview');
  await shot(operator, 'preview-phone', true);
  await operator.getByRole('button', { name: 'Phát cảnh báo ngay' }).click();
  const alert = await idOf(operator);
  await operator.getByText('Đang chờ người khác xác nhận').waitFor();
  assert.equal(await operator.getByRole('button', { name: 'Xác nhận và phát' }).count(), 0, 'nobody confirms their own');

  const second = await open(place, { size: PHONE });
  await signIn(second, 'hung');
  await visit(second, `/alerts/${alert}`);
  await second.getByRole('button', { name: 'Xác nhận và phát' }).click();
  await isSound(second, 'confirm');
  await shot(second, 'confirm-phone');
  await second.locator('dialog footer .danger').click();
  await second.locator('.badge', { hasText: 'Đang hiệu lực' }).waitFor();
  await isSound(second, 'live alert');
  await shot(second, 'live-phone', true);
  console.log(JSON.stringify({ alert }));
}

async function cancel(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'lan');
  await visit(page, `/alerts/${given.alert}`);
  await shot(page, 'live-desktop');
  await page.getByRole('button', { name: 'Hủy cảnh báo' }).click();
  await page.locator('dialog footer .danger').click();
  await page.locator('.badge', { hasText: 'Đã hủy' }).waitFor();
  await visit(page, '/alerts');
  await isSound(page, 'list');
  await shot(page, 'list-desktop');
  await visit(page, '/alerts/templates');
  await isSound(page, 'prepared texts');
  await page.getByRole('button', { name: 'Cảnh báo bão' }).click();
  await isSound(page, 'prepared text');
  await page.locator('dialog').getByLabel('Tên cảnh báo').fill('Cảnh báo bão khẩn');
  await page.locator('dialog footer .primary').click();
  await page.getByRole('button', { name: 'Cảnh báo bão khẩn' }).waitFor();
  await page.context().close();
}

async function drill(place) {
  const page = await open(place, { size: DESKTOP, language: 'en', theme: 'dark' });
  await signIn(page, 'admin');
  await visit(page, '/alerts/new/drill');
  await isSound(page, 'drill');
  await page.getByRole('button', { name: 'Look once more' }).click();
  // Outside the allowed hours it asks once more, as any schedule does.
  await page.locator('.spoken, dialog[open]').first().waitFor();
  if (await page.locator('dialog[open]').count()) await page.locator('dialog footer .danger').click();
  await page.locator('.spoken').waitFor();
  await isSound(page, 'preview of a drill');
  await shot(page, 'drill-desktop-en-dark', true);
  await page.getByRole('button', { name: 'Alert now' }).click();
  await page.waitForFunction(() => /^#\/alerts\/\d+$/.test(location.hash) || document.querySelector('dialog[open]'));
  if (await page.locator('dialog[open]').count()) await page.locator('dialog footer .danger').click();
  console.log(JSON.stringify({ alert: await idOf(page) }));
}

async function inbox(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'admin');
  await visit(page, '/alerts/inbox');
  await page.getByText('Lũ khẩn cấp').first().waitFor();
  await isSound(page, 'inbox');
  await page.getByRole('link', { name: 'Lũ khẩn cấp' }).click();
  await page.locator('.cap-info').waitFor();
  await page.locator('.leaflet-overlay-pane path').first().waitFor();
  await isSound(page, 'message');
  await page.getByRole('button', { name: 'Cho phát' }).waitFor();
  await shot(page, 'message-desktop', true);
  await page.getByRole('button', { name: 'Bỏ qua' }).click();
  await page.locator('dialog footer .primary').click();
  await page.locator('.toast', { hasText: 'Đã bỏ qua' }).waitFor();
  await page.context().close();
}

async function report(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'admin');
  await visit(page, `/alerts/inbox/${given.message}`);
  await page.getByText('không phát ra loa được').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Cho phát' }).count(), 0, 'the station would refuse it');
  await isSound(page, 'report');
  await page.getByRole('button', { name: 'Bỏ qua' }).click();
  await page.locator('dialog footer .primary').click();
  await page.locator('.toast', { hasText: 'Đã bỏ qua' }).waitFor();
  await page.context().close();
}

await run(async (place) => ({ policy, send, cancel, drill, inbox, report })[given.part](place));
