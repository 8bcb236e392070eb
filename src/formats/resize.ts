/**
 * Changes the size of 8-bit pictures exactly as Pillow does (`Image.resize` with BILINEAR and NEAREST), so that what
 * a model sees here is what it saw in the reference, pixel for pixel. Float maps are resized in resizeLogits.ts.
 */
import { SamusError } from '../errors.js';
import type { Image } from './image.js';

/** Fraction bits of the weights: 32, less 8 for the sample, less 2 so that the sum of products stays in 32 bits. */
const PRECISION_BITS = 32 - 8 - 2;

/** The source samples that make one output sample, for every output sample of a line. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` fixed-point weights for each output sample, the first `count` of them in use. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Bilinear with antialiasing: a triangle filter that widens with the reduction, first along rows, then along columns,
 * rounded to 8 bits in between. An image that has the size already is returned as it is.
 *
 * This is the order of the Pillow versions that the published data were made with (up to 9.4 at least; 13 goes along
 * columns first where the width grows and the height shrinks, and then differs by one grey level here and there).
 * @throws SamusError RESIZE_SIZE if the new size is not made of positive integers
 */
export function resizeBilinear(image: Image, width: number, height: number): Image {
  checkSize(width, height);
  let result = image;
  if (width !== image.width) result = resizeRows(result, triangleTaps(image.width, width));
  if (height !== image.height) result = resizeColumns(result, triangleTaps(image.height, height));
  return result;
}

/**
 * The nearest pixel, for masks. The source position starts at half a step and grows by additions in double
 * precision, as in Pillow: where it falls exactly between two pixels this is not `floor((i + 0.5) * in / out)`.
 * @throws SamusError RESIZE_SIZE as {@link resizeBilinear}
 */
export function resizeNearest(image: Image, width: number, height: number): Image {
  checkSize(width, height);
  if (width === image.width && height === image.height) return image;
  const { channels, data } = image;
  const columns = nearestPositions(image.width, width);
  const rows = nearestPositions(image.height, height);
  const out = new Uint8Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = rows[y]! * image.width;
    for (let x = 0; x < width; x++) {
      const from = (row + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) out[to++] = data[from + c]!;
    }
  }
  return { width, height, channels, data: out };
}

/**
 * The size that SAM gives an image before padding: the longest side becomes `target`, the other is rounded half up.
 * Source: `ResizeLongestSide.get_preprocess_shape` of Segment Anything.
 */
export function longestSideSize(width: number, height: number, target: number): { width: number; height: number } {
  const scale = target / Math.max(width, height);
  return { width: Math.trunc(width * scale + 0.5), height: Math.trunc(height * scale + 0.5) };
}

function checkSize(width: number, height: number): void {
  if (Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0) return;
  throw new SamusError(
    'RESIZE_SIZE',
    `expected a new size in whole pixels, got ${width}x${height}`,
    'give a width and a height of at least 1',
    { width, height },
  );
}

function triangleTaps(inSize: number, outSize: number): Taps {
  const scale = inSize / outSize;
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const weights = new Int32Array(outSize * stride);
  const line = new Float64Array(stride);
  for (let i = 0; i < outSize; i++) {
    const centre = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const n = Math.min(inSize, Math.trunc(centre + support + 0.5)) - from;
    let sum = 0;
    for (let k = 0; k < n; k++) {
      const distance = Math.abs((k + from - centre + 0.5) * (1 / support));
      line[k] = distance < 1 ? 1 - distance : 0;
      sum += line[k]!;
    }
    for (let k = 0; k < n; k++) {
      const weight = sum === 0 ? line[k]! : line[k]! / sum;
      weights[i * stride + k] = Math.trunc(0.5 + weight * (1 << PRECISION_BITS));
    }
    first[i] = from;
    count[i] = n;
  }
  return { first, count, weights, stride };
}

const HALF = 1 << (PRECISION_BITS - 1);

/** No weight of a triangle is negative, so that only the upper end needs clipping. */
function toByte(sum: number): number {
  return Math.min(sum >> PRECISION_BITS, 255);
}

function resizeRows(image: Image, taps: Taps): Image {
  const { height, channels, data } = image;
  const { weights } = taps;
  const width = taps.first.length;
  const out = new Uint8Array(width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * image.width * channels;
    for (let x = 0; x < width; x++) {
      const n = taps.count[x]!;
      const weight = x * taps.stride;
      for (let c = 0; c < channels; c++) {
        let from = row + taps.first[x]! * channels + c;
        let sum = HALF;
        for (let k = 0; k < n; k++, from += channels) sum += data[from]! * weights[weight + k]!;
        out[to++] = toByte(sum);
      }
    }
  }
  return { width, height, channels, data: out };
}

function resizeColumns(image: Image, taps: Taps): Image {
  const { width, channels, data } = image;
  const height = taps.first.length;
  const line = width * channels;
  const out = new Uint8Array(height * line);
  // Row by row of the source, not down each column: the sums stay in one short array that fits the cache.
  const sums = new Int32Array(line);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let k = 0; k < taps.count[y]!; k++) {
      const weight = taps.weights[y * taps.stride + k]!;
      const row = (taps.first[y]! + k) * line;
      for (let i = 0; i < line; i++) sums[i] = sums[i]! + data[row + i]! * weight;
    }
    for (let i = 0; i < line; i++) out[y * line + i] = toByte(sums[i]!);
  }
  return { width, height, channels, data: out };
}

function nearestPositions(inSize: number, outSize: number): Int32Array {
  const step = inSize / outSize;
  const positions = new Int32Array(outSize);
  let at = step * 0.5;
  for (let i = 0; i < outSize; i++) {
    positions[i] = Math.min(inSize - 1, Math.trunc(at));
    at += step;
  }
  return positions;
}
