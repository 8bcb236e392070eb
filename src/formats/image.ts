/**
 * Images in memory, 8-bit grey or RGB, and the rules that convert other samples to that form. They are Pillow's rules,
 * because the published training data and the reference's evaluation were made with it. imageSource.ts has the files that
 * images are read from.
 */
import { SamusError } from '../errors.js';
import type { Mask } from './mask.js';

/** A picture of 8-bit samples, row-major, channels interleaved: sample c of pixel (x, y) is `data[(y * width + x) * channels + c]`. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is red, green, blue. There is no alpha: it says nothing about echoes, and `convert('L')` drops it. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** How many interleaved samples a pixel of a decoded file may have: grey, grey + alpha, RGB, RGB + alpha. */
export type SampleCount = 1 | 2 | 3 | 4;

/**
 * An image over `data`, which is not copied.
 * @throws SamusError IMAGE_SHAPE if the sizes are not positive integers or the number of samples is not their product
 */
export function createImage(width: number, height: number, channels: 1 | 3, data: Uint8Array): Image {
  const sizes = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!sizes || data.length !== width * height * channels) {
    throw new SamusError(
      'IMAGE_SHAPE',
      `expected ${width}x${height} pixels of ${channels} channels, got ${data.length} samples`,
      'give width * height * channels samples of 8 bits',
      { width, height, channels, samples: data.length },
    );
  }
  return { width, height, channels, data };
}

/**
 * Grey by Pillow's rule for mode `L`: ITU-R 601 luma in 16-bit fixed point, rounded. A grey image is returned as it
 * is, and an RGB image with three equal samples gives exactly that sample.
 */
export function toGrey(image: Image): Image {
  if (image.channels === 1) return image;
  const { width, height, data } = image;
  const grey = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < grey.length; i++, j += 3) {
    grey[i] = (data[j]! * 19595 + data[j + 1]! * 38470 + data[j + 2]! * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: grey };
}

/** The largest sample of each pixel of a mask: as a grey level, red 1 or blue 4 would be rounded to black. */
export function brightestSamples(mask: Image): Image {
  const { width, height, channels, data } = mask;
  if (channels === 1) return mask;
  const brightest = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    brightest[pixel] = Math.max(brightest[pixel]!, data[i]!);
  }
  return createImage(width, height, 1, brightest);
}

/** Whether all pixels are grey: one channel, or three equal samples. */
export function isGrey({ channels, data }: Image): boolean {
  if (channels === 1) return true;
  for (let i = 0; i < data.length; i += 3) if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  return true;
}

/** RGB with the grey sample three times; an RGB image is returned as it is. */
export function toRgb(image: Image): Image {
  if (image.channels === 3) return image;
  const rgb = new Uint8Array(image.data.length * 3);
  for (let i = 0; i < image.data.length; i++) rgb.fill(image.data[i]!, i * 3, i * 3 + 3);
  return { width: image.width, height: image.height, channels: 3, data: rgb };
}

/** `horizontal` swaps left and right, `vertical` top and bottom. */
export type Flip = 'horizontal' | 'vertical';

export function flipImage(image: Image, flip: Flip): Image {
  const { width, height, channels } = image;
  const data = new Uint8Array(image.data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = flip === 'horizontal' ? [width - 1 - x, y] : [x, height - 1 - y];
      const from = (fromY * width + fromX) * channels;
      for (let c = 0; c < channels; c++) data[to++] = image.data[from + c]!;
    }
  }
  return { ...image, data };
}

/**
 * An image from decoded samples: alpha is dropped, not blended (a transparent pixel keeps the colour that is stored,
 * as Pillow's `convert('L')` has it), and 16-bit samples keep their high byte.
 *
 * The high byte is what Pillow does with 16-bit RGB and OpenCV with 16-bit grey; Pillow's `convert('L')` of 16-bit
 * grey clips at 255 instead, which makes most of it white. A 12-bit image stored in 16 bits therefore becomes
 * dark: scale it before.
 */
export function fromSamples(
  width: number,
  height: number,
  samplesPerPixel: SampleCount,
  samples: Uint8Array | Uint16Array,
): Image {
  const channels = samplesPerPixel < 3 ? 1 : 3;
  if (samplesPerPixel === channels && samples instanceof Uint8Array) {
    return createImage(width, height, channels, samples);
  }
  const shift = samples instanceof Uint16Array ? 8 : 0;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, from = 0; i < data.length; i += channels, from += samplesPerPixel) {
    for (let c = 0; c < channels; c++) data[i + c] = samples[from + c]! >> shift;
  }
  return createImage(width, height, channels, data);
}

/**
 * The mask in the alpha of a file whose colours are the same everywhere, as programs with layers write it: 255 where alpha
 * is more than half of its maximum, else 0. Undefined where the colours differ, or alpha does not.
 */
export function maskInAlpha(samplesPerPixel: SampleCount, samples: ArrayLike<number>): Uint8Array | undefined {
  const colours = samplesPerPixel - 1;
  if (samplesPerPixel % 2 === 1) return undefined;
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let at = 0; at < samples.length; at += samplesPerPixel) {
    for (let c = 0; c < colours; c++) if (samples[at + c] !== samples[c]) return undefined;
    least = Math.min(least, samples[at + colours]!);
    most = Math.max(most, samples[at + colours]!);
  }
  if (least === most) return undefined;
  const inside = (_: unknown, i: number): number => (samples[i * samplesPerPixel + colours]! > most / 2 ? 255 : 0);
  return Uint8Array.from({ length: samples.length / samplesPerPixel }, inside);
}

/**
 * RGB from CMYK samples (0 is no ink), without colour management, by Pillow's rule: white less the key, less the
 * ink's share of what is left.
 */
export function fromCmyk(width: number, height: number, samples: Uint8Array): Image {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0, from = 0; i < data.length; i += 3, from += 4) {
    const light = 255 - samples[from + 3]!;
    for (let c = 0; c < 3; c++) {
      const product = samples[from + c]! * light + 128;
      data[i + c] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return createImage(width, height, 3, data);
}

/**
 * RGB from Y, Cb, Cr samples as JFIF defines them: full range, ITU-R 601.
 * @param samples three bytes a pixel
 */
export function fromYcbcr(width: number, height: number, samples: Uint8Array): Image {
  const data = new Uint8ClampedArray(width * height * 3);
  for (let i = 0; i < data.length; i += 3) {
    const [y, cb, cr] = [samples[i]!, samples[i + 1]! - 128, samples[i + 2]! - 128];
    data[i] = y + 1.402 * cr;
    data[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    data[i + 2] = y + 1.772 * cb;
  }
  return createImage(width, height, 3, new Uint8Array(data.buffer));
}

/** The picture of a mask: 255 inside, 0 outside. */
export function maskToImage({ width, height, data }: Mask): Image {
  return createImage(
    width,
    height,
    1,
    data.map((value) => (value === 0 ? 0 : 255)),
  );
}
