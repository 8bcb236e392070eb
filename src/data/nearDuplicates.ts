/**
 * Finds images that look alike: a 64-bit difference hash for each (brighter or darker than the pixel on the right, on a
 * 9 x 8 miniature), candidates whose hashes differ in few bits, and a comparison of 32 x 32 miniatures to be sure.
 * Meant for frames of one sweep and for re-saved pictures; turned or mirrored ones are not found.
 */
import type { Image } from '../formats/image.js';
import { resizeBilinear } from '../formats/resize.js';

/** Hashes that differ in more bits are not looked at. Four parts of 16 bits: with 3, one part at least is equal. */
const MOST_BITS = 3;
const PARTS = 4;
const SIDE = 32;
/** Least correlation of two miniatures that count as the same picture. */
const LEAST_CORRELATION = 0.99;

/** What is kept of an image: about 1 kB. */
export interface Fingerprint {
  /** Four times 16 bits. */
  readonly hash: Uint16Array;
  /** 32 x 32 grey levels. */
  readonly miniature: Uint8Array;
}

/** The fingerprint of a grey image. */
export function imageFingerprint(image: Image): Fingerprint {
  const { data } = resizeBilinear(image, 9, 8);
  const hash = new Uint16Array(PARTS);
  for (let bit = 0; bit < 64; bit++) {
    const at = Math.floor(bit / 8) * 9 + (bit % 8);
    if (data[at]! > data[at + 1]!) hash[bit >> 4]! |= 1 << (bit & 15);
  }
  return { hash, miniature: resizeBilinear(image, SIDE, SIDE).data };
}

/**
 * Pairs of images that look alike.
 * @param sides an image's side of the split; pairs within one side are left out
 * @returns places in `prints`, the lower one first
 */
export function findNearDuplicates(
  prints: readonly Fingerprint[],
  sides: readonly string[],
): { readonly a: number; readonly b: number; readonly correlation: number }[] {
  const found: { a: number; b: number; correlation: number }[] = [];
  const hashes = new Uint16Array(PARTS * prints.length);
  for (const [i, { hash }] of prints.entries()) hashes.set(hash, PARTS * i);
  for (let part = 0; part < PARTS; part++) {
    // By side too: images of echo sweeps have a part in common by the thousand, and most of them are on one side.
    const buckets = new Map<number, Map<string, number[]>>();
    for (const [b, print] of prints.entries()) {
      const key = print.hash[part]!;
      const bucket = buckets.get(key) ?? new Map<string, number[]>();
      for (const [side, others] of bucket) {
        if (side === sides[b]) continue;
        for (const a of others) {
          if (!areNear(hashes, a, b, part)) continue;
          const likeness = correlation(prints[a]!.miniature, print.miniature);
          if (likeness >= LEAST_CORRELATION) found.push({ a, b, correlation: likeness });
        }
      }
      const own = bucket.get(sides[b]!);
      if (own) own.push(b);
      else bucket.set(sides[b]!, [b]);
      buckets.set(key, bucket);
    }
  }
  return found.sort((p, q) => p.a - q.a || p.b - q.b);
}

/** Whether two hashes differ in few bits, `part` being the first that they have in common: other pairs had their turn. */
function areNear(hashes: Uint16Array, a: number, b: number, part: number): boolean {
  let bits = 0;
  for (let i = 0; i < PARTS; i++) {
    let different = hashes[PARTS * a + i]! ^ hashes[PARTS * b + i]!;
    if (different === 0 && i < part) return false;
    for (; different !== 0; different &= different - 1) if (++bits > MOST_BITS) return false;
  }
  return true;
}

/** Pearson's correlation; 1 for two even pictures of one grey level. */
function correlation(a: Uint8Array, b: Uint8Array): number {
  let [sumA, sumB, squareA, squareB, product] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    sumA += x;
    sumB += y;
    squareA += x * x;
    squareB += y * y;
    product += x * y;
  }
  const n = a.length;
  const spread = Math.sqrt((squareA - (sumA * sumA) / n) * (squareB - (sumB * sumB) / n));
  return spread > 0 ? (product - (sumA * sumB) / n) / spread : sumA === sumB ? 1 : 0;
}
