/**
 * Maps between an image and a model: pixels, points and first guesses to the inputs of the model, and its logits to the
 * image, as the model's preprocessing says. Prediction, training and evaluation share it. graphs.ts gives the shapes of a
 * model.
 */
import { type Image, isGrey, maskToImage, toGrey } from '../formats/image.js';
import type { PixelBox } from '../formats/mask.js';
import { longestSideSize, resizeBilinear, resizeNearest } from '../formats/resize.js';
import { resizeCubic } from '../formats/resizeCubic.js';
import { resizeLogits, resizeToMask } from '../formats/resizeLogits.js';
import { float32, type TensorData } from '../graph/tensorData.js';
import { complete, type Preprocessing, takesColour } from './preprocessing.js';

/** The input of a model: plain data that can be sent to worker threads. */
export interface InputShape {
  readonly preprocessing: Preprocessing;
  /** Pixels along each side. */
  readonly imageSize: number;
}

export interface ImageFrame extends InputShape {
  /** Side of the decoder's logits. */
  readonly logitSide: number;
  /** Size of the image, in its pixels. */
  readonly width: number;
  readonly height: number;
  /** The part of the model's square that shows the image, from the top left corner, in the model's pixels. */
  readonly shownWidth: number;
  readonly shownHeight: number;
}

/** Channels, height and width of an input. */
export function inputDims({ preprocessing, imageSize }: InputShape): [channels: number, height: number, width: number] {
  return [preprocessing.channels, imageSize, imageSize];
}

/** The part of the square that shows an image of this size. */
export function shownSize(
  { preprocessing, imageSize }: InputShape,
  width: number,
  height: number,
): { readonly shownWidth: number; readonly shownHeight: number } {
  if (preprocessing.fit === 'stretch') return { shownWidth: imageSize, shownHeight: imageSize };
  const shown = longestSideSize(width, height, imageSize);
  // A one-pixel-wide image could round to 0 pixels.
  return { shownWidth: Math.max(1, shown.width), shownHeight: Math.max(1, shown.height) };
}

/**
 * An image in the channels that a model sees, its levels clipped. Equal channels become one, which {@link normalise}
 * repeats.
 */
export function seenBy(preprocessing: Preprocessing, image: Image): Image {
  const seen = takesColour(preprocessing) && !isGrey(image) ? image : toGrey(image);
  return preprocessing.percentiles ? clipped(seen, preprocessing.percentiles) : seen;
}

/** An image at another size, by the resizing of a model. */
export function resizedFor({ resize }: Preprocessing, image: Image, width: number, height: number): Image {
  switch (resize) {
    case 'nearest':
      return resizeNearest(image, width, height);
    case 'cubic':
      return resizeCubic(image, width, height, 'plain');
    case 'cubic-smooth':
      return resizeCubic(image, width, height, 'smooth');
    default:
      return resizeBilinear(image, width, height);
  }
}

/** Levels between two percentiles of those above 0, interpolated as in numpy, stretched to 0 to 255. */
function clipped(image: Image, percentiles: readonly [number, number]): Image {
  const counts = new Uint32Array(256);
  for (const level of image.data) counts[level]!++;
  const present = [...counts.keys()].filter((level) => counts[level]! > 0);
  const above = image.data.length - counts[0]!;
  if (above === 0) return image;
  const levelAt = (rank: number): number => {
    let seen = 0;
    for (const level of present) {
      if (level > 0) seen += counts[level]!;
      if (seen > rank) return level;
    }
    return 255;
  };
  const levelOf = (percentile: number): number => {
    const place = (percentile / 100) * (above - 1);
    const rank = Math.floor(place);
    const [below, next] = [levelAt(rank), levelAt(Math.min(above - 1, rank + 1))];
    return below + (next - below) * (place - rank);
  };
  const [low, high] = [levelOf(percentiles[0]), levelOf(percentiles[1])];
  const clip = (level: number): number => Math.max(low, Math.min(high, level));
  const [darkest, brightest] = [clip(present[0]!), clip(present.at(-1)!)];
  if (brightest <= darkest) return image;
  const table = counts.map((_, level) => Math.trunc(((clip(level) - darkest) / (brightest - darkest)) * 255));
  return { ...image, data: image.data.map((level) => (level === 0 ? 0 : table[level]!)) };
}

/** The encoder's input. @returns [1, channels, imageSize, imageSize] */
export function prepareImage(frame: ImageFrame, image: Image): TensorData<'float32'> {
  const { preprocessing, shownWidth, shownHeight } = frame;
  const shown = resizedFor(preprocessing, seenBy(preprocessing, image), shownWidth, shownHeight);
  return float32(normalise(frame, { ...shown, white: 255 }), [1, ...inputDims(frame)]);
}

/** An image at the size shown in the model's square, channels interleaved. */
export interface ShownPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array | Float32Array;
  /** The value of the brightest level. */
  readonly white: 255 | 1;
  /** Whether a pixel, by its index, is beyond the image; default: none is. */
  readonly beyond?: (pixel: number) => boolean;
}

/**
 * The input from an image in the top left corner of the square. Grey images also work for models with three channels.
 * @returns [channels, imageSize, imageSize], flat
 */
export function normalise({ preprocessing, imageSize }: InputShape, picture: ShownPicture): Float32Array {
  const { width, height, channels, data, beyond } = picture;
  const { mean, std, padding, colour, levels } = complete(preprocessing);
  const { scale, offset } = levelsOf(levels, picture);
  const area = imageSize * imageSize;
  const input = new Float32Array(preprocessing.channels * area);
  if (padding !== 0) input.fill(padding);
  for (let c = 0; c < preprocessing.channels; c++) {
    const from = channels === 1 ? 0 : colour === 'bgr' ? 2 - c : c;
    const [m, s] = [mean[c]!, std[c]!];
    for (let y = 0, i = 0; y < height; y++) {
      const row = c * area + y * imageSize;
      for (let x = 0; x < width; x++, i++) {
        if (beyond?.(i)) continue;
        input[row + x] = (data[i * channels + from]! * scale - offset - m) / s;
      }
    }
  }
  return input;
}

/** Grey levels of a value: value · scale − offset. */
function levelsOf(
  levels: Preprocessing['levels'],
  { data, channels, white, beyond }: ShownPicture,
): { readonly scale: number; readonly offset: number } {
  if (levels === 'stored') return { scale: 255 / white, offset: 0 };
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    if (beyond?.(Math.floor(i / channels))) continue;
    low = Math.min(low, data[i]!);
    high = Math.max(high, data[i]!);
  }
  // An image with a single level becomes 0 everywhere.
  const scale = high > low ? 255 / (high - low) : 0;
  return { scale, offset: scale === 0 ? 0 : low * scale };
}

/** A point of the image in pixels of the model's input. */
export function pointToModel(frame: ImageFrame, x: number, y: number): [x: number, y: number] {
  const [scaleX, scaleY] = [frame.shownWidth / frame.width, frame.shownHeight / frame.height];
  if (frame.preprocessing.points === 'corner') return [x * scaleX, y * scaleY];
  return [(x + 0.5) * scaleX - 0.5, (y + 0.5) * scaleY - 0.5];
}

/** Labels of points. Box corners are points with separate labels, as in SAM's public ONNX export. */
export const POINT_LABEL = {
  /** Pads prompts of unequal length in one run; no token attends to it. An addition of this project. */
  absent: -2,
  /** SAM's padding, appended to the points of every prompt without a box. */
  notAPoint: -1,
  background: 0,
  foreground: 1,
  boxTopLeft: 2,
  boxBottomRight: 3,
} as const;

/** Graphs compare labels with a number between two of them: labels below this one are absent. */
export const ABSENT_BELOW = -1.5;
/** Labels above this one have coordinates: clicks and box corners. */
export const PLACED_ABOVE = -0.5;

/** A point of a prompt in pixels of the model's input, with a value of POINT_LABEL. */
export type PromptToken = readonly [x: number, y: number, label: number];

/**
 * The points of a prompt in the reference's order: clicks, then the corners of the box or, without one, SAM's padding points.
 * @param clicks in pixels of the model's input, as is the box
 * @param count points in total, at least those given; by default one padding point follows clicks without a box
 */
export function promptTokens(
  clicks: readonly PromptToken[],
  box?: PixelBox,
  count = clicks.length + (box ? 2 : clicks.length > 0 ? 1 : 0),
): PromptToken[] {
  const { boxTopLeft, boxBottomRight, notAPoint } = POINT_LABEL;
  const tokens = [...clicks];
  if (box) tokens.push([box[0], box[1], boxTopLeft], [box[2], box[3], boxBottomRight]);
  while (tokens.length < count) tokens.push([0, 0, notAPoint]);
  return tokens;
}

/**
 * Logits of a first guess from a plain mask: confident on both sides, within the range of SAM's own logits, on which its
 * mask prompt was trained. A partly covered cell of the coarser grid is in between, zero at one half.
 */
const SURE = 10;

/**
 * A first guess at the image's size as the decoder's mask prompt. A plain mask (Uint8Array) is averaged down to the
 * decoder's grid, and the covered share of each cell, 0 to 1, becomes a logit from −10 to 10. Logits (Float32Array)
 * are interpolated. Beyond the image the logit is −10.
 * @param mask width · height values
 * @returns logits in the decoder's form, row-major
 */
export function maskToLowRes(frame: ImageFrame, mask: Uint8Array | Float32Array): Float32Array {
  const { logitSide: side, imageSize, width, height, shownWidth, shownHeight } = frame;
  if (mask instanceof Uint8Array) {
    const shown = resizeBilinear(maskToImage({ width, height, data: mask }), shownWidth, shownHeight);
    const square = paste(shown.data, shownWidth, new Uint8Array(imageSize * imageSize), imageSize);
    const cells = resizeBilinear({ width: imageSize, height: imageSize, channels: 1, data: square }, side, side);
    return Float32Array.from(cells.data, (value) => (value / 127.5 - 1) * SURE);
  }
  const shown = resizeLogits(mask, width, height, shownWidth, shownHeight);
  const square = paste(shown, shownWidth, new Float32Array(imageSize * imageSize).fill(-SURE), imageSize);
  return resizeLogits(square, imageSize, imageSize, side, side);
}

/** Copies a map into the top left corner of a square one and returns the square. */
export function paste<T extends Uint8Array | Float32Array>(map: T, width: number, square: T, side: number): T {
  for (let at = 0, row = 0; at < map.length; at += width, row += side) square.set(map.subarray(at, at + width), row);
  return square;
}

/** Low-resolution logits at the size of the model's input. @param lowRes square, row-major @returns imageSize² logits */
export function modelLogits({ imageSize }: Pick<InputShape, 'imageSize'>, lowRes: Float32Array): Float32Array {
  const side = Math.sqrt(lowRes.length);
  return resizeLogits(lowRes, side, side, imageSize, imageSize);
}

/**
 * Low-resolution logits at the size of the image: resized to the model's input, cropped to the part that shows the
 * image, and resized to the image, both bilinear with half-pixel centres, as in both references.
 * @returns width · height logits, row-major
 */
export function imageLogits(frame: ImageFrame, lowRes: Float32Array): Float32Array {
  const { shownWidth, shownHeight, width, height } = frame;
  return resizeLogits(shownLogits(frame, lowRes), shownWidth, shownHeight, width, height);
}

/** Where {@link imageLogits} are above 0, but faster. @returns 0 and 1, width · height values, row-major */
export function imageMask(frame: ImageFrame, lowRes: Float32Array): Uint8Array {
  const { shownWidth, shownHeight, width, height } = frame;
  return resizeToMask(shownLogits(frame, lowRes), shownWidth, shownHeight, width, height);
}

/** Logits of the part of the model's square that shows the image. */
function shownLogits({ imageSize, shownWidth, shownHeight }: ImageFrame, lowRes: Float32Array): Float32Array {
  const map = modelLogits({ imageSize }, lowRes);
  if (shownWidth === imageSize && shownHeight === imageSize) return map;
  const part = new Float32Array(shownWidth * shownHeight);
  for (let y = 0; y < shownHeight; y++) {
    part.set(map.subarray(y * imageSize, y * imageSize + shownWidth), y * shownWidth);
  }
  return part;
}
