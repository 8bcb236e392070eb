/**
 * When a model fails, and whether its score shows it: the share of images below a Dice of 0.5, objects that were missed
 * altogether, and the risk that remains when only the answers with the best scores are kept.
 */
import { columnOf, kept } from './columns.js';
import type { ResultTable } from './resultTable.js';
import { type MetricSummary, meanOf, summariesOf } from './statistics.js';

/** A mask below this Dice is of no use. */
export const FAILURE_DICE = 0.5;

/** Steps of the printed curve. */
const STEPS = 20;

/** What remains wrong when the answers with the lowest scores are withheld (El-Yaniv and Wiener, JMLR 2010). */
export interface RiskCoverage {
  /** Mean of 1 − Dice over all coverages (Geifman and El-Yaniv, NeurIPS 2017): 0 is best. */
  readonly aurc: number;
  /** Less that of a perfect score, which withholds the worst masks first. */
  readonly excess: number;
  /** Share of the answers kept, from 0.05 to 1, and their mean Dice. */
  readonly curve: readonly { readonly coverage: number; readonly dice: number }[];
}

export interface Reliability {
  /** Images with a Dice below FAILURE_DICE, as a share. */
  readonly failed: MetricSummary & { readonly images: number };
  /** Images with an object whose answer is empty in every draw. */
  readonly missed: number;
  /** Absent for a model without scores. */
  readonly risk?: RiskCoverage;
}

/** Of the means over each sample's draws. */
export function reliabilityOf(
  table: ResultTable,
  samples: Uint32Array,
  seed: number,
  clusters: Int32Array | undefined,
): Reliability {
  const dice = table.valuesOf(table.column('dice'), samples);
  const below = columnOf(dice.length, (i) => Number(dice[i]! < FAILURE_DICE));
  const area = table.valuesOf(table.column('predictedArea'), samples);
  const risk = riskCoverage(table.valuesOf(table.column('score'), samples), dice);
  return {
    failed: { ...summariesOf([below], seed, clusters)[0]!, images: below.reduce((sum, one) => sum + one, 0) },
    missed: area.reduce((sum, pixels) => sum + Number(pixels === 0), 0),
    ...(risk && { risk }),
  };
}

/** @param scores of the answers; those without one are left out @returns undefined if none has one */
export function riskCoverage(scores: Float64Array, dice: Float64Array): RiskCoverage | undefined {
  const known = (_: number, i: number): boolean => !Number.isNaN(scores[i]) && !Number.isNaN(dice[i]);
  const [byScore, risks] = [kept(scores, known), kept(dice, known).map((value) => 1 - value)];
  const n = risks.length;
  if (n === 0) return undefined;
  const remaining = remainingRisks(byScore, risks);
  const ideal = remainingRisks(
    risks.map((value) => -value),
    risks,
  );
  const aurc = meanOf(n, (i) => remaining[i]!);
  const best = meanOf(n, (i) => ideal[i]!);
  const curve = Array.from({ length: STEPS }, (_, i) => {
    const coverage = (i + 1) / STEPS;
    return { coverage, dice: 1 - remaining[Math.max(1, Math.round(coverage * n)) - 1]! };
  });
  return { aurc, excess: aurc - best, curve };
}

/** The mean risk of the 1, 2, … answers with the highest scores; equal scores are taken in proportion. */
function remainingRisks(scores: Float64Array, risks: Float64Array): Float64Array {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const remaining = new Float64Array(scores.length);
  let before = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    let sum = 0;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) sum += risks[order[to++]!]!;
    for (let i = from; i < to; i++) remaining[i] = (before + ((i + 1 - from) / (to - from)) * sum) / (i + 1);
    before += sum;
    from = to;
  }
  return remaining;
}

/** The mean Dice of the share of answers with the best scores; a step of the curve. */
export function diceAt({ curve }: RiskCoverage, coverage: number): number {
  return curve[Math.round(coverage * curve.length) - 1]!.dice;
}
