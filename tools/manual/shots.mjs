/* The screenshots of the operator's manual, taken while the work that a chapter describes is really done. */
import { given, open, PHONE, run, shot as keep, signIn, visit } from '../../tests/browser/harness.mjs';

const DESK = { width: 1100, height: 700 };
const day = (offset) => new Date(Date.now() + 7 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10);
const dialog = (page) => page.locator('dialog[open]').last();
const button = (page, name) => page.getByRole('button', { name, exact: true });

/* A toast covers what the picture is of: it goes first. A long page is shown as far as paper has room. */
async function shot(page, name, { most } = {}) {
  await page.locator('.toast').first().waitFor({ state: 'detached', timeout: 15000 }).catch(() => undefined);
  const size = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  if (most) await page.setViewportSize({ width: size.width, height: Math.min(most, Math.max(size.height, height)) });
  await keep(page, name);
  if (most) await page.setViewportSize(size);
}

async function confirmed(page) {
  const again = button(page, 'Vẫn tiếp tục');
  await again.waitFor({ timeout: 3000 }).then(() => again.click(), () => undefined);
}

async function wizard(place) {
  const page = await open(place, { size: PHONE });
  await page.getByLabel('Mã một lần').fill(given.code);
  await page.getByLabel('Họ và tên').fill('Phạm Văn Minh');
  await page.getByLabel('Tên đăng nhập').fill('admin');
  await page.getByLabel('Mật khẩu (bắt buộc)').fill(given.password);
  await shot(page, 'thiet-lap-1');
  await button(page, 'Tiếp tục').click();
  await page.getByLabel('Tên đài').fill('Đài truyền thanh xã Phú Xuân');
  await shot(page, 'thiet-lap-2');
  await button(page, 'Tiếp tục').click();
  await page.getByLabel('Tên khu vực').fill('Thôn Đông');
  await button(page, 'Tiếp tục').click();
  await page.getByLabel('Tên cụm loa').waitFor();
  await button(page, 'Để sau').click();
  await page.locator('#main h1').waitFor();
}

async function accounts(place) {
  const page = await open(place, { size: DESK });
  await shot(page, 'dang-nhap');
  await signIn(page, 'admin');
  await visit(page, '/admin/users');
  await shot(page, 'tai-khoan');
  await visit(page, '/admin/station');
  await shot(page, 'quy-dinh');
  await visit(page, '/admin/backups');
  await button(page, 'Sao lưu ngay').click();
  await page.locator('.toast').waitFor();
  await page.getByRole('row').nth(1).waitFor();
  await shot(page, 'sao-luu');
  await visit(page, '/admin/journal');
  await button(page, 'Kiểm tra ngay').click();
  await page.locator('.note.good').waitFor();
  await shot(page, 'nhat-ky');
}

async function bulletin(place) {
  const page = await open(place, { size: DESK });
  await signIn(page, 'lan');
  await visit(page, '/bulletins/new');
  await page.getByLabel('Tiêu đề').fill('Lịch tiêm chủng tháng 12');
  await button(page, 'Nhạc hiệu').click();
  await button(page, 'Máy đọc văn bản').click();
  await dialog(page).getByLabel('Văn bản', { exact: true }).fill('Kính mời bà con đưa trẻ đến trạm y tế xã lúc 7h30 ngày 5/12 để tiêm chủng.');
  await button(page, 'Đọc thử').click();
  await page.getByRole('heading', { name: 'Nghe thử' }).waitFor({ timeout: 60000 });
  await shot(page, 'may-doc');
  await button(page, 'Dùng phần này').click();
  await page.locator('.part').nth(1).waitFor();
  await page.getByLabel('Loại bản tin').selectOption({ label: 'Sức khỏe' });
  await page.getByLabel('Đơn vị ban hành').fill('UBND xã Phú Xuân');
  await shot(page, 'soan-ban-tin', { most: 1100 });
  await button(page, 'Lưu và gửi duyệt').click();
  await page.locator('.badge', { hasText: 'Chờ duyệt' }).waitFor();
  const id = page.url().split('/').pop();

  const phone = await open(place, { size: PHONE });
  await signIn(phone, 'hung');
  await visit(phone, '/onair');
  await phone.locator('.bottom-bar .nav-count').waitFor();
  await keep(phone, 'duyet-thong-bao');
  await visit(phone, `/bulletins/${id}`);
  await phone.locator('.part').first().waitFor();
  await shot(phone, 'duyet-nghe');
  await button(phone, 'Trả lại').click();
  await dialog(phone).getByLabel(/Lý do/).fill('Sai ngày tiêm, xem lại thông báo của trạm y tế');
  await keep(phone, 'duyet-tra-lai');
  await button(dialog(phone), 'Hủy').click();
  await button(phone, 'Duyệt').click();
  await phone.getByText('Đã duyệt “Lịch tiêm chủng tháng 12”.').waitFor();

  await page.locator('.badge', { hasText: 'Đã duyệt' }).waitFor();
  await visit(page, '/bulletins');
  await shot(page, 'danh-sach-ban-tin');
  await visit(page, `/bulletins/${id}`);
  await button(page, 'Phát ngay').click();
  await dialog(page).waitFor();
  await shot(page, 'phat-ngay');
  await button(dialog(page), 'Hủy').click();
}

async function calendar(place) {
  const page = await open(place, { size: DESK });
  await signIn(page, 'lan');
  await visit(page, '/calendar');
  await page.locator('.fc-timegrid').waitFor();
  await button(page, 'Thêm lịch phát').click();
  const box = dialog(page);
  const choice = box.locator('option', { hasText: 'tiêm chủng' }).first();
  await box.getByLabel('Bản tin').selectOption({ label: await choice.textContent() });
  await box.locator('.segments label', { hasText: 'Hằng ngày' }).click();
  await box.locator('input[type=date]').first().fill(day(1));
  await box.locator('input[type=time]').fill('06:30');
  await button(box, 'Kiểm tra').click();
  await box.locator('.note').first().waitFor();
  await page.setViewportSize({ width: 1100, height: 1000 });
  await shot(page, 'them-lich');
  await page.setViewportSize(DESK);
  await box.locator('footer .primary').click();
  await confirmed(page);
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.locator('.calendar-bar .turn button').nth(2).click();
  await page.locator('.fc-timegrid-event').first().waitFor();
  await shot(page, 'lich-tuan');
  await page.locator('.fc-timegrid-event').first().click();
  await button(page, 'Bỏ lượt này').waitFor();
  await shot(page, 'mot-luot');
  await page.keyboard.press('Escape');
  await visit(page, `/calendar/why/${Date.parse(`${day(1)}T06:30:01+07:00`) * 1000}`);
  await page.locator('.note.good').waitFor();
  await shot(page, 'vi-sao');
}

async function sounding(place) {
  const page = await open(place, { size: DESK });
  await signIn(page, 'lan');
  await visit(page, '/onair');
  await page.getByText('Thông báo họp thôn').first().waitFor();
  await page.waitForTimeout(2500); // until levels have come
  await shot(page, 'dang-phat');
  const phone = await open(place, { size: PHONE });
  await signIn(phone, 'lan');
  await visit(phone, '/onair');
  await shot(phone, 'trang-dau');
}

async function talk(place) {
  const page = await open(place, { size: PHONE, permissions: ['microphone'] });
  await signIn(page, 'lan');
  await visit(page, '/onair/talk');
  await page.getByLabel('Tiêu đề').fill('Nhắc bà con thu hoạch lúa trước mưa');
  await page.locator('.zones').getByLabel('Thôn Đông').check();
  await shot(page, 'noi-chuan-bi', { most: 900 });
  await page.getByRole('radio', { name: 'Mở liên tục' }).check();
  await button(page, 'Bắt đầu').click();
  await confirmed(page);
  await page.getByText('Đang lên sóng').waitFor({ timeout: 30000 });
  await page.waitForTimeout(2500);
  await page.locator('.talk-state').evaluate((e) => e.scrollIntoView({ block: 'center' }));
  await page.evaluate(() => scrollBy(0, 150));
  await shot(page, 'noi-dang-noi');
  await button(page, 'Kết thúc').click();
  await page.getByText('Phiên nói đã kết thúc.').waitFor({ timeout: 30000 });
}

async function emergency(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'lan');
  await page.getByRole('link', { name: 'Khẩn cấp' }).click();
  await page.locator('.alert-template').first().waitFor();
  await shot(page, 'khan-cap-mau');
  await button(page, 'Cảnh báo lũ').click();
  await page.getByLabel('Tất cả cụm loa').uncheck();
  await page.getByLabel('Thôn Đông').check();
  await button(page, 'Xem lại trước khi phát').click();
  await page.locator('.spoken').waitFor();
  await page.locator('.spoken').evaluate((e) => e.scrollIntoView({ block: 'center' }));
  await shot(page, 'khan-cap-xem-lai');
  await button(page, 'Phát cảnh báo ngay').click();
  await page.waitForFunction(() => /^#\/alerts\/\d+$/.test(location.hash));
  await button(page, 'Hủy cảnh báo').waitFor();
  await shot(page, 'khan-cap-dang-phat');
  await button(page, 'Hủy cảnh báo').click();
  await keep(page, 'khan-cap-huy');
  await page.locator('dialog footer .danger').click();
  await page.locator('.badge', { hasText: 'Đã hủy' }).waitFor();
}

async function nodes(place) {
  const page = await open(place, { size: DESK });
  await signIn(page, 'ky-thuat');
  await visit(page, '/nodes');
  await shot(page, 'cum-loa');
  await visit(page, '/nodes/map');
  await page.locator('.map-pin-box').nth(2).waitFor();
  await shot(page, 'ban-do');
  await visit(page, `/nodes/${given.lost}`);
  await shot(page, 'mat-lien-lac');
  await visit(page, '/nodes/zones');
  await shot(page, 'khu-vuc');
  const phone = await open(place, { size: PHONE });
  await signIn(phone, 'ky-thuat');
  await visit(phone, '/commission/new');
  await phone.getByLabel('Tên cụm loa').fill('Cụm loa xóm Mới');
  await phone.getByRole('combobox').first().selectOption({ index: 1 });
  await button(phone, 'Tạo mã kết nối').click();
  await phone.getByText('Đang chờ cụm loa kết nối').waitFor();
  await shot(phone, 'ma-ket-noi');
  await visit(phone, `/commission/${given.node}`);
  await shot(phone, 'nghiem-thu');
}

async function evidence(place) {
  const page = await open(place, { size: DESK });
  await signIn(page, 'lan');
  await visit(page, '/reports');
  await page.locator('.figure').first().waitFor();
  await shot(page, 'bao-cao');
  await visit(page, '/reports/broadcasts');
  await page.getByRole('link', { name: 'Thông báo họp thôn' }).first().click();
  await page.locator('.badge', { hasText: 'Đã phát đủ' }).first().waitFor();
  await shot(page, 'bien-nhan');
  await visit(page, '/onair');
  await shot(page, 'su-co');
}

const parts = { wizard, accounts, bulletin, calendar, sounding, talk, emergency, nodes, evidence };
await run(async (place) => {
  for (const part of given.parts) await parts[part](place);
// Dates as Vietnamese browsers show them, by Debian's chromium-l10n.
}, { args: ['--lang=vi', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'] });
