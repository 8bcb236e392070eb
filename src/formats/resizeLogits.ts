/**
 * Bilinear interpolation of float maps as PyTorch's `interpolate(mode='bilinear', align_corners=False)` without
 * antialiasing: for logits, and for tables that are resized like pictures (relative positions). Pictures have
 * resize.ts, whose filter is another one.
 */
import { SamusError } from '../errors.js';

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
  const sizes = [inWidth, inHeight, outWidth, outHeight];
  if (data.length !== inWidth * inHeight || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
    throw new SamusError(
      'usage',
      'RESIZE_SIZE',
      `a map of ${inWidth}x${inHeight} numbers to resize to ${outWidth}x${outHeight} was expected, ${data.length} numbers came`,
      'give positive whole sizes and width * height numbers',
      { inWidth, inHeight, outWidth, outHeight, numbers: data.length },
    );
  }
  const columns = positions(inWidth, outWidth);
  const rows = positions(inHeight, outHeight);
  const out = new Float32Array(outWidth * outHeight);
  for (let y = 0; y < outHeight; y++) {
    const upper = rows.low[y]! * inWidth;
    const lower = rows.high[y]! * inWidth;
    const down = rows.weight[y]!;
    const up = Math.fround(1 - down);
    for (let x = 0; x < outWidth; x++) {
      const low = columns.low[x]!;
      const high = columns.high[x]!;
      const right = columns.weight[x]!;
      const left = Math.fround(1 - right);
      const above = data[upper + low]! * left + data[upper + high]! * right;
      const below = data[lower + low]! * left + data[lower + high]! * right;
      out[y * outWidth + x] = above * up + below * down;
    }
  }
  return out;
}

/** The two source samples of each output sample and the weight of the second; float32, as the reference has it. */
function positions(inSize: number, outSize: number): { low: Int32Array; high: Int32Array; weight: Float32Array } {
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
