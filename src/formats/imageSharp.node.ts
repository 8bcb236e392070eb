/**
 * PNG, JPEG, WebP and GIF on Node, decoded by sharp, and what TIFF (imageTiff.node.ts) shares with them. The pixels are
 * the stored ones, equal to what Pillow reads: no colour management, no gamma, no blending of alpha, no turning by EXIF
 * orientation (points are in pixels of the image as stored).
 */
import sharp, { type Metadata, type SharpOptions } from 'sharp';
import { SamusError } from '../errors.js';
import { createImage, fromCmyk, fromSamples, type Image, maskInAlpha, type SampleCount } from './image.js';
import {
  checkFrame,
  checkFrameCount,
  checkSize,
  corrupt,
  type ImageFile,
  type ImageLimits,
  type ImageSource,
  type Purpose,
  unreadCoding,
} from './imageSource.js';

// libvips keeps results by the name of a file, which may have changed since.
sharp.cache(false);

const OPTIONS: SharpOptions = {
  // Numbers as stored: a colour profile would move them, and grey would not stay what a scanner wrote.
  ignoreIcc: true,
  // Not 'warning': scanners' JPEG and TIFF often carry harmless oddities, which Pillow reads over too.
  failOn: 'error',
  sequentialRead: true,
  // checkSize has looked at the header by then.
  limitInputPixels: false,
  unlimited: false,
};

const COLOUR_SPACES = ['b-w', 'grey16', 'srgb', 'rgb16', 'cmyk'] as const;

/**
 * Pixels of an animation that are decoded at a time: its frames build on those before, so that reading them one by one
 * would decode each of them again and again.
 */
const BLOCK_PIXELS = 8e6;

/** Samples as sharp gives them, of one frame or of several below one another. */
interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: SampleCount;
  readonly cmyk: boolean;
  readonly data: Uint8Array | Uint16Array;
}

/**
 * Opens a file that sharp decodes.
 * @throws SamusError IMAGE_CORRUPT, IMAGE_FORMAT, IMAGE_TOO_LARGE
 */
export async function sharpSource(file: ImageFile, limits: Required<ImageLimits>): Promise<ImageSource> {
  const { name, format } = file;
  const stored = await file.bytes();
  const bytes = format.id === 'gif' ? (await import('./imageGif.js')).withOpaqueFirstFrame(stored) : stored;
  const facts = await format.inspect?.(bytes, limits.maxFrames);
  if (format.id === 'png') {
    const { apngSource, isApng } = await import('./apng.js');
    // sharp reads only the first frame, or a substitute.
    if (isApng(bytes)) return apngSource(bytes, { name, format: 'png', fail: (why) => corrupt(name, why) }, limits);
  }
  const failed = (error: unknown): SamusError => failure(error, name, facts?.unread);
  const header = await headerOf(bytes).catch((error) => Promise.reject(failed(error)));
  const { width, height, pages = 1 } = header;
  checkSize(name, width, height, limits);
  checkFrameCount(name, pages, limits.maxFrames);
  const stated = facts?.framesStated;
  const counted = { frames: pages, ...(stated !== undefined && stated > pages && { framesStated: stated }) };
  const blockFrames = Math.max(1, Math.floor(BLOCK_PIXELS / (width * height)));
  let block: { readonly first: number; readonly samples: Samples } | undefined;
  return {
    format: format.id,
    ...counted,
    width,
    height,
    lossy: facts?.lossy ?? false,
    spacingMm: () => undefined,
    async read(frame, purpose) {
      checkFrame(counted, frame, name);
      const first = frame - 1 - ((frame - 1) % blockFrames);
      if (block?.first !== first || pages === 1) {
        const count = Math.min(blockFrames, pages - first);
        const samples = await decode(name, bytes, first, count, { header }).catch((error: unknown) =>
          Promise.reject(failed(error)),
        );
        block = { first, samples };
      }
      const { samples } = block;
      if (pages === 1) block = undefined;
      return imageFromSamples(rowsOf(samples, (frame - 1 - first) * height, height), purpose);
    },
  };
}

/** Size, colour space and number of pages. */
export const headerOf = (file: string | Uint8Array) => sharp(file, OPTIONS).metadata();

interface DecodeOptions {
  /** What the decoder has to report for the file to count as damaged. */
  readonly failOn?: SharpOptions['failOn'];
  /** That of the file, if it holds for all pages; otherwise that of the page is read. */
  readonly header?: Pick<Metadata, 'space' | 'depth'>;
}

/**
 * The samples of some pages below one another, as they are stored.
 */
export async function decode(
  name: string,
  file: string | Uint8Array,
  page: number,
  pages: number,
  { failOn = OPTIONS.failOn, header }: DecodeOptions = {},
): Promise<Samples> {
  const options = { ...OPTIONS, failOn, page, pages };
  const { space, depth } = header ?? (await sharp(file, options).metadata());
  const sixteen = depth === 'ushort';
  const known = COLOUR_SPACES.some((one) => one === space);
  if (!known || (depth !== 'uchar' && !sixteen) || (space === 'cmyk' && sixteen)) {
    throw new SamusError(
      'IMAGE_FORMAT',
      `expected 8 or 16 bits of grey, RGB or a palette, ${name} has samples of type ${depth} in colour space ${space}`,
      'save the image as 8-bit PNG',
      { image: name, depth, space },
    );
  }
  const { data, info } = await sharp(file, options)
    // Both, or samples go through sRGB on the way, which CMYK does not survive.
    .pipelineColourspace(space)
    .toColourspace(space)
    .raw({ depth: sixteen ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return {
    width,
    height,
    channels: sampleCount(channels),
    cmyk: space === 'cmyk',
    data: sixteen ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : new Uint8Array(data),
  };
}

/** Some of the rows, in memory of their own where there are more. */
function rowsOf(samples: Samples, from: number, height: number): Samples {
  if (from === 0 && samples.height === height) return samples;
  const row = samples.width * samples.channels;
  return { ...samples, height, data: samples.data.slice(from * row, (from + height) * row) };
}

export function imageFromSamples({ width, height, channels, cmyk, data }: Samples, purpose: Purpose = 'image'): Image {
  if (cmyk) return fromCmyk(width, height, Uint8Array.from(data));
  const alpha = purpose === 'mask' ? maskInAlpha(channels, data) : undefined;
  if (alpha) return createImage(width, height, 1, alpha);
  const small = purpose === 'mask' && data instanceof Uint16Array && data.every((value) => value < 256);
  return fromSamples(width, height, channels, small ? Uint8Array.from(data) : data);
}

/** The error for what sharp throws. @param coding what is known to be unusual in the file, which is then the reason */
export function failure(error: unknown, name: string, coding: string | undefined): SamusError {
  if (error instanceof SamusError) return error;
  if (coding !== undefined) return unreadCoding(name, coding);
  return corrupt(name, error instanceof Error ? error.message.trim().split('\n')[0]! : String(error));
}

function sampleCount(channels: number): SampleCount {
  if (channels === 1 || channels === 2 || channels === 3 || channels === 4) return channels;
  throw new SamusError(
    'IMAGE_FORMAT',
    `expected grey or RGB, the image has ${channels} channels`,
    'save the image as 8-bit PNG',
    { channels },
  );
}
