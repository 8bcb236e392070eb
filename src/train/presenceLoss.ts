/**
 * Training of the object score: whether the prompted object is there, which it is where its target has a pixel.
 */
import { cast, div, greater, mul, where } from '../graph/ops/elementwise.js';
import { max, sum } from '../graph/ops/reduce.js';
import { reshape } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { binaryCrossEntropy } from '../nn/loss.js';

/** 1 for each target with a pixel of the object, else 0. @param target [B, 1, side, side] @returns [B, 1] */
export function objectPresent(target: Tensor): Tensor {
  const [batch, pixels] = [target.size(0), target.size(2) * target.size(3)];
  return cast(greater(max(reshape(target, [batch, pixels]), { axes: [1], keepDims: true }), 0), 'float32');
}

/** @param presence logits [B, 1] @param there from {@link objectPresent} */
export function presenceLoss(presence: Tensor, there: Tensor): Tensor {
  return binaryCrossEntropy(presence, there);
}

/**
 * The mean over the samples whose object is there; 0 where none is. Masks are not trained without an object, as in SAM 2.
 * @param values [B, 1]
 * @param there from {@link objectPresent}
 */
export function meanWhereThere(values: Tensor, there: Tensor): Tensor {
  const count = sum(there);
  const divisor = where(greater(count, 0.5), count, 1);
  return div(sum(mul(values, there)), divisor);
}
