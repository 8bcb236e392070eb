/**
 * The result of `samus evaluate` as lines for a terminal: a table for each model, differences between models, failures.
 */
import type { Comparison, PublishedComparison } from '../evaluate/compare.js';
import type { Evaluation } from '../evaluate/evaluate.js';
import type { Metric } from '../evaluate/metrics.js';
import type { JudgedOverlap } from '../evaluate/overlap.js';
import { SENSITIVITY } from '../evaluate/presence.js';
import type { Ranking, Rankings } from '../evaluate/ranking.js';
import { diceAt, FAILURE_DICE } from '../evaluate/reliability.js';
import type { JudgedRater } from '../evaluate/secondRater.js';
import type { MetricSummary } from '../evaluate/statistics.js';
import type { Strata } from '../evaluate/strata.js';
import type { EvaluationSummary, GroupSummary } from '../evaluate/summary.js';

/** Most failures to show. */
const SHOWN = 10;

interface ModelLines {
  readonly evaluation: Evaluation;
  readonly summary: EvaluationSummary;
  readonly strata?: readonly Strata[];
}

export interface ResultLines {
  readonly results: readonly ModelLines[];
  readonly rater?: JudgedRater;
  readonly overlap?: JudgedOverlap;
  readonly comparisons: readonly Comparison[];
  readonly rankings?: Rankings;
  readonly published: readonly PublishedComparison[];
}

export function evaluationLines({ results, comparisons, rankings, published, rater, overlap }: ResultLines): string[] {
  return [
    ...results.flatMap((model) => modelLines(model, results.length > 1)),
    ...comparisons.flatMap((one) => comparisonLines(one, results[0]!.summary)),
    ...(rankings ? rankingLines(rankings, results[0]!.summary) : []),
    ...published.map(publishedLine),
    ...(rater ? raterLines(rater) : []),
    ...(overlap ? overlapLines(overlap) : []),
  ];
}

function modelLines({ evaluation, summary, strata = [] }: ModelLines, named: boolean): string[] {
  const { groups } = summary;
  // One unit for the whole table: millimetres only if every distance is known in millimetres.
  const known = (metric: Metric): number => groups.reduce((sum, { metrics }) => sum + metrics.get(metric)!.n, 0);
  const millimetres = known('hd95_mm') > 0 && known('hd95_mm') === known('hd95_px');
  const [hd95, assd, nsd]: readonly [Metric, Metric, Metric] = millimetres
    ? ['hd95_mm', 'assd_mm', 'nsd_mm']
    : ['hd95_px', 'assd_px', 'nsd'];
  const unit = millimetres ? 'mm' : 'px';
  const header = ['dataset', 'class', 'images', 'Dice', '95 %', 'IoU', `HD95 ${unit}`, `ASSD ${unit}`, `NSD ${unit}`];
  const rows = groups.map((group) => [
    group.dataset,
    group.className,
    String(group.images),
    ...diceCells(group.metrics.get('dice')!),
    meanOf(group, 'iou', 3),
    meanOf(group, hd95, 2),
    meanOf(group, assd, 2),
    meanOf(group, nsd, 3),
  ]);
  const seconds = evaluation.wallMs / 1000;
  const { n, mae, pearson } = summary.calibration;
  const measured = groups.some(({ images }) => images > 0);
  return [
    ...(named ? [`${summary.model}:`] : []),
    ...table([header, ...rows]),
    ...groups.flatMap(clickLine),
    ...groups.flatMap(noiseLine),
    ...strata.flatMap((one) => strataLines(one, summary)),
    ...groups.flatMap(absentLine),
    ...presenceLine(summary),
    ...(measured
      ? [
          intervalLine(groups),
          reliabilityLine(summary),
          ...(n > 0 ? [`predicted IoU: mean absolute error ${number(mae, 3)}, correlation ${number(pearson, 2)}`] : []),
        ]
      : []),
    `${evaluation.images} images in ${seconds.toFixed(1)} s, ${(evaluation.images / seconds).toFixed(1)} per second`,
    ...failureLines(evaluation),
  ];
}

function clickLine({ dataset, className, turns, turnsArea, clicksNeeded }: GroupSummary): string[] {
  if (!turns || !clicksNeeded) return [];
  const curve = turns.map(({ dice }) => number(dice.mean, 3)).join(' ');
  const needed = clicksNeeded.map(({ iou, mean }) => `NoC@${Math.round(iou * 100)} ${number(mean, 2)}`).join(', ');
  const area = turnsArea ? `, area ${number(turnsArea.mean, 3)}` : '';
  return [`${dataset} ${className}: Dice after 1 to ${turns.length} interactions ${curve}${area}; ${needed}`];
}

function noiseLine({ dataset, className, noise, noiseArea }: GroupSummary): string[] {
  if (!noise || !noiseArea) return [];
  const levels = noise.map(({ percent }) => percent).join(', ');
  const curve = noise.map(({ dice }) => number(dice.mean, 3)).join(' ');
  return [`${dataset} ${className}: Dice with a prompt off by ${levels} % ${curve}, area ${number(noiseArea.mean, 3)}`];
}

function strataLines({ column, groups }: Strata, summary: EvaluationSummary): string[] {
  return groups.flatMap((strata, g) => {
    if (strata.length === 0) return [];
    const { dataset, className } = summary.groups[g]!;
    const parts = strata.map(({ value, images, dice }) => `${value} ${number(dice.mean, 3)} (n ${images})`);
    return [`${dataset} ${className}: Dice by ${column}: ${parts.join(', ')}`];
  });
}

/** The agreement of two people, which the models are held against. */
function raterLines({ summary: { groups }, missing, comparisons }: JudgedRater): string[] {
  const measured = groups.filter(({ images }) => images > 0);
  const lines = measured.map((group) => {
    const [dice, interval] = diceCells(group.metrics.get('dice')!);
    const ci95 = interval === '' ? '' : `, 95 % ${interval}`;
    return `${group.dataset} ${group.className}: second rater Dice ${dice}${ci95}, ${group.images} images`;
  });
  const without = missing > 0 ? [`${missing} samples without a second label`] : [];
  const nameOf = (dataset: string, classId: number): string =>
    groups.find((group) => group.dataset === dataset && group.classId === classId)?.className ?? `class-${classId}`;
  const differences = comparisons.flatMap(({ second, groups: compared }) =>
    compared.map(({ dataset, classId, differences: of }) => {
      const { mean, ci95 } = of.get('dice')!;
      const interval = ci95 ? ` (95 % ${signed(ci95[0])} to ${signed(ci95[1])})` : '';
      return `${dataset} ${nameOf(dataset, classId)}: ${second} − second rater ${signed(mean)}${interval}`;
    }),
  );
  return [...lines, ...without, ...differences];
}

function overlapLines({ lists, images, problems, affected, models }: JudgedOverlap): string[] {
  const compared = `${images} images of ${lists.join(', ')}`;
  if (problems.length === 0)
    return [`no evaluated image is, resembles or shares a patient with one of the ${compared}`];
  const without = models.map(({ model, diceWithout }) => `${model} ${number(diceWithout, 3)}`).join(', ');
  return [
    `warning: ${affected.length} evaluated images are, resemble or share a patient with one of the ${compared}; Dice without them: ${without}`,
    ...problems.slice(0, SHOWN).map(({ message }) => message),
    ...(problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : []),
  ];
}

/** Images without the object have no Dice; the line counts how many still got a mask. */
function absentLine({ dataset, className, absent, allDice }: GroupSummary): string[] {
  if (!absent) return [];
  const { images, falsePositives } = absent;
  const share = ((100 * falsePositives) / images).toFixed(0);
  return [
    `${dataset} ${className}: ${images} images without the object, ${falsePositives} false positives (${share} %); Dice of all images ${number(allDice?.mean ?? Number.NaN, 3)}`,
  ];
}

/** Where the limit of an object score has to be, and what it lets through. */
function presenceLine({ presence }: EvaluationSummary): string[] {
  if (!presence) return [];
  const { absent, auc, minPresence, falsePositives, ci95 } = presence;
  const interval = ci95.map((end) => number(100 * end, 0)).join(' to ');
  return [
    `object score: AUC ${number(auc, 3)}; --min-presence ${number(minPresence, 3)} finds ${100 * SENSITIVITY} % of the objects, with ${falsePositives} of ${absent} false positives (95 % ${interval} %)`,
  ];
}

function reliabilityLine({ groups, reliability: { failed, missed, risk } }: EvaluationSummary): string {
  const images = groups.reduce((sum, group) => sum + group.images, 0);
  const interval = failed.ci95 ? `, 95 % ${failed.ci95.map((end) => number(100 * end, 1)).join(' to ')}` : '';
  const saved = risk ? `; Dice of the half with the best scores ${number(diceAt(risk, 0.5), 3)}` : '';
  return `Dice below ${FAILURE_DICE}: ${failed.images} of ${images} (${number(100 * failed.mean, 1)} %${interval}), ${missed} of them empty${saved}`;
}

/** What the intervals resample. */
function intervalLine(groups: readonly GroupSummary[]): string {
  const patients = new Set(groups.filter(({ resampled }) => resampled === 'patient').map(({ dataset }) => dataset));
  const all = groups.every(({ dataset }) => patients.has(dataset));
  const elsewhere =
    patients.size === 0 ? 'images' : `patients${all ? '' : ` of ${[...patients].join(', ')}, otherwise images`}`;
  const few = groups.some(({ images, metrics }) => images > 0 && !metrics.get('dice')!.ci95);
  return `95 % intervals resample ${elsewhere}${few ? '; none for fewer than five' : ''}`;
}

function comparisonLines({ first, second, groups }: Comparison, { groups: named }: EvaluationSummary): string[] {
  const nameOf = (dataset: string, classId: number): string =>
    named.find((group) => group.dataset === dataset && group.classId === classId)!.className;
  const corrected = groups.some(({ differences }) => differences.get('dice')!.holm !== undefined);
  const rows = groups.map(({ dataset, classId, images, differences }) => {
    const { mean, ci95, wilcoxon, holm, probabilityFalse } = differences.get('dice')!;
    const interval = ci95 ? `${signed(ci95[0])} to ${signed(ci95[1])}` : '';
    const p = [pText(wilcoxon.p), ...(corrected ? [pText(holm ?? 1)] : []), falseText(probabilityFalse)];
    return [dataset, nameOf(dataset, classId), String(images), signed(mean), interval, ...p];
  });
  const tests = ['Wilcoxon p', ...(corrected ? ["Holm's p"] : []), 'P(claim false)'];
  return [`${second} − ${first}:`, ...table([['dataset', 'class', 'images', 'Dice', '95 %', ...tests], ...rows])];
}

/** Only ranks that the intervals support: models whose intervals overlap share theirs. */
function rankingLines({ groups, overall }: Rankings, { groups: named }: EvaluationSummary): string[] {
  const line = (name: string, { standings, ordered, tau }: Ranking): string => {
    if (!ordered) return `${name}: no ranking, all 95 % intervals overlap`;
    const ranked = standings.map(({ model, rank: [best, worst], stability }) => {
      const first = stability ? `, first in ${number(100 * stability.shares[0]!, 0)} %` : '';
      return `${best === worst ? best : `${best} to ${worst}`} ${model}${first}`;
    });
    const stable = tau === undefined ? '' : ` (resamples agree by Kendall's tau ${number(tau, 2)})`;
    return `${name}: rank ${ranked.join('; ')}${stable}`;
  };
  const lines = groups.map(({ dataset, classId, ...ranking }) => {
    const group = named.find((one) => one.dataset === dataset && one.classId === classId);
    return line(`${dataset} ${group?.className ?? classId}`, ranking);
  });
  return groups.length > 1 ? [...lines, line('all samples', overall)] : lines;
}

function publishedLine({ published, model, spread, probabilityFalse }: PublishedComparison): string {
  const { name, mean, sd, n, correlation } = published;
  const [better, worse] = spread.mean >= mean ? [model, name] : [name, model];
  const given = `${number(mean, 3)} ± ${number(sd, 3)}, n ${n}, correlation ${correlation}`;
  return `${model} − ${name} (${given}): ${signed(spread.mean - mean)}; the claim "${better} is better than ${worse}" is false with probability ${falseText(probabilityFalse)}`;
}

function falseText(probability: number | undefined): string {
  return probability === undefined ? '-' : pText(probability);
}

function failureLines({ failures }: Evaluation): string[] {
  const lines = failures
    .slice(0, SHOWN)
    .map(({ sample, error }) => `${sample.dataset}/${sample.name}: error: ${error.message} (${error.hint})`);
  return failures.length > SHOWN ? [...lines, `and ${failures.length - SHOWN} more failures`] : lines;
}

function diceCells({ mean, std, ci95 }: MetricSummary): [string, string] {
  if (Number.isNaN(mean)) return ['-', ''];
  const spread = `${number(mean, 3)} ± ${number(std, 3)}`;
  return [spread, ci95 ? `${number(ci95[0], 3)} to ${number(ci95[1], 3)}` : ''];
}

/** With the number of images if the mean does not cover all of them. */
function meanOf({ metrics, images }: GroupSummary, metric: Metric, digits: number): string {
  const { mean, n } = metrics.get(metric)!;
  return `${number(mean, digits)}${n > 0 && n < images ? ` (n ${n})` : ''}`;
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${number(value, 4)}`;
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Columns as wide as needed; text left-aligned, numbers right-aligned. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return rows.map((row) => line(row).trimEnd());
}
