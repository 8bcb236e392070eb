/**
 * Several models in order, as far as the images support one: models whose 95 % intervals of the mean Dice overlap share
 * their ranks. For three and more, how often a resample of the images (or patients) orders them otherwise.
 */
import type { SampleList } from '../data/sampleList.js';
import { places } from './columns.js';
import type { Evaluation } from './evaluate.js';
import { type Interval, intervalOf, resampledMeans, summarise } from './statistics.js';

/** How a model fares in resamples. */
interface Stability {
  /** Share of resamples in which the model has rank 1, 2, … */
  readonly shares: readonly number[];
  /** 95 % of the resamples have a rank from the first to the second. */
  readonly ci95: readonly [best: number, worst: number];
}

export interface Standing {
  readonly model: string;
  readonly mean: number;
  readonly ci95?: Interval;
  /** From 1: the best and the worst place that the intervals allow. */
  readonly rank: readonly [best: number, worst: number];
  readonly stability?: Stability;
}

export interface Ranking {
  /** Samples that all models were measured on. */
  readonly images: number;
  /** From the highest mean Dice to the lowest. */
  readonly standings: readonly Standing[];
  /** Whether the intervals of at least two models do not overlap; otherwise there is no order. */
  readonly ordered: boolean;
  /** Mean of Kendall's τ-b between the order of all images and that of each resample; for three and more models. */
  readonly tau?: number;
}

interface GroupRanking extends Ranking {
  readonly dataset: string;
  readonly classId: number;
}

export interface Rankings {
  readonly groups: readonly GroupRanking[];
  readonly overall: Ranking;
}

/** @param evaluations of the same list, two or more @param seed of the resamples */
export function rankModels(evaluations: readonly Evaluation[], list: SampleList, seed: number): Rankings {
  const common = places(list.length).filter((i) => evaluations.every(({ table }) => table.isDone(i)));
  const groups = new Map<string, { readonly dataset: string; readonly classId: number; readonly samples: number[] }>();
  for (const i of common) {
    const { dataset, classId } = list.at(i);
    const group = groups.get(`${dataset}/${classId}`) ?? { dataset, classId, samples: [] };
    group.samples.push(i);
    groups.set(`${dataset}/${classId}`, group);
  }
  return {
    groups: [...groups.values()].map(({ samples, ...group }) => ({
      ...group,
      ...rankingOf(evaluations, Uint32Array.from(samples), seed),
    })),
    overall: rankingOf(evaluations, common, seed),
  };
}

function rankingOf(evaluations: readonly Evaluation[], samples: Uint32Array, seed: number): Ranking {
  const columns = evaluations.map(({ table }) => table.valuesOf(table.column('dice'), samples));
  const means = columns.map((column) => summarise(column).mean);
  const resampled = resampledMeans(columns, seed, evaluations[0]!.table.clustersOf(samples)?.numbers);
  const intervals = resampled.map((column) => column && intervalOf(column));
  const above = (a: number, b: number): boolean => {
    const [first, second] = [intervals[a], intervals[b]];
    return first !== undefined && second !== undefined && first[0] > second[1];
  };
  const all = evaluations.map((_, i) => i);
  const stability = all.length > 2 ? stabilityOf(means, resampled) : undefined;
  const standings = all.map((m): Standing => {
    const better = all.filter((other) => above(other, m)).length;
    const worse = all.filter((other) => above(m, other)).length;
    return {
      model: evaluations[m]!.model,
      mean: means[m]!,
      ...(intervals[m] && { ci95: intervals[m] }),
      rank: [1 + better, all.length - worse],
      ...(stability && { stability: stability.models[m]! }),
    };
  });
  return {
    images: samples.length,
    standings: standings.sort((a, b) => b.mean - a.mean),
    ordered: all.some((a) => all.some((b) => above(a, b))),
    ...(stability && { tau: stability.tau }),
  };
}

function stabilityOf(
  means: readonly number[],
  resampled: readonly (Float64Array | undefined)[],
): { readonly models: readonly Stability[]; readonly tau: number } | undefined {
  const columns = resampled.filter((column) => column !== undefined);
  if (columns.length < means.length) return undefined;
  const resamples = columns[0]!.length;
  const ranks = means.map(() => new Float64Array(resamples));
  let tau = 0;
  for (let r = 0; r < resamples; r++) {
    const values = columns.map((column) => column[r]!);
    for (const [m, value] of values.entries()) ranks[m]![r] = 1 + values.filter((other) => other > value).length;
    tau += kendallTau(means, values);
  }
  const models = ranks.map((column): Stability => {
    const [low, high] = intervalOf(column);
    const count = (rank: number): number => column.reduce((sum, value) => sum + Number(value === rank), 0);
    return {
      shares: means.map((_, i) => count(i + 1) / resamples),
      ci95: [Math.floor(low), Math.ceil(high)],
    };
  });
  return { models, tau: tau / resamples };
}

/** Kendall's τ-b: 1 for the same order, −1 for the reverse; 0 where one of the two has no order. */
export function kendallTau(a: readonly number[], b: readonly number[]): number {
  let [agreeing, orderedA, orderedB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [inA, inB] = [Math.sign(a[i]! - a[j]!), Math.sign(b[i]! - b[j]!)];
      agreeing += inA * inB;
      orderedA += Math.abs(inA);
      orderedB += Math.abs(inB);
    }
  }
  return orderedA > 0 && orderedB > 0 ? agreeing / Math.sqrt(orderedA * orderedB) : 0;
}
