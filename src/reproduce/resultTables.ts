/**
 * The tables of a result: systems down, datasets across, the paper's numbers beside.
 */
import type { Experiment } from './experiments.js';
import type { Row, Statistic } from './results.js';
import type { Survey } from './survey.js';
import type { Table } from './tables.js';

/** What a figure of efficiency shows of a system. */
export interface Efficiency {
  readonly model: string;
  readonly title: string;
  readonly parameters: number;
  /** Of one image and one prompt, 2 · multiply-adds. */
  readonly gflop: number;
  /** Peak resident memory of the training process, its validation included. */
  readonly train_peak_mb: number | null;
  /** Milliseconds from a decoded image to a mask, the median of several. */
  readonly answer_ms: number;
  /** Mean Dice over the seen and unseen datasets, each counted once; null without any. */
  readonly dice_seen: number | null;
  readonly dice_unseen: number | null;
}

/** Dice and HD95, and the published Dice where any is known of these datasets. */
export function diceTables({ title, source }: Experiment, rows: readonly Row[]): Table[] {
  const columns = columnsOf(rows);
  const lines = linesOf(rows);
  const of = (caption: string, cell: (row: Row) => string): Table => ({
    caption,
    header: ['', ...columns.map(({ heading }) => heading)],
    rows: lines.map(({ heading, key }) => [
      heading,
      ...columns.map((column) => {
        const row = rows.find((one) => lineKey(one) === key && columnKey(one) === column.key);
        return row ? cell(row) : '–';
      }),
    ]),
  });
  const published = of(`${title}: Dice as published (${source})`, ({ paper }) => paper?.dice.toFixed(4) ?? 'unknown');
  return [
    of(`${title}: Dice (95 % interval)`, ({ dice }) => statisticText(dice, 3)),
    of(`${title}: HD95 in pixels`, ({ hd95_px }) => (hd95_px ? hd95_px.mean.toFixed(1) : '–')),
    ...(rows.some(({ paper }) => paper) ? [published] : []),
  ];
}

/** One line for each dataset. */
export function datasetTable({ title }: Experiment, { datasets }: Survey): Table {
  return {
    caption: title,
    header: ['dataset', 'classes', 'role', 'train', 'val', 'test', 'measured on'],
    rows: datasets.map(({ name, classNames, seen, samples: { train, val, test }, measuredOn }) => [
      name,
      classNames.slice(1).join(', '),
      seen ? 'seen' : 'unseen',
      ...[train, val, test].map(String),
      measuredOn ?? '–',
    ]),
  };
}

export function efficiencyTable({ title }: Experiment, systems: readonly Efficiency[]): Table {
  const share = (dice: number | null): string => dice?.toFixed(3) ?? '–';
  return {
    caption: title,
    header: ['', 'parameters (millions)', 'GFLOP', 'training (MB)', 'answer (ms)', 'Dice, seen', 'Dice, unseen'],
    rows: systems.map((one) => [
      one.title,
      (one.parameters / 1e6).toFixed(2),
      one.gflop.toFixed(1),
      one.train_peak_mb?.toFixed(0) ?? '–',
      one.answer_ms.toFixed(0),
      share(one.dice_seen),
      share(one.dice_unseen),
    ]),
  };
}

/** The mean Dice of a system over its seen or unseen datasets and classes; null without any. */
export function meanDice(rows: readonly Row[], model: string, seen: boolean): number | null {
  const values = rows.filter((row) => row.model === model && row.seen === seen).map(({ dice }) => dice.mean);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The name of a dataset, and of its class where it has several. */
export function columnTitle(row: Row, rows: readonly Row[]): string {
  const classes = new Set(rows.filter(({ dataset }) => dataset === row.dataset).map((one) => one.class));
  return classes.size > 1 ? `${row.dataset} ${row.className}` : row.dataset;
}

/** The name of a system, and of the prompt where there are several. */
export function lineTitle(row: Row, rows: readonly Row[]): string {
  const prompts = new Set(rows.filter(({ model }) => model === row.model).map(({ prompt }) => prompt));
  return prompts.size > 1 ? row.prompt : row.title;
}

function columnsOf(rows: readonly Row[]): { readonly key: string; readonly heading: string }[] {
  const seenFirst = [...rows].sort((a, b) => Number(b.seen) - Number(a.seen));
  const columns = new Map(
    seenFirst.map((row) => [columnKey(row), `${columnTitle(row, rows)}${row.seen ? '' : ' (unseen)'}`]),
  );
  return [...columns].map(([key, heading]) => ({ key, heading }));
}

function linesOf(rows: readonly Row[]): { readonly key: string; readonly heading: string }[] {
  const lines = new Map(rows.map((row) => [lineKey(row), lineTitle(row, rows)]));
  return [...lines].map(([key, heading]) => ({ key, heading }));
}

const columnKey = ({ dataset, class: classId }: Row): string => `${dataset}\n${classId}`;
const lineKey = ({ model, prompt }: Row): string => `${model}\n${prompt}`;

function statisticText({ mean, ci95 }: Statistic, digits: number): string {
  const text = mean.toFixed(digits);
  return ci95 ? `${text} (${ci95.map((end) => end.toFixed(digits)).join('–')})` : text;
}
