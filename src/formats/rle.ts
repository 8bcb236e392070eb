/**
 * Masks as run lengths in the way of COCO: counts of alternating 0 and 1 pixels, column by column, starting with
 * zeros; usually packed into a string. Written by this project's JSON, read by pycocotools and annotation tools.
 */
import { SamusError } from '../errors.js';
import type { Mask, PixelBox } from './mask.js';

export type { Mask, PixelBox } from './mask.js';

/** A packed mask; `size` is [height, width], as COCO has it. */
export interface Rle {
  readonly size: readonly [height: number, width: number];
  /** The packed string (written), or the plain counts (also read). */
  readonly counts: string | readonly number[];
}

/** Most pixels a packed mask may unpack to: a few bytes of text can ask for any amount of memory. */
const MAX_PIXELS = 40e6;

/** Run lengths of a mask. @throws SamusError RLE_SIZE if the sizes do not fit */
export function encodeRle({ width, height, data: mask }: Mask): Rle & { readonly counts: string } {
  if (mask.length !== width * height) {
    throw new SamusError(
      'RLE_SIZE',
      `expected a mask of ${width}x${height} pixels, got ${mask.length}`,
      'give width * height values',
      { width, height, values: mask.length },
    );
  }
  const counts: number[] = [];
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let i = x; i < mask.length; i += width) {
      if ((mask[i] === 0 ? 0 : 1) === value) run++;
      else {
        counts.push(run);
        run = 1;
        value = 1 - value;
      }
    }
  }
  counts.push(run);
  return packRle(counts, width, height);
}

/** Run lengths as text: counts of alternating 0 and 1 pixels, column by column, beginning with zeros (0 may be none). */
export function packRle(counts: readonly number[], width: number, height: number): Rle & { readonly counts: string } {
  return { size: [height, width], counts: packCounts(counts) };
}

/** The mask of run lengths. @throws SamusError RLE_INVALID if they are malformed or do not fill the size */
export function decodeRle(rle: Rle): Mask {
  const [height, width] = rle.size;
  const counts = countsOf(rle);
  const data = new Uint8Array(width * height);
  let at = 0;
  for (let k = 0; k < counts.length; k++) {
    const end = at + counts[k]!;
    if (k % 2 === 1) for (let i = at; i < end; i++) data[(i % height) * width + Math.floor(i / height)] = 1;
    at = end;
  }
  return { width, height, data };
}

/** The counts of a packed mask. @throws SamusError RLE_INVALID as {@link decodeRle} */
export function rleCounts(rle: Rle): readonly number[] {
  return countsOf(rle);
}

/** Number of pixels of a packed mask. @throws SamusError RLE_INVALID as {@link decodeRle} */
export function rleArea(rle: Rle): number {
  return countsOf(rle).reduce((area, count, k) => area + (k % 2) * count, 0);
}

/**
 * The smallest box around a packed mask, or undefined if it is empty. Both corners are pixels of the mask; COCO's own
 * boxes are `[x0, y0, x1 - x0 + 1, y1 - y0 + 1]`.
 * @throws SamusError RLE_INVALID as {@link decodeRle}
 */
export function rleBox(rle: Rle): PixelBox | undefined {
  const height = rle.size[0];
  const counts = countsOf(rle);
  let [x0, y0, x1, y1] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1];
  let at = 0;
  for (let k = 0; k < counts.length; k++) {
    const end = at + counts[k]!;
    if (k % 2 === 1 && end > at) {
      const [first, last] = [Math.floor(at / height), Math.floor((end - 1) / height)];
      x0 = Math.min(x0, first);
      x1 = Math.max(x1, last);
      // A run over a column's end touches the bottom of one column and the top of the next.
      y0 = Math.min(y0, first === last ? at % height : 0);
      y1 = Math.max(y1, first === last ? (end - 1) % height : height - 1);
    }
    at = end;
  }
  return x1 < 0 ? undefined : [x0, y0, x1, y1];
}

/**
 * Counts as text: from the third on each count is the difference to the one two before; five bits a character, low
 * ones first, the sixth says that more follow, and 48 makes it printable.
 */
function packCounts(counts: readonly number[]): string {
  let text = '';
  for (let k = 0; k < counts.length; k++) {
    let rest = counts[k]! - (k > 2 ? counts[k - 2]! : 0);
    for (let more = true; more; ) {
      const bits = rest & 31;
      rest >>= 5;
      // The highest bit of the last character is the sign.
      more = bits & 16 ? rest !== -1 : rest !== 0;
      text += String.fromCharCode((more ? bits | 32 : bits) + 48);
    }
  }
  return text;
}

function unpackCounts(text: string): number[] {
  const counts: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let shift = 0;
    for (let more = true; more; shift += 5) {
      const code = text.charCodeAt(at++) - 48;
      if (!(code >= 0 && code < 64) || shift > 25) throw invalid('its text is malformed');
      value |= (code & 31) << shift;
      more = (code & 32) !== 0;
      if (!more && code & 16 && shift < 25) value |= -1 << (shift + 5);
    }
    if (counts.length > 2) value += counts[counts.length - 2]!;
    counts.push(value);
  }
  return counts;
}

function countsOf(rle: Rle): readonly number[] {
  const [height, width] = rle.size;
  const whole = (n: number): boolean => Number.isInteger(n) && n >= 0;
  if (!whole(height) || !whole(width) || height * width > MAX_PIXELS) {
    throw invalid(`its size is ${height}x${width}, at most ${MAX_PIXELS} pixels are read`);
  }
  const counts = typeof rle.counts === 'string' ? unpackCounts(rle.counts) : rle.counts;
  if (!counts.every(whole)) throw invalid('a count is not a whole number from 0 on');
  const sum = counts.reduce((a, b) => a + b, 0);
  if (sum !== height * width) throw invalid(`its counts give ${sum} pixels, its size ${height * width}`);
  return counts;
}

function invalid(why: string): SamusError {
  return new SamusError('RLE_INVALID', `cannot read run lengths of a mask: ${why}`, 'encode the mask again');
}
