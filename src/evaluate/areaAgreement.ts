/**
 * How well areas agree with the labels', after Bland and Altman: what a user who measures areas would want to know,
 * and what overlap does not tell (a mask that is always a fifth too large has a good Dice).
 */
import type { ResultTable } from './resultTable.js';
import { summarise } from './statistics.js';

/** True and predicted area of an image, means over its draws. */
export type AreaPair = readonly [truth: number, predicted: number];

export interface AreaPairs {
  /** Square millimetres where all images of the group have a spacing. */
  readonly unit: 'mm2' | 'px';
  readonly pairs: readonly AreaPair[];
}

/** Predicted less true area. */
export interface Agreement {
  readonly bias: number;
  /** Limits of agreement; NaN for a single image. */
  readonly low: number;
  readonly high: number;
}

/** 95 % of differences lie within this many deviations of their mean, where they are normal. */
const LIMIT = 1.96;

export function areaPairs(table: ResultTable, samples: readonly number[]): AreaPairs {
  const inMm = samples.length > 0 && samples.every((sample) => !Number.isNaN(table.pixelMm2[sample]));
  const pairs = samples.map((sample): AreaPair => {
    const factor = inMm ? table.pixelMm2[sample]! : 1;
    return [
      table.meanOverDraws(table.truthArea, sample) * factor,
      table.meanOverDraws(table.predictedArea, sample) * factor,
    ];
  });
  return { unit: inMm ? 'mm2' : 'px', pairs };
}

/** Bias and limits of agreement (Bland and Altman, Lancet 1986). */
export function agreementOf(pairs: readonly AreaPair[]): Agreement {
  const { mean, std, n } = summarise(pairs.map(([truth, predicted]) => predicted - truth));
  // The deviation of a sample: the limits speak of images to come.
  const spread = n > 1 ? std * Math.sqrt(n / (n - 1)) : Number.NaN;
  return { bias: mean, low: mean - LIMIT * spread, high: mean + LIMIT * spread };
}
