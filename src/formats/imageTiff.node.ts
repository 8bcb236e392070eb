/**
 * TIFF on Node: tiff.ts reads the list of pages, sharp decodes one. Of a file that is opened by its path only the page
 * that is read is ever in memory.
 */
import type { SamusError } from '../errors.js';
import { memorySource } from './byteSource.js';
import { openFileSource } from './fileSource.node.js';
import {
  checkFrame,
  checkSize,
  fromYcbcr,
  type ImageFile,
  type ImageLimits,
  type ImageSource,
  unreadCoding,
} from './image.js';
import { decode, failure, headerOf, imageOf } from './imageSharp.node.js';
import { hasYcbcrSamples, isLossyTiff, readTiffPages, type TiffPage, unreadColours, unreadTiff } from './tiff.js';

/** @throws SamusError IMAGE_CORRUPT, IMAGE_FORMAT, IMAGE_TOO_LARGE */
export async function tiffSource(given: ImageFile, limits: Required<ImageLimits>): Promise<ImageSource> {
  const { name, format, path } = given;
  const file = path ?? (await given.bytes());
  const pages = await pagesOf(name, file, limits.maxFrames);
  const [first] = pages;
  const failed = (error: unknown, page: TiffPage | undefined): SamusError =>
    failure(error, name, page && unreadTiff(page));
  const size = first ?? (await headerOf(file).catch((error: unknown) => Promise.reject(failed(error, first))));
  checkSize(name, size.width, size.height, limits);
  const frames = Math.max(1, pages.length);
  return {
    format: format.id,
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
      // The decoder leaves damaged tiles black, and what it calls a warning is all that it says of them.
      const samples = await decode(name, file, page?.index ?? 0, 1, page?.tiled ? 'warning' : 'error').catch(
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
