/** A long list by keys: one stop for Tab, arrow keys within. And a narrow phone with everything a server offers. */
import { expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('a list of many images', () => {
  const server = useServer(() => startTinyServer(undefined, ['--dicomweb', 'http://127.0.0.1:9/dicom-web']));
  const fresh = useContext(useChromium());
  const { file } = phantomFile(3);
  const files = Array.from({ length: 30 }, (_, i) => ({ ...file, name: `scan-${i}.png` }));

  it('has one stop for Tab, and arrow keys between its images', async () => {
    const annotator = await Annotator.open(fresh.context, server.url);
    const { page } = annotator;
    await annotator.openImages(...files);
    await annotator.ready();
    const focused = () => page.locator(':focus');
    const label = async () => (await focused().getAttribute('aria-label')) ?? (await focused().textContent());
    await page.getByLabel('Carry prompts').focus();
    await annotator.press('Tab');
    expect(await label()).toMatch(/^scan-0\.png/);
    await annotator.press('ArrowDown', 'ArrowDown');
    expect(await label()).toMatch(/^scan-2\.png/);
    await annotator.press('Tab');
    expect(await label()).toBe('Remove scan-2.png from list');
    await annotator.press('ArrowUp');
    expect(await label()).toMatch(/^scan-1\.png/);
    await annotator.press('End');
    expect(await label()).toMatch(/^scan-29\.png/);
    await annotator.press('ArrowDown', 'Enter');
    await page.locator('canvas.over[aria-label*="scan-29.png"]').waitFor();
    // After the image and its button the tools follow.
    await annotator.press('Tab', 'Tab');
    expect(await page.getByRole('toolbar').evaluate((one) => one.contains(document.activeElement))).toBe(true);
    await annotator.press('Shift+Tab', 'Shift+Tab', 'Shift+Tab');
    expect(await page.getByLabel('Carry prompts').evaluate((one) => one === document.activeElement)).toBe(true);
    expect(annotator.failures).toEqual([]);
  });

  it('leaves every button of the top bar within a narrow phone', async () => {
    const annotator = await Annotator.open(fresh.context, server.url);
    const { page } = annotator;
    await annotator.openImages(file);
    await annotator.ready();
    await page.setViewportSize({ width: 320, height: 640 });
    const buttons = page.locator('.topbar .button:visible');
    expect(await buttons.count()).toBeGreaterThanOrEqual(7);
    for (const button of await buttons.all()) {
      const box = (await button.boundingBox())!;
      expect(box.x >= 0 && box.x + box.width <= 320, await button.innerHTML()).toBe(true);
    }
  });
});
