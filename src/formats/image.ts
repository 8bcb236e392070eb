/**
 * Images in memory, 8-bit grey or RGB, and the sources that they are read from: a file of one or several frames. Readers
 * of formats are elsewhere (imageFormat.ts); they share the rules here that bring other samples into that form, the
 * limits, and the errors. The rules are Pillow's, because the published training data and the reference's evaluation
 * were made with it.
 */
import { SamusError } from '../errors.js';
import type { Calibration } from './dicom/regions.js';
import type { Mask, PixelBox, SpacingMm } from './mask.js';

export type { SpacingMm } from './mask.js';

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

/** What the samples are read for; in a mask, 16-bit samples of which none is above 255 keep their values. */
export type Purpose = 'image' | 'mask';

/** How the frames of a clip follow each other in time. */
export interface FrameTiming {
  /** How long each frame is shown. */
  readonly delaysMs: readonly number[];
  /** Plays forth and back; otherwise from the first frame again. */
  readonly sweeps?: boolean;
  /** The part that the file recommends to show, from 1. */
  readonly trim?: readonly [first: number, last: number];
}

/** Frames are counted from 1. */
export interface ImageSource {
  /** The id of its format (imageFormat.ts). */
  readonly format: string;
  /** Number of frames: pages of a TIFF file, pictures of an animation, planes of a volume. */
  readonly frames: number;
  /** Size of the first frame in pixels. Only TIFF pages can differ in size. */
  readonly width: number;
  readonly height: number;
  /** Whether the compression changes sample values (JPEG, lossy WebP). */
  readonly lossy: boolean;
  /** Of files with several frames that state it. */
  readonly timing?: FrameTiming;
  /** The UID of a DICOM image, and what it says about distances. */
  readonly sopInstanceUid?: string;
  readonly calibration?: Calibration;
  /**
   * Spacing of a frame, or of a box in it, where the file states a distance in tissue: volumes do. The resolution that
   * JPEG and TIFF state is that of a print; the page believes that of PNG where it can be one of ultrasound.
   */
  spacingMm(frame: number, box?: PixelBox): SpacingMm | undefined;
  /**
   * The pixels of a frame. Nothing but the frame is decoded; of an animation its neighbours may be.
   * @throws SamusError IMAGE_FRAME if there is no such frame, IMAGE_FORMAT, IMAGE_CORRUPT, IMAGE_TOO_LARGE
   */
  read(frame: number, purpose?: Purpose): Promise<Image>;
  /** Frees what it keeps from frame to frame. */
  close?(): void;
}

/** What the header of a file says, before anything is decoded. The size is 0 where it is cut off. */
export interface ImageFacts {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Whether the coding changes sample values. */
  readonly lossy: boolean;
  /** How long each of several frames is shown. */
  readonly delaysMs?: readonly number[];
  /** A coding that decoders of the format do not read. */
  readonly unread?: string;
}

/** What readers ask of the entry of a format in the table (imageFormat.ts). */
export interface KnownFormat {
  readonly id: string;
  /** For people. */
  readonly title: string;
  readonly mimeTypes?: readonly string[];
  /** Whether a file can have several frames. */
  readonly hasFrames?: boolean;
  /** Reads the header where sharp or the browser decodes the file. */
  readonly inspect?: (bytes: Uint8Array, maxFrames: number) => Promise<ImageFacts>;
  /** What to do about a file that is not read. */
  readonly hint?: string;
}

/** A file whose format is known. */
export interface ImageFile {
  /** For messages. */
  readonly name: string;
  readonly format: KnownFormat;
  /** Absent in the page, and on Node for bytes. */
  readonly path?: string;
  /**
   * The whole file. Call it while the file is being opened: afterwards it is closed.
   * @param most bytes; by default the most that one image of the allowed size takes
   * @throws SamusError IMAGE_TOO_LARGE
   */
  bytes(most?: number): Promise<Uint8Array>;
}

/** How large an image may be; checked against its header, before memory for its pixels is taken. */
export interface ImageLimits {
  /** Most pixels of a frame; 40 million unless given, five times what a scanner's largest export has. */
  readonly maxPixels?: number;
  /** Longest side in pixels; 32,767 unless given: longer ones are broken or hostile. */
  readonly maxSide?: number;
  /** Most frames; 10,000 unless given, five minutes of a clip. */
  readonly maxFrames?: number;
}

export const DEFAULT_LIMITS: Required<ImageLimits> = { maxPixels: 40e6, maxSide: 32_767, maxFrames: 10_000 };

/** The source of a file that holds one image. */
export function stillSource(
  about: Pick<ImageSource, 'format' | 'width' | 'height' | 'lossy'>,
  read: (purpose: Purpose) => Image | Promise<Image>,
  spacingMm: SpacingMm | null = null,
): ImageSource {
  const { format, width, height, lossy } = about;
  return {
    format,
    frames: 1,
    width,
    height,
    lossy,
    spacingMm: () => spacingMm ?? undefined,
    async read(frame, purpose = 'image') {
      checkFrame({ frames: 1 }, frame, 'the image');
      return read(purpose);
    },
  };
}

/** @throws SamusError IMAGE_FRAME, of a DICOM file DICOM_FRAME, if there is no such frame */
export function checkFrame(
  { frames, format }: Pick<ImageSource, 'frames'> & { readonly format?: string },
  frame: number,
  name: string,
): void {
  if (Number.isInteger(frame) && frame >= 1 && frame <= frames) return;
  throw new SamusError(
    format === 'dicom' ? 'DICOM_FRAME' : 'IMAGE_FRAME',
    `expected a frame from 1 to ${frames} of ${name}, got ${frame}`,
    frames === 1 ? 'leave the frame out: the file holds one image' : `name a frame from 1 to ${frames}`,
    { frame, frames },
  );
}

/** @throws SamusError IMAGE_TOO_LARGE */
export function checkSize(name: string, width: number, height: number, limits: Required<ImageLimits>): void {
  if (width * height <= limits.maxPixels && Math.max(width, height) <= limits.maxSide) return;
  throw tooLarge(
    `expected at most ${limits.maxPixels} pixels and ${limits.maxSide} a side, ${name} has ${width}x${height}`,
    { image: name, width, height, maxPixels: limits.maxPixels, maxSide: limits.maxSide },
  );
}

/** @throws SamusError IMAGE_TOO_LARGE */
export function checkFrameCount(name: string, frames: number, maxFrames: number): void {
  if (frames <= maxFrames) return;
  throw tooLarge(`expected at most ${maxFrames} frames, ${name} has more`, { image: name, maxFrames });
}

/** The error for what exceeds a limit. */
export function tooLarge(message: string, details: { readonly [key: string]: string | number }): SamusError {
  return new SamusError('IMAGE_TOO_LARGE', message, 'cut the image to the part that matters', details);
}

/** The error for an image whose coding is known and not read. */
export function unreadCoding(name: string, coding: string): SamusError {
  return new SamusError(
    'IMAGE_FORMAT',
    `cannot read ${name}: its samples are coded as ${coding}`,
    'save the image as 8-bit PNG',
    { image: name, coding },
  );
}

/** The error for an image that is cut off or damaged. */
export function corrupt(name: string, reason: string): SamusError {
  return new SamusError(
    'IMAGE_CORRUPT',
    `expected a complete image, but ${name} is cut off or damaged`,
    'copy or export the image again',
    { image: name, reason },
  );
}
