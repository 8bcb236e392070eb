/**
 * Measures a first visit to the annotator: open the page in a browser with an empty cache, choose an image file with the
 * page's button, click on the image, and wait for the mask. Also measures the network traffic of opening the page, the
 * first time and later. pageChild.ts measures the engine alone.
 */
import type { Browser, Page } from 'playwright-core';
import { makePhantom } from '#dist/data/phantom.js';
import { encodePng } from '#dist/formats/imageWrite.node.js';
import { countingProxy } from './countingProxy.js';

const WINDOW = { viewport: { width: 1280, height: 800 } } as const;
const [WIDTH, HEIGHT] = [640, 480];
/** Long enough for slow machines. */
const PATIENCE_MS = 120_000;

/**
 * From opening the page to a mask and its score on the screen.
 * @param url root URL of the server
 * @returns the time at the end, by performance.now()
 */
export async function firstMask(browser: Browser, url: string): Promise<number> {
  const context = await browser.newContext(WINDOW);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(`${url}/`);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open images' }).first().click();
  await (await chooser).setFiles({ name: 'scan.png', mimeType: 'image/png', buffer: await pictureFile() });
  // A message covers the canvas until the picture is shown.
  await page.locator('.canvas-state').waitFor({ state: 'detached' });
  // The whole picture is shown in the middle of the canvas. The page answers the click when the model is ready.
  await page.locator('canvas.over').click();
  await page.locator('.right .objects .entry-state', { hasText: 'Score' }).waitFor();
  await page.waitForFunction(isMaskDrawn);
  const shown = performance.now();
  await context.close();
  return shown;
}

/** Everything that the server sends, headers included, in megabytes (10⁶ bytes). Each visit starts the page's engine. */
export async function loadCosts(
  browser: Browser,
  url: string,
): Promise<{ first_load_mb: number; later_load_mb: number }> {
  const proxy = await countingProxy(url);
  const context = await browser.newContext(WINDOW);
  try {
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    const open = async (): Promise<number> => {
      await page.goto(proxy.url);
      await settled(page);
      return proxy.take() / 1e6;
    };
    return { first_load_mb: await open(), later_load_mb: await open() };
  } finally {
    await context.close();
    await proxy.close();
  }
}

/** Waits until the model is ready, the page is cached, and the service worker has checked for a newer version of itself. */
async function settled(page: Page): Promise<void> {
  await page.locator('.engine-state.ready').waitFor();
  // The browser does this by itself some seconds after a load.
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
}

/** Whether the canvas over the picture shows an area as large as the page reports, not only the mark of the click. */
function isMaskDrawn(): boolean {
  const canvas = document.querySelector('canvas.over');
  const area = Number.parseFloat(document.querySelector('.right .measure td')?.textContent ?? '');
  if (!(canvas instanceof HTMLCanvasElement) || !(area > 0)) return false;
  const pixels = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data;
  let drawn = 0;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i]! > 0) drawn++;
  return drawn >= area / 2;
}

/** A picture of a common size with an object in the middle. */
async function pictureFile(): Promise<Buffer> {
  const middle = (HEIGHT / 2) * WIDTH + WIDTH / 2;
  for (let seed = 0; ; seed++) {
    const { image, objects } = makePhantom({ seed, width: WIDTH, height: HEIGHT });
    if (objects.some(({ mask }) => mask[middle] === 1)) return Buffer.from(await encodePng(image));
  }
}
