/**
 * How two masks overlap: the counts of agreeing and disagreeing pixels, and the ratios made of them as the published
 * evaluation defines them. Distances are in metricsSurface.ts.
 */

import { diceOf, iouOf, overlapOf, shareOf } from '../formats/mask.js';

/** Pixels of a prediction by what the truth says of them. */
export interface Confusion {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

export interface OverlapMetrics {
  readonly dice: number;
  readonly iou: number;
  readonly accuracy: number;
  readonly sensitivity: number;
  readonly specificity: number;
}

/** Counts pixels; every value but 0 is the object. @param prediction as long as `truth` */
export function confusionOf(prediction: Uint8Array, truth: Uint8Array): Confusion {
  const { both, first: predicted, second: actual } = overlapOf(prediction, truth);
  return {
    truePositive: both,
    falsePositive: predicted - both,
    falseNegative: actual - both,
    trueNegative: truth.length - predicted - actual + both,
  };
}

/** Dice, IoU, accuracy, sensitivity and specificity, 0 to 1, with the reference's ε of 1e-5 in each. */
export function overlapMetrics({
  truePositive,
  falsePositive,
  falseNegative,
  trueNegative,
}: Confusion): OverlapMetrics {
  const wrong = falsePositive + falseNegative;
  const overlap = { both: truePositive, first: truePositive + falsePositive, second: truePositive + falseNegative };
  return {
    dice: diceOf(overlap),
    iou: iouOf(overlap),
    accuracy: shareOf(truePositive + trueNegative, truePositive + trueNegative + wrong),
    sensitivity: shareOf(truePositive, truePositive + falseNegative),
    specificity: shareOf(trueNegative, trueNegative + falsePositive),
  };
}
