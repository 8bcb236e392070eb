/**
 * Journeys through the small controls: wheel and drag, brightness and contrast, colours, classes by key and button, what
 * an export is of, samples.
 */
import { beforeEach, expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('the controls of the annotator', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  const fresh = useContext(chromium);
  const [first, second] = [phantomFile(3).file, phantomFile(4).file];
  let annotator: Annotator;

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(first, second);
    await annotator.ready();
  });

  const status = async (pattern: RegExp): Promise<number[]> => {
    const found = pattern.exec((await annotator.page.locator('.status').textContent())!);
    return found!.slice(1).map(Number);
  };
  const pixel = (): Promise<number[]> => status(/Pixel (\d+), (\d+)/);
  const zoom = async (): Promise<number> => (await status(/(\d+) %/))[0]!;

  async function draw(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    await annotator.press('d');
    await annotator.drag(from, to);
    await annotator.objects(/drawn/);
  }

  it('zooms by the wheel about the pointer, and moves by dragging, without a click', async () => {
    const { mouse } = annotator.page;
    const [x, y] = await annotator.place([100, 80]);
    await mouse.move(x, y);
    await expect.poll(pixel).toEqual([100, 80]);
    const fitted = await zoom();
    await mouse.wheel(0, -400);
    await expect.poll(zoom).toBeGreaterThan(1.9 * fitted);
    await mouse.move(x + 1, y);
    await expect.poll(pixel).toEqual([100, 80]);
    await mouse.down();
    await mouse.move(x + 61, y + 40, { steps: 5 });
    await mouse.up();
    await mouse.move(x + 61, y + 39);
    await mouse.move(x + 61, y + 40);
    await expect.poll(pixel).toEqual([100, 80]);
    expect(await annotator.objectCount()).toBe(0);
    await annotator.press('0');
    await expect.poll(zoom).toBe(fitted);
    expect(annotator.failures).toEqual([]);
  });

  it('shows the picture brighter and with more contrast, and as it was again', async () => {
    const { page } = annotator;
    const light = () => page.locator('.stage canvas:not(.over)').evaluate((one) => getComputedStyle(one).filter);
    const slider = page.getByRole('slider', { name: 'Brightness', exact: true });
    await slider.fill('150');
    await page.getByRole('slider', { name: 'Contrast', exact: true }).fill('80');
    expect(await light()).toBe('brightness(1.5) contrast(0.8)');
    await slider.press('ArrowRight');
    expect(await light()).toBe('brightness(1.55) contrast(0.8)');
    // Its keys are its own, letters are not.
    await slider.press('PageDown');
    await page.getByText('1 of 2 · 0 with masks').waitFor();
    await slider.press('r');
    expect(await light()).toBe('brightness(1) contrast(1)');
  });

  it('gives objects classes by keys, and colours', async () => {
    const { page } = annotator;
    await draw([40, 40], [80, 40]);
    await page.getByRole('button', { name: 'Add a class' }).click();
    const chosen = page.getByRole('combobox', { name: 'Class', exact: true });
    const swatch = () => page.locator('.objects .swatch').evaluate((one) => getComputedStyle(one).backgroundColor);
    expect(await chosen.inputValue()).toBe('1');
    await annotator.press('Enter', '2');
    await expect.poll(() => chosen.inputValue()).toBe('2');
    await page.getByLabel('Colour of class 2').fill('#0a141e');
    expect(await swatch()).toBe('rgb(10, 20, 30)');
    await page.getByLabel('Object colour').fill('#112233');
    expect(await swatch()).toBe('rgb(17, 34, 51)');
    await page.locator('canvas.over').focus();
    await annotator.press('9');
    expect(await chosen.inputValue()).toBe('2');
    await annotator.press('Control+z');
    await expect.poll(swatch).toBe('rgb(10, 20, 30)');
    await page.getByLabel('Name of class 2').fill('object');
    await annotator.press('Tab');
    await annotator.message(/Another class is already named object/);
    await page.getByRole('button', { name: 'Remove class class-2' }).click();
    await annotator.message(/class-2 is used by an object in phantom-3.png/);
    expect(annotator.failures).toEqual([]);
  });

  it('never reuses the number of a class, so that restored work keeps its class', async () => {
    const { page } = annotator;
    const add = page.getByRole('button', { name: 'Add a class' });
    const chosen = page.getByRole('combobox', { name: 'Class', exact: true });
    const fields = page.getByLabel(/^Name of class \d+$/);
    const list = () => fields.evaluateAll((all) => all.map((one) => `${one.ariaLabel} ${Reflect.get(one, 'value')}`));
    await add.click();
    await page.getByLabel('Name of class 2').fill('cyst');
    await annotator.press('Tab');
    await draw([40, 40], [80, 40]);
    expect(await chosen.inputValue()).toBe('2');
    await page.getByText('Saved in this browser').waitFor();

    // Its image off the list, the class can go; the next one gets another number, after a reload too.
    await page.getByRole('button', { name: 'Remove phantom-3.png from list' }).click();
    await annotator.ready();
    await page.getByRole('button', { name: 'Remove class cyst' }).click();
    await expect.poll(list).toEqual(['Name of class 1 object']);
    await page.getByText('Saved in this browser').waitFor();
    await page.reload();
    await annotator.ready();
    await add.click();
    await page.getByLabel('Name of class 3').fill('gland');
    await annotator.press('Tab');
    await expect.poll(list).toEqual(['Name of class 1 object', 'Name of class 3 gland']);

    // Work that was stored brings its class back with it.
    await annotator.openImages(first);
    await annotator.objects(/drawn/);
    expect(await chosen.inputValue()).toBe('2');
    const all = ['Name of class 1 object', 'Name of class 2 cyst', 'Name of class 3 gland'];
    expect(await list()).toEqual(all);

    // So does Undo.
    await page.getByRole('button', { name: 'Delete object' }).click();
    await page.getByRole('button', { name: 'Remove class cyst' }).click();
    await expect.poll(list).toHaveLength(2);
    await annotator.press('Control+z');
    await annotator.objects(/drawn/);
    expect(await chosen.inputValue()).toBe('2');
    expect(await list()).toEqual(all);
    expect(annotator.failures).toEqual([]);
  });

  it('exports this image alone, or all of them', async () => {
    const { page } = annotator;
    await draw([40, 40], [80, 40]);
    await annotator.press(']');
    await page.locator('canvas.over[aria-label*="phantom-4.png"]').waitFor();
    await draw([60, 60], [90, 60]);
    for (const [scope, name] of [
      ['This image', 'phantom-4.object-1.png'],
      ['All 2 images with masks', 'samus-masks.zip'],
    ] as const) {
      await annotator.press('Control+s');
      const dialog = page.getByRole('dialog', { name: 'Export' });
      await dialog.getByRole('radio', { name: scope }).check();
      await dialog.getByRole('radio', { name: 'Masks as PNG' }).check();
      const begun = page.waitForEvent('download');
      await dialog.getByRole('button', { name: 'Download' }).click();
      expect((await begun).suggestedFilename(), scope).toBe(name);
      await dialog.waitFor({ state: 'detached' });
    }
    expect(annotator.failures).toEqual([]);
  });

  it('opens a sample, with its scale', async () => {
    const { page } = annotator;
    await page.getByRole('button', { name: 'Try a sample' }).click();
    await page.getByText('3 of 3').waitFor();
    await page.getByText(/Scale from the file: [\d.]+ mm\/pixel/).waitFor();
    await draw([40, 40], [80, 40]);
    await page.locator('.measure td', { hasText: 'mm²' }).waitFor();
    expect(annotator.failures).toEqual([]);
  });
});
