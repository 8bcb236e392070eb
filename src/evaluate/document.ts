/**
 * Summaries as the JSON of `samus evaluate --json` and `summary.json`. What is not defined (millimetres without a
 * spacing, an interval of one image) is left out; numbers are not rounded.
 */
import type { Json } from '../errors.js';
import type { ScoreCalibration } from './calibration.js';
import type { Comparison, PairedDifference, PublishedComparison } from './compare.js';
import type { Failure } from './evaluate.js';
import type { JudgedOverlap } from './overlap.js';
import { type PresenceSummary, SENSITIVITY } from './presence.js';
import type { Ranking, Rankings } from './ranking.js';
import { FAILURE_DICE, type Reliability } from './reliability.js';
import type { JudgedRater } from './secondRater.js';
import type { MetricSummary } from './statistics.js';
import type { Strata, Stratum } from './strata.js';
import type { EvaluationSummary, GroupSummary } from './summary.js';

/** The JSON of each dataset and class. */
export function groupDocument(
  group: GroupSummary,
  confusion?: readonly (readonly number[])[],
): { [key: string]: Json } {
  const { dataset, classId, className, images, failed, absent, metrics } = group;
  const facts = {
    dataset,
    class: classId,
    className,
    images,
    failed,
    ...(absent && { absent: { images: absent.images, false_positive_images: absent.falsePositives } }),
    ...(group.allDice && { dice_all: { ...metricDocument(group.allDice), n: group.allDice.n } }),
  };
  if (images === 0) return facts;
  return {
    ...facts,
    ...metricsDocument(metrics, images),
    ci95_resamples: group.resampled,
    ...(group.patientDice && { patients: { count: group.patientDice.n, dice: metricDocument(group.patientDice) } }),
    ...(group.combinedDice && { combined: { dice: metricDocument(group.combinedDice) } }),
    ...(confusion && { confusion }),
    ...(group.spread && {
      draws: {
        count: group.spread.draws,
        dice: {
          std: group.spread.std,
          min: group.spread.min,
          max: group.spread.max,
          withinImageStd: group.spread.withinSample,
        },
      },
    }),
    ...(group.turns && {
      interactions: group.turns.map(({ interactions, dice, iou }) => ({
        count: interactions,
        dice: metricDocument(dice),
        iou: metricDocument(iou),
      })),
    }),
    ...Object.fromEntries(
      (group.clicksNeeded ?? []).map(({ iou, mean, reached }) => [`noc${Math.round(iou * 100)}`, { mean, reached }]),
    ),
    ...(group.turnsArea && { interactions_area: { dice: metricDocument(group.turnsArea) } }),
    ...(group.noise &&
      group.noiseArea && {
        prompt_noise: {
          levels: group.noise.map(({ percent, dice }) => ({ percent, dice: metricDocument(dice) })),
          area: { dice: metricDocument(group.noiseArea) },
        },
      }),
    [`area_${group.area.unit}`]: {
      ...defined({ bias: group.area.bias }),
      ...(Number.isNaN(group.area.low) ? {} : { limits: [group.area.low, group.area.high] }),
    },
    calibration: calibrationDocument(group.calibration),
    ...reliabilityDocument(group.reliability),
  };
}

/** Failures, missed objects, and what withholding answers with low scores saves. */
export function reliabilityDocument({ failed, missed, risk }: Reliability): { [key: string]: Json } {
  if (failed.n === 0) return {};
  return {
    failure_rate: { dice_below: FAILURE_DICE, images: failed.images, mean: failed.mean, ...interval(failed) },
    missed_images: missed,
    ...(risk && {
      risk_coverage: { aurc: risk.aurc, excess_aurc: risk.excess, curve: risk.curve.map((point) => ({ ...point })) },
    }),
  };
}

/** How well an object score separates images with the object from those without. */
export function presenceDocument(found: PresenceSummary | undefined): { [key: string]: Json } {
  if (!found) return {};
  const { objects, absent, auc, minPresence, falsePositives, ci95 } = found;
  const limit = { min_presence: minPresence, false_positive_images: falsePositives, ci95: [...ci95] };
  return { presence: { objects, absent_images: absent, auc, [`at_sensitivity_${100 * SENSITIVITY}`]: limit } };
}

/** Every metric that is defined for at least one image; `n` is given where it is not all of them. */
export function metricsDocument(metrics: ReadonlyMap<string, MetricSummary>, images: number): { [key: string]: Json } {
  const defined = [...metrics].filter(([, summary]) => summary.n > 0);
  return Object.fromEntries(
    defined.map(([name, summary]) => [
      name,
      { ...metricDocument(summary), ...(summary.n < images && { n: summary.n }) },
    ]),
  );
}

function metricDocument({ mean, std, median, ci95 }: MetricSummary): { [key: string]: Json } {
  return { mean, std, median, ...(ci95 && { ci95 }) };
}

const interval = ({ ci95 }: Pick<MetricSummary, 'ci95'>) => ({ ...(ci95 && { ci95 }) });

/** Bins without answers are left out. */
export function calibrationDocument({ n, mae, bias, ece, pearson, spearman, bins }: ScoreCalibration): Json {
  const filled = bins.filter((bin) => bin.n > 0);
  return { n, ...defined({ mae, bias, ece, pearson, spearman }), bins: filled.map((bin) => ({ ...bin })) };
}

export function failureDocument({ sample: { dataset, classId, name, list, line }, error }: Failure): Json {
  return {
    dataset,
    class: classId,
    image: name,
    ...(list !== undefined && { list }),
    ...(line !== undefined && { line }),
    ...error.toJSON(),
  };
}

/** Differences are of the second model less the first. */
export function comparisonDocument({ first, second, groups, overall }: Comparison): Json {
  return {
    first,
    second,
    datasets: groups.map(({ dataset, classId, images, differences, resampled }) => ({
      dataset,
      class: classId,
      images,
      ...differencesDocument(differences),
      ci95_resamples: resampled,
    })),
    overall: { ...differencesDocument(overall.differences), ci95_resamples: overall.resampled },
  };
}

function differencesDocument(differences: ReadonlyMap<string, PairedDifference>): { [key: string]: Json } {
  return Object.fromEntries(
    [...differences]
      .filter(([, { n }]) => n > 0)
      .map(([metric, { mean, std, median, n, ci95, larger, smaller, wilcoxon, holm, probabilityFalse }]) => [
        metric,
        {
          ...{ mean, std, median, n, ...(ci95 && { ci95 }), larger, smaller },
          wilcoxon: { ...wilcoxon, ...(holm !== undefined && { p_holm: holm }) },
          ...(probabilityFalse !== undefined && { probability_false: probabilityFalse }),
        },
      ]),
  );
}

/** Models in the order of their mean Dice; `rank` has the best and the worst place that the intervals allow. */
export function rankingsDocument({ groups, overall }: Rankings): Json {
  return {
    datasets: groups.map(({ dataset, classId, ...ranking }) => ({
      dataset,
      class: classId,
      ...rankingDocument(ranking),
    })),
    overall: rankingDocument(overall),
  };
}

function rankingDocument({ images, standings, ordered, tau }: Ranking): { [key: string]: Json } {
  return {
    images,
    ordered,
    models: standings.map(({ model, mean, ci95, rank, stability }) => ({
      model,
      dice: { mean, ...(ci95 && { ci95 }) },
      rank: [...rank],
      ...(stability && { bootstrap: { shares: [...stability.shares], rank_ci95: [...stability.ci95] } }),
    })),
    ...(tau !== undefined && { kendall_tau: tau }),
  };
}

/** Results by columns of images.csv. */
export function strataDocument({ column, groups, overall }: Strata, summary: EvaluationSummary): Json {
  const each = (strata: readonly Stratum[]) =>
    strata.map(({ value, images, dice, failed }) => ({
      value,
      images,
      dice: metricDocument(dice),
      failure_rate: { dice_below: FAILURE_DICE, mean: failed.mean, ...interval(failed) },
    }));
  return {
    column,
    datasets: groups.map((strata, g) => {
      const { dataset, classId } = summary.groups[g]!;
      return { dataset, class: classId, strata: each(strata) };
    }),
    overall: each(overall),
  };
}

/** Comparisons are of each model less the second rater. */
export function raterDocument({ summary, evaluation, missing, comparisons }: JudgedRater): Json {
  const images = summary.groups.reduce((sum, group) => sum + group.images, 0);
  return {
    datasets: summary.groups.map((group) => groupDocument(group)),
    overall: { images, ...metricsDocument(summary.overall, images), ci95_resamples: summary.resampled },
    missing,
    comparisons: comparisons.map(comparisonDocument),
    failures: evaluation.failures.map(failureDocument),
  };
}

/** What the evaluated images have in common with training lists. */
export function overlapDocument({ lists, images, problems, affected, models }: JudgedOverlap): Json {
  return {
    lists: [...lists],
    images,
    affected: [...affected],
    problems: problems.map(({ code, message, images: these }) => ({ code, message, images: [...these] })),
    dice: models.map(({ model, dice, diceWithout }) => ({
      model,
      ...defined({ all: dice, without_affected: diceWithout }),
    })),
  };
}

/** `difference` is of the model less what is published. */
export function publishedDocument({ published, model, spread, probabilityFalse }: PublishedComparison): Json {
  const { name, dataset, classId, mean, sd, n, correlation } = published;
  return {
    ...{ published: name, ...(dataset !== undefined && { dataset }), ...(classId !== undefined && { class: classId }) },
    ...{
      mean,
      sd,
      n,
      correlation,
      model,
      dice: defined({ ...spread }),
      ...defined({ difference: spread.mean - mean }),
    },
    ...(probabilityFalse !== undefined && { probability_false: probabilityFalse }),
  };
}

function defined(values: Readonly<Record<string, number>>): { [key: string]: number } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !Number.isNaN(value)));
}
