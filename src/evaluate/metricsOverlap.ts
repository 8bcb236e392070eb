/**
 * How two masks overlap: the counts of agreeing and disagreeing pixels, and the ratios made of them as the published
 * evaluation defines them. Distances are in metricsSurface.ts.
 */

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

/** Keeps ratios defined where nothing is counted: two empty masks agree fully (the reference's value). */
const EPSILON = 1e-5;

/** Counts pixels; every value but 0 is the object. @param prediction as long as `truth` */
export function confusionOf(prediction: Uint8Array, truth: Uint8Array): Confusion {
  let [both, predicted, actual] = [0, 0, 0];
  for (let i = 0; i < truth.length; i++) {
    const p = prediction[i] === 0 ? 0 : 1;
    const t = truth[i] === 0 ? 0 : 1;
    both += p & t;
    predicted += p;
    actual += t;
  }
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
  const ratio = (part: number, whole: number): number => (part + EPSILON) / (whole + EPSILON);
  return {
    dice: ratio(2 * truePositive, 2 * truePositive + wrong),
    iou: ratio(truePositive, truePositive + wrong),
    accuracy: ratio(truePositive + trueNegative, truePositive + trueNegative + wrong),
    sensitivity: ratio(truePositive, truePositive + falseNegative),
    specificity: ratio(trueNegative, trueNegative + falsePositive),
  };
}
