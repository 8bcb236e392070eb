/**
 * Preprocessing: how an image becomes the input of a model, as data that an architecture defines and `config.json` states,
 * and the mapping between both that follows from it. Prediction, training and evaluation use it for pixels, labels,
 * points, logits and first guesses. graphs.ts gives the shapes of a model.
 */
import type { Json } from '../errors.js';
import { type Image, isGrey, maskToImage, toGrey } from '../formats/image.js';
import { longestSideSize, resizeBilinear, resizeNearest } from '../formats/resize.js';
import { resizeCubic } from '../formats/resizeCubic.js';
import { resizeLogits, resizeToMask } from '../formats/resizeLogits.js';
import { float32, type TensorData } from '../graph/tensorData.js';

export interface Preprocessing {
  /** Channels of the input. */
  readonly channels: 1 | 3;
  /** Over the whole square, or scaled by the longest side into its top left corner. */
  readonly fit: 'stretch' | 'longest-side';
  /** Of each channel, in grey levels: the input is (level − mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Content of the channels: the same grey in all, or colours. Default: grey for one channel, RGB for three. */
  readonly colour?: 'grey' | 'rgb' | 'bgr';
  /**
   * Grey levels as stored, 0 to 255 (default), or stretched so that the darkest sample of the image is 0 and the brightest
   * 255.
   */
  readonly levels?: 'stored' | 'stretched';
  /**
   * How the image gets the model's size: bilinearly as in Pillow (default), to the nearest pixel, or by cubic splines, with
   * a filter before reduction (`cubic-smooth`) or without. Labels always take the nearest pixel.
   */
  readonly resize?: 'bilinear' | 'nearest' | 'cubic' | 'cubic-smooth';
  /**
   * Percentiles of the levels above 0 to which levels are clipped; they become 0 and 255, cut to 8 bits. This comes first;
   * default: no clipping.
   */
  readonly percentiles?: readonly [low: number, high: number];
  /** The final input beyond the image; default 0. */
  readonly padding?: number;
  /**
   * What stays in place when coordinates are scaled: the centre of a pixel, x → (x + 0.5) · scale − 0.5 (default), or the
   * corner of the image, x → x · scale.
   */
  readonly points?: 'centre' | 'corner';
}

type Defaulted = 'colour' | 'levels' | 'padding' | 'points';

/** With the defaults that every `config.json` states. */
function complete(preprocessing: Preprocessing): Preprocessing & Required<Pick<Preprocessing, Defaulted>> {
  const colour = preprocessing.channels === 1 ? 'grey' : 'rgb';
  return { colour, levels: 'stored', padding: 0, points: 'centre', ...preprocessing };
}

/** The same without the authors' resizing and clipping. */
export function plainResizing({ resize, percentiles, ...rest }: Preprocessing): Preprocessing {
  return rest;
}

/** Grey from 0 to 1, stretched over the square. */
export const GREY_STRETCHED: Preprocessing = { channels: 1, fit: 'stretch', mean: [0], std: [255] };

/** RGB with the mean and deviation of ImageNet, stretched over the square. */
export const IMAGENET_STRETCHED: Preprocessing = {
  channels: 3,
  fit: 'stretch',
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

/** As in `config.json`. */
export function preprocessingJson(preprocessing: Preprocessing): { readonly [key: string]: Json } {
  const { mean, std, percentiles, ...rest } = complete(preprocessing);
  return { ...rest, ...(percentiles && { percentiles: [...percentiles] }), mean: [...mean], std: [...std] };
}

/**
 * Whether a `config.json` states exactly this preprocessing: as an object, or as the sentence of version 0.1.0. With any
 * other, a model would silently predict different masks.
 */
export function statesPreprocessing(stated: Json, preprocessing: Preprocessing, sentence?: string): boolean {
  if (typeof stated === 'string') return stated === sentence;
  if (typeof stated !== 'object' || stated === null) return false;
  const inOrder = (fields: object): string =>
    JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  return inOrder(stated) === inOrder(preprocessingJson(preprocessing));
}

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

/**
 * Logits of a first guess from a plain mask: confident on both sides, within the range of SAM's own logits, on which its
 * mask prompt was trained. A partly covered cell of the coarser grid is in between, zero at one half.
 */
const SURE = 10;

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

/** Whether a model sees colours. */
export function takesColour(preprocessing: Preprocessing): boolean {
  return complete(preprocessing).colour !== 'grey';
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
