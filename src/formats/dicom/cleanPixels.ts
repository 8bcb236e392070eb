/**
 * Blacks out everything outside the two-dimensional regions of an ultrasound image, or of a drawn mask, on all frames:
 * there scanners write names and dates. Nothing looks for text; a person has to, on the contact sheets.
 */
import { SamusError } from '../../errors.js';
import { createImage, type Image } from '../image.js';
import type { Mask } from '../mask.js';
import { type DataSet, dicomLimit, itemsOf, numberOf, textOf } from './dataSet.js';
import { type CleanPixels, withoutUnusedBits } from './deidentify.js';
import type { DicomImage } from './dicomSource.js';
import { type ShownValues, shownValues, showValues } from './grey.js';
import { damagedPixels } from './pixelFormat.js';
import { dataSet } from './writeDataSet.js';

/** Most bytes of all frames together. */
const MOST_BYTES = 2 ** 31 - 1;

export interface Cleaned extends CleanPixels {
  /** The smallest and the largest value of each pixel over all frames, side by side. */
  readonly sheet: Image;
}

/**
 * @param kept 1 for pixels that stay; absent: those of the two-dimensional regions
 * @throws SamusError DICOM_BURNED_IN without regions and mask, MASK_SIZE, DICOM_LIMIT, DICOM_TRUNCATED, and of decoding
 */
export async function cleanPixels(source: DicomImage, kept?: Mask): Promise<Cleaned> {
  const { pixelFormat, width, height, file } = source;
  if (kept && (kept.width !== width || kept.height !== height)) {
    const message = `expected a mask of ${width}x${height}, got ${kept.width}x${kept.height}`;
    throw new SamusError('MASK_SIZE', message, 'draw the mask on a frame of this file');
  }
  if (source.frames < pixelFormat.frames) {
    const message = `expected ${pixelFormat.frames} frames, got ${source.frames}`;
    throw damagedPixels(message, 'DICOM_TRUNCATED');
  }
  const mask = kept?.data ?? regionMask(source);
  const grey = pixelFormat.samples === 1 ? shownValues(file.data, pixelFormat) : undefined;
  return grey?.channels === 1 ? cleanGrey(source, mask, grey) : cleanColour(source, mask);
}

/** 1 in the two-dimensional regions. @throws SamusError DICOM_BURNED_IN */
function regionMask({ file, width, height }: DicomImage): Uint8Array {
  const boxes = itemsOf(file.data, 0x0018_6011).flatMap((region) => {
    const box = [0x0018_6018, 0x0018_601a, 0x0018_601c, 0x0018_601e].map((tag) => numberOf(region, tag) ?? -1);
    return numberOf(region, 0x0018_6012) === 1 ? [box] : [];
  });
  // A region that reaches out belongs to another picture: this one was scaled or cut.
  const fits = ([x0 = -1, y0 = -1, x1 = -1, y1 = -1]: readonly number[]): boolean =>
    x0 >= 0 && y0 >= 0 && x0 < x1 && y0 < y1 && x1 <= width && y1 <= height;
  if (boxes.length === 0 || !boxes.every(fits)) {
    const got = boxes.length === 0 ? 'none' : 'one that reaches out of it';
    throw new SamusError(
      'DICOM_BURNED_IN',
      `expected two-dimensional regions in the image, got ${got}: text may be anywhere`,
      'draw what stays in white on black, and name that picture with --mask',
    );
  }
  const mask = new Uint8Array(width * height);
  for (const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] of boxes) {
    for (let y = y0; y <= Math.min(y1, height - 1); y++)
      mask.fill(1, y * width + x0, y * width + Math.min(x1 + 1, width));
  }
  return mask;
}

/** Inside the mask, stored values stay; outside, pixels get the value that is shown black. */
async function cleanGrey(source: DicomImage, mask: Uint8Array, shown: ShownValues): Promise<Cleaned> {
  const { pixelFormat, width, height } = source;
  const bytesOfPixel = pixelFormat.bitsAllocated / 8;
  const size = mask.length * bytesOfPixel;
  const bytes = allFrames(size * source.frames);
  const black = blackValue(shown) << (pixelFormat.highBit + 1 - pixelFormat.bitsStored);
  const sheet = new Extremes(mask.length);
  for (let frame = 1; frame <= source.frames; frame++) {
    const { values } = await source.readStored(frame);
    const clean = values.slice();
    for (let i = 0; i < mask.length; i++) if (mask[i] === 0) clean[i] = black;
    sheet.add(showValues(clean, pixelFormat, shown));
    const at = (frame - 1) * size;
    for (let i = 0; i < clean.length; i++) {
      bytes[at + i * bytesOfPixel] = clean[i]! & 255;
      if (bytesOfPixel === 2) bytes[at + i * 2 + 1] = clean[i]! >> 8;
    }
  }
  return {
    bytes: withoutUnusedBits(bytes, pixelFormat),
    elements: describedElements(source),
    sheet: sheet.image(width, height, 1),
  };
}

/** The least stored value that is shown as black. */
function blackValue({ table }: ShownValues): number {
  const least = table.reduce((low, value) => Math.min(low, value), 255);
  return table.indexOf(least);
}

/** Pixels become RGB. */
async function cleanColour(source: DicomImage, mask: Uint8Array): Promise<Cleaned> {
  const { width, height } = source;
  const size = mask.length * 3;
  const bytes = allFrames(size * source.frames);
  const sheet = new Extremes(size);
  for (let frame = 1; frame <= source.frames; frame++) {
    const { data } = await source.read(frame);
    const clean = bytes.subarray((frame - 1) * size, frame * size);
    clean.set(data);
    for (let i = 0; i < mask.length; i++) if (mask[i] === 0) clean.fill(0, i * 3, i * 3 + 3);
    sheet.add(clean);
  }
  const elements = dataSet(
    [0x0028_0002, 3],
    [0x0028_0004, 'RGB'],
    [0x0028_0006, 0],
    [0x0028_0100, 8],
    [0x0028_0101, 8],
    [0x0028_0102, 7],
    [0x0028_0103, 0],
  );
  return {
    bytes,
    elements: new Map([...describedElements(source), ...elements]),
    sheet: sheet.image(width, height, 3),
  };
}

function allFrames(size: number): Uint8Array {
  if (size <= MOST_BYTES) return new Uint8Array(size);
  throw dicomLimit(`expected at most ${MOST_BYTES} bytes of decoded frames, got ${size}`);
}

/** The image is no longer an original. */
function describedElements({ file }: DicomImage): DataSet {
  const kind = (textOf(file.data, 0x0008_0008) ?? '').split('\\')[1]?.trim() === 'SECONDARY' ? 'SECONDARY' : 'PRIMARY';
  return dataSet([0x0008_0008, ['DERIVED', kind]]);
}

/** The smallest and the largest samples so far. */
class Extremes {
  readonly #low: Uint8Array;
  readonly #high: Uint8Array;

  constructor(size: number) {
    this.#low = new Uint8Array(size).fill(255);
    this.#high = new Uint8Array(size);
  }

  add(samples: Uint8Array): void {
    for (let i = 0; i < samples.length; i++) {
      const value = samples[i]!;
      if (value < this.#low[i]!) this.#low[i] = value;
      if (value > this.#high[i]!) this.#high[i] = value;
    }
  }

  image(width: number, height: number, channels: 1 | 3): Image {
    const data = new Uint8Array(width * 2 * height * channels);
    const row = width * channels;
    for (let y = 0; y < height; y++) {
      data.set(this.#low.subarray(y * row, (y + 1) * row), y * row * 2);
      data.set(this.#high.subarray(y * row, (y + 1) * row), y * row * 2 + row);
    }
    return createImage(width * 2, height, channels, data);
  }
}
