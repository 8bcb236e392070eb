/**
 * Masks as polygons in the way of COCO: flat lists x, y, x, y, … on the borders between pixels, pixel (0, 0) reaching
 * from 0, 0 to 1, 1. COCO's polygons have no holes and an object is all of its polygons together; so a part with
 * holes is cut from top to bottom at each of them, and what tools make of the pieces is the mask, to the pixel.
 */
import { SamusError } from '../errors.js';
import type { Mask } from './mask.js';
import { Regions } from './maskRegions.js';
import { type OutlineRing, traceOutlines } from './outline.js';

/**
 * The polygons of a mask: none has a hole, no two overlap, pixels that touch at a corner only are apart.
 * `polygonsToMask` makes exactly the mask of them, and so does pycocotools.
 * @throws SamusError POLYGON_SIZE if the sizes do not fit
 */
export function maskToPolygons(mask: Mask): number[][] {
  const { width, height, data } = mask;
  checkSize(data.length, width, height);
  const rings = traceOutlines(mask);
  const holes = rings.filter(({ hole }) => hole);
  if (holes.length === 0) return rings.map(({ corners }) => [...corners]);
  const parts = new Regions(mask, true, 4);
  const cuts = cutsOf(parts, holes);
  const whole = rings.filter(({ corners, hole }) => !hole && !cuts.has(parts.at(...firstPixel(corners))));
  const pieces = stripsOf(parts, cuts, width).flatMap((strip) => traceStrip(strip, width));
  return [...whole.map(({ corners }) => [...corners]), ...pieces];
}

/**
 * The mask of some polygons together, 0 and 1, row-major: a pixel belongs to a polygon that holds its centre, by the
 * even-odd rule. Corners may lie anywhere, also beyond the image.
 * @throws SamusError POLYGON_INVALID for anything but a list of at least three corners
 */
export function polygonsToMask(polygons: readonly (readonly number[])[], width: number, height: number): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (const polygon of polygons) fill(mask, polygon, width, height);
  return mask;
}

/** The columns at which each part with holes is cut: the first of each hole, by the number of the part. */
function cutsOf(parts: Regions, holes: readonly OutlineRing[]): ReadonlyMap<number | undefined, Set<number>> {
  const cuts = new Map<number | undefined, Set<number>>();
  for (const { corners } of holes) {
    // Cut at its first column, a hole is open to the side in every piece that it reaches into.
    let column = Number.POSITIVE_INFINITY;
    for (let i = 0; i < corners.length; i += 2) column = Math.min(column, corners[i]!);
    const part = parts.at(...firstPixel(corners));
    cuts.set(part, (cuts.get(part) ?? new Set()).add(column));
  }
  return cuts;
}

/** The pixels of each part with holes, by the strips that it is cut into: no strip has a hole any more. */
function stripsOf(parts: Regions, cuts: ReturnType<typeof cutsOf>, width: number): number[][] {
  const strips = new Map<number, number[][]>();
  const stripAt = new Map<number, Uint32Array>();
  for (const [part, columns] of cuts) {
    if (part === undefined) continue;
    const at = new Uint32Array(width);
    for (const column of columns) for (let x = column; x < width; x++) at[x]!++;
    stripAt.set(part, at);
    strips.set(
      part,
      Array.from({ length: columns.size + 1 }, () => []),
    );
  }
  parts.eachRun((part, y, start, end) => {
    const at = stripAt.get(part);
    for (let x = start; at && x < end; x++) strips.get(part)![at[x]!]!.push(y * width + x);
  });
  return [...strips.values()].flat();
}

/** Outlines of some pixels of the image, traced within the box around them. */
function traceStrip(pixels: readonly number[], width: number): number[][] {
  let [x0, y0, x1, y1] = [width, Number.POSITIVE_INFINITY, -1, -1];
  for (const i of pixels) {
    const [x, y] = [i % width, Math.floor(i / width)];
    x0 = Math.min(x0, x);
    y0 = Math.min(y0, y);
    x1 = Math.max(x1, x);
    y1 = Math.max(y1, y);
  }
  if (x1 < 0) return [];
  const boxWidth = x1 - x0 + 1;
  const box = new Uint8Array(boxWidth * (y1 - y0 + 1));
  for (const i of pixels) box[(Math.floor(i / width) - y0) * boxWidth + (i % width) - x0] = 1;
  const rings = traceOutlines({ width: boxWidth, height: y1 - y0 + 1, data: box });
  return rings.map(({ corners }) => corners.map((value, i) => value + (i % 2 === 0 ? x0 : y0)));
}

/** The pixel of the object below the first step of a ring: the last corner is where the ring starts. */
function firstPixel(corners: readonly number[]): [x: number, y: number] {
  return [corners.at(-2)!, corners.at(-1)!];
}

/** Sets the pixels whose centres a polygon holds. */
function fill(mask: Uint8Array, polygon: readonly number[], width: number, height: number): void {
  if (polygon.length < 6 || polygon.length % 2 !== 0 || !polygon.every(Number.isFinite)) {
    throw new SamusError(
      'POLYGON_INVALID',
      `expected x, y of at least three corners, got a list of ${polygon.length} values`,
      'give two finite numbers for each corner, one after the other',
      { values: polygon.length },
    );
  }
  // Where each row of pixel centres crosses the polygon.
  const rows = new Map<number, number[]>();
  for (let i = 0; i < polygon.length; i += 2) {
    const [ax, ay] = [polygon[i]!, polygon[i + 1]!];
    const [bx, by] = [polygon[(i + 2) % polygon.length]!, polygon[(i + 3) % polygon.length]!];
    const first = Math.max(0, Math.ceil(Math.min(ay, by) - 0.5));
    const end = Math.min(height, Math.ceil(Math.max(ay, by) - 0.5));
    for (let y = first; y < end; y++) {
      const crossing = ax + ((y + 0.5 - ay) * (bx - ax)) / (by - ay);
      const row = rows.get(y);
      if (row) row.push(crossing);
      else rows.set(y, [crossing]);
    }
  }
  for (const [y, crossings] of rows) {
    crossings.sort((a, b) => a - b);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      // A centre on the border belongs to the right of two neighbours, never to both.
      const from = Math.max(0, Math.ceil(crossings[k]! - 0.5));
      const to = Math.min(width, Math.ceil(crossings[k + 1]! - 0.5));
      if (from < to) mask.fill(1, y * width + from, y * width + to);
    }
  }
}

function checkSize(values: number, width: number, height: number): void {
  if (values === width * height) return;
  throw new SamusError(
    'POLYGON_SIZE',
    `expected a mask of ${width}x${height} pixels, got ${values} values`,
    'give width * height values',
    { width, height, values },
  );
}
