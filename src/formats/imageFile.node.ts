/**
 * Opens and reads image files on Node. What a file is shows in its first bytes, and each format has a reader: sharp for
 * PNG, JPEG, WebP, GIF and TIFF (imageSharp.node.ts), imageBmp.ts, and volumeFile.node.ts for NIfTI and MetaImage, whose
 * planes are frames. DICOM gets an error that says so.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { SamusError } from '../errors.js';
import { isMissing, pathInOtherForm } from './fileSystem.node.js';
import type { Image } from './image.js';
import { decodeBmp, readBmpHeader } from './imageBmp.js';
import { type FileFormat, SNIFF_BYTES, sniffFormat } from './imageFormat.js';
import { sharpSource, tiffSource } from './imageSharp.node.js';
import {
  checkFrame,
  checkFrameCount,
  checkSize,
  DEFAULT_LIMITS,
  type ImageLimits,
  type ImageSource,
  type Purpose,
  stillSource,
  tooLarge,
} from './imageSource.js';
import { planeImage, type Volume } from './volume.js';
import { readVolume } from './volumeFile.node.js';

/** Largest file for each allowed pixel: 16-bit RGBA without compression. */
const FILE_BYTES_PER_PIXEL = 8;
/** Allowance for metadata, whatever the number of pixels. */
const FILE_BYTES_EXTRA = 16 * 1024 * 1024;

const READABLE = 'PNG, JPEG, WebP, TIFF, GIF or BMP';

const OTHER_HINTS: Partial<Record<FileFormat, string>> = {
  nifti: 'give the path of the volume, not its bytes',
  metaimage: 'give the path of the volume, not its bytes',
  svg: 'drawings hold no pixels: export the image as PNG',
  mp4: 'export one frame of the clip as PNG',
  avi: 'export one frame of the clip as PNG',
  gzip: 'unpack it first',
  zip: 'unpack it first',
};

const WITH_FRAMES: readonly FileFormat[] = ['tiff', 'webp', 'gif'];

/** A file whose first bytes have been seen. */
interface FoundFile {
  /** For messages. */
  readonly name: string;
  /** Absent where bytes were given. */
  readonly path?: string;
  readonly format: FileFormat;
  /** All of it. @throws SamusError IMAGE_TOO_LARGE */
  bytes(): Promise<Uint8Array>;
}

type Reader = (file: FoundFile, limits: Required<ImageLimits>) => Promise<ImageSource>;

const bySharp: Reader = async (file, limits) => sharpSource(file.name, await file.bytes(), file.format, limits);

const READERS: Partial<Record<FileFormat, Reader>> = {
  png: bySharp,
  jpeg: bySharp,
  webp: bySharp,
  gif: bySharp,
  tiff: async (file, limits) => tiffSource(file.name, file.path ?? (await file.bytes()), limits),
  bmp: bmpSource,
  nifti: volumeSource,
  metaimage: volumeSource,
  gzip: volumeSource,
};

/**
 * Opens a file, or bytes that hold a whole file, without decoding it.
 * @param source a path, or the bytes of a file; volumes only by their path
 * @throws SamusError IMAGE_NOT_FOUND, IMAGE_UNREADABLE (no permission, a folder), IMAGE_DICOM, IMAGE_FORMAT (no image,
 *   or of a kind that is not read), IMAGE_CORRUPT (cut off or damaged), IMAGE_TOO_LARGE, and of volumes VOLUME_FORMAT,
 *   VOLUME_CORRUPT, VOLUME_TOO_LARGE
 */
export async function openImage(source: string | Uint8Array, limits: ImageLimits = {}): Promise<ImageSource> {
  const checked = { ...DEFAULT_LIMITS, ...limits };
  if (typeof source !== 'string') {
    return openFound(source, { name: 'the image', bytes: () => Promise.resolve(source) }, checked);
  }
  try {
    const { handle, path } = await openFile(source);
    try {
      const head = new Uint8Array(SNIFF_BYTES);
      const { bytesRead } = await handle.read(head, 0, SNIFF_BYTES, 0);
      const file = { name: source, path, bytes: () => readWhole(handle, source, checked) };
      return await openFound(head.subarray(0, bytesRead), file, checked);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof SamusError ? error : readError(source, error);
  }
}

/** Whether the format of a file has frames, by its first bytes; false for a file that cannot be read. */
export async function mayHaveFrames(path: string): Promise<boolean> {
  try {
    const { handle } = await openFile(path);
    try {
      const head = new Uint8Array(SNIFF_BYTES);
      const { bytesRead } = await handle.read(head, 0, SNIFF_BYTES, 0);
      const format = sniffFormat(head.subarray(0, bytesRead));
      return format !== undefined && WITH_FRAMES.includes(format);
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}

/**
 * One frame of a file, the first unless `limits` names another. 16-bit samples keep their high byte, see
 * {@link fromSamples}. Whether there are more frames, {@link openImage} says.
 * @throws SamusError as openImage, and IMAGE_FRAME
 */
export async function readImage(source: string | Uint8Array, limits: ImageLimits & FrameChoice = {}): Promise<Image> {
  return (await openImage(source, limits)).read(limits.frame ?? 1);
}

/**
 * The mask in a file: as {@link readImage}, but 16-bit samples of which none is above 255 are taken as they are. So
 * numpy and ITK save class indices, of whose high byte nothing would be left.
 * @throws SamusError as readImage
 */
export async function readMask(source: string | Uint8Array, limits: ImageLimits & FrameChoice = {}): Promise<Image> {
  return (await openImage(source, limits)).read(limits.frame ?? 1, 'mask');
}

/** Which frame, from 1; the first unless given. */
export interface FrameChoice {
  readonly frame?: number;
}

/** @throws SamusError IMAGE_DICOM, IMAGE_FORMAT, and as the reader of the format */
function openFound(
  head: Uint8Array,
  file: Omit<FoundFile, 'format'>,
  limits: Required<ImageLimits>,
): Promise<ImageSource> {
  const format = sniffFormat(head.subarray(0, SNIFF_BYTES));
  const reader = format && READERS[format];
  if (!format || !reader) throw notAnImage(file.name, head.length === 0, format);
  return reader({ ...file, format }, limits);
}

/** A name may be on the disk in another Unicode normal form than it was typed or listed. */
async function openFile(path: string): Promise<{ readonly handle: FileHandle; readonly path: string }> {
  try {
    return { handle: await open(path, 'r'), path };
  } catch (error) {
    const other = isMissing(error) ? await pathInOtherForm(path) : undefined;
    if (other === undefined) throw error;
    return { handle: await open(other, 'r'), path: other };
  }
}

async function readWhole(file: FileHandle, path: string, limits: Required<ImageLimits>): Promise<Uint8Array> {
  const { size } = await file.stat();
  const most = limits.maxPixels * FILE_BYTES_PER_PIXEL + FILE_BYTES_EXTRA;
  if (size > most) {
    throw tooLarge(`expected at most ${most} bytes of an image, ${path} has ${size}`, {
      path,
      bytes: size,
      maxBytes: most,
    });
  }
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}

async function bmpSource(file: FoundFile, limits: Required<ImageLimits>): Promise<ImageSource> {
  const { name } = file;
  const bytes = await file.bytes();
  const header = readBmpHeader(bytes);
  const { width, height } = header;
  checkSize(name, width, height, limits);
  return stillSource({ format: 'bmp', width, height, lossy: false }, () => decodeBmp(bytes, header));
}

/** The planes of a volume. Its samples are in memory as a whole: most volumes are compressed as a whole. */
async function volumeSource(file: FoundFile, limits: Required<ImageLimits>): Promise<ImageSource> {
  const { name, path, format } = file;
  if (path === undefined) throw notAnImage(name, false, format);
  const volume = await readVolume(path).catch((error: unknown) => {
    const other = format === 'gzip' && error instanceof SamusError && error.code === 'VOLUME_FORMAT';
    throw other ? notAnImage(name, false, format) : error;
  });
  return planesOf(volume, name, format, limits);
}

function planesOf(volume: Volume, name: string, format: FileFormat, limits: Required<ImageLimits>): ImageSource {
  const [width = 0, height = 0, ...others] = volume.size;
  const [x, y] = volume.spacingMm;
  const frames = others.reduce((product, side) => product * side, 1);
  checkSize(name, width, height, limits);
  checkFrameCount(name, frames, limits.maxFrames);
  return {
    format,
    frames,
    width,
    height,
    lossy: false,
    spacingMm: () => (x && y ? [x, y] : undefined),
    async read(frame, purpose: Purpose = 'image') {
      checkFrame({ frames }, frame, name);
      return planeImage(volume, frame - 1, name, purpose);
    },
  };
}

function notAnImage(name: string, empty: boolean, format: FileFormat | undefined): SamusError {
  if (format === 'dicom') {
    return new SamusError(
      'IMAGE_DICOM',
      `expected an image file (${READABLE}), ${name} is a DICOM file`,
      'DICOM is not read yet: export a frame as PNG in your viewer',
      { image: name },
    );
  }
  const found = empty ? 'is empty' : format ? `is a ${format} file` : 'is none of them';
  return new SamusError(
    'IMAGE_FORMAT',
    `expected ${READABLE}, but ${name} ${found}`,
    (format && OTHER_HINTS[format]) ?? 'export the image as PNG',
    { image: name, format: format ?? null },
  );
}

function readError(path: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '') return error instanceof Error ? error : new Error(String(error));
  if (isMissing(error)) {
    return new SamusError('IMAGE_NOT_FOUND', `there is no file ${path}`, 'check the path', { path });
  }
  const why = code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' ? 'permission is denied' : code;
  return new SamusError(
    'IMAGE_UNREADABLE',
    `cannot read ${path} as an image: ${why}`,
    code === 'EISDIR' ? 'name a file in the folder' : 'check the path and its permissions',
    { path, reason: code },
  );
}
