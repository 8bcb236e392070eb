/**
 * How well predicted areas agree with those of the labels, after Bland and Altman. Overlap does not show this: a mask
 * that is always a fifth too large has a good Dice.
 */
import { columnOf } from './columns.js';
import type { ResultTable } from './resultTable.js';
import { summarise } from './statistics.js';

/** Areas of images, means over their draws. */
export interface Areas {
  /** Square millimetres where all images of the group have a spacing. */
  readonly unit: 'mm2' | 'px';
  readonly truth: Float64Array;
  readonly predicted: Float64Array;
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

export function areasOf(table: ResultTable, samples: Uint32Array): Areas {
  const inMm = samples.length > 0 && samples.every((sample) => !Number.isNaN(table.pixelMm2[sample]));
  const scaled = (column: Float64Array): Float64Array =>
    columnOf(samples.length, (i) => {
      const sample = samples[i]!;
      return table.meanOverDraws(column, sample) * (inMm ? table.pixelMm2[sample]! : 1);
    });
  return {
    unit: inMm ? 'mm2' : 'px',
    truth: scaled(table.column('truthArea')),
    predicted: scaled(table.column('predictedArea')),
  };
}

/** Bias and limits of agreement (Bland and Altman, Lancet 1986). */
export function agreementOf({ truth, predicted }: Areas): Agreement {
  const { mean, std, n } = summarise(predicted.map((area, i) => area - truth[i]!));
  // The sample deviation (n − 1): the limits are for future images.
  const spread = n > 1 ? std * Math.sqrt(n / (n - 1)) : Number.NaN;
  return { bias: mean, low: mean - LIMIT * spread, high: mean + LIMIT * spread };
}
