/** The mean over flips against doing it by hand: flip the image and its prompts, segment, flip the logits back. */
import { describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { TINY, TINY_SAM, TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { createImage, flipImage } from '../formats/image.js';
import { ClassNetwork } from './classNetwork.js';
import { Segmenter } from './segmenter.js';
import type { Flip, ObjectPrompt } from './types.js';

const [WIDTH, HEIGHT] = [40, 24];
const IMAGE = createImage(
  WIDTH,
  HEIGHT,
  1,
  Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return x > 4 && x < 18 && y > 3 && y < 15 ? 210 : 2 * x + 3 * y;
  }),
);
const MASK = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i % WIDTH < 15 && i < 12 * WIDTH ? 1 : 0));
const PROMPT: ObjectPrompt = {
  points: [
    [10, 8],
    [30, 20, 0],
  ],
  box: [5, 4, 17, 14],
  mask: MASK,
};

/** Written out by hand, so that it does not depend on what is tested. */
function byHand(flip: Flip): ObjectPrompt {
  const mask = MASK.map((_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return flip === 'horizontal' ? MASK[y * WIDTH + WIDTH - 1 - x]! : MASK[(HEIGHT - 1 - y) * WIDTH + x]!;
  });
  if (flip === 'horizontal') {
    return {
      points: [
        [29, 8],
        [9, 20, 0],
      ],
      box: [22, 4, 34, 14],
      mask,
    };
  }
  return {
    points: [
      [10, 15],
      [30, 3, 0],
    ],
    box: [5, 9, 17, 19],
    mask,
  };
}

const back = (logits: Float32Array, flip: Flip): Float32Array =>
  logits.map((_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return logits[flip === 'horizontal' ? y * WIDTH + WIDTH - 1 - x : (HEIGHT - 1 - y) * WIDTH + x]!;
  });

const mean = (lists: readonly Float32Array[]): Float32Array =>
  lists[0]!.map((_, i) => lists.reduce((sum, list) => sum + list[i]!, 0) / lists.length);

const largest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe('the mean over flips', () => {
  it.each([
    ['SAMUS, stretched', TINY_SAMUS, ['horizontal'], 1e-4],
    ['SAMUS, both ways', TINY_SAMUS, ['horizontal', 'vertical'], 1e-4],
    // SAM pads below this image: what is shown ends between two places of the logits.
    ['SAM, padded', TINY_SAM, ['horizontal', 'vertical'], 0.05],
  ] as const)('of a model that takes prompts: %s', async (_, config, flips, share) => {
    const plain = Segmenter.create(tinyModel(config), runtime);
    const averaged = Segmenter.create(tinyModel(config), runtime, { flips });
    const options = { logits: true, clean: false };
    const own = await plain.segment(await plain.encode(IMAGE), PROMPT, options);
    const lists = [own.logits!];
    const scores = [own.score];
    for (const flip of flips) {
      const result = await plain.segment(await plain.encode(flipImage(IMAGE, flip)), byHand(flip), options);
      lists.push(back(result.logits!, flip));
      scores.push(result.score);
    }
    const expected = mean(lists);
    const result = await averaged.segment(await averaged.encode(IMAGE), PROMPT, options);
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest(result.logits!, own.logits!)).toBeGreaterThan(2 * share * scale);
    expect(largest(result.logits!, expected)).toBeLessThan(share * scale);
    expect(result.score).toBeCloseTo(scores.reduce((a, b) => a + b, 0) / scores.length, 4);
    // The next question starts from the mean of this answer.
    const next = await averaged.segment(await averaged.encode(IMAGE), { lowResLogits: result.lowResLogits }, options);
    expect(next.logits!.every(Number.isFinite)).toBe(true);
    await Promise.all([plain.dispose(), averaged.dispose()]);
  });

  it.each(['samed', 'unet', 'transfuse'])('of a network for classes: %s', async (name) => {
    const model = tinyModel(TINY[name]);
    const plain = ClassNetwork.create(model, runtime);
    const averaged = ClassNetwork.create(model, runtime, { flips: ['horizontal', 'vertical'] });
    const [own, across, down] = [IMAGE, flipImage(IMAGE, 'horizontal'), flipImage(IMAGE, 'vertical')];
    const side = model.config.imageSize;
    const logits = async (network: ClassNetwork, image: typeof IMAGE) => (await network.encode(image)).embedding.data;
    const [first, second, third] = [await logits(plain, own), await logits(plain, across), await logits(plain, down)];
    const expected = first.map((value, i) => {
      const [map, y, x] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
      const at = (row: number, column: number): number => map * side ** 2 + row * side + column;
      return (value + second[at(y, side - 1 - x)]! + third[at(side - 1 - y, x)]!) / 3;
    });
    expect(largest(await logits(averaged, own), expected)).toBeLessThan(1e-4);
    expect(largest(first, expected)).toBeGreaterThan(1e-3);
    await Promise.all([plain.dispose(), averaged.dispose()]);
  });
});
