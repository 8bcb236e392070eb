/**
 * The number that the published code prints as Hausdorff distance, to compare with published tables and for nothing
 * else. The package it calls takes a matrix for a list of points, one a row, and is handed the masks themselves: so
 * this is the Hausdorff distance with Manhattan metric between the sets of mask rows. It does not change when rows are
 * shuffled, never exceeds the width, and says nothing about where outlines lie. For that see metricsSurface.ts.
 */

/**
 * The largest over the rows of one mask of the smallest number of pixels in which a row of the other differs, both
 * ways. Masks are compared as 0 and 1.
 * @param prediction not 0 inside; row-major, width · height values, as is `truth`
 */
export function rowSetHausdorff(prediction: Uint8Array, truth: Uint8Array, width: number, height: number): number {
  const [a, b] = [rowsAsBits(prediction, width, height), rowsAsBits(truth, width, height)];
  const words = wordsOf(width);
  const nearestOfB = new Int32Array(b.length / words).fill(width + 1);
  let most = 0;
  for (let i = 0; i < a.length; i += words) {
    let nearest = width + 1;
    for (let j = 0; j < nearestOfB.length; j++) {
      let differing = 0;
      for (let w = 0; w < words; w++) differing += bitsOf(a[i + w]! ^ b[j * words + w]!);
      if (differing < nearest) nearest = differing;
      if (differing < nearestOfB[j]!) nearestOfB[j] = differing;
    }
    most = Math.max(most, nearest);
  }
  return nearestOfB.reduce((worst, nearest) => Math.max(worst, nearest), most);
}

/**
 * The rows, one after the other, a bit for each pixel. One that equals the row before is left out: repeated ones change
 * no distance, and most rows of a mask are empty.
 */
function rowsAsBits(mask: Uint8Array, width: number, height: number): Int32Array {
  const words = wordsOf(width);
  const rows = new Int32Array(height * words);
  let used = 0;
  for (let y = 0; y < height; y++) {
    rows.fill(0, used, used + words);
    for (let x = 0, i = y * width; x < width; x++, i++) {
      if (mask[i] !== 0) rows[used + (x >> 5)]! |= 1 << (x & 31);
    }
    if (used === 0 || !repeats(rows, used, words)) used += words;
  }
  return rows.subarray(0, used);
}

/** Whether the row that begins at a place equals the one before it. */
function repeats(rows: Int32Array, start: number, words: number): boolean {
  for (let i = start; i < start + words; i++) if (rows[i] !== rows[i - words]) return false;
  return true;
}

function wordsOf(width: number): number {
  return Math.ceil(width / 32);
}

/** How many bits are set, counted in parallel (Warren, Hacker's Delight). */
function bitsOf(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
