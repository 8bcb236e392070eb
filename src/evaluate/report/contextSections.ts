/**
 * The parts of a report that hold results against the data: columns of images.csv, a second rater, and the training images.
 */
import { escapeText, formatNumber, formatSigned } from '../../formats/svg.js';
import type { JudgedOverlap } from '../overlap.js';
import { FAILURE_DICE } from '../reliability.js';
import type { JudgedRater } from '../secondRater.js';
import type { ReportModel } from './content.js';
import { section } from './sections.js';
import { groupColumns, groupName, intervalText, pText, table } from './table.js';

/** Problems that a page lists; summary.json has all of them. */
const MOST_PROBLEMS = 50;

export function strataSections(results: readonly ReportModel[]): string[] {
  const columns = results[0]?.strata.map(({ column }) => column) ?? [];
  return columns.map((column, c) => {
    const rows = results.flatMap(({ summary, strata }) =>
      strata[c]!.groups.flatMap((these, g) =>
        these.map((stratum) => ({ model: summary.model, group: summary.groups[g]!, stratum })),
      ),
    );
    type Row = (typeof rows)[number];
    const body = table(rows, [
      ...groupColumns<Row>(results.length > 1),
      { head: column, text: true, cell: ({ stratum }) => escapeText(stratum.value) },
      { head: 'Images', cell: ({ stratum }) => String(stratum.images) },
      { head: 'Dice', cell: ({ stratum }) => `<b>${formatNumber(stratum.dice.mean, 3)}</b>` },
      { head: '95 % interval', cell: ({ stratum }) => intervalText(stratum.dice, 3) },
      { head: `Dice < ${FAILURE_DICE}`, cell: ({ stratum }) => `${formatNumber(100 * stratum.failed.mean, 1)} %` },
    ]);
    return section(
      `By ${column}`,
      'The column is of images.csv; many different numbers are divided at their quartiles.',
      body,
    );
  });
}

export function raterSection({ summary, missing, comparisons }: JudgedRater): string {
  const rows = comparisons.flatMap(({ second, groups }) =>
    groups.map((compared) => ({ model: second, compared, difference: compared.differences.get('dice')! })),
  );
  const nameOf = (dataset: string, classId: number): string => {
    const group = summary.groups.find((one) => one.dataset === dataset && one.classId === classId);
    return group ? groupName(group) : dataset;
  };
  const body = table(rows, [
    { head: 'Model', text: true, cell: ({ model }) => escapeText(model) },
    { head: 'Dataset', text: true, cell: ({ compared }) => escapeText(nameOf(compared.dataset, compared.classId)) },
    { head: 'Images', cell: ({ compared }) => String(compared.images) },
    {
      head: 'Dice',
      hint: 'model − second rater',
      cell: ({ difference }) => `<b>${formatSigned(difference.mean, 4)}</b>`,
    },
    { head: '95 % interval', cell: ({ difference }) => intervalText(difference, 4) },
    { head: 'P(claim false)', cell: ({ difference }) => pText(difference.probabilityFalse) },
  ]);
  const without = missing > 0 ? ` ${missing} samples have no second label.` : '';
  const intro = `A second person’s labels, measured like a model’s masks: the row “second rater” of the tables and the dashed lines of the plots. Differences smaller than the disagreement of two people say little.${without}`;
  return section('Second rater', intro, body);
}

const NOT_SEARCHED =
  'Not searched: the evaluated lists belong to no split with a training list, or the search was skipped. --train-list names the lists that a model was trained on.';

export function overlapSection(overlap: JudgedOverlap | undefined): string {
  const title = 'Images known from training';
  if (!overlap) return section(title, '', `<p>${NOT_SEARCHED}</p>`);
  const { lists, images, problems, affected, models } = overlap;
  const compared = `${images} training images of ${lists.join(', ')}`;
  if (problems.length === 0) {
    return section(
      title,
      '',
      `<p>No evaluated image is, resembles or shares a patient with one of the ${escapeText(compared)}.</p>`,
    );
  }
  const rows = problems.slice(0, MOST_PROBLEMS);
  const more =
    problems.length > rows.length
      ? `<p class="soft">and ${problems.length - rows.length} more, in summary.json</p>`
      : '';
  const dice = table(models, [
    { head: 'Model', text: true, cell: ({ model }) => escapeText(model) },
    { head: 'Dice of all', cell: ({ dice: all }) => formatNumber(all, 3) },
    { head: 'Dice without them', cell: ({ diceWithout }) => `<b>${formatNumber(diceWithout, 3)}</b>` },
  ]);
  const list = table(rows, [
    { head: 'Code', text: true, cell: ({ code }) => escapeText(code) },
    { head: 'What was found', text: true, cell: ({ message }) => `<span class="wrap">${escapeText(message)}</span>` },
  ]);
  const intro = `${affected.length} evaluated images are, resemble or share a patient with one of the ${compared}. A model that was trained on these lists may know them.`;
  return section(title, intro, dice + list + more);
}
