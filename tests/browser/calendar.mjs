/* The calendar of the operator, on a desktop with the mouse and on a phone. */
import { readFileSync } from 'node:fs';

import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const DAY_MS = 86_400_000;
/* Local days of the station, whatever zone this machine is in. */
const day = (offset) => new Date(Date.now() + 7 * 3_600_000 + offset * DAY_MS).toISOString().slice(0, 10);
const nextMonday = () => [1, 2, 3, 4, 5, 6, 7].map(day).find((d) => new Date(`${d}T00:00:00Z`).getUTCDay() === 1);

async function fill(page, { title, mode, date, time, until, repeats }) {
  const dialog = page.locator('dialog[open]');
  await dialog.getByLabel('Bản tin').selectOption({ label: await dialog.locator('option', { hasText: title }).first().textContent() });
  if (mode) await dialog.locator('.segments label', { hasText: mode }).click();
  if (date) await dialog.locator('input[type=date]').first().fill(date);
  if (time) await dialog.locator('input[type=time]').fill(time);
  if (until) await dialog.locator('input[type=date]').nth(1).fill(until);
  if (repeats) await dialog.getByLabel('Số lần phát mỗi lượt').fill(String(repeats));
  return dialog;
}

const save = (page) => page.locator('dialog[open] footer .primary').click();
const closed = (page) => page.locator('dialog').waitFor({ state: 'detached' });

async function write(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'lan');
  await visit(page, '/calendar');
  await page.locator('.calendar-grid .fc-timegrid').waitFor();
  await isSound(page, 'empty week');

  // Saving an empty form says what is missing and sends nothing.
  await page.getByRole('button', { name: 'Thêm lịch phát' }).click();
  await save(page);
  await page.locator('dialog .field.wrong').waitFor();
  await isSound(page, 'form with errors');

  // Weekly, seen in plain words before it is saved.
  const monday = nextMonday();
  let dialog = await fill(page, { title: 'Thông báo tiêm phòng', mode: 'Theo thứ', date: monday, time: '11:00', repeats: 2 });
  for (const name of ['T2', 'T4']) {
    const box = dialog.locator('.monthdays label', { hasText: name });
    if (!(await box.locator('input').isChecked())) await box.click();
  }
  for (const name of ['T3', 'T5', 'T6', 'T7', 'CN']) {
    const box = dialog.locator('.monthdays label', { hasText: name });
    if (await box.locator('input').isChecked()) await box.click();
  }
  assert.match(await dialog.locator('.in-words').textContent(), /Phát thứ Hai, thứ Tư hằng tuần lúc 11:00 từ/);
  await dialog.getByRole('button', { name: 'Kiểm tra' }).click();
  await dialog.locator('.note.good').waitFor();
  await isSound(page, 'form');
  await shot(page, 'form-desktop');
  await save(page);
  await closed(page);

  // Another at the same time is refused before it is saved, in a sentence.
  await page.getByRole('button', { name: 'Sau đó' }).click();
  await page.locator('.fc-timegrid-event').first().waitFor();
  await page.getByRole('button', { name: 'Thêm lịch phát' }).click();
  dialog = await fill(page, { title: 'Bản tin nông vụ', mode: 'Một lần', date: monday, time: '11:00' });
  await dialog.getByRole('button', { name: 'Kiểm tra' }).click();
  await dialog.locator('.note.warn').waitFor();
  await shot(page, 'conflict');
  // In the quiet hours a second confirmation is asked.
  await dialog.locator('input[type=time]').fill('21:30');
  await save(page);
  await page.locator('dialog[open]', { hasText: 'Xác nhận lần thứ hai' }).waitFor();
  await shot(page, 'quiet');
  await page.getByRole('button', { name: 'Vẫn tiếp tục' }).click();
  await closed(page);

  // Monthly is a calendar text.
  await page.getByRole('button', { name: 'Thêm lịch phát' }).click();
  dialog = await fill(page, { title: 'Bản tin nông vụ', mode: 'Hằng tháng', date: monday, time: '17:00' });
  await dialog.locator('.zones').getByLabel('Tất cả cụm loa').uncheck();
  await dialog.locator('.zones').getByLabel('Thôn Đông').check();
  assert.match(await dialog.locator('.in-words').textContent(), /hằng tháng lúc 17:00/);
  await save(page);
  await closed(page);
  await page.waitForFunction(() => document.querySelectorAll('.fc-timegrid-event').length >= 3);
  await isSound(page, 'week');
  await shot(page, 'week-desktop', true);

  // Drag Monday's by an hour, for all of them; then skip Wednesday's.
  const block = page.locator('.fc-timegrid-event', { hasText: 'tiêm phòng' }).first();
  await block.scrollIntoViewIfNeeded();
  const at = await block.boundingBox();
  const slot = (await page.locator('.fc-timegrid-slot-lane').first().boundingBox()).height;
  await page.mouse.move(at.x + at.width / 2, at.y + 6);
  await page.mouse.down();
  await page.mouse.move(at.x + at.width / 2, at.y + slot, { steps: 4 });
  await page.mouse.move(at.x + at.width / 2, at.y + 6 + 2 * slot, { steps: 6 });
  await shot(page, 'dragging');
  await page.mouse.up();
  await page.locator('dialog[open]').waitFor();
  await isSound(page, 'scope');
  await page.locator('dialog .segments label', { hasText: 'Tất cả' }).click();
  await page.locator('dialog footer .primary').click();
  await closed(page);
  await page.locator('.toast', { hasText: 'Đã đổi lịch phát' }).waitFor();
  // Where exactly it is dropped is a matter of pixels.
  await page.waitForFunction(() => [...document.querySelectorAll('.fc-timegrid-event')].filter((e) => /^1[12]:(?!00).*tiêm phòng|^12:00.*tiêm phòng/.test(e.textContent)).length === 2);
  const start = (await page.locator('.fc-timegrid-event', { hasText: 'tiêm phòng' }).first().textContent()).slice(0, 5);
  await page.locator('.fc-timegrid-event', { hasText: 'tiêm phòng' }).nth(1).click();
  await page.getByRole('button', { name: 'Bỏ lượt này' }).waitFor();
  await page.locator('dialog .in-words').waitFor();
  await isSound(page, 'occurrence');
  await shot(page, 'occurrence');
  await page.getByRole('button', { name: 'Bỏ lượt này' }).click();
  await page.getByLabel('Bỏ một lượt phát?').getByRole('button', { name: 'Bỏ lượt này' }).click();
  await page.locator('.toast', { hasText: 'Đã bỏ lượt phát' }).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll('.fc-timegrid-event')].filter((e) => e.textContent.includes('tiêm phòng')).length === 1);

  // Copy the week, look minute by minute, ask why.
  await page.getByRole('button', { name: 'Chép tuần' }).click();
  await isSound(page, 'copy');
  await page.locator('dialog footer .primary').click();
  await closed(page);
  await page.getByRole('button', { name: 'Từng phút' }).click();
  await page.locator('.minutes li').first().waitFor();
  await isSound(page, 'minutes');
  await shot(page, 'minutes-desktop', true);
  await visit(page, `/calendar/why/${Date.parse(`${monday}T${start}:01+07:00`) * 1000}`);
  await page.locator('.note.good', { hasText: 'tiêm phòng' }).waitFor();
  await isSound(page, 'why');
  await shot(page, 'why-desktop');
  await page.context().close();
}

async function looks(place, size, language, theme) {
  const kind = `${size === PHONE ? 'phone' : 'desktop'}-${language}-${theme}`;
  const page = await open(place, { size, language, theme });
  await signIn(page, 'lan');
  await visit(page, '/calendar');
  await page.locator('.calendar-bar .turn button').nth(2).click();
  await page.locator('.fc-list-event, .fc-timegrid-event').first().waitFor();
  await isSound(page, `calendar, ${kind}`);
  await shot(page, `calendar-${kind}`, true);
  await page.context().close();
}

async function file(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'lan');
  await visit(page, '/calendar');
  await page.getByRole('button', { name: 'Nạp tệp' }).click();
  await page.locator('dialog').getByLabel('Mẫu có sẵn').selectOption({ label: 'Mùa mưa lũ' });
  await isSound(page, 'load');
  await page.locator('dialog footer .primary').click();
  for (let i = 0; i < 20 && !(await page.locator('dialog .note.good').count()); i++) {
    // What touches the quiet hours is asked for once more.
    if (await page.getByRole('button', { name: 'Vẫn tiếp tục' }).count()) await page.getByRole('button', { name: 'Vẫn tiếp tục' }).click();
    await page.waitForTimeout(250);
  }
  await page.locator('dialog .note.good').waitFor();
  await shot(page, 'loaded-phone');
  await page.locator('dialog footer .primary').click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Xuất tệp' }).click()]);
  const text = readFileSync(await download.path(), 'utf8');
  await page.context().close();
  await looks(place, PHONE, 'vi', 'light');
  await looks(place, DESKTOP, 'en', 'dark');
  console.log(JSON.stringify({ text }));
}

await run(async (place) => (given.part === 'file' ? file(place) : write(place)));
