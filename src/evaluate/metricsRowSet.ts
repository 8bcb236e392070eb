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
  const words = Math.ceil(width / 32);
  const [a, b] = [distinctRows(prediction, width, height, words), distinctRows(truth, width, height, words)];
  const nearestOfB = new Float64Array(b.length).fill(Number.POSITIVE_INFINITY);
  let most = 0;
  for (const row of a) {
    let nearest = Number.POSITIVE_INFINITY;
    for (const [j, other] of b.entries()) {
      let differing = 0;
      for (let w = 0; w < words; w++) differing += bitsOf(row[w]! ^ other[w]!);
      if (differing < nearest) nearest = differing;
      if (differing < nearestOfB[j]!) nearestOfB[j] = differing;
    }
    most = Math.max(most, nearest);
  }
  return nearestOfB.reduce((worst, nearest) => Math.max(worst, nearest), most);
}

/** Rows as bits, each once: repeated ones change no distance, and most rows of a mask are empty. */
function distinctRows(mask: Uint8Array, width: number, height: number, words: number): Int32Array[] {
  const rows = new Map<string, Int32Array>();
  for (let y = 0; y < height; y++) {
    const bits = new Int32Array(words);
    for (let x = 0, i = y * width; x < width; x++, i++) if (mask[i] !== 0) bits[x >> 5]! |= 1 << (x & 31);
    rows.set(bits.join(), bits);
  }
  return [...rows.values()];
}

/** How many bits are set, counted in parallel (Warren, Hacker's Delight). */
function bitsOf(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
