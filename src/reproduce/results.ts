/**
 * Rows of a table or figure from the JSON of `samus evaluate`: one row for each system, way of asking, dataset and class.
 */
import type { Json } from '../errors.js';
import { isFields } from '../formats/jsonFields.js';
import type { ModelConfig } from '../models/architecture.js';
import { architectureOf } from '../models/registry.js';
import type { Experiment } from './experiments.js';
import { type PaperValue, paperValue } from './paper.js';
import { type PlannedEvaluation, samplesOf } from './plan.js';
import type { Survey } from './survey.js';

export interface Statistic {
  readonly mean: number;
  readonly std: number;
  readonly ci95?: readonly [number, number];
}

export interface Row {
  /** The id of the system. */
  readonly model: string;
  readonly title: string;
  readonly prompt: string;
  readonly dataset: string;
  readonly class: number;
  readonly className: string;
  readonly seen: boolean;
  /** The list that it was measured on. */
  readonly split: string | null;
  /** How images are made the model's input, in a few words. */
  readonly preprocessing: string;
  readonly images: number;
  /** Of one seed; of several, the means of their statistics. */
  readonly dice: Statistic;
  readonly hd95_px: Statistic | null;
  readonly seeds: readonly number[];
  /** Standard deviation of the mean Dice over the seeds; null with one. */
  readonly seed_std: number | null;
  /** Samples that training has seen, null for the published epochs. */
  readonly samples: number | null;
  readonly paper: PaperValue | null;
}

/** A measurement with its document; several seeds of one system follow each other. */
export interface Measured {
  readonly measurement: PlannedEvaluation;
  readonly document: Json;
}

export function rowsOf(experiment: Experiment, survey: Survey, measured: readonly Measured[]): Row[] {
  const groups = new Map<string, Row[]>();
  for (const { measurement, document } of measured) {
    const { training, asked } = measurement;
    const { system, seed, dataset: own } = training;
    for (const group of groupsOf(document)) {
      const seen = own === undefined ? isSeen(survey, group.dataset) : group.dataset === own;
      const row: Row = {
        model: system.id,
        title: system.title,
        prompt: asked.title,
        ...group,
        seen,
        split: survey.datasets.find(({ name }) => name === group.dataset)?.measuredOn ?? null,
        preprocessing: preprocessingText(training.config),
        seeds: [seed],
        seed_std: null,
        samples: samplesOf(training) ?? null,
        paper: paperValue(experiment.name, system.id, { dataset: group.dataset, classId: group.class }),
      };
      const key = [system.id, asked.id, own ?? '', group.dataset, group.class].join('\n');
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
  }
  return [...groups.values()].map(overSeeds);
}

function isSeen(survey: Survey, dataset: string): boolean {
  return survey.datasets.find(({ name }) => name === dataset)?.seen ?? false;
}

function preprocessingText(config: ModelConfig): string {
  const { channels, fit, resize = 'bilinear' } = architectureOf(config).preprocessing(config);
  return `${channels === 1 ? 'grey' : 'RGB'}, ${fit}, ${resize}, ${config.imageSize} px`;
}

function overSeeds(rows: readonly Row[]): Row {
  const [first] = rows;
  if (!first || rows.length === 1) return first!;
  const means = rows.map(({ dice }) => dice.mean);
  const mean = average(means);
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1);
  const hd = rows.flatMap(({ hd95_px }) => hd95_px ?? []);
  return {
    ...first,
    dice: together(rows.map(({ dice }) => dice)),
    hd95_px: hd.length === rows.length ? together(hd) : null,
    seeds: rows.flatMap(({ seeds }) => seeds),
    seed_std: Math.sqrt(variance),
  };
}

/** The means of the statistics of all seeds; an interval only where each has one. */
function together(statistics: readonly Statistic[]): Statistic {
  const bounds = statistics.flatMap(({ ci95 }) => (ci95 ? [ci95] : []));
  const whole = bounds.length === statistics.length;
  return {
    mean: average(statistics.map(({ mean }) => mean)),
    std: average(statistics.map(({ std }) => std)),
    ...(whole && { ci95: [average(bounds.map(([low]) => low)), average(bounds.map(([, high]) => high))] as const }),
  };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

type Group = Pick<Row, 'dataset' | 'class' | 'className' | 'images' | 'dice' | 'hd95_px'>;

/** The datasets of an evaluation on which anything was measured. */
function groupsOf(document: Json): Group[] {
  const groups = isFields(document) && Array.isArray(document.datasets) ? document.datasets : [];
  return groups.flatMap((group) => {
    if (!isFields(group)) return [];
    const { dataset, class: classId, className, images } = group;
    const dice = statisticOf(group.dice);
    if (!dice || typeof dataset !== 'string' || typeof classId !== 'number') return [];
    const name = typeof className === 'string' ? className : `class-${classId}`;
    const hd95 = statisticOf(group.hd95_px) ?? null;
    return [{ dataset, class: classId, className: name, images: Number(images), dice, hd95_px: hd95 }];
  });
}

function statisticOf(value: unknown): Statistic | undefined {
  if (!isFields(value) || typeof value.mean !== 'number' || typeof value.std !== 'number') return undefined;
  const { mean, std, ci95 } = value;
  const isInterval = Array.isArray(ci95) && ci95.length === 2 && ci95.every((end) => typeof end === 'number');
  return { mean, std, ...(isInterval && { ci95: [Number(ci95[0]), Number(ci95[1])] as const }) };
}
