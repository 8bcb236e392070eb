/**
 * The published loss: 0.2 · binary cross-entropy + 0.8 · Dice, on low-resolution logits (SAMUS's utils/loss_functions).
 */
import { add, div, mul, neg, sigmoid, softplus, sub } from '../graph/ops/elementwise.js';
import { mean, sum } from '../graph/ops/reduce.js';
import type { Tensor } from '../graph/tensor.js';

/** How much more a missed foreground pixel counts than a false one. */
const POSITIVE_WEIGHT = 2;
/** Keeps the Dice of two empty masks at one. */
const SMOOTH = 1e-5;

export interface Loss {
  readonly total: Tensor;
  readonly bce: Tensor;
  readonly dice: Tensor;
}

/**
 * @param logits [B, 1, h, w]
 * @param target 0 or 1, of the same shape
 */
export function publishedLoss(logits: Tensor, target: Tensor): Loss {
  const bce = crossEntropy(logits, target);
  const dice = diceLoss(sigmoid(logits), target);
  return { total: add(mul(bce, 0.2), mul(dice, 0.8)), bce, dice };
}

/** Binary cross-entropy with logits, mean over all pixels, foreground counted twice. */
function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  const weight = add(mul(target, POSITIVE_WEIGHT - 1), 1);
  return mean(add(mul(sub(1, target), logits), mul(weight, softplus(neg(logits)))));
}

/** 1 − 2Σpt / (Σp² + Σt²), the sums over the whole batch at once. */
function diceLoss(p: Tensor, target: Tensor): Tensor {
  const overlap = add(mul(sum(mul(p, target)), 2), SMOOTH);
  return sub(1, div(overlap, add(add(sum(mul(p, p)), sum(mul(target, target))), SMOOTH)));
}
