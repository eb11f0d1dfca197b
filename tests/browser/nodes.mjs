/* Map and nodes, as a technician on a phone and an operator at a desk use them. */
import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const OUTLINE = {
  type: 'FeatureCollection',
  features: [{ type: 'Feature', properties: {}, geometry: { type: 'MultiPolygon', coordinates: [[[[107.606, 16.505], [107.617, 16.506], [107.618, 16.513], [107.611, 16.5155], [107.606, 16.512], [107.606, 16.505]]]] } }],
};

const toast = (page, text) => page.locator('.toast', { hasText: text }).first().waitFor();
const gone = (page) => page.locator('dialog').waitFor({ state: 'detached' });
const file = (name, text) => ({ name, mimeType: 'application/json', buffer: Buffer.from(text) });

async function mapDrawn(page) {
  await page.locator('.leaflet-container .leaflet-control-zoom').waitFor();
}

async function zones(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'ky-thuat');
  await visit(page, '/nodes/zones');
  await isSound(page, 'zones');
  await page.getByRole('button', { name: 'Thêm khu vực trong Thôn Đoài' }).click();
  await page.getByRole('button', { name: 'Lưu' }).click();
  await page.getByText('Hãy điền mục này.').waitFor();
  await page.getByLabel('Tên khu vực').fill('Ấp Bến Đò');
  await page.getByLabel('Ngôn ngữ muốn nghe').fill('vi, tiếng Khmer');
  await page.getByRole('button', { name: 'Lưu' }).click();
  await page.getByText('Mỗi ngôn ngữ là một mã ngắn').waitFor();
  await isSound(page, 'zone with errors');
  await shot(page, 'zone-dialog');
  await page.getByLabel('Ngôn ngữ muốn nghe').fill('vi, km');
  await page.getByRole('button', { name: 'Lưu' }).click();
  await toast(page, 'Đã lưu khu vực Ấp Bến Đò.');
  await gone(page);

  await page.getByRole('button', { name: 'Thêm khu vực', exact: true }).click();
  await page.getByLabel('Tên khu vực').fill('Xóm Mới');
  await page.getByLabel('Mã khu vực').fill('T01');
  await page.getByRole('button', { name: 'Lưu' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Mã khu vực').fill('T09');
  await page.getByRole('button', { name: 'Lưu' }).click();
  await gone(page);
  await page.getByRole('button', { name: 'Sửa Xóm Mới' }).click();
  await page.getByRole('button', { name: 'Xóa khu vực' }).click();
  await page.getByText('Xóa khu vực Xóm Mới?').waitFor();
  await page.locator('dialog', { hasText: 'Chỉ xóa được' }).getByRole('button', { name: 'Xóa khu vực' }).click();
  await toast(page, 'Đã xóa khu vực Xóm Mới.');

  await page.getByRole('button', { name: 'Đưa Thôn Đoài lên trên' }).click();
  await page.waitForFunction(() => document.querySelector('.zone-tree li a').textContent === 'Thôn Đoài');
  await shot(page, 'zones-phone');

  await page.getByRole('link', { name: 'Ranh giới của Thôn Đoài' }).click();
  await page.getByRole('heading', { name: 'Ranh giới của Thôn Đoài' }).waitFor();
  await mapDrawn(page);
  await page.locator('input[type=file]').setInputFiles(file('sai.geojson', '{"type": "Point"}'));
  await page.getByText('Tệp này không có ranh giới nào').waitFor();
  await page.locator('input[type=file]').setInputFiles(file('thon-doai.geojson', JSON.stringify(OUTLINE)));
  await page.getByText('5 góc').waitFor();
  await page.getByRole('button', { name: 'Lưu' }).click();
  await toast(page, 'Đã lưu ranh giới của Thôn Đoài.');

  await page.getByRole('link', { name: 'Ranh giới của Thôn Đông' }).click();
  await page.getByRole('heading', { name: 'Ranh giới của Thôn Đông' }).waitFor();
  await mapDrawn(page);
  const corner = async (x, y) => {
    await page.locator('.map-ground').evaluate((e) => e.scrollIntoView({ block: 'center' }));
    const ground = await page.locator('.map-ground').boundingBox();
    await page.mouse.click(ground.x + ground.width * x, ground.y + ground.height * y);
  };
  for (const [x, y] of [[0.08, 0.5], [0.25, 0.42]]) await corner(x, y);
  await page.getByRole('button', { name: 'Lưu' }).click();
  await page.getByText('Cần ít nhất 3 góc.').waitFor();
  for (const [x, y] of [[0.34, 0.6], [0.3, 0.75], [0.1, 0.72]]) await corner(x, y);
  await page.getByText('5 góc').waitFor();
  await page.waitForFunction(() => Object.entries(localStorage).some(([name, kept]) => /zone.*shape/.test(name) && JSON.parse(kept).value.corners.length === 5));
  await page.reload();
  await page.getByText('5 góc').waitFor();
  await page.getByRole('button', { name: 'Bỏ góc cuối' }).click();
  await page.getByText('4 góc').waitFor();
  await mapDrawn(page);
  await isSound(page, 'outline being drawn');
  await shot(page, 'shape-phone');
  await page.getByRole('button', { name: 'Lưu' }).click();
  await toast(page, 'Đã lưu ranh giới của Thôn Đông.');
  await page.context().close();
}

async function technician(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'ky-thuat');
  await visit(page, '/nodes');
  const filter = page.getByRole('group', { name: 'Lọc theo trạng thái' });
  await filter.getByRole('button', { name: /Tất cả\s*4/ }).waitFor();
  await filter.getByRole('button', { name: /Mất liên lạc\s*1/ }).waitFor();
  assert.match(await page.locator('tbody tr').first().textContent(), /trường học/, 'trouble stands first');
  await isSound(page, 'list');
  await shot(page, 'list-phone');
  await filter.getByRole('button', { name: /Mất liên lạc/ }).click();
  assert.equal(await page.locator('tbody tr').count(), 1);
  await filter.getByRole('button', { name: /Tất cả/ }).click();
  await page.getByLabel('Tìm theo tên').fill('dinh lang');
  assert.equal(await page.locator('tbody tr').count(), 1, 'found without the marks of the letters');
  await page.getByLabel('Tìm theo tên').fill('nhà văn');

  await page.getByRole('link', { name: 'Cụm loa nhà văn hóa' }).click();
  await page.getByRole('heading', { name: 'Cụm loa nhà văn hóa' }).waitFor();
  await page.locator('.plot canvas').first().waitFor();
  assert.ok(await page.locator('.plot').count() >= 6, 'a plot each of what was measured');
  await page.getByRole('radio', { name: '7 ngày' }).check();
  await page.waitForFunction(() => document.querySelectorAll('.plot canvas').length >= 6);
  await isSound(page, 'node');
  await shot(page, 'node-phone', true);

  await page.getByLabel('Âm lượng', { exact: true }).fill('-6');
  await page.getByLabel('Âm lượng khẩn cấp').fill('-2');
  await page.getByLabel('Trễ').fill('120');
  await page.locator('.card', { hasText: 'Âm lượng khẩn cấp' }).getByRole('button', { name: 'Lưu' }).click();
  await toast(page, 'Cụm loa nhận ngay');
  await page.locator('.page-head').getByRole('button', { name: 'Sửa thông tin' }).click();
  await page.getByLabel('Tên cụm loa').fill('Cụm loa nhà văn hóa 1');
  await page.getByLabel('Số SIM').fill('0912345678');
  await page.getByLabel('Nhắc gia hạn').fill('2026-01-31');
  await isSound(page, 'edit dialog');
  await shot(page, 'node-edit');
  await page.getByRole('button', { name: 'Lưu' }).last().click();
  await gone(page);
  await page.getByRole('heading', { name: 'Cụm loa nhà văn hóa 1' }).waitFor();
  await page.getByText('Đến hạn').waitFor();

  await page.locator('.page-head').getByRole('button', { name: 'Sửa thông tin' }).click();
  const other = await page.context().newPage();
  await other.goto(page.url());
  // What the first save changed is read again only after the second one has begun.
  await other.route(/\/api\/v1\/nodes\/\d+$/, async (route) => {
    if (route.request().method() === 'GET') await new Promise((later) => setTimeout(later, 500));
    await route.continue();
  });
  await other.getByLabel('Trễ').fill('121');
  await other.getByRole('button', { name: 'Lưu' }).click();
  await toast(other, 'Cụm loa nhận ngay');
  await other.getByLabel('Trễ').fill('120');
  await other.getByRole('button', { name: 'Lưu' }).click();
  await other.waitForFunction(() => document.querySelector('form button[type=submit]').disabled);
  await other.close();
  await page.getByLabel('Tên cụm loa').fill('Cụm loa ghi đè');
  await page.locator('dialog').getByRole('button', { name: 'Lưu' }).click();
  await page.locator('dialog').getByRole('alert').waitFor();
  await shot(page, 'node-changed-meanwhile');
  await page.locator('dialog').getByRole('button', { name: 'Hủy' }).click();
  await gone(page);

  const picture = await page.screenshot();
  await page.locator('input[type=file]').setInputFiles(file('so-tay.txt', 'không phải ảnh'));
  await page.getByText('Không đọc được tệp này như một bức ảnh').waitFor();
  await page.locator('input[type=file]').setInputFiles({ name: 'loa.png', mimeType: 'image/png', buffer: picture });
  await page.waitForFunction(() => document.querySelector('.node-photo')?.naturalWidth > 0);

  await page.getByRole('button', { name: 'Phát tiếng thử' }).click();
  await page.getByText('Nghe thấy tiếng của chính mình').waitFor();
  await isSound(page, 'tone heard');
  await page.getByRole('button', { name: 'Khởi động lại' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Khởi động lại' }).click();
  await toast(page, 'Đã ra lệnh khởi động lại');

  await visit(page, '/nodes');
  await page.getByRole('link', { name: 'Cụm loa chợ' }).click();
  await page.getByRole('button', { name: 'Phát tiếng thử' }).click();
  await page.getByText('Không nghe thấy tiếng sau 3 lần').waitFor();
  await page.getByText('Loa không nghe thấy tiếng').waitFor();
  await page.getByRole('button', { name: 'Đã biết' }).click();
  await page.getByText('đã biết: ky-thuat').waitFor();
  await isSound(page, 'tone not heard');
  await shot(page, 'node-silent');
  await page.context().close();
}

async function operator(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'lan');
  await visit(page, '/nodes');
  await page.getByRole('group').getByRole('button', { name: /Đang phát/ }).waitFor();
  await isSound(page, 'list at a desk');
  await shot(page, 'list-desktop');
  await visit(page, '/nodes/map');
  await mapDrawn(page);
  await page.locator('.map-pin-box').nth(2).waitFor();
  assert.equal(await page.locator('.map-pin-box').count(), 3, 'a pin for each node that has a position');
  assert.equal(await page.locator('.map-shape').count(), 2);
  await page.getByRole('button', { name: /^Cụm loa trường học: Mất liên lạc/ }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.card', { hasText: 'Cụm loa đã chọn' }).getByText('Cụm loa trường học').waitFor();
  await isSound(page, 'map');
  await shot(page, 'map-desktop');
  await page.locator('.card', { hasText: 'Chưa có vị trí (1)' }).getByRole('link', { name: 'Cụm loa đình làng' }).click();

  await page.getByRole('heading', { name: 'Cụm loa đình làng' }).waitFor();
  await page.locator('.meter').waitFor();
  await page.getByText('Bản tin thử loa').first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Khởi động lại' }).count(), 0, 'for technicians');
  assert.ok(await page.getByLabel('Âm lượng khẩn cấp').isDisabled());
  await page.getByLabel('Âm lượng', { exact: true }).fill('-4');
  await page.locator('.card', { hasText: 'Âm lượng khẩn cấp' }).getByRole('button', { name: 'Lưu' }).click();
  await toast(page, 'Cụm loa nhận ngay');
  await isSound(page, 'node at a desk');
  await shot(page, 'node-sounding-desktop', true);
  await page.getByRole('button', { name: 'Tắt tiếng' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Tắt tiếng' }).click();
  await page.getByText('Đã bị tắt tiếng từ bảng điều khiển.').waitFor();
  await page.getByRole('button', { name: 'Bật tiếng lại' }).click();
  await page.getByText('Đã bị tắt tiếng từ bảng điều khiển.').waitFor({ state: 'detached' });
  await page.context().close();

  for (const size of [PHONE, DESKTOP]) {
    const kind = size === PHONE ? 'phone' : 'desktop';
    const dark = await open(place, { size, language: 'en', theme: 'dark' });
    await signIn(dark, 'admin');
    for (const where of ['/nodes', '/nodes/map', '/nodes/zones', `/nodes/${given.measured}`]) {
      await visit(dark, where);
      if (where.endsWith('map')) await dark.locator('.map-pin-box').nth(2).waitFor();
      if (where.endsWith(`/${given.measured}`)) await dark.locator('.plot canvas').first().waitFor();
      await isSound(dark, `${where}, ${kind}, dark`);
      await shot(dark, `${where.slice(1).replace('/', '-')}-${kind}-en-dark`, true);
    }
    await dark.context().close();
  }
}

const varint = (n) => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);

/* A PMTiles file (version 3) of one picture: the world. */
function archive(picture) {
  const directory = Buffer.from([1, 0, 1, ...varint(picture.length), 1]);
  const header = Buffer.alloc(127);
  header.write('PMTiles');
  header[7] = 3;
  const spans = [[127, directory.length], [127 + directory.length, 0], [127 + directory.length, 0], [127 + directory.length, picture.length], [1, 1], [1, 0]];
  spans.flat().slice(0, 11).forEach((n, i) => header.writeBigUInt64LE(BigInt(n), 8 + 8 * i));
  header.set([1, 1, 1, 2, 0, 0], 96);
  return Buffer.concat([header, directory, picture]);
}

/** The station's own tiles lie below: as an address, and as one file that is read in parts. */
async function tiles(place) {
  for (const address of ['/assets/{z}/{x}/{y}.png', '/tiles.pmtiles']) {
    const page = await open(place, { size: DESKTOP });
    const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 256, height: 256 } });
    const whole = archive(picture);
    await page.route('**/api/v1/station', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), tiles: address } });
    });
    await page.route(/\/assets\/\d+\/\d+\/\d+\.png$/, (route) => route.fulfill({ body: picture, contentType: 'image/png' }));
    await page.route('**/tiles.pmtiles', (route) => {
      const [from, to] = route.request().headers().range.match(/\d+/g).map(Number);
      const end = Math.min(to, whole.length - 1);
      return route.fulfill({ status: 206, body: whole.subarray(from, end + 1), headers: { 'content-range': `bytes ${from}-${end}/${whole.length}`, 'content-type': 'application/octet-stream' } });
    });
    await signIn(page, 'lan');
    await visit(page, '/nodes/map');
    await page.waitForFunction(() => [...document.querySelectorAll('.leaflet-tile')].some((tile) => tile.complete && tile.naturalWidth === 256));
    await isSound(page, `map with ${address}`);
    await page.context().close();
  }
}

await run({ tiles, zones, technician, operator }[given.part]);
