/* Bulletins: writing, approving, playing; as the operator at a desk and the approver with a phone. */
import { assert, DESKTOP, given, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const button = (page, name) => page.getByRole('button', { name });
const dialog = (page) => page.locator('dialog[open]');
const api = (page, path) => page.evaluate(async (p) => (await fetch(`/api/v1${p}`)).json(), path);

async function ofBulletin(page) {
  await page.waitForURL(/#\/bulletins\/\d+$/);
  return Number(page.url().split('/').pop());
}

async function addFile(page, file) {
  await button(page, 'Tải tệp lên').click();
  await dialog(page).locator('input[type=file]').setInputFiles(file);
  await dialog(page).waitFor({ state: 'detached' });
}

/* Text, read by the station and heard, as a part. */
async function addText(page, text, heard = () => undefined) {
  await button(page, 'Máy đọc văn bản').click();
  const box = dialog(page);
  await box.getByLabel('Văn bản', { exact: true }).fill(text);
  assert.ok(await button(box, 'Dùng phần này').isDisabled(), 'a text is heard before it is used');
  await button(box, 'Đọc thử').click();
  await box.getByRole('heading', { name: 'Nghe thử' }).waitFor();
  await heard(box);
  await button(box, 'Dùng phần này').click();
  await box.waitFor({ state: 'detached' });
}

async function plays(place) {
  const [player] = [place.locator('.player').first()];
  await player.getByRole('button').first().click();
  await player.getByRole('button', { name: /^Tạm dừng/ }).waitFor();
  await player.locator('.player-time').filter({ hasText: /\// }).waitFor();
  await player.getByRole('button').first().click();
}

/* The operator writes at a desk, the approver's phone says so, both do their part, the operator plays it. */
async function way(place) {
  const desk = await open(place, { size: DESKTOP });
  const phone = await open(place, { size: PHONE });
  await signIn(desk, 'lan');
  await signIn(phone, 'hung');
  await visit(phone, '/onair');
  assert.equal(await phone.locator('.nav-count').count(), 0);
  await visit(desk, '/bulletins');
  await isSound(desk, 'empty list');
  await shot(desk, 'list-empty');
  await desk.getByRole('link', { name: 'Soạn bản tin' }).first().click();
  await button(desk, 'Lưu và gửi duyệt').click();
  await desk.getByText('Hãy đặt tiêu đề cho bản tin.').waitFor();
  await desk.getByText('Bản tin chưa có gì để phát.').waitFor();
  await isSound(desk, 'form with errors');
  await shot(desk, 'form-errors');
  await desk.getByLabel('Tiêu đề').fill('Họp thôn tối thứ Sáu');
  await addFile(desk, given.file);
  await desk.locator('.part').waitFor();
  await shot(desk, 'form');
  await button(desk, 'Lưu và gửi duyệt').click();
  const bulletin = await ofBulletin(desk);
  await desk.locator('.badge', { hasText: 'Chờ duyệt' }).waitFor();

  // The notice comes by itself.
  await phone.locator('.bottom-bar .nav-count', { hasText: '1' }).waitFor();
  await phone.getByText('Có bản tin mới chờ bạn duyệt: Họp thôn tối thứ Sáu').waitFor();
  await isSound(phone, 'notice');
  await shot(phone, 'notice-phone');
  await phone.locator('.bottom-bar').getByRole('link', { name: /Bản tin/ }).click();
  await phone.getByRole('link', { name: 'Họp thôn tối thứ Sáu' }).click();
  await phone.locator('.part').waitFor();
  await phone.getByText('Nguyễn Thị Lan gửi duyệt').waitFor();
  await plays(phone.locator('.part'));
  await isSound(phone, 'approving');
  await shot(phone, 'approve-phone');
  await button(phone, 'Duyệt').click();
  await phone.getByText('Đã duyệt “Họp thôn tối thứ Sáu”.').waitFor();
  await phone.waitForFunction(() => !document.querySelector('.nav-count'));

  await desk.locator('.badge', { hasText: 'Đã duyệt' }).waitFor();
  await shot(desk, 'approved');
  await button(desk, 'Phát ngay').click();
  await isSound(desk, 'play now');
  await shot(desk, 'play-now');
  await button(dialog(desk), 'Phát').click();
  await button(desk, 'Vẫn tiếp tục').click();
  await desk.waitForURL(/#\/onair$/);
  await desk.getByText('Họp thôn tối thứ Sáu').first().waitFor();
  const { items } = await api(desk, '/broadcasts?order=newest&limit=1');
  assert.equal(items[0].bulletin, bulletin);
  await isSound(desk, 'played');
  console.log(JSON.stringify({ bulletin, broadcast: items[0].id }));
}

/* Every way a part comes in; then the order by keys and by dragging. */
async function write(place) {
  const page = await open(place, { size: DESKTOP, permissions: ['microphone'] });
  await signIn(page, 'lan');
  await visit(page, '/bulletins/new');
  await page.getByLabel('Tiêu đề').fill('Lịch tiêm chủng tháng 12');
  await button(page, 'Nhạc hiệu').click();
  await addText(page, 'Kính mời bà con đến trạm y tế xã lúc 7h30 ngày 5/12.', async (box) => {
    assert.match(await box.locator('blockquote').textContent(), /bảy giờ/, 'the words that are spoken');
    await plays(box);
    await isSound(page, 'text to speech');
    await shot(page, 'speak');
    await box.getByLabel('Văn bản', { exact: true }).fill('Kính mời bà con đến trạm y tế xã lúc 8h ngày 5/12.');
    assert.ok(await button(box, 'Dùng phần này').isDisabled(), 'what was changed is heard again');
    await box.getByText('Văn bản đã đổi.').waitFor();
    await button(box, 'Đọc thử lại').click();
    await box.getByRole('heading', { name: 'Nghe thử' }).waitFor();
    assert.match(await box.locator('blockquote').textContent(), /tám giờ/);
  });
  const spoken = (await api(page, '/media?order=newest&limit=50')).items.filter((m) => m.title === 'Lịch tiêm chủng tháng 12');
  assert.equal(spoken.length, 1, 'the reading that was not used is gone');
  await button(page, 'Khoảng lặng').click();
  await page.getByLabel('Dài').fill('2');

  await button(page, 'Ghi âm').click();
  await isSound(page, 'recorder');
  await button(page, 'Bắt đầu ghi').click();
  await page.locator('.record-time', { hasText: '0:02' }).waitFor();
  await page.waitForFunction(() => Number(document.querySelector('[role=meter], meter').getAttribute('aria-valuenow')) > -60);
  await shot(page, 'record');
  await button(page, 'Xong').click();
  await plays(dialog(page));
  await isSound(page, 'recorded');
  await shot(page, 'recorded');
  await button(page, 'Dùng bản ghi này').click();
  await dialog(page).waitFor({ state: 'detached' });
  assert.equal(await page.locator('.part').count(), 4);

  // By keys: the recording up twice, the focus stays with it; then by its handle to the end.
  await page.getByLabel(/^Ngôn ngữ của Lịch tiêm/).selectOption({ label: 'Tiếng Khmer' });
  const up = page.locator('.part').nth(3).getByRole('button', { name: /lên$/ });
  await up.focus();
  await page.keyboard.press('Enter');
  await page.locator('.part').nth(2).getByRole('button', { name: /lên$/ }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('đã chuyển đến vị trí 2 trên 4').waitFor();
  const kinds = () => page.locator('.part .part-kind').allTextContents();
  assert.deepEqual((await kinds()).map((k) => k.split(': ')[1]), ['Nhạc hiệu', 'Tư liệu âm thanh', 'Máy đọc văn bản', 'Khoảng lặng']);
  await page.locator('.part').nth(3).scrollIntoViewIfNeeded();
  const grip = await page.locator('.part').nth(3).locator('.grip').boundingBox();
  const goal = await page.locator('.part').nth(2).boundingBox();
  await page.mouse.move(grip.x + grip.width / 2, grip.y + 20);
  await page.mouse.down();
  await page.mouse.move(grip.x + grip.width / 2, goal.y + goal.height / 2 + 10, { steps: 4 });
  await page.mouse.move(grip.x + grip.width / 2, goal.y + 8, { steps: 4 });
  await shot(page, 'dragging');
  await page.mouse.up();
  assert.deepEqual((await kinds()).map((k) => k.split(': ')[1]), ['Nhạc hiệu', 'Tư liệu âm thanh', 'Khoảng lặng', 'Máy đọc văn bản']);

  await page.getByLabel('Loại bản tin').selectOption({ label: 'Sức khỏe' });
  await page.getByLabel('Mức ưu tiên').selectOption({ label: 'Ưu tiên' });
  await page.getByLabel('Đơn vị ban hành').fill('UBND xã Phú Xuân');
  await page.getByLabel('Số văn bản').fill('45/TB-UBND');
  await page.getByLabel('Hết hạn lúc').fill('2020-01-01T08:00');
  await button(page, 'Lưu nháp').click();
  await page.getByText('Thời điểm này đã qua.').waitFor();
  await page.getByLabel('Hết hạn lúc').fill('2031-12-05T17:00');
  await isSound(page, 'form, filled');
  await shot(page, 'form-filled', true);
  await button(page, 'Lưu nháp').click();
  const bulletin = await ofBulletin(page);
  await page.locator('.part').nth(3).waitFor();
  await page.getByText('17:00').waitFor();
  await isSound(page, 'bulletin of parts');
  await shot(page, 'view', true);

  // What is stored comes back into the form, the text too. The recording is cut to its first second.
  await page.getByRole('link', { name: 'Sửa' }).click();
  await page.getByRole('button', { name: /^Cắt / }).click();
  await page.waitForFunction(() => !document.querySelector('dialog .wave-player .round').disabled);
  await dialog(page).getByLabel('Đến giây').fill('1');
  await button(page, 'Cắt và lưu').click();
  await dialog(page).waitFor({ state: 'detached' });
  await page.locator('.part', { hasText: '(đã cắt)' }).getByText('0:01').waitFor();
  await page.getByRole('button', { name: /^Sửa văn bản/ }).click();
  assert.match(await dialog(page).getByLabel('Văn bản', { exact: true }).inputValue(), /lúc 8h/);
  await page.keyboard.press('Escape');
  assert.equal(await page.getByLabel('Hết hạn lúc').inputValue(), '2031-12-05T17:00');
  // The microphone's sound is in the stored file.
  const media = (await api(page, `/bulletins/${bulletin}`)).parts[1].media;
  const recorded = await page.evaluate(async (sha256) => {
    const file = await (await fetch(`/api/v1/media/${sha256}/file`)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(file);
    return { seconds: sound.duration, peak: sound.getChannelData(0).reduce((most, s) => Math.max(most, Math.abs(s)), 0) };
  }, media);
  console.log(JSON.stringify({
    recorded, bulletin, kinds: ['chime', 'media', 'silence', 'text'], languages: ['', 'km', '', ''], expires_us: Date.parse('2031-12-05T17:00:00+07:00') * 1000,
  }));
}

/* The link goes while somebody writes; the page is closed; what was written is there. */
async function link(place) {
  const page = await open(place, { size: PHONE });
  await signIn(page, 'lan');
  await visit(page, '/bulletins/new');
  await addFile(page, given.file);
  await page.context().setOffline(true);
  await page.getByLabel('Tiêu đề').fill('Cắt điện ngày mai');
  await button(page, 'Lưu nháp').click();
  await page.getByText('Không kết nối được với đài.').first().waitFor();
  await isSound(page, 'no link');
  await shot(page, 'link-lost');
  await page.context().setOffline(false);
  await page.reload();
  await page.getByText('Đã khôi phục bản nháp bạn đang soạn dở.').waitFor();
  assert.equal(await page.getByLabel('Tiêu đề').inputValue(), 'Cắt điện ngày mai');
  assert.equal(await page.locator('.part').count(), 1);
  await isSound(page, 'draft found');
  await shot(page, 'draft-found');
  await button(page, 'Lưu nháp').click();
  await ofBulletin(page);
  const { items } = await api(page, '/bulletins?order=newest&limit=10');
  assert.equal(items.filter((b) => b.title === 'Cắt điện ngày mai').length, 1, 'saved once');
  await visit(page, '/bulletins/new');
  assert.equal(await page.getByLabel('Tiêu đề').inputValue(), '', 'the draft is not offered again');
}

async function draftOfText(page, title, template = false) {
  await visit(page, '/bulletins');
  await visit(page, '/bulletins/new');
  await page.getByLabel('Tiêu đề').fill(title);
  await addText(page, `${title}. Trân trọng thông báo.`);
  if (template) await page.getByLabel('Bản tin mẫu').check();
}

/* Sent back with a reason from a phone; a template is copied; a draft is deleted. */
async function decide(place) {
  const desk = await open(place, { size: DESKTOP });
  const phone = await open(place, { size: PHONE });
  await signIn(desk, 'lan');
  await signIn(phone, 'hung');
  await draftOfText(desk, 'Thu tiền nước tháng 11');
  await button(desk, 'Lưu và gửi duyệt').click();
  const bulletin = await ofBulletin(desk);
  await visit(phone, `/bulletins/${bulletin}`);
  assert.match(await phone.locator('blockquote').textContent(), /Trân trọng thông báo/, 'the approver reads the text');
  await button(phone, 'Trả lại').click();
  const box = dialog(phone);
  assert.ok(await button(box, 'Trả lại').isDisabled(), 'no reason, no rejection');
  await box.getByLabel(/Lý do/).fill('Sai số tiền, xem lại thông báo số 12');
  await isSound(phone, 'rejecting');
  await shot(phone, 'reject-phone');
  await button(box, 'Trả lại').click();
  await phone.getByText('Đã trả lại bản tin cho người soạn.').waitFor();
  await desk.getByText('Bị trả lại: Sai số tiền, xem lại thông báo số 12').waitFor();
  await isSound(desk, 'rejected');
  await shot(desk, 'rejected');

  await draftOfText(desk, 'Mẫu: mời họp thôn', true);
  assert.equal(await button(desk, 'Lưu và gửi duyệt').count(), 0, 'a template is not handed in from the form');
  await button(desk, 'Lưu nháp').click();
  await ofBulletin(desk);
  await button(desk, 'Soạn từ mẫu này').click();
  await desk.waitForURL(/#\/bulletins\/\d+\/edit$/);
  await desk.getByLabel('Tiêu đề').waitFor();
  assert.match(await desk.getByLabel('Tiêu đề').inputValue(), /Mẫu: mời họp thôn/);
  assert.equal(await desk.getByLabel('Bản tin mẫu').isChecked(), false);
  await desk.evaluate(() => { location.hash = location.hash.replace('/edit', ''); });
  await button(desk, 'Xóa').click();
  await button(dialog(desk), 'Xóa').click();
  await desk.getByText('Đã xóa bản tin.').waitFor();

  // A relay is all of its bulletin.
  await visit(desk, '/bulletins');
  await visit(desk, '/bulletins/new');
  await desk.getByLabel('Tiêu đề').fill('Tiếp sóng thời sự');
  await button(desk, 'Tiếp sóng, trực tiếp').click();
  await dialog(desk).getByLabel(/Địa chỉ luồng phát/).fill('vov1');
  assert.ok(await button(desk, 'Thêm vào bản tin').isDisabled(), 'an address begins with http');
  await dialog(desk).getByLabel(/Địa chỉ luồng phát/).fill('https://stream.example.vn/vov1.m3u8');
  await dialog(desk).getByLabel('Dài').fill('15');
  await isSound(desk, 'relay');
  await shot(desk, 'relay');
  await button(desk, 'Thêm vào bản tin').click();
  await desk.locator('.add-ways button:disabled', { hasText: 'Tiếp sóng, trực tiếp' }).waitFor();
  assert.ok(await button(desk, 'Nhạc hiệu').isEnabled(), 'a chime may stand beside a relay');
  await button(desk, 'Lưu nháp').click();
  const relay = await api(desk, `/bulletins/${await ofBulletin(desk)}`);
  assert.equal(relay.parts.length, 1);
  assert.deepEqual([relay.parts[0].kind, relay.parts[0].source, relay.parts[0].duration_ms], ['relay', 'https://stream.example.vn/vov1.m3u8', 900000]);
  console.log(JSON.stringify({ bulletin, reason: 'Sai số tiền, xem lại thông báo số 12' }));
}

/* Two write at the same bulletin: the second is told, loses nothing, and chooses. */
async function two(place) {
  const desk = await open(place, { size: DESKTOP });
  const phone = await open(place, { size: PHONE });
  await signIn(desk, 'lan');
  await signIn(phone, 'lan');
  await visit(desk, '/bulletins/new');
  await desk.getByLabel('Tiêu đề').fill('Họp thôn');
  await addFile(desk, given.file);
  await button(desk, 'Lưu nháp').click();
  const id = await ofBulletin(desk);
  const stored = async () => (await api(desk, `/bulletins/${id}`)).title;
  const edit = async (page) => {
    await visit(page, `/bulletins/${id}/edit`);
    await page.getByLabel('Tiêu đề').waitFor();
  };
  const save = async (page, title) => {
    await page.getByLabel('Tiêu đề').fill(title);
    await button(page, 'Lưu nháp').click();
  };
  const told = phone.getByText('Người khác đã sửa bản tin này trong lúc bạn soạn.');

  await edit(phone);
  await edit(desk);
  await save(desk, 'Họp thôn lúc 19 giờ');
  await ofBulletin(desk);
  await save(phone, 'Họp thôn lúc 20 giờ');
  await told.waitFor();
  assert.equal(await stored(), 'Họp thôn lúc 19 giờ', 'nobody is overwritten');
  assert.equal(await phone.getByLabel('Tiêu đề').inputValue(), 'Họp thôn lúc 20 giờ');
  await isSound(phone, 'two writers');
  await shot(phone, 'two-writers', true);

  // The draft of another day, whose bulletin was changed since.
  await phone.reload();
  await told.waitFor();
  assert.equal(await phone.getByLabel('Tiêu đề').inputValue(), 'Họp thôn lúc 20 giờ');
  await button(phone, 'Tải bản mới').click();
  await button(dialog(phone), 'Tải bản mới').click();
  await told.waitFor({ state: 'detached' });
  assert.equal(await phone.getByLabel('Tiêu đề').inputValue(), 'Họp thôn lúc 19 giờ');
  await save(phone, 'Họp thôn lúc 19 giờ 30');
  await ofBulletin(phone);
  assert.equal(await stored(), 'Họp thôn lúc 19 giờ 30');

  await edit(phone);
  await edit(desk);
  await save(desk, 'Hoãn họp thôn');
  await ofBulletin(desk);
  await save(phone, 'Họp thôn tại trường');
  await told.waitFor();
  await button(phone, 'Lưu bản của tôi').click();
  await button(dialog(phone), 'Thay bằng bản của tôi').click();
  await ofBulletin(phone);
  assert.equal(await stored(), 'Họp thôn tại trường');

  // An answer that got lost is no other writer: what is sent again is answered as before.
  await edit(phone);
  let lost = 0;
  await phone.route(`**/api/v1/bulletins/${id}`, async (route) => {
    if (route.request().method() !== 'PUT' || lost > 0) return route.continue();
    lost++;
    await route.fetch();
    return route.abort();
  });
  await save(phone, 'Họp thôn tại đình');
  await ofBulletin(phone);
  assert.equal(lost, 1);
  assert.equal(await stored(), 'Họp thôn tại đình');
  assert.equal(await told.count(), 0);
}

async function looks(place) {
  for (const [size, kind] of [[PHONE, 'phone'], [DESKTOP, 'desktop']])
    for (const [language, theme] of [['vi', 'light'], ['en', 'dark']]) {
      const page = await open(place, { size, language, theme });
      await signIn(page, 'lan');
      await visit(page, '/bulletins');
      const name = `${kind}-${language}-${theme}`;
      await isSound(page, `list, ${name}`);
      await shot(page, `list-${name}`);
      const { items } = await api(page, '/bulletins?order=newest&limit=100');
      const richest = items.reduce((a, b) => (b.parts.length > a.parts.length ? b : a));
      await visit(page, `/bulletins/${richest.id}`);
      await isSound(page, `view, ${name}`);
      await shot(page, `view-${name}`, true);
      if (['draft', 'rejected'].includes(richest.state)) {
        await visit(page, `/bulletins/${richest.id}/edit`);
        await isSound(page, `form, ${name}`);
        await shot(page, `form-${name}`, true);
      }
      await page.context().close();
    }
}

const microphone = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', ...(given.spoken ? [`--use-file-for-fake-audio-capture=${given.spoken}`] : [])];
await run({ way, write, link, two, decide, looks }[given.part], { args: [...microphone, '--autoplay-policy=no-user-gesture-required'] });
