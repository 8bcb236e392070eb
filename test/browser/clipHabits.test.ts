/**
 * What hands do on a clip: play it with Space after a click on a button, drag the slider while a message is shown, save
 * from the field of a name, and read how many objects and frames there are.
 */
import { unzipSync } from 'fflate';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Annotator, clipFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

const PHONE = { width: 360, height: 640 };

describeInChromium('hands on a clip', () => {
  const server = useServer(() => startTinyServer());
  const fresh = useContext(useChromium());
  let annotator: Annotator;
  let clip: Awaited<ReturnType<typeof clipFile>>;

  beforeAll(async () => {
    clip = await clipFile('clip.webp', [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(clip.file);
    await annotator.frame(1);
  });

  afterEach(() => expect(annotator.failures).toEqual([]));

  const button = (name: string) => annotator.page.getByRole('button', { name, exact: true });

  /** Draws on the open frame. */
  async function draw(): Promise<void> {
    await annotator.press('d');
    await annotator.drag([100, 100], [140, 120]);
    await annotator.objects(/drawn/);
  }

  it('play it with Space after any control was clicked', async () => {
    const { page } = annotator;
    let choosers = 0;
    page.on('filechooser', () => choosers++);
    const toggled = async (): Promise<void> => {
      await annotator.press('Space');
      await button('Pause').waitFor();
      await annotator.press('Space');
      await button('Play').waitFor();
    };
    await toggled();
    const carry = page.getByLabel('Carry prompts');
    await page.getByText('Carry prompts').click();
    await toggled();
    expect(await carry.isChecked()).toBe(true);
    await button('Brush').click();
    await toggled();
    await page.getByLabel('Run model on').selectOption('server');
    await page.getByRole('button', { name: 'Undo' }).click({ force: true });
    await toggled();
    // Who moves by Tab keeps the button.
    await button('Brush').focus();
    await page.keyboard.press('Shift+Tab');
    const focused = page.locator(':focus');
    await focused.press('Space');
    expect(await button('Play').count()).toBe(1);
    expect(choosers).toBe(0);
  });

  it('move the slider and click the image while a message is shown', async () => {
    const { page } = annotator;
    for (const viewport of [page.viewportSize()!, PHONE]) {
      await page.setViewportSize(viewport);
      await button('Calibrate').first().click();
      await annotator.press('End');
      await annotator.frame(8);
      await annotator.press('Control+ArrowRight');
      await annotator.message(/last frame/);
      const said = (await page.locator('.message').boundingBox())!;
      for (const part of ['.timeline', '.toolbar', '.topbar', '.status']) {
        const box = (await page.locator(part).boundingBox())!;
        const apart = said.y + said.height <= box.y || box.y + box.height <= said.y || box.x + box.width <= said.x;
        expect(apart, part).toBe(true);
      }
      const slider = (await page.getByRole('slider', { name: 'Frame' }).boundingBox())!;
      await page.mouse.click(slider.x + 8, slider.y + slider.height / 2);
      await annotator.frame(1);
      // What lies below the text of a message is the image.
      const below = await page.evaluate(
        ([x, y]) => document.elementFromPoint(x!, y!)?.tagName,
        [said.x + 6, said.y + said.height / 2],
      );
      expect(below).toBe('CANVAS');
    }
  });

  it('save from the field of a name, which the export has then', async () => {
    const { page } = annotator;
    await draw();
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('wall');
    await annotator.press('Control+s');
    const dialog = page.getByRole('dialog', { name: 'Export' });
    await dialog.waitFor();
    // Once more does nothing, here or in the browser.
    await annotator.press('Control+s');
    await dialog.getByRole('radio', { name: /Masks as PNG/ }).check();
    await annotator.press('Escape');
    // Not only closed.
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect((await annotator.export(/Masks as PNG/)).name).toBe('clip.0001.wall.png');
    await name.focus();
    await annotator.press('F1');
    await page.getByRole('dialog', { name: 'Keys and help' }).waitFor();
  });

  it('mark one object on three frames, which is one object of one image', async () => {
    const { page } = annotator;
    for (const frame of [1, 2, 3]) {
      await annotator.frame(frame);
      await draw();
      await annotator.press('Control+ArrowRight');
    }
    await page.locator('.entry-state', { hasText: /^1 object on 3 frames$/ }).waitFor();
    const { bytes } = await annotator.export(/Masks as PNG/);
    expect(Object.keys(unzipSync(bytes))).toHaveLength(3);
    await annotator.message(/^1 image \(3 frames\) written to /);
    await annotator.openImages((await clipFile('other.webp', [9, 10])).file);
    await page.locator('canvas.over[aria-label*="other.webp"]').waitFor();
    await annotator.ready();
    await draw();
    await annotator.press('Control+s');
    await page.getByLabel('All 2 images (4 frames) with masks').waitFor();
  });

  it('read errors of an export in its window', async () => {
    const { page } = annotator;
    await draw();
    await annotator.press('Control+s');
    const dialog = page.getByRole('dialog', { name: 'Export' });
    await dialog.getByRole('radio', { name: /DICOM pictures/ }).check();
    await dialog.getByRole('button', { name: 'Download' }).click();
    const said = dialog.locator('.message', { hasText: 'None of these images is DICOM' });
    await said.waitFor();
    await said.getByRole('button', { name: 'Dismiss' }).click();
    await said.waitFor({ state: 'detached' });
    await dialog.waitFor();
  });

  it('calibrate with hints that are red for what is wrong alone', async () => {
    const { page } = annotator;
    await annotator.press('k');
    await annotator.click([50, 50]);
    await annotator.click([50, 150]);
    const dialog = page.getByRole('dialog', { name: 'Calibrate' });
    const hint = dialog.locator('#aspect-hint');
    const color = () => hint.evaluate((one) => getComputedStyle(one).color);
    await hint.getByText('1 where pixels are square').waitFor();
    const valid = await color();
    await dialog.getByLabel('Pixel aspect ratio').fill('x');
    await hint.getByText('Enter a number above 0').waitFor();
    expect(await color()).not.toBe(valid);
    await dialog.getByLabel('Pixel aspect ratio').fill('1');
    await expect.poll(color).toBe(valid);
  });
});
