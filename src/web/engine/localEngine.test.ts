import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../../../test/support/tinyModel.js';
import { createImage } from '../../formats/image.js';
import { decodeRle } from '../../formats/rle.js';
import { Segmenter } from '../../predict/segmenter.js';
import { webRuntime } from '../../runtime/webRuntime.js';
import { LocalEngine } from './localEngine.js';
import { nextTask, yieldingRuntime } from './wasmRuntime.js';

const picture = createImage(
  40,
  30,
  1,
  Uint8Array.from({ length: 1200 }, (_, i) => (i * 7) % 256),
);
const never = new AbortController().signal;

describe('LocalEngine', () => {
  let segmenter: Segmenter;
  let engine: LocalEngine;
  beforeAll(async () => {
    segmenter = Segmenter.create(tinyModel(), yieldingRuntime(webRuntime()));
    engine = new LocalEngine(segmenter);
    await engine.warmUp();
  });
  afterAll(() => segmenter.dispose());

  it('answers as the segmenter does', async () => {
    expect(engine.timings).toEqual({ encodeMs: null, decodeMs: null });
    await engine.encode('a', picture, never);
    const prompt = { points: [[20, 15]] } as const;
    const mask = await engine.segment('a', prompt, { multimask: true, clean: true }, never);
    const want = await segmenter.segment(await segmenter.encode(picture), prompt, { multimask: true });
    expect(decodeRle(mask.rle).data).toEqual(want.mask);
    expect(mask).toMatchObject({ score: want.score, area: want.area, box: want.box, lowResLogits: want.lowResLogits });
    expect(engine.timings).toEqual({ encodeMs: expect.any(Number), decodeMs: expect.any(Number) });
  });

  it('never begins what was aborted while it waited, and reads messages between runs', async () => {
    const controller = new AbortController();
    await engine.encode('a', picture, never);
    const first = engine.segment('a', { points: [[1, 1]] }, { multimask: false, clean: true }, never);
    const second = engine.segment('a', { points: [[2, 2]] }, { multimask: false, clean: true }, controller.signal);
    const third = engine.segment('a', { points: [[3, 3]] }, { multimask: false, clean: true }, never);
    setTimeout(() => controller.abort(), 0);
    await first;
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    expect((await third).lowResLogits).toHaveLength(32 * 32);
  });

  it('forgets released images', async () => {
    await engine.encode('b', picture, never);
    engine.forget('b');
    await expect(
      engine.segment('b', { points: [[1, 1]] }, { multimask: false, clean: true }, never),
    ).rejects.toMatchObject({
      code: 'ENGINE_IMAGE_UNKNOWN',
    });
    await expect(engine.everything('b', never, () => undefined)).rejects.toMatchObject({
      code: 'ENGINE_IMAGE_UNKNOWN',
    });
  });

  it('keeps no encoding that was given up while it was made', async () => {
    const controller = new AbortController();
    const encoding = engine.encode('c', picture, controller.signal);
    // By then the encoder runs: the engine read its messages before it began.
    await nextTask();
    await nextTask();
    controller.abort();
    await expect(encoding).rejects.toMatchObject({ name: 'AbortError' });
    await expect(
      engine.segment('c', { points: [[1, 1]] }, { multimask: false, clean: true }, never),
    ).rejects.toMatchObject({
      code: 'ENGINE_IMAGE_UNKNOWN',
    });
  });

  it('finds everything, with progress, and can be stopped', async () => {
    const steps: number[] = [];
    await engine.everything('a', never, ({ done, total }) => steps.push(done / total));
    expect(steps.at(-1)).toBe(1);
    await expect(engine.everything('a', AbortSignal.abort(), () => undefined)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
