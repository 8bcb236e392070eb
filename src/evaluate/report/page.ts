/**
 * The report of an evaluation as one HTML file that needs nothing else: no script, no font, no address but those that
 * hold their data.
 */

import { escapeText, formatNumber } from '../../formats/svg.js';
import { clickModeName, promptName } from '../promptPlan.js';
import type { EvaluationSummary } from '../summary.js';
import type { ReportContent, ReportModel } from './content.js';
import { overlapSection, raterSection, strataSections } from './contextSections.js';
import { methodsSection } from './methods.js';
import {
  absentSections,
  agreementSection,
  calibrationSection,
  comparisonSection,
  confusionSections,
  distributions,
  examplesSection,
  failureSection,
  interactionSection,
  section,
} from './sections.js';
import { STYLE } from './style.js';
import { distanceTable, overlapTable, spreadTable } from './tables.js';
import { noiseSections, publishedSection, rankingSection, reliabilitySection } from './trustSections.js';

/** The whole page. */
export function reportPage(content: ReportContent): string {
  const { results, protocol, lists, comparisons, rankings, published, rater, overlap, provenance, notice } = content;
  const models = results.map(({ summary }) => summary.model);
  const title =
    models.length > 1
      ? `${models.slice(0, -1).join(', ')} and ${models[models.length - 1]} compared`
      : `Evaluation of ${models[0]}`;
  const summaries = results.map(({ summary }) => summary);
  // The second rater is one more row.
  const rows = rater ? [...summaries, rater.summary] : summaries;
  const setting = [
    `${lists.length > 1 ? 'lists' : 'list'} ${lists.join(', ')}`,
    `prompt ${promptName(protocol.prompt)}`,
    ...results.flatMap((one) =>
      one.protocol.prompt.kind === protocol.prompt.kind ? [] : [`no prompt for ${one.summary.model}`],
    ),
    ...(protocol.clickMode ? [`clicks ${clickModeName(protocol.clickMode)}`] : []),
    ...(protocol.draws > 0 ? [`${protocol.draws} random draws, seed ${protocol.seed}`] : []),
    ...(protocol.clicks > 0 ? [`${protocol.clicks} correction clicks`] : []),
    ...(protocol.clean ? ['cleaned masks'] : []),
    protocol.native ? 'native size' : '256\u00a0×\u00a0256\u00a0pixels',
  ];
  const known = [overlapSection(overlap)];
  const found = overlap !== undefined && overlap.problems.length > 0;
  const sections = [
    ...(found ? known : []),
    ...(rankings ? [rankingSection(rankings, summaries[0]!)] : []),
    ...comparisons.map((comparison) => comparisonSection(comparison, content)),
    ...(published.length > 0 ? [publishedSection(published)] : []),
    section('Overlap', `Means over images${intervalNote(summaries)}.`, overlapTable(rows)),
    section('Distances', distanceNote(summaries), `${distanceTable(rows, 'px')}${millimetres(rows)}`),
    ...(rater ? [raterSection(rater)] : []),
    ...absentSections(summaries),
    reliabilitySection(summaries),
    ...strataSections(results),
    section(
      'Distribution of Dice',
      'Histogram, quartiles and range; the ring is the mean. On the right: mean ± standard deviation.',
      distributions(content),
    ),
    ...(protocol.clicks > 0 ? [interactionSection(summaries, rater)] : []),
    ...noiseSections(summaries, rater),
    ...(protocol.draws > 1
      ? [
          section(
            'Spread of random prompts',
            'How much the result depends on the place of the click.',
            spreadTable(summaries),
          ),
        ]
      : []),
    examplesSection(results, protocol.draws),
    agreementSection(content),
    calibrationSection(content),
    ...confusionSections(content),
    ...results.filter(({ evaluation }) => evaluation.failures.length > 0).map(failureSection),
    ...(found ? [] : known),
    methodsSection(protocol, summaries, provenance),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header><p class="eyebrow">Segmentation of ultrasound</p><h1>${escapeText(title)}</h1><p class="soft">${escapeText(setting.join(' · '))}</p></header>
<div class="tiles">${tiles(results)}</div>
${sections.join('\n')}
<footer>${escapeText(notice)}.</footer>
</main>
</body>
</html>
`;
}

function millimetres(summaries: readonly EvaluationSummary[]): string {
  const table = distanceTable(summaries, 'mm');
  return table && `<h3>Where the size of a pixel is known</h3>${table}`;
}

function tiles(results: readonly ReportModel[]): string {
  const tile = (value: string, text: string, bad = false): string =>
    `<div class="tile${bad ? ' bad' : ''}"><span>${escapeText(text)}</span><b>${value}</b></div>`;
  const [first] = results;
  const { overall, groups, calibration, macroDice } = first!.summary;
  const failed = results.reduce((sum, { evaluation }) => sum + evaluation.failures.length, 0);
  const mean = (metric: 'iou' | 'hd95_px' | 'nsd', digits: number): string =>
    formatNumber(overall.get(metric)!.mean, digits);
  const several = results.length > 1;
  const images = groups.reduce((sum, group) => sum + group.images, 0);
  return [
    ...results.map(({ summary }) =>
      tile(formatNumber(summary.overall.get('dice')!.mean, 3), several ? `Dice, ${summary.model}` : 'Dice'),
    ),
    ...(several
      ? []
      : [
          ...(groups.length > 1 ? [tile(formatNumber(macroDice, 3), 'Macro-average Dice')] : []),
          tile(mean('iou', 3), 'IoU'),
          tile(mean('hd95_px', 1), 'HD95 in pixels'),
          tile(mean('nsd', 3), 'Surface Dice'),
          tile(formatNumber(calibration.mae, 3), 'Score calibration error (MAE)'),
        ]),
    tile(String(images), 'Objects measured'),
    ...(failed > 0 ? [tile(String(failed), 'Failed', true)] : []),
  ].join('');
}

function intervalNote(summaries: readonly EvaluationSummary[]): string {
  const patients = summaries.some(({ groups }) => groups.some(({ resampled }) => resampled === 'patient'));
  return patients ? '; intervals resample patients where they are known' : '';
}

function distanceNote(summaries: readonly EvaluationSummary[]): string {
  const missing = summaries.some(({ groups }) =>
    groups.some(({ images, metrics }) => metrics.get('hd95_px')!.n < images),
  );
  return missing
    ? 'An empty mask has no distance: these means leave such images out. Read them beside Dice, where an empty prediction counts as 0.'
    : '';
}
