/**
 * The page on another screen: as sharp there as before. Emulation changes the size of pixels without telling the page,
 * so that the test says what a browser says then.
 */
import { expect, it } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

/** Makes the page's queries for the size of pixels change when the window is sent `other-screen`. */
function tellQueries(): void {
  const real = matchMedia.bind(window);
  window.matchMedia = (query) => {
    const list = real(query);
    const change = (): boolean => list.dispatchEvent(new Event('change'));
    if (query.startsWith('(resolution')) addEventListener('other-screen', change, { once: true });
    return list;
  };
}

describeInChromium('the annotator on another screen', () => {
  const server = useServer();
  const chromium = useChromium();
  const window = useContext(chromium);

  it('fills its canvases anew although their size in the page stays the same', async () => {
    await window.context.addInitScript(tellQueries);
    const annotator = await Annotator.open(window.context, server.url);
    await annotator.openImages(phantomFile(1).file);
    const { page } = annotator;
    await page.locator('canvas.over[aria-label*=phantom]').waitFor();
    const screen = await window.context.newCDPSession(page);
    for (const deviceScaleFactor of [2, 1.5]) {
      const metrics = { width: 1280, height: 800, deviceScaleFactor, mobile: false };
      await screen.send('Emulation.setDeviceMetricsOverride', metrics);
      const ratios = await page.evaluate(() => {
        dispatchEvent(new Event('other-screen'));
        const canvases = document.querySelectorAll<HTMLCanvasElement>('.stage canvas');
        return [...canvases].map(({ width, clientWidth }) => width / clientWidth);
      });
      expect(ratios).toHaveLength(2);
      for (const ratio of ratios) expect(ratio).toBeCloseTo(deviceScaleFactor, 2);
    }
    expect(annotator.failures).toEqual([]);
  });
});
