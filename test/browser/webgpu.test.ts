/**
 * The engine on WebGPU, on an adapter in software and with a tiny model, because only compiling its shaders takes
 * seconds: enough to see that all its operations run there and that the masks are those of WebAssembly.
 */
import { expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { decodeRle } from '../../src/formats/rle.js';
import { encodePicture } from '../../src/web/open/pngPicture.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useEnginePage, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

/**
 * Share of pixels in which the two may differ. Logits of random weights lie near zero, and WebGPU's functions are less
 * exact; with samus-s it was less than 0.001.
 */
const TOLERANCE = 0.01;

describeInChromium('the engine on WebGPU in software', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium([
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--enable-features=Vulkan',
  ]);
  const harness = useEnginePage(server, chromium);

  it('gives the masks of WebAssembly, and is not chosen by itself', { timeout: 400_000 }, async () => {
    const { image, objects } = makePhantom({ seed: 6, width: 320, height: 240 });
    const [x, y] = objects[0]!.click;
    const answer = await harness.page.evaluate(
      async ({ png, x, y, base }) => {
        const file = new File([Uint8Array.from(atob(png), (c) => c.charCodeAt(0))], 'phantom.png');
        const opened = await window.samusTest.openFrame(file);
        const masks = [];
        for (const provider of ['wasm', 'webgpu', 'auto'] as const) {
          const engine = await window.samusTest.createEngine('browser', { base, provider });
          await engine.encode({ key: 'a', image: opened.image });
          const { rle, score } = await engine.segment('a', { points: [[x, y]] });
          masks.push({ provider: engine.provider, rle, score });
          await engine.dispose();
        }
        return masks;
      },
      { png: Buffer.from(encodePicture(image)).toString('base64'), x, y, base: harness.base },
    );
    expect(answer.map(({ provider }) => provider)).toEqual(['wasm', 'webgpu', 'wasm']);
    const [wasm, webgpu] = answer.map(({ rle }) => decodeRle(rle).data);
    const differing = wasm!.filter((value, i) => value !== webgpu![i]).length;
    expect(differing / wasm!.length).toBeLessThanOrEqual(TOLERANCE);
    expect(answer[1]!.score).toBeCloseTo(answer[0]!.score, 1);
  });
});
