/**
 * What hands do without thinking: a name typed after "+", Space and drag, Ctrl+S and Enter, a reload right after a
 * click, a window made narrow and wide again.
 */
import { beforeEach, expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

const PHONE = { width: 390, height: 844 };

describeInChromium('habits of hands', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  const fresh = useContext(chromium);
  const files = [3, 4, 5].map((seed) => phantomFile(seed).file);
  let annotator: Annotator;

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(...files);
    await annotator.ready();
  });

  const zoom = async (): Promise<string> => (await annotator.page.locator('.status').textContent())!;

  it('type the name of a new class at once, and Enter ends it', async () => {
    const { page } = annotator;
    await page.getByRole('button', { name: 'Add a class' }).click();
    await page.keyboard.type('node');
    await annotator.press('Enter');
    const names = page.getByLabel(/^Name of class/);
    expect(await names.evaluateAll((all) => all.map((one) => Reflect.get(one, 'value')))).toEqual(['object', 'node']);
    await annotator.press('e');
    await page.getByRole('button', { name: 'Eraser', pressed: true }).waitFor();
  });

  it('pan with Space after a tool was chosen with the mouse, and draw without', async () => {
    const { page } = annotator;
    await page.getByRole('button', { name: 'Brush' }).click();
    await page.keyboard.down(' ');
    await annotator.drag([60, 60], [100, 90]);
    await page.keyboard.up(' ');
    expect(await annotator.objectCount()).toBe(0);
    await page.getByRole('button', { name: 'Brush', pressed: true }).waitFor();
    await annotator.drag([60, 60], [100, 90]);
    await annotator.objects(/drawn/);
    // Undo goes over what was drawn, not over what was hidden.
    await annotator.press('x', 'x', 'Control+z');
    await expect.poll(() => annotator.objectCount()).toBe(0);
  });

  it('export with Ctrl+S and Enter, in the format of last time, after a reload too', async () => {
    const { page } = annotator;
    await annotator.press('d');
    await annotator.drag([60, 60], [100, 90]);
    await annotator.objects(/drawn/);
    expect((await annotator.export(/NIfTI/)).name).toBe('phantom-3.nii.gz');
    await page.getByText('Saved in this browser').waitFor();
    await page.reload();
    await annotator.objects(/drawn/);
    await annotator.press('Control+s');
    const begun = page.waitForEvent('download');
    await annotator.press('Enter');
    expect((await begun).suggestedFilename()).toBe('phantom-3.nii.gz');
  });

  it('lose no click to a reload right after it', async () => {
    const { page } = annotator;
    await page.getByText('Saved in this browser').waitFor();
    await annotator.click([100, 100]);
    await page.reload();
    await annotator.ready();
    await annotator.objects(/1 click/);
  });

  it('leave no pixel of the last image in the status line', async () => {
    const { page } = annotator;
    await page.mouse.move(...(await annotator.place([100, 80])));
    await expect.poll(zoom).toContain('Pixel 100, 80');
    await annotator.press(']');
    await page.locator('canvas.over[aria-label*="phantom-4.png"]').waitFor();
    expect(await zoom()).not.toContain('Pixel');
  });

  it('do not count masks of carried prompts that nobody looked at', async () => {
    const { page } = annotator;
    await page.getByLabel('Carry prompts to the next image').check();
    await annotator.click([100, 100]);
    await annotator.objects(/Score/);
    await annotator.press(']', ']');
    await page.locator('canvas.over[aria-label*="phantom-5.png"]').waitFor();
    await page.getByText('3 of 3 · 1 with masks').waitFor();
  });

  it('narrow the window, look at the objects, and find the class still chosen', async () => {
    const { page } = annotator;
    await page.setViewportSize(PHONE);
    await page.getByRole('button', { name: 'Objects', exact: true }).click();
    await page.getByRole('dialog').getByRole('radio', { name: 'object' }).waitFor();
    await annotator.press('Escape');
    await page.setViewportSize({ width: 1440, height: 900 });
    expect(await page.locator('.right').getByRole('radio', { name: 'object' }).isChecked()).toBe(true);
  });

  it('find every tool and the way out of a long list on a phone', async () => {
    const { page } = annotator;
    await annotator.openImages(...Array.from({ length: 40 }, (_, i) => ({ ...files[0]!, name: `more-${i}.png` })));
    await annotator.ready();
    await page.setViewportSize(PHONE);
    const tools = page.getByRole('toolbar', { name: 'Tools' });
    for (const tool of ['Click', 'Brush']) {
      await tools.getByRole('button', { name: tool, exact: true }).click();
      expect(await tools.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
      for (const button of await tools.getByRole('button').all()) {
        const box = (await button.boundingBox())!;
        expect(box.x >= 0 && box.x + box.width <= PHONE.width && box.width >= 32, await button.innerHTML()).toBe(true);
      }
    }
    await page.getByRole('button', { name: 'Images', exact: true }).click();
    const list = page.getByRole('dialog', { name: 'Images' });
    await list.getByRole('button', { name: /^more-39/ }).click();
    await annotator.press('Escape');
    await page.getByRole('button', { name: 'Images', exact: true }).click();
    const close = (await list.getByRole('button', { name: 'Close' }).boundingBox())!;
    expect(close.y >= 0 && close.x + close.width <= PHONE.width).toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
  });
});
