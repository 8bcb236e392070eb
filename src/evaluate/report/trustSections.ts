/**
 * The parts of a report that say how far its numbers carry: which order of the models the images support, claims against
 * published results, and when a model fails.
 */
import { escapeText, formatNumber, formatSigned } from '../../formats/svg.js';
import type { PublishedComparison } from '../compare.js';
import type { Ranking, Rankings, Standing } from '../ranking.js';
import { diceAt, FAILURE_DICE, type Reliability } from '../reliability.js';
import type { JudgedRater } from '../secondRater.js';
import type { EvaluationSummary } from '../summary.js';
import { curvePlot } from './plots.js';
import { ceilingOf, key, savable, section } from './sections.js';
import { SERIES_COUNT } from './style.js';
import { groupColumns, groupName, intervalText, pText, table } from './table.js';

const RANK_INTRO =
  'Models whose 95 % intervals overlap share their ranks. With three or more, the last columns show in which share of bootstrap resamples a model ranks first, and the ranks of 95 % of them.';

export function rankingSection({ groups, overall }: Rankings, { groups: named }: EvaluationSummary): string {
  const parts = groups.map(({ dataset, classId, ...ranking }) => {
    const group = named.find((one) => one.dataset === dataset && one.classId === classId);
    return rankingPart(group ? groupName(group) : dataset, ranking);
  });
  const all = groups.length > 1 ? [rankingPart('All samples', overall)] : [];
  return section('Order of the models', RANK_INTRO, [...parts, ...all].join(''));
}

function rankingPart(name: string, { images, standings, ordered, tau }: Ranking): string {
  const head = `<h3>${escapeText(name)}, ${images} samples</h3>`;
  if (!ordered) return `${head}<p>No ranking: the 95 % intervals of all models overlap.</p>`;
  const stable = standings.flatMap(({ stability }) => (stability ? [stability] : []));
  const rows = table<Standing>(standings, [
    { head: 'Rank', cell: ({ rank: [best, worst] }) => (best === worst ? String(best) : `${best} – ${worst}`) },
    { head: 'Model', text: true, cell: ({ model }) => escapeText(model) },
    { head: 'Dice', cell: ({ mean }) => formatNumber(mean, 3) },
    { head: '95 % interval', cell: (standing) => intervalText(standing, 3) },
    ...(stable.length > 0
      ? [
          {
            head: 'First in',
            cell: ({ stability }: Standing) => `${formatNumber(100 * (stability?.shares[0] ?? 0), 0)} %`,
          },
          { head: 'Resampled ranks', cell: ({ stability }: Standing) => stability?.ci95.join(' – ') ?? '–' },
        ]
      : []),
  ]);
  const agreement =
    tau === undefined ? '' : `<p class="soft">Kendall’s τ of resamples with this order: ${formatNumber(tau, 2)}</p>`;
  return head + rows + agreement;
}

export function publishedSection(comparisons: readonly PublishedComparison[]): string {
  const rows = table<PublishedComparison>(comparisons, [
    {
      head: 'Published',
      text: true,
      cell: ({ published: { name, dataset } }) => escapeText(dataset ? `${name}, ${dataset}` : name),
    },
    {
      head: 'Dice',
      cell: ({ published: { mean, sd, n } }) =>
        `${formatNumber(mean, 3)} <small>± ${formatNumber(sd, 3)}, n ${n}</small>`,
    },
    { head: 'Model', text: true, cell: ({ model }) => escapeText(model) },
    {
      head: 'Dice',
      cell: ({ spread: { mean, sd, n } }) => `${formatNumber(mean, 3)} <small>± ${formatNumber(sd, 3)}, n ${n}</small>`,
    },
    { head: 'Difference', cell: ({ spread, published }) => formatSigned(spread.mean - published.mean, 4) },
    { head: 'Correlation', hint: '0 unless given', cell: ({ published }) => formatNumber(published.correlation, 2) },
    {
      head: 'P(claim false)',
      hint: 'probability that the one with the larger mean is not the better one',
      cell: ({ probabilityFalse }) => pText(probabilityFalse),
    },
  ]);
  const intro =
    'Only mean and deviation of the published results are known. Without a stated correlation the values count as independent, which overstates the probability if both models saw the same images.';
  return section('Against published results', intro, rows);
}

const NOISE_AXES = {
  x: 'noise of the prompt (% of the object’s size)',
  y: 'mean Dice',
  title: 'Mean Dice over prompt noise',
};

export function noiseSections(summaries: readonly EvaluationSummary[], rater?: JudgedRater): string[] {
  const several = summaries.length > 1;
  const rows = summaries.flatMap(({ model, groups }, m) =>
    groups.flatMap((group, g) =>
      group.noise && group.noiseArea && group.images > 0
        ? [{ model, group, noise: group.noise, area: group.noiseArea, series: (m * groups.length + g) % SERIES_COUNT }]
        : [],
    ),
  );
  const [first] = rows;
  if (!first) return [];
  type Row = (typeof rows)[number];
  const nameOf = ({ group, model }: Row): string => (several ? `${groupName(group)}, ${model}` : groupName(group));
  const curves = rows.map((row) => ({
    name: nameOf(row),
    series: row.series,
    ...ceilingOf(rater, row.group),
    points: row.noise.map(({ percent, dice }) => ({ at: percent, ...dice })),
  }));
  const legend = `<div class="legend">${curves.map(({ name, series }) => key(series, name)).join('')}</div>`;
  const body = table(rows, [
    ...groupColumns<Row>(several),
    ...first.noise.map(({ percent }, i) => ({
      head: `${percent} %`,
      cell: ({ noise }: Row) => formatNumber(noise[i]!.dice.mean, 3),
    })),
    { head: 'Area', hint: 'mean height of the curve', cell: ({ area }) => `<b>${formatNumber(area.mean, 3)}</b>` },
  ]);
  const intro =
    'The first click moves in a random direction by this share of the object’s size (the diameter of a circle of its area); each side of a box by up to this share of its width or height.';
  const plot = `<div class="side plot"><div>${savable(curvePlot(curves, NOISE_AXES), 'prompt-noise')}</div>${legend}</div>`;
  return [section('Noise of prompts', intro, plot + body)];
}

export function reliabilitySection(summaries: readonly EvaluationSummary[]): string {
  const several = summaries.length > 1;
  const rows = summaries.flatMap(({ model, groups }) =>
    groups.filter(({ images }) => images > 0).map((group) => ({ model, group, ...group.reliability })),
  );
  type Row = (typeof rows)[number];
  const ofRisk = (head: string, hint: string, value: (risk: NonNullable<Reliability['risk']>) => number) => ({
    head,
    hint,
    cell: ({ risk }: Row) => (risk ? formatNumber(value(risk), 3) : '–'),
  });
  const scored = rows.some(({ risk }) => risk);
  const body = table(rows, [
    ...groupColumns<Row>(several),
    { head: `Dice < ${FAILURE_DICE}`, cell: ({ failed, group }) => `${failed.images} of ${group.images}` },
    { head: 'Failure rate', cell: ({ failed }) => `<b>${formatNumber(100 * failed.mean, 1)} %</b>` },
    { head: '95 % interval', hint: 'of the rate, as a share', cell: ({ failed }) => intervalText(failed, 3) },
    { head: 'Empty', hint: 'images with the object and an empty answer', cell: ({ missed }) => String(missed) },
    ...(scored
      ? [
          ofRisk('AURC', 'mean of 1 − Dice over all coverages; 0 is best', ({ aurc }) => aurc),
          ofRisk('Excess', 'AURC less that of a perfect score', ({ excess }) => excess),
          ofRisk('Dice, best half', 'of the answers with the better scores', (risk) => diceAt(risk, 0.5)),
        ]
      : []),
  ]);
  const curves = summaries.flatMap(({ model, reliability: { risk } }, m) =>
    risk
      ? [
          {
            name: model,
            series: m % SERIES_COUNT,
            points: risk.curve.map(({ coverage, dice }) => ({ at: 100 * coverage, mean: dice })),
          },
        ]
      : [],
  );
  const legend = `<div class="legend">${curves.map(({ name, series }) => key(series, name)).join('')}</div>`;
  const axes = {
    x: 'answers kept, those with the best scores first (%)',
    y: 'mean Dice',
    title: 'Mean Dice over coverage',
  };
  const plot =
    curves.length > 0
      ? `<div class="side plot"><div>${savable(curvePlot(curves, axes), 'risk-coverage')}</div>${legend}</div>`
      : '';
  return section(
    'Failures',
    `A Dice below ${FAILURE_DICE} counts as a failure. The curve shows the mean Dice of all samples if only the answers with the best scores are kept.`,
    body + plot,
  );
}
