/**
 * The parts of a report's page, one function each; page.ts puts them in order.
 */

import { escapeText, formatNumber, formatSigned, standaloneSvg, thinned } from '../../formats/svg.js';
import { areasOf } from '../areaAgreement.js';
import { places } from '../columns.js';
import type { Comparison } from '../compare.js';
import { type PresenceSummary, SENSITIVITY } from '../presence.js';
import type { JudgedRater } from '../secondRater.js';
import type { EvaluationSummary, GroupSummary } from '../summary.js';
import type { ReportContent, ReportModel } from './content.js';
import { type DistributionRow, distributionChart } from './distributionChart.js';
import { EXAMPLES_LEGEND, examplesOf } from './examplesSection.js';
import { blandAltman, curvePlot, pairedPlot, reliabilityPlot } from './plots.js';
import { DRAWING_STYLE, SERIES_COUNT } from './style.js';
import { groupName } from './table.js';
import { absentTable, clicksTable, comparisonTable, confusionTable, failureTable } from './tables.js';

/** A part with its heading. @param body HTML */
export function section(title: string, intro: string, body: string): string {
  return `<section><h2>${escapeText(title)}</h2>${intro ? `<p class="soft">${escapeText(intro)}</p>` : ''}${body}</section>`;
}

/** A drawing with a link that saves it as a file. @param name of the file, without its ending */
export function savable(drawn: string, name: string): string {
  const bytes = new TextEncoder().encode(standaloneSvg(drawn, DRAWING_STYLE));
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const file = `${name.replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-')}.svg`;
  return `${drawn}<a class="save" download="${escapeText(file)}" href="data:image/svg+xml;base64,${base64}">Save as SVG</a>`;
}

/** Rows of charts: datasets one after the other, the models of each side by side. */
export function distributions({ results, rater }: ReportContent): string {
  const several = results.length > 1;
  const [first] = results;
  const rows = first!.summary.groups.flatMap((group) =>
    results.map(({ summary, evaluation: { table } }, m): DistributionRow => {
      const same = sameGroup(summary, group);
      return {
        name: several ? (m === 0 ? groupName(group) : summary.model) : groupName(group),
        series: m % SERIES_COUNT,
        ...ceilingOf(rater, group),
        values: same ? table.valuesOf(table.column('dice'), same.samples) : new Float64Array(),
      };
    }),
  );
  return `${several ? modelKey(results) : ''}<div class="wide">${savable(distributionChart(rows, 'Dice'), 'dice')}</div>`;
}

function modelKey(results: readonly ReportModel[]): string {
  const keys = results.map(({ summary }, m) => key(m, summary.model));
  return `<div class="legend">${keys.join('')}</div>`;
}

export function key(series: number, name: string): string {
  return `<span><span class="key" style="background:var(--s${series % SERIES_COUNT})"></span>${escapeText(name)}</span>`;
}

function sameGroup(summary: EvaluationSummary, { dataset, classId }: GroupSummary): GroupSummary | undefined {
  return summary.groups.find((group) => group.dataset === dataset && group.classId === classId);
}

/** False positives on images without the object, if the list has any. */
export function absentSections(summaries: readonly EvaluationSummary[]): string[] {
  const table = absentTable(summaries);
  if (!table) return [];
  const scores = summaries.flatMap(({ model, presence }) => (presence ? [presenceText(model, presence)] : []));
  const intro = ['They count in no mean but the last column.', ...scores].join(' ');
  return [section('Images without the object', intro, table)];
}

/** What an object score is worth. */
function presenceText(model: string, { absent, auc, minPresence, falsePositives, ci95 }: PresenceSummary): string {
  const interval = ci95.map((end) => formatNumber(100 * end, 0)).join('–');
  return `The object score of ${model} has an area under the ROC curve of ${formatNumber(auc, 3)}. A least presence of ${formatNumber(minPresence, 3)} finds ${100 * SENSITIVITY} % of the objects, and ${falsePositives} of ${absent} images without it get a mask (95 % interval ${interval} %).`;
}

const CLICKS = {
  x: 'interactions (first prompt and corrections)',
  y: 'mean Dice',
  title: 'Mean Dice after each interaction',
};

/** The mean Dice of a second rater for the same dataset and class. */
export function ceilingOf(rater: JudgedRater | undefined, group: GroupSummary): { readonly ceiling?: number } {
  const same = rater && sameGroup(rater.summary, group);
  return same && same.images > 0 ? { ceiling: same.metrics.get('dice')!.mean } : {};
}

export function interactionSection(summaries: readonly EvaluationSummary[], rater?: JudgedRater): string {
  const several = summaries.length > 1;
  const curves = summaries.flatMap(({ model, groups }, m) =>
    groups.flatMap((group, g) =>
      group.turns && group.images > 0
        ? [
            {
              name: several ? `${groupName(group)}, ${model}` : groupName(group),
              series: (m * groups.length + g) % SERIES_COUNT,
              ...ceilingOf(rater, group),
              points: group.turns.map(({ interactions, dice }) => ({ at: interactions, ...dice })),
            },
          ]
        : [],
    ),
  );
  const legend = `<div class="legend">${curves.map(({ name, series }) => key(series, name)).join('')}</div>`;
  const intro =
    'Each click goes to the centre of the largest error; bands are 95 % intervals. An object that never reaches the IoU counts with the most interactions tried.';
  const plot = `<div class="side plot"><div>${savable(curvePlot(curves, CLICKS), 'clicks')}</div>${legend}</div>`;
  return section('Correction clicks', intro, plot + clicksTable(summaries));
}

export function examplesSection(results: readonly ReportModel[], draws: number): string {
  const parts = results.map(({ summary, gallery }, m) => {
    const examples = examplesOf(summary, gallery);
    return results.length > 1
      ? `<details${m === 0 ? ' open' : ''}><summary>${escapeText(summary.model)}</summary>${examples}</details>`
      : examples;
  });
  return section(
    'Examples',
    draws > 1 ? 'The pictures show the first of several draws and its Dice.' : 'The number is Dice.',
    EXAMPLES_LEGEND + parts.join(''),
  );
}

/** Images outside the limits of agreement that the report names. */
const MOST_OUTLIERS = 8;

export function agreementSection({ results, list }: ReportContent): string {
  const figures = results.flatMap(({ summary, evaluation: { table } }, m) =>
    summary.groups
      .filter(({ images }) => images > 0)
      .map((group) => {
        const { unit, truth, predicted } = areasOf(table, group.samples);
        const pairs = Array.from(group.samples, (sample, i) => ({
          name: list.at(sample).name,
          truth: truth[i]!,
          predicted: predicted[i]!,
          difference: predicted[i]! - truth[i]!,
        }));
        const { low, high, bias } = group.area;
        const outside = pairs
          .filter(({ difference }) => difference < low || difference > high)
          .sort((a, b) => Math.abs(b.difference - bias) - Math.abs(a.difference - bias));
        const shown = outside.slice(0, MOST_OUTLIERS);
        const dots = new Set([...thinned(places(pairs.length)).map((i) => pairs[i]!), ...shown]);
        const plot = blandAltman([...dots], group.area, unit === 'mm2' ? 'mm²' : 'pixels', m % SERIES_COUNT);
        const name = results.length > 1 ? `${groupName(group)}, ${summary.model}` : groupName(group);
        const named = shown.map((pair) => `${pair.name} (${formatSigned(pair.difference, 0)})`).join(', ');
        const more = outside.length > shown.length ? ` and ${outside.length - shown.length} more` : '';
        const note = named && `<p class="soft outliers">Outside the limits: ${escapeText(named)}${more}</p>`;
        return `<figure><figcaption>${escapeText(name)}</figcaption>${savable(plot, `areas-${name}`)}${note}</figure>`;
      }),
  );
  const intro =
    'Bland–Altman: the line is the mean difference, dashes are the limits of agreement (± 1.96 standard deviations).';
  return section('Agreement of areas', intro, `<div class="cells">${figures.join('')}</div>`);
}

export function calibrationSection({ results }: ReportContent): string {
  // Models that predict no IoU have nothing to calibrate.
  const scored = results.filter(({ summary }) => summary.calibration.n > 0);
  if (scored.length === 0) return '';
  const parts = scored.map(({ summary: { model, calibration }, evaluation: { table } }, m) => {
    const iou = table.column('iou');
    const answers = table.samples * table.draws;
    const rows = thinned(places(answers));
    const pairs = rows.map((row) => [table.column('score')[row]!, iou[row]!] as const);
    const facts: readonly (readonly [string, string])[] = [
      ['Mean absolute error', formatNumber(calibration.mae, 3)],
      ['Bias (predicted − measured)', formatSigned(calibration.bias, 3)],
      ['Calibration error of the bins', formatNumber(calibration.ece, 3)],
      ['Correlation (Pearson)', formatNumber(calibration.pearson, 3)],
      ['Rank correlation (Spearman)', formatNumber(calibration.spearman, 3)],
      ['Answers', String(calibration.n)],
    ];
    const list = `<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('')}</dl>`;
    const bins = calibration.bins
      .filter(({ n }) => n > 0)
      .map(
        ({ from, to, n, predicted, measured }) =>
          `<tr><td class="text">${from.toFixed(1)} – ${to.toFixed(1)}</td><td>${n}</td><td>${formatNumber(predicted, 3)}</td><td>${formatNumber(measured, 3)}</td></tr>`,
      );
    const table_ = `<div class="wide"><table><thead><tr><th class="text">Predicted IoU</th><th>Answers</th><th>Mean predicted</th><th>Mean measured</th></tr></thead><tbody>${bins.join('')}</tbody></table></div>`;
    const head = results.length > 1 ? `<h3>${escapeText(model)}</h3>` : '';
    return `${head}<div class="side"><div>${savable(reliabilityPlot(pairs, calibration, m % SERIES_COUNT), `calibration-${model}`)}</div><div>${list}<h3>Reliability</h3>${table_}</div></div>`;
  });
  return section(
    'Calibration of scores',
    'How far the IoU that the model predicts for its own mask can be trusted; on the diagonal it is exact.',
    parts.join(''),
  );
}

export function confusionSections({ results, classNames }: ReportContent): string[] {
  const tables = results.flatMap(({ summary, evaluation }) =>
    [...evaluation.confusions].map(([dataset, matrix]) => {
      const name = results.length > 1 ? `${dataset}, ${summary.model}` : dataset;
      const combined = summary.groups.filter((group) => group.dataset === dataset && group.combinedDice);
      const dice = combined.map(({ className, combinedDice }) => `${className} ${formatNumber(combinedDice!.mean, 3)}`);
      return `<h3>${escapeText(name)}</h3><p class="soft">Dice of the combined map: ${escapeText(dice.join(', '))}</p>${confusionTable(matrix, classNames(dataset))}`;
    }),
  );
  if (tables.length === 0) return [];
  const intro =
    'Classes are segmented one by one. Here every pixel belongs to the class with the highest logit, or to the background where none is above 0. Each row shows where the pixels of a true class went.';
  return [section('Several classes in one map', intro, tables.join(''))];
}

export function comparisonSection(comparison: Comparison, { results }: ReportContent): string {
  const { first, second, groups } = comparison;
  const tableOf = (model: string) => results.find(({ summary }) => summary.model === model)!.evaluation.table;
  const [a, b] = [tableOf(first), tableOf(second)];
  const names = new Map(
    results.flatMap(({ summary }) =>
      summary.groups.map((group) => [`${group.dataset}/${group.classId}`, groupName(group)]),
    ),
  );
  const nameOf = (dataset: string, classId: number): string => names.get(`${dataset}/${classId}`) ?? dataset;
  const figures = groups.map(({ dataset, classId, samples }) => {
    const pairs = thinned(samples).map(
      (sample) => [a.meanOverDraws(a.column('dice'), sample), b.meanOverDraws(b.column('dice'), sample)] as const,
    );
    return `<figure><figcaption>${escapeText(nameOf(dataset, classId))}</figcaption>${savable(pairedPlot(pairs, first, second), `${first}-${second}-${nameOf(dataset, classId)}`)}</figure>`;
  });
  const intro = `Differences are ${second} less ${first}, image by image: above the diagonal ${second} is better.`;
  return section(
    `${second} against ${first}`,
    intro,
    `${comparisonTable(comparison, nameOf)}<h3>Image by image</h3><div class="cells square">${figures.join('')}</div>`,
  );
}

export function failureSection({ summary, evaluation }: ReportModel): string {
  return section(`Failed with ${summary.model}`, 'These are in no number above.', failureTable(evaluation.failures));
}
