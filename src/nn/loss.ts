/**
 * Losses on mask logits: cross-entropy and Dice, over a batch as SAMUS publishes them or for each mask on its own.
 */
import { add, div, mul, neg, sigmoid, softplus, sub } from '../graph/ops/elementwise.js';
import { mean, sum } from '../graph/ops/reduce.js';
import type { Tensor } from '../graph/tensor.js';

/** How much more a missed foreground pixel counts than a false one (SAMUS's utils/loss_functions). */
const POSITIVE_WEIGHT = 2;
/** Keeps the Dice of two empty masks at one. */
const SMOOTH = 1e-5;
/** Shares of cross-entropy and Dice in the published loss. */
const CROSS_ENTROPY_SHARE = 0.2;
const DICE_SHARE = 0.8;

export interface Loss {
  readonly total: Tensor;
  readonly bce: Tensor;
  readonly dice: Tensor;
}

/**
 * 0.2 · binary cross-entropy + 0.8 · Dice loss.
 * @param logits [..., h, w]
 * @param target 0 to 1, broadcast to the same shape
 * @param axes what is summed up: all axes as published, so that a batch counts as one mask, or those of an image,
 *   which gives a loss for each mask
 */
export function maskLoss(logits: Tensor, target: Tensor, axes?: readonly number[]): Loss {
  const over = axes ? { axes } : {};
  const weight = add(mul(target, POSITIVE_WEIGHT - 1), 1);
  const bce = mean(add(mul(sub(1, target), logits), mul(weight, softplus(neg(logits)))), over);
  const p = sigmoid(logits);
  const overlap = add(mul(sum(mul(p, target), over), 2), SMOOTH);
  const total = add(add(sum(mul(p, p), over), sum(mul(target, target), over)), SMOOTH);
  const dice = sub(1, div(overlap, total));
  return { total: add(mul(bce, CROSS_ENTROPY_SHARE), mul(dice, DICE_SHARE)), bce, dice };
}
