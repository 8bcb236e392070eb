/**
 * TIFF and BigTIFF on Node: the pages with their size and coding, from the chain of image file directories (TIFF 6.0
 * section 2); sharp decodes one. Pages that are not images, such as thumbnails and transparency masks, are skipped. Of
 * a file that is opened by its path only the page that is read is ever in memory.
 */
import type { SamusError } from '../errors.js';
import { type ByteSource, memorySource } from './byteSource.js';
import { openFileSource } from './fileSource.node.js';
import { fromYcbcr } from './image.js';
import { decode, failure, headerOf, imageFromSamples } from './imageSharp.node.js';
import {
  checkFrame,
  checkFrameCount,
  checkSize,
  corrupt,
  type ImageFile,
  type ImageLimits,
  type ImageSource,
  unreadCoding,
} from './imageSource.js';

interface TiffPage {
  /** Place in the chain of directories, from 0. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly compression: number;
  readonly photometric: number;
  /** Pixels that share a sample of colour across and down, where the samples are Y, Cb, Cr. */
  readonly subsampling: readonly [x: number, y: number];
  readonly samples: number;
  /** Whether each kind of sample is stored in a plane, not beside the others of its pixel. */
  readonly planar: boolean;
  readonly tiled: boolean;
  /** What the bits of a sample mean: 1 unsigned, 2 signed, 3 floating point, 5 and 6 complex. */
  readonly sampleFormat: number;
}

const TAG = {
  subfile: 254,
  oldSubfile: 255,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  samples: 277,
  planarConfiguration: 284,
  tileWidth: 322,
  sampleFormat: 339,
  subsampling: 530,
} as const;
const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));

/** Bytes of a value by its type; others are not read. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 16: 8 };

/** Bits of NewSubfileType: a reduced copy of another page, a transparency mask. */
const NO_IMAGE = 1 | 4;
const OLD_REDUCED = 2;

/** Real directories have a few dozen entries. */
const MAX_ENTRIES = 4096;

const JPEG = 7;
const JPEG_CODINGS = [6, JPEG] as const;
const LOSSY_CODINGS: readonly number[] = [...JPEG_CODINGS, 34_892, 50_001];
/** None, three fax codings, LZW, JPEG, Deflate twice, PackBits. */
const READ_CODINGS: readonly number[] = [1, 2, 3, 4, 5, 7, 8, 32_773, 32_946];
const READ_BITS: readonly number[] = [1, 2, 4, 8, 16, 32];
const CODING_NAMES: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  22610: 'JPEG XR',
  32909: 'PixarLog',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34661: 'JBIG',
  34892: 'lossy JPEG of DNG',
  34925: 'LZMA',
  34926: 'Zstandard',
  34927: 'WebP',
  34933: 'PNG',
  34934: 'JPEG XR',
  50000: 'Zstandard',
  50001: 'WebP',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};
const SEPARATE_PLANES = 2;
const SAMPLE_NAMES: Readonly<Record<number, string>> = {
  2: 'signed integers',
  3: 'floating-point numbers',
  5: 'complex integers',
  6: 'complex numbers',
};
/** Photometric interpretations other than grey, RGB, palette and CMYK. */
const YCBCR = 6;
const UNREAD_COLOURS: Readonly<Record<number, string>> = {
  8: 'CIE L*a*b*',
  9: 'ICC L*a*b*',
  10: 'ITU L*a*b*',
  32844: 'LogL',
  32845: 'LogLuv',
};

/** @throws SamusError IMAGE_CORRUPT, IMAGE_FORMAT, IMAGE_TOO_LARGE */
export async function tiffSource(given: ImageFile, limits: Required<ImageLimits>): Promise<ImageSource> {
  const { name, format, path } = given;
  const file = path ?? (await given.bytes());
  const pages = await pagesOf(name, file, limits.maxFrames);
  const [first] = pages;
  // The decoder reads no page of a file in which one has a coding that it lacks.
  const failed = (error: unknown, page: TiffPage | undefined): SamusError =>
    failure(error, name, page && (unreadTiff(page) ?? pages.map(unreadCompression).find((coding) => coding)));
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
      const failOn = page?.tiled ? 'warning' : 'error';
      const samples = await decode(name, file, page?.index ?? 0, 1, { failOn }).catch((error: unknown) =>
        Promise.reject(failed(error, page)),
      );
      const { width, height, channels, data } = samples;
      const ycbcr = page && hasYcbcrSamples(page) && channels === 3 && data instanceof Uint8Array;
      return ycbcr ? fromYcbcr(width, height, data) : imageFromSamples(samples, purpose);
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

/** Whether a page's coding changes sample values. */
const isLossyTiff = ({ compression }: TiffPage): boolean => LOSSY_CODINGS.includes(compression);

/** Whether the samples are Y, Cb, Cr as they are; inside JPEG the decoder converts them. */
const hasYcbcrSamples = ({ photometric, compression }: TiffPage): boolean =>
  photometric === YCBCR && !JPEG_CODINGS.some((jpeg) => jpeg === compression);

/** The colours of a page that would be taken for others, or undefined. */
function unreadColours(page: TiffPage): string | undefined {
  // The decoder leaves the conversion of planes out, or does it wrong.
  if (page.photometric === YCBCR && page.planar) return 'YCbCr in separate planes';
  if (!hasYcbcrSamples(page)) return UNREAD_COLOURS[page.photometric];
  const whole = page.bits === 8 && page.subsampling.every((pixels) => pixels === 1);
  return whole ? undefined : `YCbCr of ${page.bits} bits with colour for ${page.subsampling.join('x')} pixels each`;
}

/** The compression of a page where the decoder lacks it. */
function unreadCompression({ compression }: TiffPage): string | undefined {
  return READ_CODINGS.includes(compression)
    ? undefined
    : (CODING_NAMES[compression] ?? `TIFF compression ${compression}`);
}

/** What is unusual in the coding of a page that could not be decoded, or undefined. */
function unreadTiff(page: TiffPage): string | undefined {
  const { compression, bits, samples, sampleFormat, planar, tiled } = page;
  const coding = unreadCompression(page);
  if (coding !== undefined) return coding;
  const kind = SAMPLE_NAMES[sampleFormat];
  if (kind !== undefined || bits === 64) return `${kind ?? 'unsigned integers'} of ${bits} bits`;
  if (planar && tiled && samples > 1) return 'tiles in separate planes';
  if (!READ_BITS.includes(bits)) return `${bits} bits a sample`;
  if (bits < 8 && samples > 1) return `${samples} samples of ${bits} bits a pixel`;
  return compression === JPEG && bits !== 8 ? `JPEG of ${bits} bits` : undefined;
}

/**
 * The pages in the order of the file; none if not even the first directory can be read.
 * @throws SamusError IMAGE_CORRUPT if a later directory is cut off, or the chain runs in a circle; IMAGE_TOO_LARGE for
 *   more than `most` pages
 */
async function readTiffPages(source: ByteSource, most: number, name: string): Promise<TiffPage[]> {
  const head = await bytesAt(source, 0, Math.min(16, source.size));
  const little = head?.getUint8(0) === 0x49;
  const big = head !== undefined && head.byteLength >= 16 && head.getUint16(2, little) === 43;
  if (!head || head.byteLength < 8) return [];
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  let offset = big ? Number(head.getBigUint64(8, little)) : head.getUint32(4, little);
  for (let index = 0; offset !== 0; index++) {
    if (seen.has(offset)) throw corrupt(name, 'its list of pages runs in a circle');
    checkFrameCount(name, index + 1, most);
    seen.add(offset);
    const directory = await readDirectory(source, offset, little, big);
    if (!directory) {
      if (index === 0) return [];
      throw corrupt(name, `page ${index + 1} is cut off`);
    }
    const { values, next } = directory;
    const one = (tag: number, otherwise: number): number => values.get(tag)?.[0] ?? otherwise;
    offset = next;
    if ((one(TAG.subfile, 0) & NO_IMAGE) !== 0 || one(TAG.oldSubfile, 1) === OLD_REDUCED) continue;
    const [x = 2, y = 2] = values.get(TAG.subsampling) ?? [];
    pages.push({
      index,
      width: one(TAG.width, 0),
      height: one(TAG.height, 0),
      bits: one(TAG.bits, 1),
      compression: one(TAG.compression, 1),
      photometric: one(TAG.photometric, 1),
      subsampling: [x, y],
      samples: one(TAG.samples, 1),
      planar: one(TAG.planarConfiguration, 1) === SEPARATE_PLANES,
      tiled: values.has(TAG.tileWidth),
      sampleFormat: one(TAG.sampleFormat, 1),
    });
  }
  return pages;
}

interface Directory {
  readonly values: ReadonlyMap<number, readonly number[]>;
  readonly next: number;
}

async function readDirectory(
  source: ByteSource,
  offset: number,
  little: boolean,
  big: boolean,
): Promise<Directory | undefined> {
  const [countBytes, entryBytes, inline] = big ? [8, 20, 8] : [2, 12, 4];
  const head = await bytesAt(source, offset, countBytes);
  if (!head) return undefined;
  const entries = big ? Number(head.getBigUint64(0, little)) : head.getUint16(0, little);
  if (entries > MAX_ENTRIES) return undefined;
  const view = await bytesAt(source, offset + countBytes, entries * entryBytes);
  if (!view) return undefined;
  // Some writers leave the link out after the last directory.
  const link = await bytesAt(source, offset + countBytes + entries * entryBytes, inline);
  const next = link ? (big ? Number(link.getBigUint64(0, little)) : link.getUint32(0, little)) : 0;
  const values = new Map<number, readonly number[]>();
  for (let at = 0; at < entries * entryBytes; at += entryBytes) {
    const tag = view.getUint16(at, little);
    const size = TYPE_BYTES[view.getUint16(at + 2, little)];
    if (!WANTED.has(tag) || size === undefined) continue;
    const count = big ? Number(view.getBigUint64(at + 4, little)) : view.getUint32(at + 4, little);
    // Two values at most are of use, whatever the entry claims.
    const held = Math.min(2, count);
    const claimed = count * size;
    const valueAt = at + entryBytes - inline;
    const away = big ? Number(view.getBigUint64(valueAt, little)) : view.getUint32(valueAt, little);
    const data = claimed <= inline ? view : await bytesAt(source, away, held * size);
    if (!data) continue;
    const from = claimed <= inline ? valueAt : 0;
    values.set(
      tag,
      Array.from({ length: held }, (_, i) => numberAt(data, from + i * size, size, little)),
    );
  }
  return { values, next };
}

function numberAt(view: DataView, at: number, size: number, little: boolean): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, little);
  return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
}

/** Undefined where the file ends before. */
async function bytesAt(source: ByteSource, offset: number, length: number): Promise<DataView | undefined> {
  if (!(offset >= 0 && offset + length <= source.size)) return undefined;
  const { buffer, byteOffset, byteLength } = await source.read(offset, length);
  return new DataView(buffer, byteOffset, byteLength);
}
