/**
 * The click of a simulated user who corrects a mask, for evaluation. Training samples corrections within its graph
 * (train/multiPromptLoss.ts).
 */
import { Regions } from '../formats/maskRegions.js';
import type { Random } from '../nn/random.js';
import { type Click, pixelOf } from './prompts.js';

/**
 * The next click of a user who corrects the largest error: in the largest connected region (four neighbours) that is
 * missed or covered wrongly, the pixel farthest from the region's border, the image's border counting as one. Label 1
 * in a missed region, 0 in a wrong one. Of equals the first in row-major order, missed before wrong.
 * @param mask what was found, every value but 0 is the object
 * @param random for a click on the rim of that region instead
 * @returns undefined if nothing is wrong
 */
export function correctionClick(
  mask: Uint8Array,
  label: Uint8Array,
  width: number,
  classId: number,
  random?: Random,
): Click | undefined {
  const height = label.length / width;
  const regionsOf = (data: Uint8Array): Regions => new Regions({ width, height, data }, true, 4);
  const missed = regionsOf(label.map((value, i) => (value === classId && mask[i] === 0 ? 1 : 0)));
  const wrong = regionsOf(label.map((value, i) => (value !== classId && mask[i] !== 0 ? 1 : 0)));
  const wanted = (missed.sizes[missed.largest] ?? 0) >= (wrong.sizes[wrong.largest] ?? 0) ? 1 : 0;
  const regions = wanted === 1 ? missed : wrong;
  if (regions.largest < 0) return undefined;
  const outside = regions.paint(new Uint8Array(label.length).fill(1), 0, (region) => region === regions.largest);
  const pixel = pixelOf(outside, width, random);
  const x = pixel % width;
  return [x, (pixel - x) / width, wanted];
}
