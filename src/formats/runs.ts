/**
 * Sets of pixels as run lengths, combined without unpacking them: the cost is that of the outline, not of the area,
 * so that a brush stroke on a large image stays cheap. Pixels are counted column by column, as in rle.ts.
 */
import { connectedParts } from './maskRegions.js';
import { type PixelBox, packRle, type Rle, rleArea, rleBox, rleCounts } from './rle.js';

/** Run lengths as text. */
export type PackedRle = Rle & { readonly counts: string };

/** Pixels of a rectangle of the image, 0 and 1, row-major. */
export interface Patch {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export const unite = (a: Rle, b: Rle): PackedRle => combine(a, b, (inA, inB) => inA || inB);

/** The pixels of `a` that are not in `b`. */
export const subtract = (a: Rle, b: Rle): PackedRle => combine(a, b, (inA, inB) => inA && !inB);

/** A mask with the strokes of a person over it: what was added belongs to it, unless it was erased. */
export function withStrokes<M extends Rle>(
  mask: M | null,
  { added, erased }: { readonly added?: M | null | undefined; readonly erased?: M | null | undefined },
): M | PackedRle | null {
  const drawn = mask && added ? unite(mask, added) : (added ?? mask);
  return drawn && erased ? subtract(drawn, erased) : drawn;
}

export const isEmpty = (mask: Rle): boolean => rleArea(mask) === 0;

/** Whether the pixel x, y belongs to the mask. */
export function contains(mask: Rle, x: number, y: number): boolean {
  const [height, width] = mask.size;
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const place = x * height + y;
  let end = 0;
  for (const [k, count] of rleCounts(mask).entries()) {
    end += count;
    if (place < end) return k % 2 === 1;
  }
  return false;
}

/** Number of connected parts; pixels that touch at a corner are one part. */
export function partCount(mask: Rle): number {
  const patch = patchOf(mask);
  return patch ? connectedParts(patch).sizes.length : 0;
}

/** The pixels of the smallest rectangle around a mask; null if it is empty. */
export function patchOf(mask: Rle): Patch | null {
  const box = rleBox(mask);
  if (!box) return null;
  const [x, y] = box;
  const [width, height] = sizeOf(box);
  const rows = mask.size[0];
  const data = new Uint8Array(width * height);
  let at = 0;
  for (const [k, count] of rleCounts(mask).entries()) {
    if (k % 2 === 1) {
      for (let i = at; i < at + count; i++) data[((i % rows) - y) * width + Math.floor(i / rows) - x] = 1;
    }
    at += count;
  }
  return { x, y, width, height, data };
}

/** The mask of a patch that lies within an image of this size. */
export function maskOfPatch(patch: Patch, width: number, height: number): PackedRle {
  const counts = new Counts();
  let at = 0;
  for (let x = 0; x < patch.width; x++) {
    const top = (patch.x + x) * height + patch.y;
    for (let y = 0; y < patch.height; y++) {
      if (patch.data[y * patch.width + x] === 0) continue;
      counts.add(0, top + y - at);
      counts.add(1, 1);
      at = top + y + 1;
    }
  }
  counts.add(0, width * height - at);
  return packRle(counts.list, width, height);
}

function sizeOf([x0, y0, x1, y1]: PixelBox): [number, number] {
  return [x1 - x0 + 1, y1 - y0 + 1];
}

/** Counts in the making: alternating, beginning with zeros, equal neighbours joined. */
class Counts {
  readonly list: number[] = [0];

  add(value: 0 | 1, count: number): void {
    if (count === 0) return;
    if ((this.list.length - 1) % 2 === value) this.list[this.list.length - 1]! += count;
    else this.list.push(count);
  }
}

function combine(a: Rle, b: Rle, rule: (inA: boolean, inB: boolean) => boolean): PackedRle {
  const [height, width] = a.size;
  const sides = [a, b].map((mask) => ({ counts: rleCounts(mask), k: 0, end: 0 }));
  for (const side of sides) side.end = side.counts[0]!;
  const [sideA, sideB] = [sides[0]!, sides[1]!];
  const counts = new Counts();
  for (let at = 0; at < width * height; ) {
    for (const side of sides) {
      while (side.end <= at && side.k + 1 < side.counts.length) side.end += side.counts[++side.k]!;
    }
    const next = Math.min(sideA.end, sideB.end);
    counts.add(rule(sideA.k % 2 === 1, sideB.k % 2 === 1) ? 1 : 0, next - at);
    at = next;
  }
  return packRle(counts.list, width, height);
}
