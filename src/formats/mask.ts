/**
 * A mask with its size, and what is counted on masks: the area, the box around it, the overlap of two. Connected
 * regions are in maskRegions.ts; run lengths are in rle.ts, polygons in polygons.ts.
 */

/** Row-major, width · height values: not 0 inside. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Corners as pixels of the image; both belong to the box, which is how box prompts are given too. */
export type PixelBox = readonly [x0: number, y0: number, x1: number, y1: number];

/** Millimetres between pixels. */
export type SpacingMm = readonly [x: number, y: number];

/** How much of a mask is set, and where. */
export interface Extent {
  /** Pixels. */
  readonly area: number;
  /** The smallest box around them; null where there are none. */
  readonly box: PixelBox | null;
}

/** Number of positive values of a mask or of a map of logits (row-major), and the box around them. */
export function extentOf(values: Uint8Array | Float32Array, width: number): Extent {
  let area = 0;
  let [x0, y0, x1, y1] = [width, values.length, -1, -1];
  for (let i = 0, y = 0; i < values.length; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (!(values[i]! > 0)) continue;
      area++;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      y1 = y;
    }
  }
  return { area, box: area === 0 ? null : [x0, y0, x1, y1] };
}

/** A part of a row-major map. */
export function cutBox(values: Uint8Array, width: number, [x0, y0, x1, y1]: PixelBox): Uint8Array {
  const side = x1 - x0 + 1;
  const part = new Uint8Array(side * (y1 - y0 + 1));
  for (let y = y0; y <= y1; y++) part.set(values.subarray(y * width + x0, y * width + x1 + 1), (y - y0) * side);
  return part;
}

/** Pixels of two masks of one size. */
export interface Overlap {
  readonly both: number;
  readonly first: number;
  readonly second: number;
}

/** Counts pixels; every value but 0 is inside. @param first as long as `second` */
export function overlapOf(first: Uint8Array, second: Uint8Array): Overlap {
  let [both, inFirst, inSecond] = [0, 0, 0];
  for (let i = 0; i < second.length; i++) {
    const a = first[i] === 0 ? 0 : 1;
    const b = second[i] === 0 ? 0 : 1;
    both += a & b;
    inFirst += a;
    inSecond += b;
  }
  return { both, first: inFirst, second: inSecond };
}

/** A share of counts, with the reference's ε: two empty masks agree fully. */
export function shareOf(part: number, whole: number): number {
  return (part + EPSILON) / (whole + EPSILON);
}

const EPSILON = 1e-5;

/** 2 |A ∩ B| / (|A| + |B|), 0 to 1; 1 for two empty masks. */
export function diceOf({ both, first, second }: Overlap): number {
  return shareOf(2 * both, first + second);
}

/** |A ∩ B| / |A ∪ B|, 0 to 1; 1 for two empty masks. */
export function iouOf({ both, first, second }: Overlap): number {
  return shareOf(both, first + second - both);
}
