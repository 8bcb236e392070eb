/**
 * Changes the size of 8-bit images by cubic B-splines, as `scipy.ndimage.zoom` (order 3, on the grid of pixels) and
 * `skimage.transform.resize` (the same after a Gaussian filter) do. The image is mirrored at its outer pixels.
 */
import { createImage, type Image } from './image.js';

/** Pole of the recursive filter that turns samples into coefficients of a cubic B-spline. */
const POLE = Math.sqrt(3) - 2;

/** One channel, row-major. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float64Array;
}

/**
 * @param antialias `smooth` filters an image that becomes smaller, keeps the range of its levels and cuts off fractions,
 *   as skimage does before a cast to 8 bits; `plain` rounds the spline
 */
export function resizeCubic(image: Image, width: number, height: number, antialias: 'smooth' | 'plain'): Image {
  if (width === image.width && height === image.height) return image;
  const { channels, data } = image;
  const smooth = antialias === 'smooth';
  const [low, high] = smooth ? range(data) : [0, 255];
  const out = new Uint8Array(width * height * channels);
  for (let c = 0; c < channels; c++) {
    const given = Float64Array.from({ length: image.width * image.height }, (_, i) => data[i * channels + c]!);
    let plane: Plane = { width: image.width, height: image.height, data: given };
    // Rows, then columns: each pass leaves the plane transposed.
    for (const size of [width, height]) plane = resizedRows(plane, size, smooth);
    for (let i = 0; i < plane.data.length; i++) {
      const level = Math.max(low, Math.min(high, plane.data[i]!));
      // What is whole but for rounding stays.
      out[i * channels + c] = smooth ? Math.trunc(level + 1e-6) : Math.round(level);
    }
  }
  return createImage(width, height, channels, out);
}

/** Rows of another length, transposed. */
function resizedRows({ width, height, data }: Plane, size: number, smooth: boolean): Plane {
  const out = new Float64Array(size * height);
  const scale = width / size;
  const filter = smooth && scale > 1 ? gaussian((scale - 1) / 2) : undefined;
  const positions = Array.from({ length: size }, (_, i) => taps((i + 0.5) * scale - 0.5, width));
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const line = splineCoefficients(filter ? filtered(row, filter) : row.slice());
    for (let x = 0; x < size; x++) {
      const { at, weights } = positions[x]!;
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += weights[k]! * line[at[k]!]!;
      out[x * height + y] = sum;
    }
  }
  return { width: height, height: size, data: out };
}

/** The four coefficients that determine the spline at a place, and their weights. */
function taps(place: number, count: number): { readonly at: readonly number[]; readonly weights: readonly number[] } {
  const first = Math.floor(place);
  const t = place - first;
  const middle = (d: number): number => (4 - 6 * d * d + 3 * d * d * d) / 6;
  return {
    at: [-1, 0, 1, 2].map((k) => mirror(first + k, count)),
    weights: [(1 - t) ** 3 / 6, middle(t), middle(1 - t), t ** 3 / 6],
  };
}

/** An index of a line that is mirrored at its first and last sample. */
function mirror(index: number, count: number): number {
  if (count === 1) return 0;
  const period = 2 * (count - 1);
  const inside = ((index % period) + period) % period;
  return inside < count ? inside : period - inside;
}

/** Replaces samples by the coefficients of the spline through them. */
function splineCoefficients(line: Float64Array): Float64Array {
  const count = line.length;
  if (count === 1) return line;
  let start = 0;
  // Further powers vanish.
  for (let k = 0; k < Math.min(2 * (count - 1), 64); k++) start += POLE ** k * line[mirror(k, count)]!;
  line[0] = start / (1 - POLE ** (2 * (count - 1)));
  for (let i = 1; i < count; i++) line[i]! += POLE * line[i - 1]!;
  line[count - 1] = (POLE / (POLE * POLE - 1)) * (line[count - 1]! + POLE * line[count - 2]!);
  for (let i = count - 2; i >= 0; i--) line[i] = POLE * (line[i + 1]! - line[i]!);
  for (let i = 0; i < count; i++) line[i]! *= 6;
  return line;
}

/** Weights from −4 to 4 deviations. */
function gaussian(deviation: number): Float64Array {
  const reach = Math.trunc(4 * deviation + 0.5);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - reach) / deviation) ** 2),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

function filtered(row: Float64Array, weights: Float64Array): Float64Array {
  const reach = (weights.length - 1) / 2;
  return row.map((_, x) => {
    let sum = 0;
    for (let k = -reach; k <= reach; k++) sum += weights[k + reach]! * row[mirror(x + k, row.length)]!;
    return sum;
  });
}

function range(data: Uint8Array): [low: number, high: number] {
  let [low, high] = [255, 0];
  for (const level of data) [low, high] = [Math.min(low, level), Math.max(high, level)];
  return [low, high];
}
