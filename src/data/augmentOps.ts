/**
 * The pixel operations of the published augmentation, each with its parameter given: gamma, rotation, contrast.
 * What is drawn when, and scaling and cropping, is the business of the augmentation that calls them.
 *
 * They equal numpy, torchvision and Pillow on 8-bit grey images, roundings included.
 */
import { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';

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
 * Blends with a constant image of the mean grey, `m + factor (v - m)`, clipped and cut to 8 bits; float32 as in
 * Pillow. Grey images only, like the reference's.
 * @throws SamusError AUGMENT_PARAMETER if `factor` is negative or the image is not grey
 */
export function contrast(image: Image, factor: number): Image {
  if (!(factor >= 0)) throw badParameter('contrast', factor, 'a number not below 0');
  checkGrey(image, 'contrast');
  let sum = 0;
  for (const v of image.data) sum += v;
  const mean = Math.trunc(sum / image.data.length + 0.5);
  const scale = Math.fround(factor);
  const table = Uint8Array.from({ length: 256 }, (_, v) => {
    const blended = Math.fround(mean + Math.fround(scale * (v - mean)));
    return blended <= 0 ? 0 : blended >= 255 ? 255 : Math.trunc(blended);
  });
  return { ...image, data: image.data.map((v) => table[v]!) };
}

/**
 * Turns an image counter-clockwise about its centre on the same canvas; nearest pixel, 0 where nothing comes from.
 * Positions run in 16-bit fixed point as in Pillow, so that images and masks turn exactly as there.
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

function checkGrey(image: Image, operation: string): void {
  if (image.channels !== 1) throw badParameter(operation, image.channels, 'a grey image');
}

function badParameter(operation: string, came: number, expected: string): SamusError {
  return new SamusError('AUGMENT_PARAMETER', `${operation} takes ${expected}, ${came} came`, 'correct the parameter', {
    operation,
  });
}
