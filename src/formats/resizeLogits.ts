/**
 * Bilinear interpolation of float maps as PyTorch's `interpolate(mode='bilinear', align_corners=False)` without
 * antialiasing: for logits, and for tables that are resized like pictures (relative positions). Pictures have
 * resize.ts, whose filter is another one.
 */
import { SamusError } from '../errors.js';
import { extentOf } from './mask.js';

/**
 * A map of `inWidth` x `inHeight` (row-major) at the size `outWidth` x `outHeight`, computed in float32.
 * Half-pixel centres; beyond the outer centres the edge value holds.
 * @throws SamusError RESIZE_SIZE if `data` does not have the size it should, or a size is not a positive integer
 */
export function resizeLogits(
  data: Float32Array,
  inWidth: number,
  inHeight: number,
  outWidth: number,
  outHeight: number,
): Float32Array {
  check(data, inWidth, inHeight, outWidth, outHeight);
  const columns = positions(inWidth, outWidth);
  const rows = positions(inHeight, outHeight);
  const out = new Float32Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    interpolateRow(data, inWidth, columns, rows, y, 0, out.subarray(y * outWidth, (y + 1) * outWidth));
  }
  return out;
}

/**
 * Where {@link resizeLogits} is above 0: 1 there, 0 elsewhere. Only what lies around the map's own positive numbers is
 * computed, which of an image with one object is a small part.
 * @throws SamusError RESIZE_SIZE as {@link resizeLogits}
 */
export function resizeToMask(
  data: Float32Array,
  inWidth: number,
  inHeight: number,
  outWidth: number,
  outHeight: number,
): Uint8Array {
  check(data, inWidth, inHeight, outWidth, outHeight);
  const mask = new Uint8Array(outWidth * outHeight);
  const { box } = extentOf(data, inWidth);
  if (!box) return mask;
  const [x0, y0, x1, y1] = box;
  const columns = positions(inWidth, outWidth);
  const rows = positions(inHeight, outHeight);
  // No value between non-positive numbers is positive.
  const [left, right] = reached(columns, x0, x1);
  const [top, bottom] = reached(rows, y0, y1);
  const line = new Float32Array(right - left);
  for (let y = top; y < bottom; y++) {
    interpolateRow(data, inWidth, columns, rows, y, left, line);
    const at = y * outWidth + left;
    for (let x = 0; x < line.length; x++) mask[at + x] = line[x]! > 0 ? 1 : 0;
  }
  return mask;
}

interface Positions {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

/** Row `y` of the resized map from column `from` on, as much of it as `line` takes. */
function interpolateRow(
  data: Float32Array,
  inWidth: number,
  columns: Positions,
  rows: Positions,
  y: number,
  from: number,
  line: Float32Array,
): void {
  const upper = rows.low[y]! * inWidth;
  const lower = rows.high[y]! * inWidth;
  const down = rows.weight[y]!;
  const up = Math.fround(1 - down);
  for (let i = 0, x = from; i < line.length; i++, x++) {
    const low = columns.low[x]!;
    const high = columns.high[x]!;
    const right = columns.weight[x]!;
    const left = Math.fround(1 - right);
    const above = data[upper + low]! * left + data[upper + high]! * right;
    const below = data[lower + low]! * left + data[lower + high]! * right;
    line[i] = above * up + below * down;
  }
}

/** The output samples that have a source sample from `first` to `last`; the end is not among them. */
function reached({ low, high }: Positions, first: number, last: number): [begin: number, end: number] {
  let [begin, end] = [0, low.length];
  while (begin < end && high[begin]! < first) begin++;
  while (end > begin && low[end - 1]! > last) end--;
  return [begin, end];
}

/** @throws SamusError RESIZE_SIZE */
function check(data: Float32Array, inWidth: number, inHeight: number, outWidth: number, outHeight: number): void {
  const sizes = [inWidth, inHeight, outWidth, outHeight];
  if (data.length !== inWidth * inHeight || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
    throw new SamusError(
      'RESIZE_SIZE',
      `expected a map of ${inWidth}x${inHeight} numbers to resize to ${outWidth}x${outHeight}, got ${data.length} numbers`,
      'give positive whole sizes and width * height numbers',
      { inWidth, inHeight, outWidth, outHeight, numbers: data.length },
    );
  }
}

/** The two source samples of each output sample and the weight of the second; float32, as the reference has it. */
function positions(inSize: number, outSize: number): Positions {
  const scale = Math.fround(inSize / outSize);
  const low = new Int32Array(outSize);
  const high = new Int32Array(outSize);
  const weight = new Float32Array(outSize);
  for (let i = 0; i < outSize; i++) {
    // Rounded once: PyTorch's builds for today's processors multiply and subtract in one step.
    const at = Math.max(0, Math.fround(scale * (i + 0.5) - 0.5));
    low[i] = Math.min(Math.floor(at), inSize - 1);
    high[i] = Math.min(low[i]! + 1, inSize - 1);
    weight[i] = Math.min(1, at - low[i]!);
  }
  return { low, high, weight };
}
