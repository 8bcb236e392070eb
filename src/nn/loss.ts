/**
 * Cross-entropy and Dice losses: of mask logits, over a batch as SAMUS publishes them or for each mask on its own, and of maps
 * of classes.
 */
import { add, cast, div, equal, mul, neg, sigmoid, softplus, sub, where } from '../graph/ops/elementwise.js';
import { crossEntropy, mean, softmax, sum } from '../graph/ops/reduce.js';
import { reshape } from '../graph/ops/shape.js';
import { constant, type Tensor } from '../graph/tensor.js';
import { float32 } from '../graph/tensorData.js';

/** How much more a missed foreground pixel counts than a false one (SAMUS's utils/loss_functions). */
const POSITIVE_WEIGHT = 2;
/** Keeps the Dice of two empty masks at one. */
const SMOOTH = 1e-5;
/** Shares of cross-entropy and Dice in the published loss. */
const CROSS_ENTROPY_SHARE = 0.2;
const DICE_SHARE = 0.8;

/**
 * 0.2 · binary cross-entropy + 0.8 · Dice loss.
 * @param logits [..., h, w]
 * @param target 0 to 1, broadcast to the same shape
 * @param axes what is summed up: all axes as published, so that a batch counts as one mask, or those of an image,
 *   which gives a loss for each mask
 */
export function maskLoss(logits: Tensor, target: Tensor, axes?: readonly number[]) {
  const over = axes ? { axes } : {};
  const weight = add(mul(target, POSITIVE_WEIGHT - 1), 1);
  const bce = mean(add(mul(sub(1, target), logits), mul(weight, softplus(neg(logits)))), over);
  const dice = sub(1, softDice(sigmoid(logits), target, { ...over, squared: true, smooth: SMOOTH }));
  return { loss: add(mul(bce, CROSS_ENTROPY_SHARE), mul(dice, DICE_SHARE)), bce, dice };
}

/**
 * Cross-entropy and Dice as TransUNet's authors weigh them (TransUNet, Swin-Unet, MISSFormer, SAMed, H2Former): the mean over
 * all classes of 1 − (2Σpt + s) / (Σp² + Σt² + s), with sums over the batch and p the softmax.
 * @param logits [B, C, H, W]
 * @param labels class numbers [B, H, W], float32 or any integer type
 * @param diceShare share of Dice in the loss; the rest is cross-entropy
 */
export function classLoss(logits: Tensor, labels: Tensor, diceShare: number) {
  const ce = crossEntropy(logits, labels);
  const dice = classDice(softmax(logits, 1), oneHot(labels, logits.size(1)));
  return { loss: add(mul(ce, 1 - diceShare), mul(dice, diceShare)), ce, dice };
}

/** The Dice of {@link classLoss}. @param p probabilities [B, C, H, W] @param target 0 or 1, [B, C, H, W] */
export function classDice(p: Tensor, target: Tensor): Tensor {
  return mean(sub(1, softDice(p, target, { ...BY_CLASS, squared: true, smooth: SMOOTH })));
}

interface DiceOptions {
  /** What is summed up; default: all, so that the batch counts as one mask. */
  readonly axes?: readonly number[];
  readonly precise?: boolean;
  /** Whether the sums below are those of squares. */
  readonly squared?: boolean;
  /** Added above and below: keeps the Dice of two empty masks at one. */
  readonly smooth?: number;
}

/** Soft Dice, (2Σpt + s) / (Σp + Σt + s). @param p probabilities @param target 0 to 1, of the same shape */
export function softDice(p: Tensor, target: Tensor, { squared = false, smooth = 0, ...over }: DiceOptions): Tensor {
  const size = (x: Tensor): Tensor => sum(squared ? mul(x, x) : x, over);
  const overlap = mul(sum(mul(p, target), over), 2);
  const total = add(size(p), size(target));
  return smooth === 0 ? div(overlap, total) : div(add(overlap, smooth), add(total, smooth));
}

/** Sums of a map for each class, over the batch and the image. */
export const BY_CLASS = { axes: [0, 2, 3], precise: true } as const;

/** @param labels class numbers [B, H, W], float32 or any integer type @returns 0 or 1, [B, classes, H, W] */
export function oneHot(labels: Tensor, classes: number): Tensor {
  const [batch, height, width] = labels.shape;
  const numbers = labels.dtype === 'float32' ? labels : cast(labels, 'float32');
  const list = Float32Array.from({ length: classes }, (_, i) => i);
  const same = equal(reshape(numbers, [batch, 1, height, width]), constant(float32(list, [classes, 1, 1])));
  return where(same, 1, 0);
}

/** Mean of the cross-entropy of a sigmoid. @param target 0 to 1, of the same shape */
export function binaryCrossEntropy(logits: Tensor, target: Tensor): Tensor {
  return mean(sub(softplus(logits), mul(target, logits)), { precise: true });
}

/**
 * What a loss compares the maps of a network with: one map of the object, or one for each class.
 * @param labels class numbers [B, H, W]
 * @returns 0 or 1, of the shape of `logits`
 */
export function targetMaps(logits: Tensor, labels: Tensor): Tensor {
  return logits.size(1) === 1 ? reshape(labels, logits.shape) : oneHot(labels, logits.size(1));
}

/**
 * The maps of a network as losses take them: probabilities by a sigmoid for one map, else by a softmax, the target of their
 * shape, and the cross-entropy.
 * @param labels class numbers [B, H, W]
 */
export function comparedMaps(logits: Tensor, labels: Tensor) {
  const target = targetMaps(logits, labels);
  if (logits.size(1) === 1) return { p: sigmoid(logits), target, ce: binaryCrossEntropy(logits, target) };
  return { p: softmax(logits, 1), target, ce: crossEntropy(logits, labels) };
}
