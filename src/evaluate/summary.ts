/**
 * What a results table amounts to: for each data set and class the statistics of every metric, over the means of each
 * sample's draws, and for all of them together. Plain numbers; how they are written as JSON is in document.ts.
 */
import type { Sample, SampleList } from '../data/sampleList.js';
import { type Agreement, type AreaPairs, agreementOf, areaPairs } from './areaAgreement.js';
import { type Calibration, calibrate } from './calibration.js';
import type { CaseSource, Evaluation } from './evaluate.js';
import { METRICS, type Metric } from './metrics.js';
import { overlapMetrics } from './metricsOverlap.js';
import type { ResultTable } from './resultTable.js';
import { bootstrapMeans, type Interval, type Summary, summarise } from './statistics.js';

/** Statistics of a metric. */
export interface MetricSummary extends Summary {
  /** Of the mean; absent for less than two samples (or patients). */
  readonly ci95?: Interval;
}

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

/** After a turn: `interactions` prompts and clicks together. */
interface TurnSummary {
  readonly interactions: number;
  readonly dice: MetricSummary;
  readonly iou: MetricSummary;
}

/** Interactions needed to reach an IoU; what never reaches it counts as the most that were tried. */
interface ClicksNeeded {
  readonly iou: number;
  readonly mean: number;
  /** Share of rows that reached it, 0 to 1. */
  readonly reached: number;
}

export interface GroupSummary {
  readonly dataset: string;
  readonly classId: number;
  readonly className: string;
  /** Samples measured. */
  readonly images: number;
  readonly failed: number;
  /** Places in the list of the samples measured. */
  readonly samples: readonly number[];
  readonly metrics: ReadonlyMap<Metric, MetricSummary>;
  /** What the intervals resample. */
  readonly resampled: 'image' | 'patient';
  /** Dice of all pixels of a patient together, as the published patient mode; where all patients are known. */
  readonly patientDice?: MetricSummary;
  /** Dice after overlaps of classes are resolved, where several were evaluated. */
  readonly combinedDice?: MetricSummary;
  readonly spread?: DrawSpread;
  readonly turns?: readonly TurnSummary[];
  readonly clicksNeeded?: readonly ClicksNeeded[];
  readonly area: Agreement & Pick<AreaPairs, 'unit'>;
  readonly calibration: Calibration;
}

export interface EvaluationSummary {
  readonly model: string;
  readonly groups: readonly GroupSummary[];
  /** Over all samples, as the published selection of checkpoints takes it. */
  readonly overall: ReadonlyMap<Metric, MetricSummary>;
  /** The mean of the groups' means: small data sets count as much as large ones. */
  readonly macroDice: number;
  readonly calibration: Calibration;
}

/** The marks that interactive segmentation is judged by: NoC@85 and NoC@90. */
const CLICK_MARKS = [0.85, 0.9] as const;

/** @param seed of the intervals */
export function summariseEvaluation(
  { model, table, failures }: Evaluation,
  list: SampleList,
  source: Pick<CaseSource, 'classes'>,
  seed: number,
): EvaluationSummary {
  const places = new Map<string, { readonly sample: Sample; readonly places: number[]; failed: number }>();
  const keyOf = ({ dataset, classId }: Sample): string => `${dataset}/${classId}`;
  for (let i = 0; i < list.length; i++) {
    const sample = list.at(i);
    const group = places.get(keyOf(sample)) ?? { sample, places: [], failed: 0 };
    places.set(keyOf(sample), group);
    if (table.isDone(i)) group.places.push(i);
  }
  for (const { sample } of failures) places.get(keyOf(sample))!.failed++;
  const groups = [...places.values()].map(
    ({ sample: { dataset, classId }, places: samples, failed }): GroupSummary => ({
      dataset,
      classId,
      className: source.classes(dataset).names[classId] ?? `class-${classId}`,
      images: samples.length,
      failed,
      samples,
      ...statisticsOf(table, samples, seed),
    }),
  );
  const all = groups.flatMap(({ samples }) => samples).sort((a, b) => a - b);
  return {
    model,
    groups,
    overall: metricSummaries(table, all, seed),
    macroDice: summarise(groups.map(({ metrics }) => metrics.get('dice')!.mean)).mean,
    calibration: calibrationOf(table, all),
  };
}

function statisticsOf(table: ResultTable, samples: readonly number[], seed: number) {
  const { draws, turns } = table;
  const clusters = table.patientsOf(samples);
  const areas = areaPairs(table, samples);
  const combined = samples.map((sample) => table.meanOverDraws(table.combinedDice, sample));
  return {
    metrics: metricSummaries(table, samples, seed),
    resampled: clusters ? ('patient' as const) : ('image' as const),
    ...(clusters && { patientDice: patientDice(table, samples, clusters, seed) }),
    ...(combined.some((value) => !Number.isNaN(value)) && {
      combinedDice: withInterval([Float64Array.from(combined)], seed, clusters)[0]!,
    }),
    ...(draws > 1 && { spread: spreadOf(table, samples) }),
    ...(turns > 1 && {
      turns: turnSummaries(table, samples, seed, clusters),
      clicksNeeded: CLICK_MARKS.map((mark) => clicksNeeded(table, samples, mark)),
    }),
    area: { unit: areas.unit, ...agreementOf(areas.pairs) },
    calibration: calibrationOf(table, samples),
  };
}

function metricSummaries(table: ResultTable, samples: readonly number[], seed: number): Map<Metric, MetricSummary> {
  const columns = METRICS.map((metric) => {
    const column = table.metric(metric);
    return Float64Array.from(samples, (sample) => table.meanOverDraws(column, sample));
  });
  const summaries = withInterval(columns, seed, table.patientsOf(samples));
  return new Map(METRICS.map((metric, i) => [metric, summaries[i]!]));
}

function withInterval(
  columns: readonly Float64Array[],
  seed: number,
  clusters: Int32Array | undefined,
): MetricSummary[] {
  const intervals = bootstrapMeans(columns, seed, clusters);
  return columns.map((column, i) => ({ ...summarise(column), ...(intervals[i] && { ci95: intervals[i] }) }));
}

/** Dice of the pixels of all images and draws of each patient. */
function patientDice(
  table: ResultTable,
  samples: readonly number[],
  clusters: Int32Array,
  seed: number,
): MetricSummary {
  const count = clusters.reduce((most, c) => Math.max(most, c + 1), 0);
  const [common, both] = [new Float64Array(count), new Float64Array(count)];
  for (const [i, sample] of samples.entries()) {
    for (let row = sample * table.draws; row < (sample + 1) * table.draws; row++) {
      common[clusters[i]!]! += table.commonArea[row]!;
      both[clusters[i]!]! += table.truthArea[row]! + table.predictedArea[row]!;
    }
  }
  const dice = common.map((truePositive, c) => {
    const wrong = both[c]! - 2 * truePositive;
    return overlapMetrics({ truePositive, falsePositive: wrong, falseNegative: 0, trueNegative: 0 }).dice;
  });
  return withInterval([dice], seed, undefined)[0]!;
}

function spreadOf(table: ResultTable, samples: readonly number[]): DrawSpread {
  const dice = table.metric('dice');
  const ofDraw = Array.from(
    { length: table.draws },
    (_, draw) => summarise(samples.map((sample) => dice[sample * table.draws + draw]!)).mean,
  );
  const within = samples.map(
    (sample) => summarise(dice.subarray(sample * table.draws, (sample + 1) * table.draws)).std,
  );
  return {
    draws: table.draws,
    std: summarise(ofDraw).std,
    min: Math.min(...ofDraw),
    max: Math.max(...ofDraw),
    withinSample: summarise(within).mean,
  };
}

function turnSummaries(
  table: ResultTable,
  samples: readonly number[],
  seed: number,
  clusters: Int32Array | undefined,
): TurnSummary[] {
  const after = (valueAt: (row: number) => number): Float64Array =>
    Float64Array.from(samples, (sample) => {
      let sum = 0;
      for (let draw = 0; draw < table.draws; draw++) sum += valueAt(sample * table.draws + draw);
      return sum / table.draws;
    });
  return Array.from({ length: table.turns }, (_, turn) => {
    const columns = [after((row) => table.diceAfter(row, turn)), after((row) => table.iouAfter(row, turn))];
    const [dice, iou] = withInterval(columns, seed, clusters);
    return { interactions: turn + 1, dice: dice!, iou: iou! };
  });
}

function clicksNeeded(table: ResultTable, samples: readonly number[], mark: number): ClicksNeeded {
  // Turns are kept in single precision: an IoU of exactly 0.9 has reached it.
  const limit = Math.fround(mark);
  let [sum, reached, rows] = [0, 0, 0];
  for (const sample of samples) {
    for (let row = sample * table.draws; row < (sample + 1) * table.draws; row++) {
      let turn = 0;
      while (turn < table.turns && table.iouAfter(row, turn) < limit) turn++;
      if (turn < table.turns) reached++;
      sum += Math.min(turn + 1, table.turns);
      rows++;
    }
  }
  return { iou: mark, mean: sum / rows, reached: reached / rows };
}

function calibrationOf(table: ResultTable, samples: readonly number[]): Calibration {
  const rows = samples.flatMap((sample) =>
    Array.from({ length: table.draws }, (_, draw) => sample * table.draws + draw),
  );
  const iou = table.metric('iou');
  return calibrate(
    Float64Array.from(rows, (row) => table.score[row]!),
    Float64Array.from(rows, (row) => iou[row]!),
  );
}
