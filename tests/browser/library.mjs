/* The library: uploads over a bad link, search, waveform, cutting by mouse and by keys, replacing, archiving. */
import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const button = (page, name, exact = false) => page.getByRole('button', { name, exact });
const dialog = (page) => page.locator('dialog[open]');
const api = (page, path) => page.evaluate(async (p) => (await fetch(`/api/v1${p}`)).json(), path);
const PIECES = '**/api/v1/uploads/*?offset=*';

async function choose(page, file) {
  await visit(page, '/library');
  await button(page, 'Tải lên', true).click();
  await dialog(page).locator('input[type=file]').setInputFiles(file);
}

/* Calls back before each piece with its number and offset. */
async function pieces(page, before) {
  let count = 0;
  await page.unroute(PIECES);
  await page.route(PIECES, async (route) => {
    await before(++count, Number(new URL(route.request().url()).searchParams.get('offset')));
    await route.continue().catch(() => undefined);
  });
}

async function upload(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'lan');
  await visit(page, '/library');
  await isSound(page, 'empty library');
  await shot(page, 'empty-phone');

  // The link is lost in the middle and comes back.
  const offsets = [];
  await pieces(page, async (count, offset) => {
    offsets.push(offset);
    if (count === 4) await page.context().setOffline(true);
  });
  await choose(page, given.file);
  await page.getByText('Mất kết nối; sẽ tự gửi tiếp khi có mạng.').first().waitFor();
  await isSound(page, 'no link');
  await shot(page, 'link-lost');
  await page.context().setOffline(false);
  await page.getByText(/^Đã lưu “giọng đọc 40”/).waitFor();
  assert.equal(offsets.filter((o) => o === 0).length, 1, 'what had come is not sent again');

  // The page is closed in the middle; the same file is chosen again.
  let held = () => undefined;
  const waiting = new Promise((resolve) => { held = resolve; });
  await pieces(page, (count) => {
    if (count !== 5) return undefined;
    held();
    return new Promise(() => undefined);
  });
  await choose(page, given.file);
  await waiting;
  await page.reload();
  await page.locator('#main h1').waitFor();
  let from = -1;
  await pieces(page, (count, offset) => { if (count === 1) from = offset; });
  await choose(page, given.file);
  await page.getByText(/^Đã lưu “giọng đọc 40”/).waitFor();
  await isSound(page, 'uploaded');
  await shot(page, 'uploaded-phone');
  assert.equal(await page.locator('.upload').count(), 0);

  // What is no sound is refused in words.
  await button(page, 'Tải lên', true).click();
  await dialog(page).locator('input[type=file]').setInputFiles({ name: 'ghi chú.wav', mimeType: 'audio/wav', buffer: Buffer.from('không phải âm thanh') });
  await page.locator('.upload.failed').waitFor();
  await isSound(page, 'refused file');
  await shot(page, 'refused');
  const { items } = await api(page, '/media?order=newest&limit=50&kind=upload');
  console.log(JSON.stringify({ resumed_at: from, media: items.filter((m) => m.title === 'giọng đọc 40').map((m) => m.sha256) }));
}

/* The bars of the waveform are there, not an empty canvas. */
function drawn(page) {
  return page.waitForFunction(() => {
    const host = document.querySelector('.waveform > div:last-child > div');
    const root = host?.firstElementChild?.shadowRoot ?? host?.shadowRoot;
    const canvas = root?.querySelector('.canvases canvas');
    if (!canvas || canvas.width === 0) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((v, i) => i % 4 === 3 && v > 0) && getComputedStyle(canvas).position === 'absolute';
  });
}

/* The ends of the chosen piece are on the page; the waveform adds them in a turn of its own. */
function ends(page) {
  return page.waitForFunction(() => {
    const host = document.querySelector('dialog .waveform > div:last-child > div');
    const root = host?.firstElementChild?.shadowRoot ?? host?.shadowRoot;
    return root?.querySelector('[part~="region-handle-right"]') ?? false;
  });
}

/* Moves faster than the page is painted: all of them count, none is undone by an older one. */
async function dragFast(end, by, steps) {
  await end.evaluate(async (handle, [dx, n]) => {
    const { x, y } = handle.getBoundingClientRect();
    const send = (type, target, at) => target.dispatchEvent(new PointerEvent(type, {
      pointerId: 7, button: 0, clientX: at, clientY: y + 5, bubbles: true, composed: true, cancelable: true,
    }));
    send('pointerdown', handle, x);
    for (let i = 1; i <= n; i++) {
      send('pointermove', document, x + (dx * i) / n);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
    send('pointerup', document, x + dx);
  }, [by, steps]);
}

async function manage(place) {
  const page = await open(place, { size: DESKTOP });
  await signIn(page, 'lan');
  await visit(page, '/library');
  await page.getByLabel('Tìm tư liệu').fill('thong bao hop');
  await page.waitForFunction(() => document.querySelectorAll('#main tbody tr').length === 1);
  await page.getByRole('link', { name: 'Thông báo họp thôn' }).waitFor();
  await page.getByRole('radio', { name: 'Máy đọc' }).check();
  await page.getByText('Không có tư liệu nào khớp').waitFor();
  await page.getByRole('radio', { name: 'Tất cả' }).check();
  await page.getByRole('link', { name: 'Thông báo họp thôn' }).click();
  await drawn(page);
  await isSound(page, 'recording');
  await shot(page, 'recording');

  // Play, seek by keys.
  const time = page.locator('.wave-player .player-time');
  await button(page, /^Nghe Thông báo/).click();
  await button(page, /^Tạm dừng/).waitFor();
  await button(page, /^Tạm dừng/).click();
  await page.locator('.wave-player input[type=range]').focus();
  await page.keyboard.press('End');
  await time.filter({ hasText: '0:12 / 0:12' }).waitFor();
  await page.keyboard.press('Home');
  await time.filter({ hasText: '0:00 / 0:12' }).waitFor();

  // Where it is used.
  await page.locator('.uses').getByRole('link', { name: 'Họp thôn', exact: true }).waitFor();
  await page.locator('.uses').getByRole('link', { name: 'Họp đã duyệt' }).waitFor();
  assert.equal(await button(page, 'Xóa', true).count(), 0, 'what is used is not deleted');

  // Cut: the right end by mouse, then exact seconds by keys.
  await button(page, 'Cắt', true).click();
  const box = dialog(page);
  await box.getByText('Đang chọn toàn bộ.').waitFor();
  assert.ok(await button(box, 'Cắt và lưu').isDisabled());
  await box.getByText('Nghe đoạn đã chọn').waitFor();
  const right = await ends(page);
  await right.asElement().hover(); // it stands still then, and nothing lies over it
  const wave = await box.locator('.waveform').boundingBox();
  await page.mouse.down();
  await page.mouse.move(wave.x + wave.width * 0.75, wave.y + 40, { steps: 6 });
  await page.mouse.move(wave.x + wave.width * 0.5, wave.y + 40, { steps: 6 });
  await page.mouse.up();
  const to = async () => Number(await box.getByLabel('Đến giây').inputValue());
  for (let i = 0; i < 100 && await to() === 12; i++) await page.waitForTimeout(100);
  assert.ok(Math.abs(await to() - 6) < 0.5, `dragged to ${await to()} s`);
  await dragFast(right, wave.width / 4, 12);
  assert.ok(Math.abs(await to() - 9) < 0.5, `dragged fast to ${await to()} s`);
  await isSound(page, 'cutting');
  await shot(page, 'cut');
  await box.getByLabel('Từ giây').fill('1');
  await box.getByLabel('Đến giây').fill('0.5');
  await box.getByText(/phải dài ít nhất/).waitFor();
  await box.getByLabel('Đến giây').fill('4');
  await box.getByText('Giữ lại 0:03.').waitFor();
  await button(box, 'Nghe đoạn đã chọn').click();
  await box.locator('.player-time').filter({ hasText: /^0:0[1-4]/ }).waitFor();
  await box.locator('.player-time').filter({ hasText: /^0:04/ }).waitFor();
  await button(box, /^Nghe Thông báo/).waitFor();
  await box.getByLabel('Tên tư liệu mới').fill('Họp thôn, đoạn đầu');
  await button(box, 'Cắt và lưu').click();
  await page.getByRole('heading', { level: 1, name: 'Họp thôn, đoạn đầu' }).waitFor();
  const cut = page.url().split('/').pop();

  // What is not used can be deleted: cut the cut once more and throw that away.
  await button(page, 'Cắt', true).click();
  await ends(page);
  await dialog(page).getByLabel('Đến giây').fill('1');
  await button(page, 'Cắt và lưu').click();
  await page.getByRole('heading', { level: 1, name: 'Họp thôn, đoạn đầu (đã cắt)' }).waitFor();
  const deleted = page.url().split('/').pop();
  await button(page, 'Xóa', true).click();
  await button(dialog(page), 'Xóa').click();
  await page.getByText('Đã xóa tư liệu.').waitFor();

  // Replace, rename, archive, and back to a bulletin.
  await visit(page, `/library/${given.first}`);
  await button(page, 'Thay thế', true).click();
  await dialog(page).getByLabel('Tìm trong tư liệu').fill('ban doc moi');
  await isSound(page, 'choosing another');
  await shot(page, 'replace');
  await button(page, 'Chọn Bản đọc mới').click();
  await button(dialog(page), 'Thay thế').click();
  await page.getByText('Đã thay trong 1 bản nháp, tạo 1 bản nháp mới.').waitFor();
  await button(page, 'Đổi tên', true).click();
  await dialog(page).getByLabel(/Tên mới/).fill('Thông báo cũ');
  await button(dialog(page), 'Đổi tên').click();
  await page.getByRole('heading', { level: 1, name: 'Thông báo cũ' }).waitFor();
  await button(page, 'Cất đi').click();
  await button(page, 'Lấy lại').waitFor();
  await visit(page, '/library');
  assert.equal(await page.getByRole('link', { name: 'Thông báo cũ' }).count(), 0, 'archived ones are out of the way');
  await page.getByLabel('Xem tư liệu đã cất').check();
  await page.getByRole('link', { name: 'Thông báo cũ' }).waitFor();
  await visit(page, `/library/${given.second}`);
  await page.getByRole('link', { name: 'Soạn bản tin' }).click();
  await page.getByRole('heading', { level: 1, name: 'Soạn bản tin' }).waitFor();
  await page.locator('.part', { hasText: 'Bản đọc mới' }).waitFor();
  await isSound(page, 'bulletin of a recording');
  console.log(JSON.stringify({ cut, deleted }));
}

async function looks(place) {
  for (const [size, kind] of [[PHONE, 'phone'], [DESKTOP, 'desktop']])
    for (const [language, theme] of [['vi', 'light'], ['en', 'dark']]) {
      const page = await open(place, { size, language, theme });
      await signIn(page, kind === 'phone' ? 'hung' : 'lan');
      await visit(page, '/library');
      const name = `${kind}-${language}-${theme}`;
      await isSound(page, `list, ${name}`);
      await shot(page, `list-${name}`);
      const { items } = await api(page, '/media?order=newest&limit=10');
      await visit(page, `/library/${items[0].sha256}`);
      await drawn(page);
      await isSound(page, `recording, ${name}`);
      await shot(page, `recording-${name}`, true);
      await page.context().close();
    }
}

await run({ upload, manage, looks }[given.part], { args: ['--autoplay-policy=no-user-gesture-required'] });
