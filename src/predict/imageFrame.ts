/**
 * How an image lies in the square that a model sees: SAMUS stretches it over the whole square, SAM scales its longest
 * side and pads right and below. All mappings between the two are here: pixels, points, logits and first guesses.
 */
import { type Image, maskToImage, toGrey, toRgb } from '../formats/image.js';
import { longestSideSize, resizeBilinear } from '../formats/resize.js';
import { resizeLogits, resizeToMask } from '../formats/resizeLogits.js';
import { float32, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { logitSide, preprocessingOf } from '../models/graphs.js';

export interface ImageFrame {
  readonly config: ModelConfig;
  /** Size of the image, in its pixels. */
  readonly width: number;
  readonly height: number;
  /** The part of the model's square that shows the image, from the top left corner on, in the model's pixels. */
  readonly shownWidth: number;
  readonly shownHeight: number;
}

/** Mean and deviation of red, green and blue that SAM was trained with, on 0…255 (segment-anything, sam.py). */
const PIXEL_MEAN = [123.675, 116.28, 103.53] as const;
const PIXEL_STD = [58.395, 57.12, 57.375] as const;

/**
 * Logits of a first guess that is a plain mask: sure on both sides, within the range of SAM's own logits, which is
 * what its mask prompt was trained on. Where a cell of the coarser grid is covered in part they are in between, zero
 * at one half.
 */
const SURE = 10;

/** Where an image of this size lies. @param width in pixels @param height in pixels */
export function imageFrame(config: ModelConfig, width: number, height: number): ImageFrame {
  const { imageSize } = config;
  if (preprocessingOf(config).fit === 'stretch')
    return { config, width, height, shownWidth: imageSize, shownHeight: imageSize };
  const shown = longestSideSize(width, height, imageSize);
  // A line of an image rounds to no pixels at all.
  return { config, width, height, shownWidth: Math.max(1, shown.width), shownHeight: Math.max(1, shown.height) };
}

/** Side of the model's logits. */
export function lowResSide(config: ModelConfig): number {
  return logitSide(config);
}

/** The encoder's input. @returns [1, 1 or 3, imageSize, imageSize] */
export function prepareImage(frame: ImageFrame, image: Image): TensorData<'float32'> {
  const { config, shownWidth, shownHeight } = frame;
  const { imageSize } = config;
  const area = imageSize * imageSize;
  if (preprocessingOf(config).fit === 'stretch') {
    const grey = resizeBilinear(toGrey(image), imageSize, imageSize);
    const values = new Float32Array(area);
    // A loop: `Float32Array.from` with a function takes thirty times as long, 14 ms of 256 x 256 pixels.
    for (let i = 0; i < area; i++) values[i] = grey.data[i]! / 255;
    return float32(values, [1, 1, imageSize, imageSize]);
  }
  const { data } = resizeBilinear(toRgb(image), shownWidth, shownHeight);
  // SAM pads after normalising: what is beyond the image is the mean colour.
  const values = new Float32Array(3 * area);
  for (let c = 0; c < 3; c++) {
    for (let y = 0, i = c; y < shownHeight; y++) {
      const row = c * area + y * imageSize;
      for (let x = 0; x < shownWidth; x++, i += 3) values[row + x] = (data[i]! - PIXEL_MEAN[c]!) / PIXEL_STD[c]!;
    }
  }
  return float32(values, [1, 3, imageSize, imageSize]);
}

/**
 * A point of the image in pixels of the model's input. Where the image is stretched, the centre of a pixel stays a
 * centre; SAM's own predictor scales coordinates without that half-pixel shift, and so does its path here.
 */
export function pointToModel(frame: ImageFrame, x: number, y: number): [x: number, y: number] {
  const [scaleX, scaleY] = [frame.shownWidth / frame.width, frame.shownHeight / frame.height];
  if (preprocessingOf(frame.config).fit === 'longest-side') return [x * scaleX, y * scaleY];
  return [(x + 0.5) * scaleX - 0.5, (y + 0.5) * scaleY - 0.5];
}

/** Low-resolution logits at the size of the model's input. @param lowRes row-major @returns imageSize² logits */
export function modelLogits(config: ModelConfig, lowRes: Float32Array): Float32Array {
  const side = lowResSide(config);
  return resizeLogits(lowRes, side, side, config.imageSize, config.imageSize);
}

/**
 * Low-resolution logits at the size of the image: to the model's input, cut to the part that shows the image, and
 * from there to the image's size, both times bilinear with half-pixel centres, as both references do.
 * @returns width · height logits, row-major
 */
export function imageLogits(frame: ImageFrame, lowRes: Float32Array): Float32Array {
  const { shownWidth, shownHeight, width, height } = frame;
  return resizeLogits(shownLogits(frame, lowRes), shownWidth, shownHeight, width, height);
}

/** Where {@link imageLogits} are above 0, in a part of their time. @returns 0 and 1, width · height values, row-major */
export function imageMask(frame: ImageFrame, lowRes: Float32Array): Uint8Array {
  const { shownWidth, shownHeight, width, height } = frame;
  return resizeToMask(shownLogits(frame, lowRes), shownWidth, shownHeight, width, height);
}

/**
 * A first guess at the image's size as the decoder's mask prompt. A plain mask (Uint8Array) is averaged down to the
 * decoder's grid, and the covered share of each cell, 0 to 1, becomes a logit from −10 to 10. Logits (Float32Array)
 * are interpolated. Beyond the image there is nothing: −10.
 * @param mask width · height values
 * @returns [4·tokenGrid]² logits
 */
export function maskToLowRes(frame: ImageFrame, mask: Uint8Array | Float32Array): Float32Array {
  const { config, width, height, shownWidth, shownHeight } = frame;
  const { imageSize } = config;
  const side = lowResSide(config);
  if (mask instanceof Uint8Array) {
    const shown = resizeBilinear(maskToImage(mask, width, height), shownWidth, shownHeight);
    const square = paste(shown.data, shownWidth, shownHeight, new Uint8Array(imageSize * imageSize), imageSize);
    const cells = resizeBilinear({ width: imageSize, height: imageSize, channels: 1, data: square }, side, side);
    return Float32Array.from(cells.data, (value) => (value / 127.5 - 1) * SURE);
  }
  const shown = resizeLogits(mask, width, height, shownWidth, shownHeight);
  const square = new Float32Array(imageSize * imageSize).fill(-SURE);
  return resizeLogits(paste(shown, shownWidth, shownHeight, square, imageSize), imageSize, imageSize, side, side);
}

/** Logits of the part of the model's square that shows the image. */
function shownLogits({ config, shownWidth, shownHeight }: ImageFrame, lowRes: Float32Array): Float32Array {
  return crop(modelLogits(config, lowRes), config.imageSize, shownWidth, shownHeight);
}

/** The top left part of a square map. */
function crop(map: Float32Array, side: number, width: number, height: number): Float32Array {
  if (width === side && height === side) return map;
  const part = new Float32Array(width * height);
  for (let y = 0; y < height; y++) part.set(map.subarray(y * side, y * side + width), y * width);
  return part;
}

/** Puts a map into the top left corner of a square one, which it returns. */
function paste<T extends Uint8Array | Float32Array>(map: T, width: number, height: number, square: T, side: number): T {
  for (let y = 0; y < height; y++) square.set(map.subarray(y * width, (y + 1) * width), y * side);
  return square;
}
