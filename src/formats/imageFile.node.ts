/**
 * Reads picture files on Node: PNG, JPEG, WebP and TIFF through sharp, BMP through imageBmp.ts. The pixels are the
 * stored ones, equal to what Pillow reads: no colour management, no gamma, no blending of alpha, no turning by EXIF
 * orientation (points are in pixels of the image as stored). Of several pages or frames the first is read.
 * DICOM, NIfTI and MetaImage have readers of their own; here they get an error that says so.
 */
import { open } from 'node:fs/promises';
import sharp, { type SharpOptions } from 'sharp';
import { SamusError } from '../errors.js';
import { fromCmyk, fromSamples, type Image, type SampleCount } from './image.js';
import { decodeBmp, readBmpHeader } from './imageBmp.js';
import { isImageFormat, type OtherFormat, SNIFF_BYTES, sniffFormat } from './imageFormat.js';

/** How large a picture may be; checked against its header, before memory for its pixels is taken. */
export interface ImageLimits {
  /** Most pixels; 40 million unless given, five times what a scanner's largest export has. */
  readonly maxPixels?: number;
  /** Longest side in pixels; 32,767 unless given: longer ones are broken or hostile. */
  readonly maxSide?: number;
}

const DEFAULT_LIMITS: Required<ImageLimits> = { maxPixels: 40e6, maxSide: 32_767 };

/** Largest file for each allowed pixel: 16-bit RGBA without compression. */
const FILE_BYTES_PER_PIXEL = 8;
/** Allowance for metadata, whatever the number of pixels. */
const FILE_BYTES_EXTRA = 16 * 1024 * 1024;

const READABLE = 'PNG, JPEG, WebP, TIFF or BMP';

const OTHER_HINTS: Partial<Record<OtherFormat, string>> = {
  nifti: 'read volumes with the NIfTI commands, or export one slice as PNG',
  metaimage: 'read it with the MetaImage import, or export one slice as PNG',
  svg: 'drawings hold no pixels: export the image as PNG',
  mp4: 'export one frame of the clip as PNG',
  avi: 'export one frame of the clip as PNG',
  gzip: 'unpack it first',
  zip: 'unpack it first',
};

/**
 * The picture in a file, or in bytes that hold a whole file. What it is is told from its content, not from its name.
 * 16-bit samples keep their high byte, see {@link fromSamples}.
 *
 * @param source a path, or the bytes of a file
 * @throws SamusError IMAGE_NOT_FOUND, IMAGE_UNREADABLE (no permission, a folder), IMAGE_DICOM, IMAGE_FORMAT (no
 * picture, or of a kind that is not read), IMAGE_CORRUPT (cut off or damaged), IMAGE_TOO_LARGE
 */
export function readImage(source: string | Uint8Array, limits: ImageLimits = {}): Promise<Image> {
  return read(source, limits, false);
}

/**
 * The mask in a file, or in bytes that hold a whole file: as {@link readImage}, but 16-bit samples of which none is above
 * 255 are taken as they are. So numpy and ITK save class indices, of whose high byte nothing would be left.
 * @throws SamusError as readImage
 */
export function readMask(source: string | Uint8Array, limits: ImageLimits = {}): Promise<Image> {
  return read(source, limits, true);
}

async function read(source: string | Uint8Array, limits: ImageLimits, isMask: boolean): Promise<Image> {
  const checked = { ...DEFAULT_LIMITS, ...limits };
  const name = typeof source === 'string' ? source : 'the image';
  const bytes = typeof source === 'string' ? await readWhole(source, checked) : source;
  const format = sniffFormat(bytes.subarray(0, SNIFF_BYTES));
  if (!isImageFormat(format)) throw notAnImage(name, bytes, format);
  if (format !== 'bmp') return decodeWithSharp(name, bytes, checked, isMask);
  const header = readBmpHeader(bytes);
  checkSize(name, header.width, header.height, checked);
  return decodeBmp(bytes, header);
}

async function readWhole(path: string, limits: Required<ImageLimits>): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const most = limits.maxPixels * FILE_BYTES_PER_PIXEL + FILE_BYTES_EXTRA;
      if (size <= most) return await file.readFile();
      const head = new Uint8Array(SNIFF_BYTES);
      await file.read(head, 0, SNIFF_BYTES, 0);
      const format = sniffFormat(head);
      if (!isImageFormat(format)) throw notAnImage(path, head, format);
      throw tooLarge(`${path} has ${size} bytes, an image may have ${most}`, { path, bytes: size, maxBytes: most });
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof SamusError ? error : readError(path, error);
  }
}

async function decodeWithSharp(
  name: string,
  bytes: Uint8Array,
  limits: Required<ImageLimits>,
  isMask: boolean,
): Promise<Image> {
  const options: SharpOptions = {
    // Numbers as stored: a colour profile would move them, and grey would not stay what a scanner wrote.
    ignoreIcc: true,
    // Not 'warning': scanners' JPEG and TIFF often carry harmless oddities, which Pillow reads over too.
    failOn: 'error',
    sequentialRead: true,
    page: 0,
    pages: 1,
    // checkSize has looked at the header by then, and says what came.
    limitInputPixels: false,
    unlimited: false,
  };
  try {
    const { width, height, space, depth } = await sharp(bytes, options).metadata();
    checkSize(name, width, height, limits);
    const sixteen = depth === 'ushort';
    const known = space === 'b-w' || space === 'grey16' || space === 'srgb' || space === 'rgb16' || space === 'cmyk';
    if (!known || (depth !== 'uchar' && !sixteen) || (space === 'cmyk' && sixteen)) {
      throw new SamusError(
        'IMAGE_FORMAT',
        `${name} has samples of type ${depth} in colour space ${space}; 8 or 16 bits of grey, RGB or a palette are read`,
        'save the image as 8-bit PNG',
        { image: name, depth, space },
      );
    }
    const { data, info } = await sharp(bytes, options)
      // Both, or samples go through sRGB on the way, which CMYK does not survive.
      .pipelineColourspace(space)
      .toColourspace(space)
      .raw({ depth: sixteen ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (space === 'cmyk') return fromCmyk(info.width, info.height, data);
    const words = sixteen ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : undefined;
    const small = isMask && words?.every((value) => value < 256);
    const samples = words && !small ? words : new Uint8Array(words ?? data);
    return fromSamples(info.width, info.height, sampleCount(info.channels), samples);
  } catch (error) {
    if (error instanceof SamusError) throw error;
    const reason = error instanceof Error ? error.message.trim().split('\n')[0]! : String(error);
    throw new SamusError(
      'IMAGE_CORRUPT',
      `a complete image was expected, but ${name} is cut off or damaged`,
      'copy or export the image again',
      { image: name, reason },
    );
  }
}

function sampleCount(channels: number): SampleCount {
  if (channels === 1 || channels === 2 || channels === 3 || channels === 4) return channels;
  throw new SamusError(
    'IMAGE_FORMAT',
    `grey or RGB was expected, the image has ${channels} channels`,
    'save the image as 8-bit PNG',
    { channels },
  );
}

function checkSize(name: string, width: number, height: number, limits: Required<ImageLimits>): void {
  if (width * height <= limits.maxPixels && Math.max(width, height) <= limits.maxSide) return;
  throw tooLarge(
    `${name} has ${width}x${height} pixels; at most ${limits.maxPixels} pixels and ${limits.maxSide} a side are read`,
    { image: name, width, height, ...limits },
  );
}

function tooLarge(message: string, details: { readonly [key: string]: string | number }): SamusError {
  return new SamusError('IMAGE_TOO_LARGE', message, 'cut the image to the part that matters', details);
}

function notAnImage(name: string, bytes: Uint8Array, format: OtherFormat | undefined): SamusError {
  if (format === 'dicom') {
    return new SamusError(
      'IMAGE_DICOM',
      `${name} is a DICOM file; an image file (${READABLE}) was expected here`,
      'DICOM is not read yet: export a frame as PNG in your viewer',
      { image: name },
    );
  }
  const came = bytes.length === 0 ? 'is empty' : format ? `is a ${format} file` : 'is none of them';
  return new SamusError(
    'IMAGE_FORMAT',
    `${READABLE} was expected, but ${name} ${came}`,
    (format && OTHER_HINTS[format]) ?? 'export the image as PNG',
    { image: name, format: format ?? null },
  );
}

function readError(path: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '') return error instanceof Error ? error : new Error(String(error));
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new SamusError('IMAGE_NOT_FOUND', `there is no file ${path}`, 'check the path', { path });
  }
  const why = code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' ? 'permission is denied' : code;
  return new SamusError(
    'IMAGE_UNREADABLE',
    `an image file was expected, but ${path} cannot be read: ${why}`,
    code === 'EISDIR' ? 'name a file in the folder' : 'check the path and its permissions',
    { path, reason: code },
  );
}
