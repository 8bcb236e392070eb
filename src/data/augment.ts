/**
 * From an image and its label to what a model is trained on: the published augmentation with its ranges and order,
 * and the resizing that always follows and alone serves validation. The operations themselves are in augmentOps.ts
 * and formats/resize.ts; which prompts go with them is the business of prompts.ts.
 *
 * Every number is drawn from the generator that comes in, so that a seed gives the same picture again. What the
 * published code has switched off (flips, noise, distortion, colour, crops) is not here.
 */
import { SamusError } from '../errors.js';
import { createImage, type Image } from '../formats/image.js';
import { resizeBilinear, resizeNearest } from '../formats/resize.js';
import type { Random } from '../nn/random.js';
import { contrast, gamma, rotateNearest } from './augmentOps.js';

/** Sides of a model's pictures. */
export interface ExampleSizes {
  /** Of the input; 256 as published. */
  readonly imageSize: number;
  /** Of the low-resolution label: four times the token grid, 128 as published. */
  readonly lowSize: number;
}

/** What a model sees and what it should say. */
export interface Example {
  /** [imageSize, imageSize], 0 to 1 */
  readonly image: Float32Array;
  /** Class indices, [imageSize, imageSize]; prompts are made from it. */
  readonly label: Uint8Array;
  /** Class indices, [lowSize, lowSize]; the loss is taken on it. */
  readonly lowLabel: Uint8Array;
}

/** Each operation is applied to half of the images. */
const CHANCE = 0.5;
/** Tenths of the gamma: 1.0 to 2.4, which brightens. */
const GAMMA_TENTHS = [10, 24] as const;
const MOST_DEGREES = 30;
const MOST_SCALE = 1.3;
const CONTRAST = [0.8, 2] as const;

/** v / 255 in float32. */
const UNIT = Float32Array.from({ length: 256 }, (_, v) => v / 255);

/**
 * The published augmentation. Native images may have any size and form; the scaled ones come out square, of the
 * model's size.
 * @param label class indices, of the image's size
 * @param imageSize side of the model's input
 * @throws SamusError AUGMENT_PARAMETER if the image is not grey
 */
export function augment(
  image: Image,
  label: Image,
  random: Random,
  imageSize = 256,
): { readonly image: Image; readonly label: Image } {
  let [picture, mask] = [image, label];
  if (random.chance(CHANCE)) picture = gamma(picture, random.int(GAMMA_TENTHS[0], GAMMA_TENTHS[1] + 1) / 10);
  if (random.chance(CHANCE)) {
    const degrees = random.uniform(-MOST_DEGREES, MOST_DEGREES);
    [picture, mask] = [rotateNearest(picture, degrees), rotateNearest(mask, degrees)];
  }
  if (random.chance(CHANCE)) {
    const side = Math.trunc(imageSize * random.uniform(1, MOST_SCALE));
    const x = random.int(0, side - imageSize + 1);
    const y = random.int(0, side - imageSize + 1);
    picture = crop(resizeBilinear(picture, side, side), x, y, imageSize);
    mask = crop(resizeNearest(mask, side, side), x, y, imageSize);
  }
  if (random.chance(CHANCE)) picture = contrast(picture, random.uniform(...CONTRAST));
  return { image: picture, label: mask };
}

/**
 * What follows the augmentation and alone makes a validation example: resizing, the image bilinear, the label nearest,
 * both as Pillow does it.
 * @param label class indices, of the image's size
 * @throws SamusError AUGMENT_PARAMETER if the image is not grey
 */
export function makeExample(image: Image, label: Image, { imageSize, lowSize }: ExampleSizes): Example {
  const example = resizeExample(image, label, imageSize);
  return { ...example, lowLabel: lowLabelOf(example.label, lowSize) };
}

/** Image and label at the size of a model's input. @throws SamusError AUGMENT_PARAMETER if the image is not grey */
export function resizeExample(image: Image, label: Image, imageSize: number): Omit<Example, 'lowLabel'> {
  checkGrey(image);
  return {
    image: Float32Array.from(resizeBilinear(image, imageSize, imageSize).data, (v) => UNIT[v]!),
    label: resizeNearest(label, imageSize, imageSize).data,
  };
}

/** From the label at the model's size, not from the native one, as in the published code. */
export function lowLabelOf(label: Uint8Array, lowSize: number): Uint8Array {
  const side = Math.sqrt(label.length);
  return resizeNearest(createImage(side, side, 1, label), lowSize, lowSize).data;
}

/** @throws SamusError AUGMENT_PARAMETER if it is not */
export function checkGrey({ channels }: Image): void {
  if (channels === 1) return;
  const message = `expected a greyscale image, got ${channels} channels`;
  throw new SamusError('AUGMENT_PARAMETER', message, 'make it grey first', { channels });
}

function crop({ width, data }: Image, x: number, y: number, side: number): Image {
  const out = new Uint8Array(side * side);
  for (let row = 0; row < side; row++) {
    const from = (y + row) * width + x;
    out.set(data.subarray(from, from + side), row * side);
  }
  return createImage(side, side, 1, out);
}
