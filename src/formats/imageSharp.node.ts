/**
 * PNG, JPEG, WebP, GIF and TIFF on Node, decoded by sharp. The pixels are the stored ones, equal to what Pillow reads:
 * no colour management, no gamma, no blending of alpha, no turning by EXIF orientation (points are in pixels of the
 * image as stored).
 */
import sharp, { type SharpOptions } from 'sharp';
import { SamusError } from '../errors.js';
import { memorySource } from './byteSource.js';
import { openFileSource } from './fileSource.node.js';
import { fromCmyk, fromSamples, fromYcbcr, type Image, type SampleCount } from './image.js';
import type { FileFormat } from './imageFormat.js';
import { isLossyWebp, LOSSLESS_JPEG, pngFrames, unreadJpeg } from './imageHeader.js';
import {
  checkFrame,
  checkFrameCount,
  checkSize,
  corrupt,
  type ImageLimits,
  type ImageSource,
  type Purpose,
  unreadCoding,
} from './imageSource.js';
import { hasYcbcrSamples, isLossyTiff, readTiffPages, type TiffPage, unreadColours, unreadTiff } from './tiff.js';

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

/** The decoder leaves damaged tiles black, and what it calls a warning is all that it says of them. */
const TILED_OPTIONS: SharpOptions = { ...OPTIONS, failOn: 'warning' };

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
 * Opens bytes of PNG, JPEG, WebP or GIF.
 * @throws SamusError IMAGE_CORRUPT, IMAGE_FORMAT, IMAGE_TOO_LARGE
 */
export async function sharpSource(
  name: string,
  bytes: Uint8Array,
  format: FileFormat,
  limits: Required<ImageLimits>,
): Promise<ImageSource> {
  const failed = (error: unknown): SamusError =>
    failure(error, name, format === 'jpeg' ? unreadJpeg(bytes) : undefined);
  const pictures = format === 'png' ? pngFrames(bytes) : 1;
  if (pictures > 1) throw unreadCoding(name, `an animated PNG of ${pictures} frames`);
  const {
    width,
    height,
    pages = 1,
  } = await sharp(bytes, OPTIONS)
    .metadata()
    .catch((error: unknown) => Promise.reject(failed(error)));
  checkSize(name, width, height, limits);
  checkFrameCount(name, pages, limits.maxFrames);
  const blockFrames = Math.max(1, Math.floor(BLOCK_PIXELS / (width * height)));
  let block: { readonly first: number; readonly samples: Samples } | undefined;
  return {
    format,
    frames: pages,
    width,
    height,
    lossy: (format === 'jpeg' && unreadJpeg(bytes) !== LOSSLESS_JPEG) || (format === 'webp' && isLossyWebp(bytes)),
    spacingMm: () => undefined,
    async read(frame, purpose) {
      checkFrame({ frames: pages }, frame, name);
      const first = frame - 1 - ((frame - 1) % blockFrames);
      if (block?.first !== first || pages === 1) {
        const count = Math.min(blockFrames, pages - first);
        const samples = await decode(name, bytes, first, count).catch((error: unknown) =>
          Promise.reject(failed(error)),
        );
        block = { first, samples };
      }
      const { samples } = block;
      if (pages === 1) block = undefined;
      return imageOf(rowsOf(samples, (frame - 1 - first) * height, height), purpose);
    },
  };
}

/**
 * Opens a TIFF file by its path, of which only the page that is read is ever in memory, or by its bytes.
 * @throws SamusError IMAGE_CORRUPT, IMAGE_FORMAT, IMAGE_TOO_LARGE
 */
export async function tiffSource(
  name: string,
  file: string | Uint8Array,
  limits: Required<ImageLimits>,
): Promise<ImageSource> {
  const pages = await pagesOf(name, file, limits.maxFrames);
  const [first] = pages;
  const failed = (error: unknown, page: TiffPage | undefined): SamusError =>
    failure(error, name, page && unreadTiff(page));
  const size =
    first ??
    (await sharp(file, OPTIONS)
      .metadata()
      .catch((error: unknown) => Promise.reject(failed(error, first))));
  checkSize(name, size.width, size.height, limits);
  const frames = Math.max(1, pages.length);
  return {
    format: 'tiff',
    frames,
    width: size.width,
    height: size.height,
    lossy: pages.some(isLossyTiff),
    spacingMm: () => undefined,
    async read(frame, purpose) {
      checkFrame({ frames }, frame, name);
      const page = pages[frame - 1];
      const colours = page && unreadColours(page);
      if (colours !== undefined) throw unreadCoding(name, colours);
      checkSize(name, page?.width ?? size.width, page?.height ?? size.height, limits);
      const samples = await decode(name, file, page?.index ?? 0, 1, page?.tiled ? TILED_OPTIONS : OPTIONS).catch(
        (error: unknown) => Promise.reject(failed(error, page)),
      );
      const { width, height, channels, data } = samples;
      const ycbcr = page && hasYcbcrSamples(page) && channels === 3 && data instanceof Uint8Array;
      return ycbcr ? fromYcbcr(width, height, data) : imageOf(samples, purpose);
    },
  };
}

async function pagesOf(name: string, file: string | Uint8Array, most: number): Promise<TiffPage[]> {
  if (typeof file !== 'string') return readTiffPages(memorySource(file), most, name);
  const source = await openFileSource(file);
  try {
    return await readTiffPages(source, most, name);
  } finally {
    await source.close();
  }
}

async function decode(
  name: string,
  file: string | Uint8Array,
  page: number,
  pages: number,
  base = OPTIONS,
): Promise<Samples> {
  const options = { ...base, page, pages };
  const { space, depth } = await sharp(file, options).metadata();
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

function imageOf({ width, height, channels, cmyk, data }: Samples, purpose: Purpose = 'image'): Image {
  if (cmyk) return fromCmyk(width, height, Uint8Array.from(data));
  const small = purpose === 'mask' && data instanceof Uint16Array && data.every((value) => value < 256);
  return fromSamples(width, height, channels, small ? Uint8Array.from(data) : data);
}

/** @param coding what is known to be unusual in the file, which is then the reason */
function failure(error: unknown, name: string, coding: string | undefined): SamusError {
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
