/**
 * Two models on one list, image by image: how much better the second is, how sure that is, and where it shows.
 */
import type { SampleList } from '../data/sampleList.js';
import { columnOf } from './columns.js';
import type { Evaluation } from './evaluate.js';
import type { Metric } from './metrics.js';
import type { ResultTable } from './resultTable.js';
import { bootstrapMeans, type Interval, type Summary, summarise } from './statistics.js';
import { type Resampled, resampledBy } from './summary.js';
import { type WilcoxonResult, wilcoxonSignedRank } from './wilcoxon.js';

/** Metrics that models are compared by; larger is better in the first three only. */
const COMPARED = ['dice', 'iou', 'nsd', 'hd95_px', 'assd_px'] as const satisfies readonly Metric[];

type ComparedMetric = (typeof COMPARED)[number];

/** Differences of one metric, second model less first. */
export interface PairedDifference extends Summary {
  readonly ci95?: Interval;
  /** Of the differences of what the interval resamples: the images of a patient are one, their mean. */
  readonly wilcoxon: WilcoxonResult;
  /** Samples on which the second model's value is larger, and smaller. */
  readonly larger: number;
  readonly smaller: number;
}

interface GroupComparison {
  readonly dataset: string;
  readonly classId: number;
  /** Samples that both models were measured on. */
  readonly images: number;
  readonly differences: ReadonlyMap<ComparedMetric, PairedDifference>;
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
  return {
    ...summarise(differences),
    ...(ci95 && { ci95 }),
    wilcoxon: wilcoxonSignedRank(clusters ? clusterMeans(differences, clusters) : differences),
    larger: count(1),
    smaller: count(-1),
  };
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
