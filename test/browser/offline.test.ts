/**
 * What the page costs a network: at most 40 MB at the first visit, nothing but questions at later ones, and without a
 * network it opens all the same, with the model and what runs it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CountingProxy, countingProxy } from '../../bench/countingProxy.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

const FIRST_VISIT = 40e6;
/** Questions whether anything has changed, and their answers without content. */
const LATER_VISIT = 20e3;

const SLOW = { timeout: 180_000 };

describeInChromium('the page and the network', () => {
  const server = useServer();
  const window = useContext(useChromium());
  let proxy: CountingProxy;
  beforeAll(async () => {
    proxy = await countingProxy(server.url);
  });
  afterAll(() => proxy?.close());

  /** Ends when the binary that runs the model comes from what is kept: the last thing that the engine fetches. */
  const engineStarts = () =>
    window.context.waitForEvent('response', {
      predicate: (response) => response.url().endsWith('.wasm') && response.fromServiceWorker(),
      ...SLOW,
    });

  it('loads once, then asks only whether anything has changed, then works without it', {
    timeout: 400_000,
  }, async () => {
    const page = await window.context.newPage();
    const first = engineStarts();
    await page.goto(proxy.url);
    await first;
    const kept = (): Promise<string[]> =>
      page.evaluate(async () => {
        const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
        return all.flat().map(({ url }) => url.slice(url.lastIndexOf('/') + 1));
      });
    const needed = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.mjs', 'model.safetensors', 'config.json'];
    await expect.poll(kept, SLOW).toEqual(expect.arrayContaining(needed));
    const bytes = proxy.take();
    expect(bytes).toBeGreaterThan(1e6);
    expect(bytes).toBeLessThanOrEqual(FIRST_VISIT);

    const second = engineStarts();
    await page.reload();
    await second;
    expect(proxy.take()).toBeLessThanOrEqual(LATER_VISIT);

    await proxy.close();
    const third = engineStarts();
    await page.reload();
    await third;
    expect(await page.locator('#app > *').count()).toBeGreaterThan(0);
  });
});
