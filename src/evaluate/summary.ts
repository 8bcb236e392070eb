/**
 * Statistics of a results table: of every metric for each dataset and class, over the means of each sample's draws, and
 * for all samples together. Plain numbers; document.ts writes them as JSON.
 */
import type { Sample, SampleList } from '../data/sampleList.js';
import { type Agreement, type Areas, agreementOf, areasOf } from './areaAgreement.js';
import { calibrate, type ScoreCalibration } from './calibration.js';
import { columnOf } from './columns.js';
import { type Curves, curvesOf } from './curves.js';
import type { CaseSource, Evaluation } from './evaluate.js';
import { METRICS, type Metric } from './metrics.js';
import { overlapMetrics } from './metricsOverlap.js';
import { type PresenceSummary, presenceSummary } from './presence.js';
import { type Reliability, reliabilityOf } from './reliability.js';
import type { Clusters, ResultTable } from './resultTable.js';
import { type MetricSummary, summariesOf, summarise } from './statistics.js';

/** How much the choice of random prompts changes the result. */
interface DrawSpread {
  readonly draws: number;
  /** Of the mean Dice of each draw. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Mean over samples of the deviation among their own draws. */
  readonly withinSample: number;
}

/** What intervals resample: images with all their classes, or patients (and images of which none is known). */
export type Resampled = 'image' | 'patient';

export interface GroupSummary extends Curves {
  readonly dataset: string;
  readonly classId: number;
  readonly className: string;
  /** Samples measured: those whose label contains the class. */
  readonly images: number;
  /** Samples whose label lacks the class, and how many of them the model answered with a mask; absent if there are none. */
  readonly absent?: { readonly images: number; readonly falsePositives: number };
  /**
   * Dice of all images, where some lack the class: of those it is 1 for an empty answer and 0 for a false positive.
   */
  readonly allDice?: MetricSummary;
  readonly failed: number;
  /** Places in the list of the samples measured. */
  readonly samples: Uint32Array;
  readonly metrics: ReadonlyMap<Metric, MetricSummary>;
  readonly resampled: Resampled;
  /** Dice of all pixels of a patient together, as the published patient mode; where all patients are known. */
  readonly patientDice?: MetricSummary;
  /** Dice after overlaps of classes are resolved, where several were evaluated. */
  readonly combinedDice?: MetricSummary;
  readonly spread?: DrawSpread;
  readonly area: Agreement & Pick<Areas, 'unit'>;
  readonly calibration: ScoreCalibration;
  readonly reliability: Reliability;
}

export interface EvaluationSummary {
  readonly model: string;
  readonly groups: readonly GroupSummary[];
  /** Over all samples, as the published selection of checkpoints takes it. */
  readonly overall: ReadonlyMap<Metric, MetricSummary>;
  /** Of `overall`. */
  readonly resampled: Resampled;
  /** The mean of the groups' means: small datasets count as much as large ones. */
  readonly macroDice: number;
  readonly calibration: ScoreCalibration;
  readonly reliability: Reliability;
  /** Of a model with an object score, where some images lack the object. */
  readonly presence?: PresenceSummary;
}

/** @param seed of the intervals */
export function summariseEvaluation(
  { model, table, failures }: Evaluation,
  list: SampleList,
  source: Pick<CaseSource, 'classes'>,
  seed: number,
): EvaluationSummary {
  const kinds = new Map<
    string,
    { readonly sample: Sample } & Record<'measured' | 'failed' | 'absent' | 'wrong', number>
  >();
  const kindOf = new Uint16Array(list.length);
  const keyOf = ({ dataset, classId }: Sample): string => `${dataset}/${classId}`;
  const order: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const sample = list.at(i);
    const key = keyOf(sample);
    const kind = kinds.get(key) ?? { sample, measured: 0, failed: 0, absent: 0, wrong: 0 };
    if (!kinds.has(key)) order.push(key);
    kinds.set(key, kind);
    kindOf[i] = order.indexOf(key);
    if (table.isDone(i)) kind.measured++;
    const falsePositive = table.falsePositive(i);
    if (falsePositive !== undefined) kind.absent++;
    if (falsePositive) kind.wrong++;
  }
  for (const { sample } of failures) kinds.get(keyOf(sample))!.failed++;
  const placesOf = (wanted: (place: number) => boolean, count: number): Uint32Array => {
    const places = new Uint32Array(count);
    for (let i = 0, n = 0; i < list.length; i++) if (table.isDone(i) && wanted(i)) places[n++] = i;
    return places;
  };
  const absentPlaces = (kind: number, count: number): Uint32Array => {
    const places = new Uint32Array(count);
    for (let i = 0, n = 0; n < count; i++) {
      if (kindOf[i] === kind && table.falsePositive(i) !== undefined) places[n++] = i;
    }
    return places;
  };
  const groups = [...kinds.values()].map(
    ({ sample: { dataset, classId }, measured, failed, absent, wrong }, k): GroupSummary => {
      const samples = placesOf((place) => kindOf[place] === k, measured);
      return {
        dataset,
        classId,
        className: source.classes(dataset).names[classId] ?? `class-${classId}`,
        images: measured,
        failed,
        ...(absent > 0 && {
          absent: { images: absent, falsePositives: wrong },
          allDice: allDice(table, samples, absentPlaces(k, absent), seed),
        }),
        samples,
        ...statisticsOf(table, samples, seed),
      };
    },
  );
  const [only] = groups;
  const all = placesOf(
    () => true,
    groups.reduce((sum, { images }) => sum + images, 0),
  );
  const clusters = table.clustersOf(all);
  const lacking = Uint32Array.from({ length: list.length }, (_, i) => i).filter(
    (place) => table.falsePositive(place) !== undefined,
  );
  const presence = presenceSummary(table, all, lacking);
  return {
    model,
    groups,
    overall: groups.length === 1 && only ? only.metrics : metricSummaries(table, all, seed, clusters?.numbers),
    resampled: resampledBy(clusters),
    macroDice: summarise(groups.map(({ metrics }) => metrics.get('dice')!.mean)).mean,
    calibration: groups.length === 1 && only ? only.calibration : calibrationOf(table, all),
    reliability: groups.length === 1 && only ? only.reliability : reliabilityOf(table, all, seed, clusters?.numbers),
    ...(presence && { presence }),
  };
}

function allDice(table: ResultTable, samples: Uint32Array, absent: Uint32Array, seed: number): MetricSummary {
  const dice = table.column('dice');
  const all = Uint32Array.of(...samples, ...absent);
  const values = columnOf(all.length, (i) => {
    const falsePositive = table.falsePositive(all[i]!);
    return falsePositive === undefined ? table.meanOverDraws(dice, all[i]!) : Number(!falsePositive);
  });
  return summariesOf([values], seed, table.clustersOf(all)?.numbers)[0]!;
}

function statisticsOf(table: ResultTable, samples: Uint32Array, seed: number) {
  const { draws } = table;
  const clusters = table.clustersOf(samples);
  const numbers = clusters?.numbers;
  const areas = areasOf(table, samples);
  const combined = table.valuesOf(table.column('combinedDice'), samples);
  return {
    metrics: metricSummaries(table, samples, seed, numbers),
    resampled: resampledBy(clusters),
    ...(clusters?.patients === 'all' && { patientDice: patientDice(table, samples, clusters.numbers, seed) }),
    ...(combined.some((value) => !Number.isNaN(value)) && {
      combinedDice: summariesOf([combined], seed, numbers)[0]!,
    }),
    ...(draws > 1 && { spread: spreadOf(table, samples) }),
    ...curvesOf(table, samples, seed, numbers),
    area: { unit: areas.unit, ...agreementOf(areas) },
    calibration: calibrationOf(table, samples),
    reliability: reliabilityOf(table, samples, seed, numbers),
  };
}

export function resampledBy(clusters: Clusters | undefined): Resampled {
  return clusters === undefined || clusters.patients === 'none' ? 'image' : 'patient';
}

function metricSummaries(
  table: ResultTable,
  samples: Uint32Array,
  seed: number,
  clusters: Int32Array | undefined,
): Map<Metric, MetricSummary> {
  const columns = METRICS.map((metric) => table.valuesOf(table.column(metric), samples));
  const summaries = summariesOf(columns, seed, clusters);
  return new Map(METRICS.map((metric, i) => [metric, summaries[i]!]));
}

/** Dice of the pixels of all images and draws of each patient. */
function patientDice(table: ResultTable, samples: Uint32Array, clusters: Int32Array, seed: number): MetricSummary {
  const count = clusters.reduce((most, c) => Math.max(most, c + 1), 0);
  const [common, both] = [new Float64Array(count), new Float64Array(count)];
  for (const [i, sample] of samples.entries()) {
    for (let row = sample * table.draws; row < (sample + 1) * table.draws; row++) {
      common[clusters[i]!]! += table.column('commonArea')[row]!;
      both[clusters[i]!]! += table.column('truthArea')[row]! + table.column('predictedArea')[row]!;
    }
  }
  const dice = common.map((truePositive, c) => {
    const wrong = both[c]! - 2 * truePositive;
    return overlapMetrics({ truePositive, falsePositive: wrong, falseNegative: 0, trueNegative: 0 }).dice;
  });
  return summariesOf([dice], seed, undefined)[0]!;
}

function spreadOf(table: ResultTable, samples: Uint32Array): DrawSpread {
  const dice = table.column('dice');
  const ofDraw = Array.from(
    { length: table.draws },
    (_, draw) => summarise(columnOf(samples.length, (i) => dice[samples[i]! * table.draws + draw]!)).mean,
  );
  const within = columnOf(
    samples.length,
    (i) => summarise(dice.subarray(samples[i]! * table.draws, (samples[i]! + 1) * table.draws)).std,
  );
  return {
    draws: table.draws,
    std: summarise(ofDraw).std,
    min: Math.min(...ofDraw),
    max: Math.max(...ofDraw),
    withinSample: summarise(within).mean,
  };
}

function calibrationOf(table: ResultTable, samples: Uint32Array): ScoreCalibration {
  const { draws } = table;
  const rows = samples.length * draws;
  const take = (column: Float64Array): Float64Array =>
    columnOf(rows, (i) => column[samples[Math.floor(i / draws)]! * draws + (i % draws)]!);
  return calibrate(take(table.column('score')), take(table.column('iou')));
}
