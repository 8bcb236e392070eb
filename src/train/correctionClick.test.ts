/**
 * The simulated user: clicks land where the mask is wrong, and say which way.
 */
import { describe, expect, it } from 'vitest';
import { run } from '../../test/support/evaluate.js';
import { constant } from '../graph/tensor.js';
import { asFloat32, float32 } from '../graph/tensorData.js';
import { correctionClick } from './correctionClick.js';

const SIDE = 4;
const IMAGE_SIZE = 8;

/** A click on a mask of 4×4 in an image of 8×8. */
async function click(found: readonly number[], wanted: readonly number[]) {
  const map = (values: readonly number[]) => constant(float32(values, [1, 1, SIDE, SIDE]));
  const noise = Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 7) % 16) / 16 + 0.01);
  const logits = map(found.map((value) => (value ? 3 : -3)));
  const { coords, label } = correctionClick(logits, map(wanted), constant(float32(noise, [1, 16])), IMAGE_SIZE);
  const results = await run({ coords, label });
  return { coords: [...asFloat32(results.coords!).data], label: asFloat32(results.label!).data[0] };
}

const pixels = (...set: number[]) => Array.from({ length: SIDE * SIDE }, (_, i) => (set.includes(i) ? 1 : 0));
/** The middle of a pixel of the mask, in the pixels of the image. */
const middle = (i: number) => [(i % SIDE) * 2 + 0.5, Math.floor(i / SIDE) * 2 + 0.5];

describe('correctionClick', () => {
  it('labels foreground where the mask misses the object', async () => {
    expect(await click(pixels(5), pixels(5, 6))).toEqual({ coords: middle(6), label: 1 });
  });

  it('labels background where the mask covers something else', async () => {
    expect(await click(pixels(5, 14), pixels(5))).toEqual({ coords: middle(14), label: 0 });
  });

  it('follows the noise among several wrong pixels', async () => {
    // 1 has the number 7/16, 2 has 14/16, 3 has 5/16.
    expect(await click(pixels(), pixels(1, 2, 3))).toEqual({ coords: middle(2), label: 1 });
  });

  it('clicks on the object if nothing is wrong', async () => {
    expect(await click(pixels(9, 10), pixels(9, 10))).toMatchObject({ label: 1 });
  });
});
