/**
 * Measures a mask as with callipers: area, perimeter, longest diameter and short axis, with end points to draw.
 * evaluate/ compares two masks.
 *
 * The longest diameter is the largest distance between two points of the outline (the maximum Feret diameter). The short
 * axis is the largest distance between two points of the outline at right angles to it: the short axis of RECIST 1.1 and
 * the WHO criteria ("longest perpendicular"), as callipers are set on a sonogram. It is not the minimum Feret diameter,
 * which can have any angle. The outline runs half way between pixels inside and outside, so that 40 pixels in a row
 * are 40 long. Of several parts, only the largest is measured, because a stray speck would determine the length.
 */

import { SamusError } from '../errors.js';
import { extentOf, type Mask } from '../formats/mask.js';
import { mainPart } from '../formats/maskRegions.js';
import { traceOutlines } from '../formats/outline.js';

/** A place in pixels of the image, or scaled to millimetres. */
type Point = readonly [x: number, y: number];

/** Both ends of a diameter in pixels of the image, whole numbers being the centres of pixels. */
export type Diameter = readonly [from: Point, to: Point];

/** Measurements of the main part of a mask; in millimetres only if the pixel size is known. */
export interface Measurement {
  /** Connected parts of the mask, of which the largest is measured: pixels that touch at a corner are one part. */
  readonly parts: number;
  /** Pixels of the main part. */
  readonly areaPx: number;
  /** Length of its outlines, including those of holes. */
  readonly perimeterPx: number;
  readonly longestDiameterPx: number;
  readonly shortestDiameterPx: number;
  /** Null if the mask is empty; then all numbers are 0. */
  readonly longest: Diameter | null;
  readonly shortest: Diameter | null;
  readonly areaMm2?: number;
  readonly perimeterMm?: number;
  readonly longestDiameterMm?: number;
  readonly shortestDiameterMm?: number;
}

type Spacing = readonly [x: number, y: number];

/** A line between pixels inside and outside; its middle gives the position and the tangent. */
interface Border {
  readonly x: number;
  readonly y: number;
  readonly horizontal: boolean;
}

/**
 * Borders on each side that determine the direction of an outline. With fewer, the steps of pixels dominate slanted
 * lines; more round off corners. With 6, discs and ellipses are accurate within 1.5 % from a radius of 8 pixels and within
 * 0.3 % from 20; a rectangle of 100 x 40 loses 1 % on average over all angles, at most 4 %.
 */
const REACH = 6;

/** Sampling of the width along the longest diameter: places per pixel, and their maximum number. */
const SAMPLES_PER_PIXEL = 4;
const MOST_SAMPLES = 20_000;

/**
 * Measures a mask. With non-square pixels, diameters and right angles are determined in millimetres; lengths in pixels
 * are those of the same lines.
 * @param spacingMm width and height of a pixel in millimetres
 * @throws SamusError MEASURE_SIZE, MEASURE_SPACING
 */
export function measureMask(mask: Mask, spacingMm?: Spacing): Measurement {
  check(mask, spacingMm);
  const spacing = spacingMm ?? [1, 1];
  const { mask: part, parts } = mainPart(mask);
  const areaPx = extentOf(part.data, part.width).area;
  const rings = traceOutlines(part).map(({ corners }) => bordersOf(corners));
  const hull = convexHull(rowEnds(rings).map(({ x, y }): Point => [x * spacing[0], y * spacing[1]]));
  const longest = longestDiameter(hull, spacing);
  const shortest = longest && widestAcross(rings, hull, longest, spacing);
  const perimeterPx = perimeter(rings, [1, 1]);
  const lengths = {
    parts,
    areaPx,
    perimeterPx,
    longestDiameterPx: lengthOf(longest, [1, 1]),
    shortestDiameterPx: lengthOf(shortest, [1, 1]),
    longest,
    shortest,
  };
  if (!spacingMm) return lengths;
  return {
    ...lengths,
    areaMm2: areaPx * spacing[0] * spacing[1],
    perimeterMm: perimeter(rings, spacing),
    longestDiameterMm: lengthOf(longest, spacing),
    shortestDiameterMm: lengthOf(shortest, spacing),
  };
}

/** The borders along a ring, one for each side of a pixel, in its order; whole numbers are the centres of pixels. */
function bordersOf(corners: readonly number[]): Border[] {
  const borders: Border[] = [];
  for (let i = 0; i < corners.length; i += 2) {
    const [ax, ay] = [corners[i]!, corners[i + 1]!];
    const [bx, by] = [corners[(i + 2) % corners.length]!, corners[(i + 3) % corners.length]!];
    const steps = Math.abs(bx - ax) + Math.abs(by - ay);
    const [stepX, stepY] = [(bx - ax) / steps, (by - ay) / steps];
    for (let step = 0; step < steps; step++) {
      const at = step + 0.5;
      borders.push({ x: ax + at * stepX - 0.5, y: ay + at * stepY - 0.5, horizontal: stepY === 0 });
    }
  }
  return borders;
}

/**
 * Each border counts by its projection on the local direction of the outline, so that slanted lines have their true
 * length, not that of their steps (compared in Coeurjolly and Klette, A Comparative Evaluation of Length Estimators of
 * Digital Curves, 2004).
 */
function perimeter(rings: readonly (readonly Border[])[], [stepX, stepY]: Spacing): number {
  let total = 0;
  for (const ring of rings) {
    const reach = Math.min(REACH, Math.floor(ring.length / 4));
    for (const [i, { horizontal }] of ring.entries()) {
      const before = ring[(i - reach + ring.length) % ring.length]!;
      const after = ring[(i + reach) % ring.length]!;
      const [alongX, alongY] = [Math.abs(after.x - before.x) * stepX, Math.abs(after.y - before.y) * stepY];
      const along = Math.hypot(alongX, alongY);
      // At the end of a line one pixel wide, the outline reverses, and the points before and after coincide.
      const share = along === 0 ? 1 : (horizontal ? alongX : alongY) / along;
      total += share * (horizontal ? stepX : stepY);
    }
  }
  return total;
}

/** The first and last border of each row, the only possible corners of the hull. */
function rowEnds(rings: readonly (readonly Border[])[]): Border[] {
  const rows = new Map<number, [first: Border, last: Border]>();
  for (const ring of rings) {
    for (const border of ring) {
      const ends = rows.get(border.y);
      if (!ends) rows.set(border.y, [border, border]);
      else if (border.x < ends[0].x) ends[0] = border;
      else if (border.x > ends[1].x) ends[1] = border;
    }
  }
  return [...rows.values()].flat();
}

/**
 * Corners of the convex hull (Andrew's monotone chain), in order, without collinear and duplicate points.
 */
function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (list: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of list) {
      while (chain.length > 1 && turn(chain[chain.length - 2]!, chain[chain.length - 1]!, point) <= 0) chain.pop();
      const last = chain[chain.length - 1];
      if (!last || last[0] !== point[0] || last[1] !== point[1]) chain.push(point);
    }
    return chain;
  };
  const lower = half(sorted);
  if (lower.length < 2) return lower;
  return [...lower.slice(0, -1), ...half(sorted.reverse()).slice(0, -1)];
}

/** Sign of the turn at the second of three points; 0 if straight. */
function turn([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

/** The two hull corners farthest apart; the first pair if there are several. */
function longestDiameter(hull: readonly Point[], spacing: Spacing): Diameter | null {
  let best: Diameter | null = null;
  let most = -1;
  // A hull on whole numbers has few corners, about a hundred for thousands of pixels, so all pairs are fast.
  for (const [i, a] of hull.entries()) {
    for (const b of hull.slice(i + 1)) {
      const distance = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;
      if (distance <= most) continue;
      most = distance;
      best = [a, b];
    }
  }
  return best && unscaled(best, spacing);
}

/** The largest width of the outlines along lines at right angles to a diameter. */
function widestAcross(
  rings: readonly (readonly Border[])[],
  hull: readonly Point[],
  [from, to]: Diameter,
  spacing: Spacing,
): Diameter {
  const [stepX, stepY] = spacing;
  const [alongX, alongY] = [(to[0] - from[0]) * stepX, (to[1] - from[1]) * stepY];
  const length = Math.hypot(alongX, alongY);
  const [ux, uy] = [alongX / length, alongY / length];
  const turned = rings.map((ring) =>
    ring.map(({ x, y }): Point => [x * stepX * ux + y * stepY * uy, y * stepY * ux - x * stepX * uy]),
  );
  const corners = hull.map(([x, y]) => x * ux + y * uy);
  const places = samplePlaces(corners, Math.min(stepX, stepY) / SAMPLES_PER_PIXEL);
  const low = new Float64Array(places.length).fill(Number.POSITIVE_INFINITY);
  const high = new Float64Array(places.length).fill(Number.NEGATIVE_INFINITY);
  const note = (place: number, value: number): void => {
    if (value < low[place]!) low[place] = value;
    if (value > high[place]!) high[place] = value;
  };
  for (const ring of turned) {
    for (const [i, a] of ring.entries()) {
      const b = ring[(i + 1) % ring.length]!;
      const [left, right] = a[0] <= b[0] ? [a, b] : [b, a];
      for (let k = firstFrom(places, left[0]); k < places.length && places[k]! <= right[0]; k++) {
        const share = right[0] === left[0] ? 0 : (places[k]! - left[0]) / (right[0] - left[0]);
        note(k, left[1] + share * (right[1] - left[1]));
        if (right[0] === left[0]) note(k, right[1]);
      }
    }
  }
  let best = 0;
  for (let k = 1; k < places.length; k++) if (high[k]! - low[k]! > high[best]! - low[best]!) best = k;
  const end = (across: number): Point => [places[best]! * ux - across * uy, places[best]! * uy + across * ux];
  return unscaled([end(low[best]!), end(high[best]!)], spacing);
}

/** Sorted places along the longest diameter: evenly spaced, plus the hull corners, so that angular shapes are exact. */
function samplePlaces(corners: readonly number[], step: number): number[] {
  const [first, last] = [Math.min(...corners), Math.max(...corners)];
  const count = Math.min(MOST_SAMPLES, Math.floor((last - first) / step));
  const even = Array.from({ length: count }, (_, i) => first + ((i + 0.5) * (last - first)) / count);
  return [...corners, ...even].sort((a, b) => a - b);
}

/** Index of the first of the sorted numbers that is at least `value`. */
function firstFrom(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function unscaled([a, b]: Diameter, [stepX, stepY]: Spacing): Diameter {
  return [
    [a[0] / stepX, a[1] / stepY],
    [b[0] / stepX, b[1] / stepY],
  ];
}

function lengthOf(diameter: Diameter | null, [stepX, stepY]: Spacing): number {
  if (!diameter) return 0;
  const [[ax, ay], [bx, by]] = diameter;
  return Math.hypot((bx - ax) * stepX, (by - ay) * stepY);
}

function check({ width, height, data }: Mask, spacing: Spacing | undefined): void {
  if (data.length !== width * height) {
    throw new SamusError(
      'MEASURE_SIZE',
      `expected a mask of ${width}x${height} pixels, got ${data.length} values`,
      'pass width * height values',
      { width, height, values: data.length },
    );
  }
  if (!spacing || spacing.every((step) => Number.isFinite(step) && step > 0)) return;
  throw new SamusError(
    'MEASURE_SPACING',
    `expected a pixel width and height above 0 mm, got ${spacing.join(' and ')}`,
    'pass two numbers above 0, or none',
  );
}
