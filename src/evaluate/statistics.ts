/**
 * Means, deviations and bootstrap intervals of numbers of which some may be undefined (NaN). What is resampled are
 * clusters: all samples of a patient together where patients are known, because images of one patient resemble each
 * other and intervals that ignore this are too narrow.
 */
import { Random } from '../nn/random.js';
import { columnOf, defined } from './columns.js';
import { percentileOfSorted } from './metricsSurface.js';

export interface Summary {
  readonly mean: number;
  /** Population standard deviation, as published. */
  readonly std: number;
  readonly median: number;
  /** How many values are defined. */
  readonly n: number;
}

/** A summary with its interval. */
export interface MetricSummary extends Summary {
  /** Of the mean; absent for less than five samples (or patients). */
  readonly ci95?: Interval;
}

/** Lower and upper end. */
export type Interval = readonly [low: number, high: number];

/** Resamples of a bootstrap; large datasets get fewer, their intervals are narrow and cost more. */
const RESAMPLES = { most: 2000, least: 200, work: 5e7 } as const;

/** With fewer images (or patients) than this resampling shows next to nothing of what others would be like. */
const LEAST_CLUSTERS = 5;

/**
 * Of what is defined; all NaN where nothing is.
 * @param room where values are sorted, as many as there are: many columns can share it
 */
export function summarise(values: ArrayLike<number>, room = new Float64Array(values.length)): Summary {
  let n = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) room[n++] = values[i]!;
  const known = room.subarray(0, n);
  if (n === 0) return { mean: Number.NaN, std: Number.NaN, median: Number.NaN, n };
  const mean = sumOf(known) / n;
  let squares = 0;
  for (const value of known) squares += (value - mean) ** 2;
  return { mean, std: Math.sqrt(squares / n), median: percentileOfSorted(known.sort(), 0.5), n };
}

/** Several columns of the same samples, each with the interval of its mean. */
export function summariesOf(
  columns: readonly Float64Array[],
  seed: number,
  clusters: Int32Array | undefined,
): MetricSummary[] {
  const intervals = bootstrapMeans(columns, seed, clusters);
  const room = new Float64Array(columns[0]?.length ?? 0);
  return columns.map((column, i) => ({ ...summarise(column, room), ...(intervals[i] && { ci95: intervals[i] }) }));
}

/** 95 % percentile bootstrap intervals of the means of several columns, as {@link resampledMeans}. */
export function bootstrapMeans(
  columns: readonly Float64Array[],
  seed: number,
  clusters?: ArrayLike<number>,
): (Interval | undefined)[] {
  return resampledMeans(columns, seed, clusters).map((means) => means && intervalOf(means));
}

/** What lies between the 2.5th and the 97.5th percentile. A resample may hold no defined value at all. */
export function intervalOf(means: Float64Array): Interval {
  const sorted = defined(means).sort();
  return [percentileOfSorted(sorted, 0.025), percentileOfSorted(sorted, 0.975)];
}

/**
 * The means of several columns in bootstrap resamples. All columns see the same resamples.
 * @param columns values of the same things in each; undefined ones are left out of their column's mean
 * @param clusters for each value the number of its cluster, from 0 on; default: each value is one
 * @returns undefined for a column of less than five clusters with values
 */
export function resampledMeans(
  columns: readonly Float64Array[],
  seed: number,
  clusters?: ArrayLike<number>,
): (Float64Array | undefined)[] {
  const length = columns[0]?.length ?? 0;
  const count = clusters ? largest(clusters) + 1 : length;
  const sums = columns.map((column) => clusterSums(column, clusters, count));
  const enough = sums.map(({ values, sizes }) => clustersWithValues(values, sizes) >= LEAST_CLUSTERS);
  if (!enough.includes(true)) return columns.map(() => undefined);
  const resamples = Math.max(RESAMPLES.least, Math.min(RESAMPLES.most, Math.floor(RESAMPLES.work / count)));
  const means = columns.map(() => new Float64Array(resamples));
  const random = Random.seeded(seed);
  // How often each cluster is drawn: columns are then walked in their order, which is what makes this fast.
  const times = new Uint16Array(count);
  for (let r = 0; r < resamples; r++) {
    times.fill(0);
    for (let k = 0; k < count; k++) times[random.int(0, count)]!++;
    for (const [i, { values, sizes }] of sums.entries()) {
      let [total, n] = [0, 0];
      for (let k = 0; k < count; k++) {
        const value = values[k]!;
        if (times[k] === 0 || Number.isNaN(value)) continue;
        total += times[k]! * value;
        n += sizes ? times[k]! * sizes[k]! : times[k]!;
      }
      means[i]![r] = total / n;
    }
  }
  return means.map((column, i) => (enough[i] ? column : undefined));
}

interface ClusterSums {
  /** Sums of the defined values of each cluster; NaN for one without. */
  readonly values: Float64Array;
  /** How many these are; absent where each value is a cluster. */
  readonly sizes?: Float64Array;
}

function clusterSums(column: Float64Array, clusters: ArrayLike<number> | undefined, count: number): ClusterSums {
  if (!clusters) return { values: column };
  const [values, sizes] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < column.length; i++) {
    if (Number.isNaN(column[i])) continue;
    values[clusters[i]!]! += column[i]!;
    sizes[clusters[i]!]!++;
  }
  return { values: values.map((value, c) => (sizes[c] === 0 ? Number.NaN : value)), sizes };
}

function clustersWithValues(values: Float64Array, sizes: Float64Array | undefined): number {
  let count = 0;
  for (let c = 0; c < values.length; c++) if (!Number.isNaN(values[c]) && sizes?.[c] !== 0) count++;
  return count;
}

function largest(values: ArrayLike<number>): number {
  let most = -1;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]!);
  return most;
}

/** Pearson's correlation; NaN where one of the two does not vary or less than two pairs are there. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [sumOf(a) / a.length, sumOf(b) / b.length];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [a[i]! - meanA, b[i]! - meanB];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : Number.NaN;
}

/** Ranks from 1 on; equal values share the mean of theirs. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const sorted = columnOf(values.length, (i) => values[i]!).sort();
  /** How many values are smaller, or not larger. */
  const below = (limit: number, orEqual: boolean): number => {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const value = sorted[middle]!;
      if (value < limit || (orEqual && value === limit)) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  return columnOf(values.length, (i) => (below(values[i]!, false) + below(values[i]!, true) + 1) / 2);
}

/** NaN of none. @param valueAt the value of each place */
export function meanOf(length: number, valueAt: (place: number) => number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += valueAt(i);
  return sum / length;
}

function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
