/**
 * How far the outlines of two masks are from one another: Hausdorff distance, its 95th percentile, average symmetric
 * surface distance, normalised surface Dice. A surface is the mask less its erosion by the four neighbours, what lies
 * beyond the image counting as outside; distances are between pixel centres. The published code's "Hausdorff" is none
 * of these: see metricsRowSet.ts.
 */
import { squaredDistances } from '../data/distanceTransform.js';
import { cutBox, extentOf } from '../formats/mask.js';

/** In the unit of the spacing. NaN where a mask is empty: there is no distance to nothing. */
export interface SurfaceMetrics {
  readonly hausdorff: number;
  /** The 95th percentile of both directed sets of distances together, linearly interpolated. */
  readonly hausdorff95: number;
  /** The larger of the 95th percentiles of the two directed sets of distances. */
  readonly hausdorff95Max: number;
  /** The mean of the two directed mean distances. */
  readonly assd: number;
  /** The share of the surface pixels of both masks that lie within the tolerance of the other surface, 0 to 1. */
  readonly surfaceDice: number;
}

const UNDEFINED: SurfaceMetrics = {
  hausdorff: Number.NaN,
  hausdorff95: Number.NaN,
  hausdorff95Max: Number.NaN,
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
  const surfaces = [surfaceOf(prediction, width, height), surfaceOf(truth, width, height)] as const;
  const [a, b] = [extentOf(surfaces[0], width), extentOf(surfaces[1], width)];
  if (!a.box || !b.box) return undefined;
  // No surface pixel lies outside the box around both, so distances within it are those within the image.
  const [x0, y0] = [Math.min(a.box[0], b.box[0]), Math.min(a.box[1], b.box[1])];
  const [x1, y1] = [Math.max(a.box[2], b.box[2]), Math.max(a.box[3], b.box[3])];
  const cut = (map: Uint8Array): Uint8Array => cutBox(map, width, [x0, y0, x1, y1]);
  const [mapA, mapB] = [cut(surfaces[0]), cut(surfaces[1])];
  const options = spacing ? { spacing } : {};
  const squares = (map: Uint8Array): Float64Array => squaredDistances(map, x1 - x0 + 1, y1 - y0 + 1, options);
  return {
    fromPrediction: distancesAt(mapA, a.area, squares(mapB)),
    fromTruth: distancesAt(mapB, b.area, squares(mapA)),
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
  // A distance of three steps of 0.1 is within 0.3, whatever its last bit is.
  const limit = tolerance * (1 + 1e-12);
  let within = 0;
  while (within < all.length && all[within]! <= limit) within++;
  return {
    hausdorff: all[all.length - 1]!,
    hausdorff95: percentileOfSorted(all, 0.95),
    hausdorff95Max: Math.max(
      percentileOfSorted(fromPrediction.toSorted(), 0.95),
      percentileOfSorted(fromTruth.toSorted(), 0.95),
    ),
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

/** 1 on the surface of a mask. */
function surfaceOf(mask: Uint8Array, width: number, height: number): Uint8Array {
  const map = new Uint8Array(mask.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      const sides = x > 0 && y > 0 && x < width - 1 && y < height - 1;
      if (sides && mask[i - 1] && mask[i + 1] && mask[i - width] && mask[i + width]) continue;
      map[i] = 1;
    }
  }
  return map;
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
