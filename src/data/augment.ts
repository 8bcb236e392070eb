/**
 * The published augmentation of images and labels, with its ranges, order and pixel operations.
 *
 * All random numbers are drawn from the given generator, so a seed reproduces the result. Operations that are switched
 * off in the published code (flips, noise, distortion, colour, crops) are left out. The pixel operations equal numpy,
 * torchvision and Pillow on 8-bit images, roundings included.
 */
import { SamusError } from '../errors.js';
import { createImage, type Image, toGrey } from '../formats/image.js';
import { resizeBilinear, resizeNearest } from '../formats/resize.js';
import type { Random } from '../nn/random.js';

/** Each operation is applied to half of the images. */
const CHANCE = 0.5;
/** Tenths of the gamma: 1.0 to 2.4, which brightens. */
const GAMMA_TENTHS = [10, 24] as const;
const MOST_DEGREES = 30;
const MOST_SCALE = 1.3;
const CONTRAST = [0.8, 2] as const;

/**
 * The published augmentation of an image of any size; scaling makes it a square of the model's size. All channels of a
 * colour image get the same operations.
 * @param label class indices, of the image's size
 * @param imageSize side of the model's input
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

function crop({ width, channels, data }: Image, x: number, y: number, side: number): Image {
  const line = side * channels;
  const out = new Uint8Array(side * line);
  for (let row = 0; row < side; row++) {
    const from = ((y + row) * width + x) * channels;
    out.set(data.subarray(from, from + line), row * line);
  }
  return createImage(side, side, channels, out);
}

/**
 * Brightens (gamma above 1) or darkens: `255 (v / 255)^(1 / gamma)`, cut to 8 bits without rounding, as the reference
 * does. @throws SamusError AUGMENT_PARAMETER if `value` is not positive
 */
export function gamma(image: Image, value: number): Image {
  if (!(value > 0)) throw badParameter('gamma', value, 'a positive number');
  const table = Uint8Array.from({ length: 256 }, (_, v) => Math.trunc((v / 255) ** (1 / value) * 255));
  return { ...image, data: image.data.map((v) => table[v]!) };
}

/**
 * Blends with a constant image of the mean grey, `m + factor (v - m)`, clipped and cut to 8 bits; float32 as in Pillow.
 * @throws SamusError AUGMENT_PARAMETER if `factor` is negative
 */
export function contrast(image: Image, factor: number): Image {
  if (!(factor >= 0)) throw badParameter('contrast', factor, 'a number not below 0');
  const grey = toGrey(image).data;
  let sum = 0;
  for (const v of grey) sum += v;
  const mean = Math.trunc(sum / grey.length + 0.5);
  const scale = Math.fround(factor);
  const table = Uint8Array.from({ length: 256 }, (_, v) => {
    const blended = Math.fround(mean + Math.fround(scale * (v - mean)));
    return blended <= 0 ? 0 : blended >= 255 ? 255 : Math.trunc(blended);
  });
  return { ...image, data: image.data.map((v) => table[v]!) };
}

/**
 * Rotates an image counter-clockwise about its centre on the same canvas: the nearest pixel, 0 beyond the image. Positions
 * are in 16-bit fixed point as in Pillow.
 * @param degrees any angle
 * @throws SamusError AUGMENT_PARAMETER if the angle is not finite
 */
export function rotateNearest(image: Image, degrees: number): Image {
  if (!Number.isFinite(degrees)) throw badParameter('rotate', degrees, 'an angle in degrees');
  const { width, height, channels, data } = image;
  const turn = ((degrees % 360) + 360) % 360;
  if (turn === 0) return image;
  const radians = -(turn * (Math.PI / 180));
  // Fifteen decimals, as in Pillow: they make the cosine of 90 degrees zero.
  const cos = Number(Math.cos(radians).toFixed(15));
  const sin = Number(Math.sin(radians).toFixed(15));
  const [cx, cy] = [width / 2, height / 2];
  const offsetX = cos * -cx + sin * -cy + cx;
  const offsetY = -sin * -cx + cos * -cy + cy;
  const [stepXx, stepXy] = [fixed(cos), fixed(sin)];
  const [stepYx, stepYy] = [fixed(-sin), fixed(cos)];
  const startX = fixed(offsetX + cos * 0.5 + sin * 0.5);
  const startY = fixed(offsetY - sin * 0.5 + cos * 0.5);
  const out = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    let x16 = startX + y * stepXy;
    let y16 = startY + y * stepYy;
    for (let x = 0; x < width; x++, to += channels, x16 += stepXx, y16 += stepYx) {
      const fromX = Math.floor(x16 / 65536);
      const fromY = Math.floor(y16 / 65536);
      if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) continue;
      const from = (fromY * width + fromX) * channels;
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c]!;
    }
  }
  return { width, height, channels, data: out };
}

function fixed(value: number): number {
  return Math.floor(value * 65536 + 0.5);
}

function badParameter(operation: string, value: number, expected: string): SamusError {
  const message = `expected ${expected} for ${operation}, got ${value}`;
  return new SamusError('AUGMENT_PARAMETER', message, 'correct the parameter', { operation });
}
