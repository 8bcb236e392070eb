/**
 * The exact Euclidean distance transform: for every pixel, how far the nearest marked pixel is, between pixel centres.
 * Distances between surfaces and the centres of regions are both made of it. Two passes, along columns and along
 * rows (Felzenszwalb and Huttenlocher, Distance Transforms of Sampled Functions, 2012), linear in the pixels.
 */

export interface DistanceOptions {
  /** Width and height of a pixel; distances are in this unit. Default 1 and 1: pixels. */
  readonly spacing?: readonly [x: number, y: number];
  /** Whether what lies beyond the edge counts as marked; default false. */
  readonly beyond?: boolean;
}

/**
 * Squares of the distances, so that whole pixels stay whole numbers.
 * @param marked not 0 where a pixel is marked; row-major, width · height values
 * @returns as many values; all Infinity if nothing is marked
 */
export function squaredDistances(
  marked: Uint8Array,
  width: number,
  height: number,
  { spacing: [stepX, stepY] = [1, 1], beyond = false }: DistanceOptions = {},
): Float64Array {
  const rows = rowsToMarked(marked, width, height, beyond);
  const squares = new Float64Array(width * height);
  // Columns whose parabola is lowest somewhere, and from where on it is; beyond the edge there may be one each side.
  const columns = new Int32Array(width + 2);
  const starts = new Float64Array(width + 2);
  const heights = new Float64Array(width + 2);
  const curvature = 2 * stepX * stepX;
  for (let y = 0; y < height; y++) {
    const row = y * width;
    let count = 0;
    for (let x = beyond ? -1 : 0; x < (beyond ? width + 1 : width); x++) {
      const away = x < 0 || x === width ? 0 : rows[row + x]!;
      if (away < 0) continue;
      const base = away * stepY * (away * stepY);
      let start = Number.NEGATIVE_INFINITY;
      while (count > 0) {
        const last = columns[count - 1]!;
        start = (x + last) / 2 + (base - heights[count - 1]!) / (curvature * (x - last));
        if (start > starts[count - 1]!) break;
        start = Number.NEGATIVE_INFINITY;
        count--;
      }
      columns[count] = x;
      heights[count] = base;
      starts[count++] = start;
    }
    if (count === 0) {
      squares.fill(Number.POSITIVE_INFINITY, row, row + width);
      continue;
    }
    for (let x = 0, k = 0; x < width; x++) {
      while (k + 1 < count && starts[k + 1]! <= x) k++;
      const across = (x - columns[k]!) * stepX;
      squares[row + x] = across * across + heights[k]!;
    }
  }
  return squares;
}

/** How many rows away the nearest marked pixel of the same column is; -1 where the column has none. */
function rowsToMarked(marked: Uint8Array, width: number, height: number, beyond: boolean): Int32Array {
  const rows = new Int32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (marked[i] !== 0) continue;
      const above = y === 0 ? (beyond ? 0 : -1) : rows[i - width]!;
      rows[i] = above < 0 ? -1 : above + 1;
    }
  }
  for (let y = height - 1, i = rows.length - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--, i--) {
      const below = y === height - 1 ? (beyond ? 0 : -1) : rows[i + width]!;
      if (below >= 0 && (rows[i]! < 0 || below + 1 < rows[i]!)) rows[i] = below + 1;
    }
  }
  return rows;
}
