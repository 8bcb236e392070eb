/**
 * How far the outlines of two masks are from one another: Hausdorff distance, its 95th percentile, average symmetric
 * surface distance, normalised surface Dice. A surface is the mask less its erosion by the four neighbours, what lies
 * beyond the image counting as outside; distances are between pixel centres. The published code's "Hausdorff" is none
 * of these: see metricsRowSet.ts.
 */
import { squaredDistances } from '../data/distanceTransform.js';

/** In the unit of the spacing. NaN where a mask is empty: there is no distance to nothing. */
export interface SurfaceMetrics {
  readonly hausdorff: number;
  /** The 95th percentile of both directed sets of distances together, linearly interpolated. */
  readonly hausdorff95: number;
  /** The mean of the two directed mean distances. */
  readonly assd: number;
  /** The share of the surface pixels of both masks that lie within the tolerance of the other surface, 0 to 1. */
  readonly surfaceDice: number;
}

const UNDEFINED: SurfaceMetrics = {
  hausdorff: Number.NaN,
  hausdorff95: Number.NaN,
  assd: Number.NaN,
  surfaceDice: Number.NaN,
};

/** Distances from each surface pixel of one mask to the surface of the other, both ways. */
export interface SurfaceDistances {
  readonly fromPrediction: Float64Array;
  readonly fromTruth: Float64Array;
}

/**
 * @param prediction not 0 inside; row-major, width · height values, as is `truth`
 * @param spacing width and height of a pixel; default 1 and 1
 * @returns undefined if a mask is empty
 */
export function surfaceDistances(
  prediction: Uint8Array,
  truth: Uint8Array,
  width: number,
  height: number,
  spacing?: readonly [number, number],
): SurfaceDistances | undefined {
  const a = surfaceOf(prediction, width, height);
  const b = surfaceOf(truth, width, height);
  if (a.count === 0 || b.count === 0) return undefined;
  // No surface pixel lies outside the box around both, so distances within it are those within the image.
  const x0 = Math.min(a.x0, b.x0);
  const y0 = Math.min(a.y0, b.y0);
  const boxWidth = Math.max(a.x1, b.x1) - x0 + 1;
  const boxHeight = Math.max(a.y1, b.y1) - y0 + 1;
  const mapA = cut(a.map, width, x0, y0, boxWidth, boxHeight);
  const mapB = cut(b.map, width, x0, y0, boxWidth, boxHeight);
  const options = spacing ? { spacing } : {};
  return {
    fromPrediction: distancesAt(mapA, a.count, squaredDistances(mapB, boxWidth, boxHeight, options)),
    fromTruth: distancesAt(mapB, b.count, squaredDistances(mapA, boxWidth, boxHeight, options)),
  };
}

/** @param tolerance of the normalised surface Dice, in the unit of the distances */
export function surfaceMetrics(distances: SurfaceDistances | undefined, tolerance: number): SurfaceMetrics {
  if (!distances) return UNDEFINED;
  const { fromPrediction, fromTruth } = distances;
  const all = new Float64Array(fromPrediction.length + fromTruth.length);
  all.set(fromPrediction);
  all.set(fromTruth, fromPrediction.length);
  all.sort();
  // A distance of three steps of 0.1 is within 0.3, whatever its last bit says.
  const limit = tolerance * (1 + 1e-12);
  let within = 0;
  while (within < all.length && all[within]! <= limit) within++;
  return {
    hausdorff: all[all.length - 1]!,
    hausdorff95: percentileOfSorted(all, 0.95),
    assd: (mean(fromPrediction) + mean(fromTruth)) / 2,
    surfaceDice: within / all.length,
  };
}

/** The same distances in another unit. */
export function scaleDistances({ fromPrediction, fromTruth }: SurfaceDistances, factor: number): SurfaceDistances {
  return {
    fromPrediction: fromPrediction.map((distance) => distance * factor),
    fromTruth: fromTruth.map((distance) => distance * factor),
  };
}

/** A quantile by linear interpolation between the two values around it, as NumPy has it. @param share 0 to 1 */
export function percentileOfSorted(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (at - low);
}

interface Surface {
  readonly map: Uint8Array;
  readonly count: number;
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

function surfaceOf(mask: Uint8Array, width: number, height: number): Surface {
  const map = new Uint8Array(mask.length);
  let count = 0;
  let [x0, y0, x1, y1] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      const sides = x > 0 && y > 0 && x < width - 1 && y < height - 1;
      if (sides && mask[i - 1] && mask[i + 1] && mask[i - width] && mask[i + width]) continue;
      map[i] = 1;
      count++;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      y1 = y;
    }
  }
  return { map, count, x0, y0, x1, y1 };
}

function cut(map: Uint8Array, stride: number, x0: number, y0: number, width: number, height: number): Uint8Array {
  const part = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (y0 + y) * stride + x0;
    part.set(map.subarray(from, from + width), y * width);
  }
  return part;
}

function distancesAt(surface: Uint8Array, count: number, squares: Float64Array): Float64Array {
  const distances = new Float64Array(count);
  for (let i = 0, n = 0; i < surface.length; i++) if (surface[i] !== 0) distances[n++] = Math.sqrt(squares[i]!);
  return distances;
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
