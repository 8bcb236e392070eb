/**
 * The tables of a report.
 */

import { escapeText, formatNumber, formatSigned } from '../../formats/svg.js';
import type { ConfusionMatrix } from '../combineClasses.js';
import type { Comparison } from '../compare.js';
import type { Failure } from '../evaluate.js';
import type { Metric } from '../metrics.js';
import type { MetricSummary } from '../statistics.js';
import type { EvaluationSummary } from '../summary.js';
import { type Column, groupColumns, groupName, intervalText, pText, table } from './table.js';

/** A line of the tables of results. */
interface ResultRow {
  readonly name: string;
  readonly model: string;
  readonly images: number;
  readonly metrics: ReadonlyMap<Metric, MetricSummary>;
  readonly total: boolean;
}

/** Failures that a page lists; images.csv has all of them. */
const MOST_FAILURES = 200;

/** Overlap of all models, datasets and classes. */
export function overlapTable(summaries: readonly EvaluationSummary[]): string {
  const ratio = (head: string, metric: Metric, hint: string): Column<ResultRow> => ({
    head,
    hint,
    cell: ({ metrics }) => formatNumber(metrics.get(metric)!.mean, 3),
  });
  return table(resultRows(summaries), [
    ...nameColumns(summaries),
    {
      head: 'Dice',
      hint: 'mean ± population standard deviation',
      cell: ({ metrics }) => {
        const { mean, std } = metrics.get('dice')!;
        return `<b>${formatNumber(mean, 3)}</b> <small>± ${formatNumber(std, 3)}</small>`;
      },
    },
    {
      head: '95 % interval',
      hint: 'bootstrap interval of the mean Dice',
      cell: ({ metrics }) => intervalText(metrics.get('dice')!, 3),
    },
    { head: 'Median', hint: 'median Dice', cell: ({ metrics }) => formatNumber(metrics.get('dice')!.median, 3) },
    ratio('IoU', 'iou', 'mean intersection over union'),
    ratio('Sensitivity', 'sensitivity', 'mean share of the object that was found'),
    ratio('Specificity', 'specificity', 'mean share of the rest that was left out'),
    ratio('Accuracy', 'accuracy', 'mean share of pixels that are right'),
  ]);
}

/**
 * Distances of all models, datasets and classes.
 * @returns empty if no image has any in this unit
 */
export function distanceTable(summaries: readonly EvaluationSummary[], unit: 'px' | 'mm'): string {
  const rows = resultRows(summaries);
  const inMm = unit === 'mm';
  const names: readonly [Metric, Metric, Metric, Metric, Metric] = inMm
    ? ['hausdorff_mm', 'hd95_mm', 'hd95_max_mm', 'assd_mm', 'nsd_mm']
    : ['hausdorff_px', 'hd95_px', 'hd95_max_px', 'assd_px', 'nsd'];
  const [largest, most, directed, average, surface] = names;
  if (rows.every(({ metrics }) => metrics.get(most)!.n === 0)) return '';
  const column = (head: string, metric: Metric, digits: number, hint: string): Column<ResultRow> => ({
    head,
    hint,
    cell: ({ metrics }) => formatNumber(metrics.get(metric)!.mean, digits),
  });
  return table(rows, [
    ...nameColumns(summaries),
    {
      head: 'With distances',
      hint: 'images on which neither mask is empty: the means of distances are of these',
      cell: ({ metrics }) => String(metrics.get(most)!.n),
    },
    column(`HD ${unit}`, largest, 2, 'Hausdorff distance of the outlines'),
    column(`HD95 ${unit}`, most, 2, '95th percentile of the distances of both directions together, as MedPy has it'),
    column(`HD95 max ${unit}`, directed, 2, 'the larger 95th percentile of the two directions, as MONAI has it'),
    column(`ASSD ${unit}`, average, 2, 'average symmetric surface distance'),
    column(
      'NSD',
      surface,
      3,
      'normalised surface Dice: share of the outlines within the tolerance; 0 where one mask only is empty',
    ),
    ...(inMm
      ? []
      : [
          column(
            'Row-set HD',
            'row_set_hausdorff',
            1,
            'what the published code prints as Hausdorff distance; no distance in the image',
          ),
        ]),
  ]);
}

/** False positives on images whose label lacks the class; empty if there is no such image. */
export function absentTable(summaries: readonly EvaluationSummary[]): string {
  const rows = summaries.flatMap(({ model, groups }) =>
    groups.flatMap((group) => (group.absent ? [{ model, group, absent: group.absent }] : [])),
  );
  if (rows.length === 0) return '';
  return table(rows, [
    ...groupColumns<(typeof rows)[number]>(summaries.length > 1),
    { head: 'Images without it', cell: ({ absent }) => String(absent.images) },
    { head: 'False positives', cell: ({ absent }) => String(absent.falsePositives) },
    {
      head: 'Share',
      cell: ({ absent: { images, falsePositives } }) => `${formatNumber((100 * falsePositives) / images, 0)} %`,
    },
    {
      head: 'Missed',
      hint: 'images with the object and an empty answer',
      cell: ({ group }) => String(group.reliability.missed),
    },
    { head: 'Dice with object', cell: ({ group }) => formatNumber(group.metrics.get('dice')!.mean, 3) },
    {
      head: 'Dice of all',
      hint: 'images without the object count 1 if the answer is empty, else 0',
      cell: ({ group }) => `<b>${formatNumber(group.allDice?.mean, 3)}</b>`,
    },
  ]);
}

/** Interactions needed, for evaluations with correction clicks. */
export function clicksTable(summaries: readonly EvaluationSummary[]): string {
  const rows = summaries.flatMap(({ model, groups }) =>
    groups.flatMap((group) =>
      group.turns && group.clicksNeeded ? [{ model, group, turns: group.turns, needed: group.clicksNeeded }] : [],
    ),
  );
  const [first] = rows;
  if (!first) return '';
  return table(rows, [
    ...groupColumns<(typeof rows)[number]>(summaries.length > 1),
    ...first.turns.map(({ interactions }, i) => ({
      head: `Dice@${interactions}`,
      hint: `mean Dice after ${interactions} interaction(s)`,
      cell: ({ turns }: (typeof rows)[number]) => formatNumber(turns[i]!.dice.mean, 3),
    })),
    {
      head: 'Area',
      hint: 'mean height of the curve of Dice over interactions',
      cell: ({ group }: (typeof rows)[number]) => formatNumber(group.turnsArea?.mean, 3),
    },
    ...first.needed.map(({ iou }, i) => ({
      head: `NoC@${Math.round(iou * 100)}`,
      hint: `mean interactions until IoU is ${iou}; in brackets the share that gets there`,
      cell: ({ needed }: (typeof rows)[number]) =>
        `${formatNumber(needed[i]!.mean, 2)} <small>(${formatNumber(100 * needed[i]!.reached, 0)} %)</small>`,
    })),
  ]);
}

/** How much the random prompts change the result. */
export function spreadTable(summaries: readonly EvaluationSummary[]): string {
  const rows = summaries.flatMap(({ model, groups }) =>
    groups.flatMap((group) => (group.spread ? [{ model, group, spread: group.spread }] : [])),
  );
  if (rows.length === 0) return '';
  return table(rows, [
    ...groupColumns<(typeof rows)[number]>(summaries.length > 1),
    { head: 'Draws', cell: ({ spread }) => String(spread.draws) },
    { head: 'Dice', cell: ({ group }) => formatNumber(group.metrics.get('dice')!.mean, 3) },
    {
      head: 'SD of draws',
      hint: 'deviation of the mean Dice from draw to draw',
      cell: ({ spread }) => formatNumber(spread.std, 4),
    },
    { head: 'Lowest', cell: ({ spread }) => formatNumber(spread.min, 3) },
    { head: 'Highest', cell: ({ spread }) => formatNumber(spread.max, 3) },
    {
      head: 'SD within image',
      hint: 'mean deviation of Dice among the draws of one image',
      cell: ({ spread }) => formatNumber(spread.withinSample, 3),
    },
  ]);
}

/** Differences of two models. */
export function comparisonTable(
  { groups, first, second }: Comparison,
  nameOf: (dataset: string, classId: number) => string,
): string {
  return table(groups, [
    { head: 'Dataset', text: true, cell: ({ dataset, classId }) => escapeText(nameOf(dataset, classId)) },
    { head: 'Images', cell: ({ images }) => String(images) },
    {
      head: 'Dice',
      hint: `${second} − ${first}, mean over images`,
      cell: ({ differences }) => `<b>${formatSigned(differences.get('dice')!.mean, 4)}</b>`,
    },
    { head: '95 % interval', cell: ({ differences }) => intervalText(differences.get('dice')!, 4) },
    {
      head: 'Better : worse',
      hint: `images on which ${second} has the larger and the smaller Dice`,
      cell: ({ differences }) => `${differences.get('dice')!.larger} : ${differences.get('dice')!.smaller}`,
    },
    {
      head: 'Wilcoxon p',
      hint: 'signed-rank test of Dice, two-sided',
      cell: ({ differences }) => pText(differences.get('dice')!.wilcoxon.p),
    },
    ...(groups.some(({ differences }) => differences.get('dice')!.holm !== undefined)
      ? [
          {
            head: 'Holm’s p',
            hint: 'corrected for the number of models',
            cell: ({ differences }: (typeof groups)[number]) => pText(differences.get('dice')!.holm),
          },
        ]
      : []),
    {
      head: 'P(claim false)',
      hint: 'probability that the model with the larger Dice is not the better one (arXiv 2505.04720)',
      cell: ({ differences }) => pText(differences.get('dice')!.probabilityFalse),
    },
    { head: 'NSD', cell: ({ differences }) => formatSigned(differences.get('nsd')!.mean, 4) },
    { head: 'HD95 px', cell: ({ differences }) => formatSigned(differences.get('hd95_px')!.mean, 2) },
    { head: 'ASSD px', cell: ({ differences }) => formatSigned(differences.get('assd_px')!.mean, 2) },
  ]);
}

/** Share of each true class's pixels by predicted class. */
export function confusionTable(matrix: ConfusionMatrix, names: readonly string[]): string {
  const rows = matrix
    .rows()
    .map((counts, i) => ({ name: names[i] ?? String(i), counts, sum: counts.reduce((a, b) => a + b, 0) }));
  return table(rows, [
    { head: 'True class', text: true, cell: ({ name }) => escapeText(name) },
    ...rows.map(({ name }, i) => ({
      head: name,
      cell: ({ counts, sum }: (typeof rows)[number]) =>
        sum > 0 ? `${formatNumber((100 * counts[i]!) / sum, 1)} %` : '–',
    })),
  ]);
}

export function failureTable(failures: readonly Failure[]): string {
  const rows = failures.slice(0, MOST_FAILURES);
  const more =
    failures.length > rows.length ? `<p class="soft">and ${failures.length - rows.length} more, in images.csv</p>` : '';
  return (
    table(rows, [
      { head: 'Image', text: true, cell: ({ sample }) => escapeText(`${sample.dataset}/${sample.name}`) },
      { head: 'Class', cell: ({ sample }) => String(sample.classId) },
      { head: 'Code', text: true, cell: ({ error }) => escapeText(error.code) },
      {
        head: 'What happened',
        text: true,
        cell: ({ error }) => `<span class="wrap">${escapeText(error.message)}</span>`,
      },
    ]) + more
  );
}

function resultRows(summaries: readonly EvaluationSummary[]): ResultRow[] {
  return summaries.flatMap(({ model, groups, overall }) => [
    ...groups.map((group) => ({
      name: groupName(group),
      model,
      images: group.images,
      metrics: group.metrics,
      total: false,
    })),
    ...(groups.length > 1
      ? [
          {
            name: 'All samples',
            model,
            images: groups.reduce((sum, { images }) => sum + images, 0),
            metrics: overall,
            total: true,
          },
        ]
      : []),
  ]);
}

function nameColumns(summaries: readonly EvaluationSummary[]): Column<ResultRow>[] {
  return [
    ...(summaries.length > 1 ? [{ head: 'Model', text: true, cell: ({ model }: ResultRow) => escapeText(model) }] : []),
    { head: 'Dataset', text: true, cell: ({ name }) => escapeText(name) },
    { head: 'Images', cell: ({ images }) => String(images) },
  ];
}
