/* The banner of a training station: there on every page, also after scrolling, in both languages. */
import { assert, DESKTOP, isSound, open, PHONE, run, shot, signIn, visit } from './harness.mjs';

const SAYS = { vi: 'Chế độ luyện tập: không loa nào phát tiếng', en: 'Training mode: no loudspeaker sounds' };

async function banner(place, size, language, theme) {
  const kind = `${size === PHONE ? 'phone' : 'desktop'}-${language}-${theme}`;
  const page = await open(place, { size, language, theme });
  await page.locator('form').waitFor();
  await page.getByText(SAYS[language], { exact: true }).waitFor();
  await isSound(page, `sign-in, ${kind}`);
  await shot(page, `signin-${kind}`);
  await signIn(page, 'admin');
  for (const name of ['onair', 'alerts', 'admin', 'profile']) {
    await visit(page, `/${name}`);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    const seen = page.getByText(SAYS[language], { exact: true });
    const box = await seen.boundingBox();
    assert.ok(box && box.y >= 0 && box.y + box.height <= size.height, `${name}, ${kind}: ${JSON.stringify(box)}`);
    await isSound(page, `${name}, ${kind}`);
    await shot(page, `${name}-${kind}`);
  }
  await page.context().close();
}

await run(async (place) => {
  await banner(place, PHONE, 'vi', 'light');
  await banner(place, DESKTOP, 'en', 'dark');
});
