/**
 * Whether a model's predicted IoU means something: how it relates to the IoU that was measured.
 */
import { kept } from './columns.js';
import { correlation, meanOf, ranksOf } from './statistics.js';

/** A bin of predicted IoU; the last one holds its upper end too. */
interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  /** Means of what was predicted and measured; NaN in an empty bin. */
  readonly predicted: number;
  readonly measured: number;
}

export interface ScoreCalibration {
  readonly n: number;
  /** Mean absolute difference. */
  readonly mae: number;
  /** Mean of predicted less measured: positive where the model thinks too well of itself. */
  readonly bias: number;
  /** The bins' absolute differences of means, weighted by their size. */
  readonly ece: number;
  readonly pearson: number;
  readonly spearman: number;
  readonly bins: readonly CalibrationBin[];
}

const BINS = 10;

/** @param predicted IoU of each answer; not limited to 0…1: what is beyond counts in the outer bins @param measured IoU */
export function calibrate(predicted: Float64Array, measured: Float64Array): ScoreCalibration {
  const known = (_: number, i: number): boolean => !Number.isNaN(predicted[i]) && !Number.isNaN(measured[i]);
  const a = kept(predicted, known);
  const b = kept(measured, known);
  const bins = binsOf(a, b);
  const gaps = bins.map((bin) => (bin.n > 0 ? (bin.n / a.length) * Math.abs(bin.predicted - bin.measured) : 0));
  return {
    n: a.length,
    mae: meanOf(a.length, (i) => Math.abs(a[i]! - b[i]!)),
    bias: meanOf(a.length, (i) => a[i]! - b[i]!),
    // Of no answers, not 0, which would mean perfectly calibrated ones.
    ece: a.length === 0 ? Number.NaN : gaps.reduce((sum, gap) => sum + gap, 0),
    pearson: correlation(a, b),
    spearman: correlation(ranksOf(a), ranksOf(b)),
    bins,
  };
}

function binsOf(predicted: Float64Array, measured: Float64Array): CalibrationBin[] {
  const [n, sumPredicted, sumMeasured] = [new Float64Array(BINS), new Float64Array(BINS), new Float64Array(BINS)];
  for (let i = 0; i < predicted.length; i++) {
    const bin = Math.max(0, Math.min(BINS - 1, Math.floor(predicted[i]! * BINS)));
    n[bin]!++;
    sumPredicted[bin]! += predicted[i]!;
    sumMeasured[bin]! += measured[i]!;
  }
  return Array.from(n, (count, bin) => ({
    from: bin / BINS,
    to: (bin + 1) / BINS,
    n: count,
    predicted: sumPredicted[bin]! / count,
    measured: sumMeasured[bin]! / count,
  }));
}
