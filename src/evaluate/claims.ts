/**
 * How far a claim "A is better than B" can be trusted: the probability that it is false, from paired values or from a
 * published mean and deviation, and Holm's correction where several claims are made at once.
 *
 * The probability is the formula for segmentation of Christodoulou et al. (arXiv 2505.04720): with a flat prior, the true
 * mean difference given n differences follows Student's t with n − 1 degrees of freedom around their mean, scaled by
 * s/√n, where s² = sA² + sB² − 2·r·sA·sB is the sample variance of the differences. So
 * P(μA ≤ μB) = T(−√n · (mA − mB) / s), with T the distribution function of t with n − 1 degrees of freedom.
 */
import { SamusError } from '../errors.js';
import { summarise } from './statistics.js';

/** Mean, sample standard deviation (n − 1), and number of values. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
  readonly n: number;
}

/** A result from a paper, typed by the user. */
export interface Published extends Spread {
  readonly name: string;
  /** Only the samples of this dataset are compared; absent: all. */
  readonly dataset?: string;
  readonly classId?: number;
  /** Correlation between the values of both models on the same images; 0 where they are other images. */
  readonly correlation: number;
}

/** Of values of which some may be undefined. */
export function spreadOf(values: ArrayLike<number>): Spread {
  const { mean, std, n } = summarise(values);
  return { mean, sd: std * Math.sqrt(n / (n - 1)), n };
}

/**
 * The probability that the sign of the mean difference is wrong; 0.5 where nothing differs.
 * @param differences paired, one for each independent unit (image or patient)
 * @returns undefined for fewer than two
 */
export function probabilityFalse(differences: ArrayLike<number>): number | undefined {
  const { mean, sd, n } = spreadOf(differences);
  return n < 2 ? undefined : wrongSign(mean, sd / Math.sqrt(n), n - 1);
}

/**
 * The same from two results of which only mean and deviation are known. Of unequal sizes the smaller one gives the
 * degrees of freedom, which is on the safe side.
 * @param correlation 0 overstates the probability where both models saw the same images
 * @returns undefined where one of them is of fewer than two values
 */
export function probabilityFalseOf(a: Spread, b: Spread, correlation: number): number | undefined {
  if (a.n < 2 || b.n < 2) return undefined;
  const [errorA, errorB] = [a.sd / Math.sqrt(a.n), b.sd / Math.sqrt(b.n)];
  const variance = errorA ** 2 + errorB ** 2 - 2 * correlation * errorA * errorB;
  return wrongSign(a.mean - b.mean, Math.sqrt(Math.max(0, variance)), Math.min(a.n, b.n) - 1);
}

function wrongSign(mean: number, error: number, freedom: number): number {
  if (mean === 0) return 0.5;
  return error === 0 ? 0 : studentTail(Math.abs(mean) / error, freedom);
}

/** P(T > t) of Student's t, for t >= 0: half of the regularised incomplete beta function I(ν/(ν+t²); ν/2, 1/2). */
export function studentTail(t: number, freedom: number): number {
  return regularisedBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
}

/** I(x; a, b) by its continued fraction (DLMF 8.17.22), which converges fast for x < (a + 1)/(a + b + 2). */
function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - regularisedBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a;
  // Lentz's algorithm: numerators alternate between two forms.
  const tiny = 1e-300;
  let [c, d] = [1, 1 / (1 - ((a + b) * x) / (a + 1) || tiny)];
  let product = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / (1 + even * d || tiny);
    c = 1 + even / c || tiny;
    product *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + odd * d || tiny);
    c = 1 + odd / c || tiny;
    product *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * product;
}

/** ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) after moving x up to where it is exact to 15 digits. */
function logGamma(x: number): number {
  let [shift, y] = [0, x];
  for (; y < 15; y++) shift += Math.log(y);
  const square = y * y;
  const series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / (1680 * square)) / square) / square) / y;
  return (y - 0.5) * Math.log(y) - y + Math.log(2 * Math.PI) / 2 + series - shift;
}

/**
 * Holm's step-down correction: p-values that can each be held against the level, however many tests were made.
 * @param p of the tests, in any order @returns in the same order
 */
export function holm(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((a, b) => p[a]! - p[b]!);
  const corrected = new Array<number>(p.length);
  let largest = 0;
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (p.length - rank) * p[i]!));
    corrected[i] = largest;
  }
  return corrected;
}

/** NAME, @DATASET, /CLASS, MEAN, SD, n and r. */
const PUBLISHED =
  /^(?<name>[^=@]+)(?:@(?<dataset>[^=/]+)(?:\/(?<classId>\d+))?)?\s*=\s*(?<mean>[\d.]+)\s*(?:±|\+-|\+\/-)\s*(?<sd>[\d.]+)\s*,\s*n\s*=\s*(?<n>\d+)(?:\s*,\s*r\s*=\s*(?<r>-?[\d.]+))?\s*$/;

/**
 * A published Dice such as `SAMUS=0.845±0.12,n=129`, with `@DATASET` or `@DATASET/CLASS` after the name to compare with
 * these samples only, and `,r=0.6` where both models saw the same images and the correlation is known.
 * @throws SamusError EVALUATE_PUBLISHED
 */
export function parsePublished(text: string): Published {
  const { name = '', dataset, classId, mean, sd, n, r = '0' } = PUBLISHED.exec(text)?.groups ?? {};
  const [m, s, count, correlation] = [Number(mean), Number(sd), Number(n), Number(r)];
  const isDice = m >= 0 && m <= 1 && s >= 0 && s <= 1;
  if (isDice && count >= 2 && Math.abs(correlation) <= 1) {
    const group = {
      ...(dataset !== undefined && { dataset }),
      ...(classId !== undefined && { classId: Number(classId) }),
    };
    return { name: name.trim(), mean: m, sd: s, n: count, correlation, ...group };
  }
  const message = `expected a published Dice as NAME=MEAN±SD,n=IMAGES with numbers from 0 to 1, got "${text}"`;
  throw new SamusError('EVALUATE_PUBLISHED', message, 'write it like SAMUS=0.845±0.12,n=129; +- stands for ±');
}
