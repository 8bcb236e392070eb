/**
 * The two engines of the annotator in a real Chromium, against the real server: that they give the same masks, from
 * the same pixels, and what they do when something goes wrong.
 */
import type { JSHandle } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import type { Image } from '../../src/formats/image.js';
import { decodeRle, type Rle } from '../../src/formats/rle.js';
import type { ObjectPrompt } from '../../src/predict/types.js';
import type { Engine, EngineKind } from '../../src/web/engine/engine.js';
import { encodePicture } from '../../src/web/open/pngPicture.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useEnginePage, useServer } from './support/hooks.js';

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
  const server = useServer();
  const chromium = useChromium();
  const harness = useEnginePage(server, chromium);
  /** Made once: loading a model takes longer than any of these tests. */
  const engines = new Map<EngineKind, JSHandle<Engine>>();

  beforeAll(async () => {
    for (const kind of ['browser', 'server'] as const) {
      const options = { kind, base: harness.base };
      engines.set(
        kind,
        await harness.page.evaluateHandle(
          ({ kind, base }) => window.samusTest.createEngine(kind, { base, provider: 'wasm' }),
          options,
        ),
      );
    }
  }, 300_000);

  /** One after the other: a click, a correction upon the first answer, a box, all three masks of a click. */
  async function session(kind: EngineKind, image: Image, [x, y]: readonly [number, number]): Promise<Answer[]> {
    const png = Buffer.from(encodePicture(image)).toString('base64');
    return harness.page.evaluate(
      async ({ engine, png, x, y }) => {
        const file = new File([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))], 'phantom.png');
        const { image, width, height } = await window.samusTest.openFrame(file);
        await engine.encode({ key: png, image });
        const first = await engine.segment(png, { points: [[x, y]] });
        const right = Math.min(x + 60, width - 1);
        const correction: ObjectPrompt = {
          points: [
            [x, y],
            [right, y, 0],
          ],
          lowResLogits: first.lowResLogits,
        };
        const box: ObjectPrompt = {
          box: [Math.max(x - 50, 0), Math.max(y - 40, 0), right, Math.min(y + 40, height - 1)],
        };
        const masks = [
          first,
          await engine.segment(png, correction),
          await engine.segment(png, box),
          await engine.segment(png, { points: [[x, y]] }, { multimask: true }),
        ];
        return masks.map(({ lowResLogits, ...mask }) => ({ ...mask, lowRes: lowResLogits.length }));
      },
      { engine: engines.get(kind)!, png, x, y },
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
    expect(await harness.page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  for (const kind of ['browser', 'server'] as const) {
    it(`stops what is aborted and knows what it has not encoded: ${kind}`, async () => {
      const codes = await harness.page.evaluate(async (engine) => {
        const image = { width: 64, height: 64, channels: 1, data: new Uint8Array(4096) } as const;
        const outcome = (promise: Promise<unknown>): Promise<string> =>
          promise.then(
            () => 'done',
            (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : error.name),
          );
        const controller = new AbortController();
        const encoding = outcome(engine.encode({ key: 'a', image }, controller.signal));
        controller.abort();
        return [
          await outcome(engine.segment('none', { points: [[1, 1]] })),
          await encoding,
          await outcome(engine.encode({ key: 'a', image })),
          await outcome(engine.segment('a', { points: [[1, 1]] }, { signal: AbortSignal.abort() })),
          await outcome(engine.segment('a', { points: [[100, 1]] })),
        ];
      }, engines.get(kind)!);
      expect(codes).toEqual(['ENGINE_IMAGE_UNKNOWN', 'AbortError', 'done', 'AbortError', 'PROMPT_POINT_OUTSIDE']);
    });

    it(`keeps the thread of the page free while a person clicks: ${kind}`, async () => {
      const { image, objects } = makePhantom({ seed: 5, width: 1024, height: 768 });
      const png = Buffer.from(encodePicture(image)).toString('base64');
      const [x, y] = objects[0]!.click;
      const longest = await harness.page.evaluate(
        async ({ engine, png, x, y }) => {
          const file = new File([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))], 'phantom.png');
          let longest = 0;
          const observer = new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
          });
          observer.observe({ type: 'longtask' });
          const { image } = await window.samusTest.openFrame(file);
          await engine.encode({ key: 'large', image });
          for (let i = 0; i < 10; i++) await engine.segment('large', { points: [[x + i, y]] });
          // Reports of long tasks come a moment later.
          await new Promise((resolve) => setTimeout(resolve, 200));
          observer.disconnect();
          return longest;
        },
        { engine: engines.get(kind)!, png, x, y },
      );
      expect(longest).toBeLessThanOrEqual(100);
    });
  }

  it('sends an image again that the server has let go', async () => {
    const uploads: string[] = [];
    harness.page.on('response', async (response) => {
      if (response.url().includes('/api/v1/images?')) uploads.push((await response.json()).image);
    });
    const areas = await harness.page.evaluate(
      async ({ engine, base }) => {
        const image = { width: 48, height: 32, channels: 1, data: new Uint8Array(1536).fill(90) } as const;
        const names: string[] = [];
        const observer = new PerformanceObserver((list) => names.push(...list.getEntries().map(({ name }) => name)));
        observer.observe({ type: 'resource' });
        await engine.encode({ key: 'again', image });
        const before = await engine.segment('again', { points: [[20, 20]] });
        let id: string | undefined;
        for (let i = 0; i < 300 && id === undefined; i++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          id = names.map((name) => /images\/([^/]+)\/segment/.exec(name)?.[1]).find(Boolean);
        }
        const { status } = await fetch(new URL(`api/v1/images/${id}`, base), { method: 'DELETE' });
        const after = await engine.segment('again', { points: [[20, 20]] });
        return { before: before.area, after: after.area, status };
      },
      { engine: engines.get('server')!, base: harness.base },
    );
    expect(areas).toEqual({ before: areas.before, after: areas.before, status: 204 });
    // The page's answers come here a little later than to the page.
    await expect.poll(() => uploads.length, { timeout: 30_000 }).toBe(2);
    expect(uploads).toEqual([uploads[0], uploads[0]]);
  });
});
