/**
 * Wilcoxon's signed-rank test of paired differences, two-sided: whether one of two models is better image by image.
 * Differences of zero are left out (Wilcoxon's own rule); equal ones share ranks. Up to 50 differences the
 * distribution is exact, ties included; beyond it is normal with the variance corrected for ties.
 */
import { kept } from './columns.js';
import { ranksOf } from './statistics.js';

export interface WilcoxonResult {
  /** The smaller of the rank sums of positive and negative differences. */
  readonly statistic: number;
  readonly p: number;
  /** Differences that are not zero. */
  readonly n: number;
  readonly method: 'exact' | 'normal';
}

/** Beyond this the normal distribution is as good (SciPy draws the line here too). */
const EXACT_MOST = 50;

/** @param differences NaN is left out @returns p = 1 where nothing differs */
export function wilcoxonSignedRank(differences: ArrayLike<number>): WilcoxonResult {
  const unequal = kept(differences, (value) => !Number.isNaN(value) && value !== 0);
  const n = unequal.length;
  if (n === 0) return { statistic: 0, p: 1, n, method: 'exact' };
  const ranks = ranksOf(unequal.map(Math.abs));
  let [positive, negative] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (unequal[i]! > 0) positive += ranks[i]!;
    else negative += ranks[i]!;
  }
  const statistic = Math.min(positive, negative);
  if (n <= EXACT_MOST) return { statistic, p: exactP(ranks, statistic), n, method: 'exact' };
  return { statistic, p: normalP(ranks, statistic), n, method: 'normal' };
}

/** Twice the share of all 2^n ways to give the ranks signs whose positive sum is at most the statistic. */
function exactP(ranks: Float64Array, statistic: number): number {
  // Shared ranks are halves: doubled, all sums are whole numbers.
  const doubled = ranks.map((rank) => Math.round(2 * rank));
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  let shares = new Float64Array(total + 1);
  shares[0] = 1;
  for (const rank of doubled) {
    const next = new Float64Array(total + 1);
    for (let sum = 0; sum <= total; sum++) {
      next[sum] = (shares[sum]! + (sum >= rank ? shares[sum - rank]! : 0)) / 2;
    }
    shares = next;
  }
  let share = 0;
  for (let sum = 0; sum <= Math.round(2 * statistic); sum++) share += shares[sum]!;
  return Math.min(1, 2 * share);
}

function normalP(ranks: Float64Array, statistic: number): number {
  const n = ranks.length;
  const mean = (n * (n + 1)) / 4;
  const counts = new Map<number, number>();
  for (const rank of ranks) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  const ties = [...counts.values()].reduce((sum, t) => sum + t ** 3 - t, 0);
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - ties / 48;
  return Math.min(1, complementaryError(Math.abs(statistic - mean) / Math.sqrt(2 * variance)));
}

/**
 * erfc for x >= 0: its power series where x is small, else its continued fraction (Abramowitz and Stegun 7.1.6 and
 * 7.1.14), both to about 14 digits.
 */
export function complementaryError(x: number): number {
  const gauss = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < 2) {
    let [term, sum] = [x, x];
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= (2 * x * x) / (2 * k + 1);
      sum += term;
    }
    return 1 - 2 * gauss * sum;
  }
  let fraction = x;
  for (let k = 120; k >= 1; k--) fraction = x + k / 2 / fraction;
  return gauss / fraction;
}
