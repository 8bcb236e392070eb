/**
 * Loss for training with every kind of prompt, like SAM's (Kirillov et al. 2023, appendix A). For the first prompt, one
 * mask and the best of three count, because it can be ambiguous. Then clicks on errors correct the mask, with the last
 * mask fed back. The predicted IoU learns the true one.
 *
 * A model with an object score learns whether the object is there, and its masks and scores only where it is.
 *
 * Masks are compared at half the image's size, because thin structures are narrower than a pixel of the decoder's logits.
 */
import { abs, add, cast, div, equal, greater, mul, neg, stopGradient, sub, where } from '../graph/ops/elementwise.js';
import { max, mean, sum } from '../graph/ops/reduce.js';
import { resizeBilinear } from '../graph/ops/resize.js';
import { concat, reshape, slice } from '../graph/ops/shape.js';
import { apply, constant, input, type Tensor } from '../graph/tensor.js';
import { float32 } from '../graph/tensorData.js';
import type { PromptAnswer, PromptInputs } from '../models/architecture.js';
import { maskLoss } from '../nn/loss.js';
import { meanWhereThere, objectPresent, presenceLoss } from './presenceLoss.js';

/** The axes of one mask. */
const PIXELS = [2, 3];

/**
 * @param target 0 to 1, [B, 1, side, side]
 * @param rounds prompts per image, including the first
 * @returns `loss`, `dice_first` and `dice_last` (losses of the single mask), `iou_error` (mean square), and with an object score
 *   `presence` (its cross-entropy)
 */
export function multiPromptLoss(
  decode: (prompt: PromptInputs) => PromptAnswer,
  first: PromptInputs,
  target: Tensor,
  imageSize: number,
  rounds: number,
): { loss: Tensor; dice_first: Tensor; dice_last: Tensor; iou_error: Tensor; presence?: Tensor } {
  const side = target.size(2);
  const batch = target.size(0);
  const binary = cast(greater(target, 0.5), 'float32');
  const noise = input('click_noise', [batch, Math.max(1, rounds - 1), side * side]);
  const losses: Tensor[] = [];
  const dices: Tensor[] = [];
  const scoreErrors: Tensor[] = [];
  const presences: Tensor[] = [];
  const there = objectPresent(target);
  let prompt = first;
  for (let round = 0; round < rounds; round++) {
    const { lowResLogits, iou, presence } = decode(prompt);
    if (presence) presences.push(presenceLoss(presence, there));
    const over = (values: Tensor): Tensor => (presence ? meanWhereThere(values, there) : mean(values));
    const logits = resizeBilinear(lowResLogits, side, side);
    const { loss, dice } = maskLoss(logits, target, PIXELS);
    losses.push(over(slice(loss, 1, 0, 1)));
    dices.push(over(slice(dice, 1, 0, 1)));
    // A model with one mask has no masks for ambiguous prompts.
    const masks = loss.size(1);
    if (round === 0 && masks > 1) losses.push(over(smallest(slice(loss, 1, 1, masks))));
    const difference = sub(iou, intersectionOverUnion(logits, binary));
    const squared = mul(difference, difference);
    scoreErrors.push(presence ? meanWhereThere(mean(squared, { axes: [1], keepDims: true }), there) : mean(squared));
    if (round === rounds - 1) break;
    const single = slice(logits, 1, 0, 1);
    const click = sampledClick(
      single,
      binary,
      reshape(slice(noise, 1, round, round + 1), [batch, side * side]),
      imageSize,
    );
    prompt = {
      coords: concat([prompt.coords, click.coords], 1),
      labels: concat([prompt.labels, click.label], 1),
      mask: stopGradient(slice(lowResLogits, 1, 0, 1)),
      hasMask: constant(float32(new Float32Array(batch).fill(1), [batch])),
    };
  }
  const masks = average(losses);
  const iouError = average(scoreErrors);
  const presence = presences.length > 0 ? average(presences) : undefined;
  const scored = add(masks, iouError);
  return {
    loss: presence ? add(scored, presence) : scored,
    dice_first: dices[0]!,
    dice_last: dices[dices.length - 1]!,
    iou_error: iouError,
    ...(presence && { presence }),
  };
}

/** Smallest along axis 1. */
function smallest(x: Tensor): Tensor {
  return neg(max(neg(x), { axes: [1] }));
}

function average(values: readonly Tensor[]): Tensor {
  return mul(
    values.reduce((total, value) => add(total, value)),
    1 / values.length,
  );
}

/** IoU of each mask, [B, masks], without gradient. */
function intersectionOverUnion(logits: Tensor, target: Tensor): Tensor {
  const found = cast(greater(stopGradient(logits), 0), 'float32');
  const both = sum(mul(found, target), { axes: PIXELS });
  const either = sub(add(sum(found, { axes: PIXELS }), sum(target, { axes: PIXELS })), both);
  return stopGradient(div(both, add(either, 1e-6)));
}

interface SampledClick {
  /** [B, 1, 2], x then y in pixels of the model's input */
  readonly coords: Tensor;
  /** [B, 1]: 1 where the mask misses the object, 0 where it covers something else */
  readonly label: Tensor;
}

/**
 * @param logits [B, 1, side, side]
 * @param target 0 or 1, of the same shape
 * @param noise uniform in 0…1, [B, side²]: the click goes to the wrong pixel with the largest number
 * @param imageSize pixels of the model's input along each side
 */
export function sampledClick(logits: Tensor, target: Tensor, noise: Tensor, imageSize: number): SampledClick {
  const side = logits.size(2);
  const batch = logits.size(0);
  const wanted = reshape(target, [batch, side * side]);
  const found = cast(greater(reshape(stopGradient(logits), [batch, side * side]), 0), 'float32');
  const wrong = abs(sub(wanted, found));
  // Without errors, click anywhere on the object; without an object, anywhere in the image.
  const anyWrong = greater(max(wrong, { axes: [-1], keepDims: true }), 0.5);
  const score = mul(add(where(anyWrong, wrong, wanted), 1e-3), noise);
  const place = apply('ArgMax', [score], [batch, 1], {
    dtype: 'int64',
    attributes: { axis: { int: 1 }, keepdims: { int: 1 } },
  });
  const places = constant(
    float32(
      Float32Array.from({ length: side * side }, (_, i) => i),
      [1, side * side],
    ),
  );
  const hit = cast(equal(places, cast(place, 'float32')), 'float32');
  const at = (coordinate: (i: number) => number) => {
    const values = Float32Array.from(
      { length: side * side },
      (_, i) => (coordinate(i) + 0.5) * (imageSize / side) - 0.5,
    );
    return sum(mul(hit, constant(float32(values, [1, side * side]))), { axes: [-1], keepDims: true });
  };
  const coords = concat([at((i) => i % side), at((i) => Math.floor(i / side))], -1);
  return {
    coords: stopGradient(reshape(coords, [batch, 1, 2])),
    label: stopGradient(sum(mul(hit, wanted), { axes: [-1], keepDims: true })),
  };
}
