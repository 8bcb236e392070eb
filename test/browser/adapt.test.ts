/**
 * Learning from a person's masks in a real Chromium: the round trip of the smallest adaptation that there is, on the
 * training graph of the library and WebAssembly.
 */
import { expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useEnginePage, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

const SAMPLES = Array.from({ length: 5 }, (_, seed) => {
  const { image, objects } = makePhantom({ seed: 40 + seed, width: 96, height: 96, kind: 'cyst' });
  return { ...image, data: [...image.data], mask: [...objects[0]!.mask] };
});

describeInChromium('adapting a model in the page', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  const harness = useEnginePage(server, chromium);

  it('trains, judges, and gives weights that the engine runs', { timeout: 600_000 }, async () => {
    const answer = await harness.page.evaluate(
      async ({ samples, base }) => {
        const stages: string[] = [];
        const examples = samples.map(({ data, mask, ...size }) => ({
          image: { ...size, data: Uint8Array.from(data) },
          mask: Uint8Array.from(mask),
        }));
        const { weights, ...outcome } = await window.samusTest.adapt(examples, {
          model: 'tiny',
          base,
          steps: 1,
          progress: ({ stage }) => void (stages.at(-1) === stage || stages.push(stage)),
        });
        const masks = [];
        for (const chosen of [undefined, weights]) {
          const engine = await window.samusTest.createEngine('browser', {
            base,
            provider: 'wasm',
            ...(chosen && { weights: chosen }),
          });
          await engine.encode({ key: 'a', image: examples[0]!.image });
          masks.push((await engine.segment('a', { points: [[48, 48]] })).score);
          await engine.dispose();
        }
        return { ...outcome, stages, bytes: weights.size, masks };
      },
      { samples: SAMPLES, base: harness.base },
    );
    expect(answer).toMatchObject({ trained: 3, heldOut: 2, stages: ['before', 'preparing', 'training', 'after'] });
    expect(answer.bytes).toBeGreaterThan(10e3);
    // One step changes little, and something.
    expect(answer.masks[1]).not.toBe(answer.masks[0]);
    expect(answer.masks[1]).toBeCloseTo(answer.masks[0]!, 0);
  });

  it('refuses too few masks, and stops at once', { timeout: 300_000 }, async () => {
    const outcomes = await harness.page.evaluate(
      async ({ samples, base }) => {
        const examples = samples.map(({ data, mask, ...size }) => ({
          image: { ...size, data: Uint8Array.from(data) },
          mask: Uint8Array.from(mask),
        }));
        const outcome = (promise: Promise<unknown>): Promise<string> =>
          promise.then(
            () => 'done',
            (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : error.name),
          );
        const controller = new AbortController();
        const stopped = outcome(
          window.samusTest.adapt(examples, {
            model: 'tiny',
            base,
            signal: controller.signal,
            progress: () => controller.abort(),
          }),
        );
        const few = outcome(window.samusTest.adapt(examples.slice(0, 2), { model: 'tiny', base }));
        return [await few, await stopped];
      },
      { samples: SAMPLES, base: harness.base },
    );
    expect(outcomes).toEqual(['ADAPT_TOO_FEW', 'AbortError']);
  });
});
