/**
 * The two engines of the annotator in a real Chromium, against the real server: that they give the same masks, from
 * the same pixels, and what they do when something goes wrong.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import type { Image } from '../../src/formats/image.js';
import { decodeRle, type Rle } from '../../src/formats/rle.js';
import type { ObjectPrompt } from '../../src/predict/types.js';
import { encodePicture } from '../../src/web/open/pngPicture.js';
import { describeInChromium, launchChromium } from './support/chromium.js';
import { buildEnginePage, openEnginePage } from './support/engineHarness.js';
import { startServer, type TestServer } from './support/server.js';

/** Largest share of pixels in which the engines may differ. */
const TOLERANCE = 0.001;

/** Grey and colour, wide and high, none of the model's own size. */
const PICTURES = [
  { seed: 3, width: 640, height: 480 },
  { seed: 4, width: 301, height: 533 },
] as const;

interface Answer {
  readonly rle: Rle;
  readonly score: number;
  readonly area: number;
  readonly box: readonly number[] | null;
  readonly lowRes: number;
}

describeInChromium('the engines of the page', () => {
  let server: TestServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchChromium(), buildEnginePage()]);
    context = await browser.newContext({ serviceWorkers: 'block' });
    page = await openEnginePage(context, server.url);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** One after the other: a click, a correction upon the first answer, a box, all three masks of a click. */
  async function session(
    kind: 'browser' | 'server',
    image: Image,
    click: readonly [number, number],
  ): Promise<Answer[]> {
    const png = Buffer.from(encodePicture(image)).toString('base64');
    return page.evaluate(
      async ({ kind, png, click: [x, y], base }) => {
        const file = new File([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))], 'phantom.png');
        const opened = await window.samusTest.openImage(file);
        const engine = await window.samusTest.createEngine(kind, { base, provider: 'wasm' });
        await engine.encode({ key: 'image', image: opened.image });
        const first = await engine.segment('image', { points: [[x, y]] });
        const right = Math.min(x + 60, opened.width - 1);
        const prompts: [prompt: ObjectPrompt, multimask: boolean][] = [
          [
            {
              points: [
                [x, y],
                [right, y, 0],
              ],
              lowResLogits: first.lowResLogits,
            },
            false,
          ],
          [{ box: [Math.max(x - 50, 0), Math.max(y - 40, 0), right, Math.min(y + 40, opened.height - 1)] }, false],
          [{ points: [[x, y]] }, true],
        ];
        const masks = [first];
        for (const [prompt, multimask] of prompts) masks.push(await engine.segment('image', prompt, { multimask }));
        await engine.dispose();
        return masks.map(({ rle, score, area, box, lowResLogits }) => ({
          rle,
          score,
          area,
          box,
          lowRes: lowResLogits.length,
        }));
      },
      { kind, png, click: [click[0], click[1]] as const, base: server.url },
    );
  }

  for (const picture of PICTURES) {
    it(`agree on a phantom of ${picture.width}x${picture.height} pixels`, async () => {
      const { image, objects } = makePhantom(picture);
      const [x, y] = objects[0]!.click;
      const inBrowser = await session('browser', image, [x, y]);
      const onServer = await session('server', image, [x, y]);
      expect(inBrowser).toHaveLength(4);
      for (const [i, mask] of inBrowser.entries()) {
        const other = onServer[i]!;
        const [a, b] = [decodeRle(mask.rle).data, decodeRle(other.rle).data];
        let differing = 0;
        for (let p = 0; p < a.length; p++) if (a[p] !== b[p]) differing++;
        expect(differing / a.length, `prompt ${i}`).toBeLessThanOrEqual(TOLERANCE);
        expect(mask.score).toBeCloseTo(other.score, 2);
        expect([mask.lowRes, mask.rle.size]).toEqual([other.lowRes, other.rle.size]);
      }
    });
  }

  it('has threads, since the server isolates the page', async () => {
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it('stops what is aborted and knows what it has not encoded', async () => {
    const codes = await page.evaluate(async (base) => {
      const image = { width: 64, height: 64, channels: 1, data: new Uint8Array(4096) } as const;
      const outcome = (promise: Promise<unknown>): Promise<string> =>
        promise.then(
          () => 'done',
          (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : error.name),
        );
      const results: string[] = [];
      for (const kind of ['browser', 'server'] as const) {
        const engine = await window.samusTest.createEngine(kind, { base, provider: 'wasm' });
        results.push(await outcome(engine.segment('none', { points: [[1, 1]] })));
        const controller = new AbortController();
        const encoding = outcome(engine.encode({ key: 'a', image }, controller.signal));
        controller.abort();
        results.push(await encoding);
        results.push(await outcome(engine.encode({ key: 'a', image })));
        results.push(await outcome(engine.segment('a', { points: [[1, 1]] }, { signal: AbortSignal.abort() })));
        results.push(await outcome(engine.segment('a', { points: [[100, 1]] })));
        await engine.dispose();
      }
      return results.map((code) => (code === '20' ? 'AbortError' : code));
    }, server.url);
    const each = ['ENGINE_IMAGE_UNKNOWN', 'AbortError', 'done', 'AbortError', 'PROMPT_POINT_OUTSIDE'];
    expect(codes).toEqual([...each, ...each]);
  });

  it('sends an image again that the server has let go', async () => {
    const areas = await page.evaluate(async (base) => {
      const image = { width: 48, height: 32, channels: 1, data: new Uint8Array(1536).fill(90) } as const;
      const engine = await window.samusTest.createEngine('server', { base });
      const ids: string[] = [];
      const original = window.fetch;
      window.fetch = async (...request) => {
        const response = await original(...request);
        if (String(request[0]).includes('/api/v1/images?')) ids.push((await response.clone().json()).image);
        return response;
      };
      await engine.encode({ key: 'a', image });
      const before = await engine.segment('a', { points: [[20, 20]] });
      const forgotten = await original(new URL(`api/v1/images/${ids[0]}`, base), { method: 'DELETE' });
      const after = await engine.segment('a', { points: [[20, 20]] });
      window.fetch = original;
      await engine.dispose();
      return { before: before.area, after: after.area, uploads: ids.length, forgotten: forgotten.status };
    }, server.url);
    expect(areas).toEqual({ before: areas.before, after: areas.before, uploads: 2, forgotten: 204 });
  });

  it('keeps the thread of the page free while a person clicks', async () => {
    const { image, objects } = makePhantom({ seed: 5, width: 1024, height: 768 });
    const png = Buffer.from(encodePicture(image)).toString('base64');
    const [x, y] = objects[0]!.click;
    const longest = await page.evaluate(
      async ({ png, x, y, base }) => {
        const file = new File([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))], 'phantom.png');
        let longest = 0;
        const observer = new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
        });
        observer.observe({ type: 'longtask', buffered: false });
        for (const kind of ['browser', 'server'] as const) {
          const engine = await window.samusTest.createEngine(kind, { base, provider: 'wasm' });
          const opened = await window.samusTest.openImage(file);
          await engine.encode({ key: 'image', image: opened.image });
          for (let i = 0; i < 10; i++) await engine.segment('image', { points: [[x + i, y]] });
          await engine.dispose();
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
        observer.disconnect();
        return longest;
      },
      { png, x, y, base: server.url },
    );
    expect(longest).toBeLessThanOrEqual(100);
  });
});
