/**
 * Two models on one list, image by image: how much better the second is, how sure that is, and where it shows.
 */
import { groupBy } from '../data/groupBy.js';
import type { Sample, SampleList } from '../data/sampleList.js';
import { holm, type Published, probabilityFalse, probabilityFalseOf, type Spread, spreadOf } from './claims.js';
import { columnOf, places } from './columns.js';
import type { Evaluation } from './evaluate.js';
import type { Metric } from './metrics.js';
import type { ResultTable } from './resultTable.js';
import { bootstrapMeans, type Interval, type Summary, summarise } from './statistics.js';
import { type Resampled, resampledBy } from './summary.js';
import { type WilcoxonResult, wilcoxonSignedRank } from './wilcoxon.js';

/** Metrics that models are compared by; larger is better in the first three only. */
const COMPARED = ['dice', 'iou', 'nsd', 'hd95_px', 'assd_px', 'hd95_max_px'] as const satisfies readonly Metric[];

type ComparedMetric = (typeof COMPARED)[number];

/** Differences of one metric, second model less first. */
export interface PairedDifference extends Summary {
  readonly ci95?: Interval;
  /** Of the differences of what the interval resamples: the images of a patient are one, their mean. */
  readonly wilcoxon: WilcoxonResult;
  /** p corrected by Holm for all comparisons of this metric and group; absent for a single one. */
  readonly holm?: number;
  /**
   * The probability that the model with the better mean is not the better one, of the same differences as the test; absent
   * for fewer than two.
   */
  readonly probabilityFalse?: number;
  /** Samples on which the second model's value is larger, and smaller. */
  readonly larger: number;
  readonly smaller: number;
}

type Differences = ReadonlyMap<ComparedMetric, PairedDifference>;

interface GroupComparison {
  readonly dataset: string;
  readonly classId: number;
  /** Samples that both models were measured on. */
  readonly images: number;
  readonly differences: Differences;
  readonly resampled: Resampled;
  /** The places in the list and the differences of Dice, for pictures. */
  readonly samples: Uint32Array;
  readonly dice: Float64Array;
}

export interface Comparison {
  readonly first: string;
  readonly second: string;
  readonly groups: readonly GroupComparison[];
  /** Over all samples. */
  readonly overall: Pick<GroupComparison, 'differences' | 'resampled'>;
}

/** Compares two evaluations of the same list. @param seed of the intervals */
export function compareEvaluations(first: Evaluation, second: Evaluation, list: SampleList, seed: number): Comparison {
  const groups = new Map<string, { readonly dataset: string; readonly classId: number; readonly samples: number[] }>();
  for (let i = 0; i < list.length; i++) {
    if (!first.table.isDone(i) || !second.table.isDone(i)) continue;
    const { dataset, classId } = list.at(i);
    const group = groups.get(`${dataset}/${classId}`) ?? { dataset, classId, samples: [] };
    group.samples.push(i);
    groups.set(`${dataset}/${classId}`, group);
  }
  const compare = (places: readonly number[]) => {
    const samples = Uint32Array.from(places);
    const columns = COMPARED.map((metric) => differencesOf(first.table, second.table, samples, metric));
    const clusters = first.table.clustersOf(samples);
    const intervals = bootstrapMeans(columns, seed, clusters?.numbers);
    const differences = new Map(
      COMPARED.map((metric, i) => [metric, paired(columns[i]!, intervals[i], clusters?.numbers)]),
    );
    return { images: samples.length, differences, resampled: resampledBy(clusters), samples, dice: columns[0]! };
  };
  const all = [...groups.values()].flatMap(({ samples }) => samples).sort((a, b) => a - b);
  return {
    first: first.model,
    second: second.model,
    groups: [...groups.values()].map(({ samples, ...group }) => ({ ...group, ...compare(samples) })),
    overall: compare(all),
  };
}

/** NaN where one of the two is not defined. */
function differencesOf(first: ResultTable, second: ResultTable, samples: Uint32Array, metric: Metric): Float64Array {
  const [a, b] = [first.column(metric), second.column(metric)];
  return columnOf(samples.length, (i) => second.meanOverDraws(b, samples[i]!) - first.meanOverDraws(a, samples[i]!));
}

function paired(
  differences: Float64Array,
  ci95: Interval | undefined,
  clusters: Int32Array | undefined,
): PairedDifference {
  const count = (sign: number): number =>
    differences.reduce((sum, value) => sum + (Math.sign(value) === sign ? 1 : 0), 0);
  const independent = clusters ? clusterMeans(differences, clusters) : differences;
  const wrong = probabilityFalse(independent);
  return {
    ...summarise(differences),
    ...(ci95 && { ci95 }),
    wilcoxon: wilcoxonSignedRank(independent),
    ...(wrong !== undefined && { probabilityFalse: wrong }),
    larger: count(1),
    smaller: count(-1),
  };
}

/** The comparisons with Holm's correction over all of them, for each metric and group. */
export function withHolm(comparisons: readonly Comparison[]): Comparison[] {
  if (comparisons.length < 2) return [...comparisons];
  const corrected = (these: readonly Differences[]): Differences[] => {
    const p = new Map(COMPARED.map((metric) => [metric, holm(these.map((one) => one.get(metric)!.wilcoxon.p))]));
    return these.map(
      (one, i) =>
        new Map([...one].map(([metric, difference]) => [metric, { ...difference, holm: p.get(metric)![i]! }])),
    );
  };
  const overall = corrected(comparisons.map((one) => one.overall.differences));
  const groups = groupBy(
    comparisons.flatMap((one, c) => one.groups.map((group) => ({ c, group }))),
    ({ group: { dataset, classId } }) => `${dataset}/${classId}`,
  );
  const ofGroup = [...groups.values()].flatMap((same) => {
    const differences = corrected(same.map(({ group }) => group.differences));
    return same.map(({ c, group }, i) => ({ c, group: { ...group, differences: differences[i]! } }));
  });
  return comparisons.map((one, c) => ({
    ...one,
    overall: { ...one.overall, differences: overall[c]! },
    groups: ofGroup.filter((same) => same.c === c).map(({ group }) => group),
  }));
}

/** A model against a published result, of which no single values are known. */
export interface PublishedComparison {
  readonly published: Published;
  readonly model: string;
  /** Of the model's Dice: of images, or the means of patients. */
  readonly spread: Spread;
  readonly probabilityFalse?: number;
}

export function compareToPublished(
  { model, table }: Evaluation,
  list: SampleList,
  published: Published,
): PublishedComparison {
  const samples = places(list.length).filter((i) => table.isDone(i) && concerns(published, list.at(i)));
  const dice = table.valuesOf(table.column('dice'), samples);
  const clusters = table.clustersOf(samples);
  const spread = spreadOf(clusters ? clusterMeans(dice, clusters.numbers) : dice);
  const wrong = probabilityFalseOf(spread, published, published.correlation);
  return { published, model, spread, ...(wrong !== undefined && { probabilityFalse: wrong }) };
}

/** Whether a published result is about a sample. */
export function concerns({ dataset, classId }: Published, sample: Sample): boolean {
  return (dataset ?? sample.dataset) === sample.dataset && (classId ?? sample.classId) === sample.classId;
}

/** The mean of the differences of each cluster, NaN left out: as many independent values as there are. */
function clusterMeans(differences: Float64Array, clusters: Int32Array): Float64Array {
  const count = clusters.reduce((most, number) => Math.max(most, number + 1), 0);
  const [sums, counts] = [new Float64Array(count), new Uint32Array(count)];
  for (const [i, value] of differences.entries()) {
    if (Number.isNaN(value)) continue;
    sums[clusters[i]!]! += value;
    counts[clusters[i]!]!++;
  }
  return sums.map((sum, i) => sum / counts[i]!);
}
