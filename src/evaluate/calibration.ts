/**
 * Whether a model's predicted IoU means something: how it relates to the IoU that was measured.
 */
import { correlation, ranksOf, summarise } from './statistics.js';

/** A bin of predicted IoU; the last one holds its upper end too. */
interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  /** Means of what was predicted and measured; NaN in an empty bin. */
  readonly predicted: number;
  readonly measured: number;
}

export interface Calibration {
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
export function calibrate(predicted: Float64Array, measured: Float64Array): Calibration {
  const known = predicted.map((value, i) => (Number.isNaN(value) || Number.isNaN(measured[i]) ? Number.NaN : i));
  const places = known.filter((i) => !Number.isNaN(i));
  const a = places.map((i) => predicted[i]!);
  const b = places.map((i) => measured[i]!);
  const errors = a.map((value, i) => value - b[i]!);
  const binOf = (value: number): number => Math.max(0, Math.min(BINS - 1, Math.floor(value * BINS)));
  const bins = Array.from({ length: BINS }, (_, bin): CalibrationBin => {
    const inside = a.map((value, i) => (binOf(value) === bin ? i : -1)).filter((i) => i >= 0);
    return {
      from: bin / BINS,
      to: (bin + 1) / BINS,
      n: inside.length,
      predicted: summarise(inside.map((i) => a[i]!)).mean,
      measured: summarise(inside.map((i) => b[i]!)).mean,
    };
  });
  return {
    n: a.length,
    mae: summarise(errors.map(Math.abs)).mean,
    bias: summarise(errors).mean,
    ece: bins.reduce(
      (sum, bin) => sum + (bin.n > 0 ? (bin.n / a.length) * Math.abs(bin.predicted - bin.measured) : 0),
      0,
    ),
    pearson: correlation(a, b),
    spearman: correlation(ranksOf(a), ranksOf(b)),
    bins,
  };
}
