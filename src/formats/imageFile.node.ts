/**
 * Opens and reads image files on Node. The table of formats (imageFormat.ts) detects what a file is; the reader of its
 * format is loaded when the first file of the format is opened.
 */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { SamusError } from '../errors.js';
import type { FrameDecoder } from './dicom/codecs.js';
import type { Image } from './image.js';
import { type FileFormat, type OpenFile, SNIFF_BYTES, sniffFormat, unreadFormat } from './imageFormat.js';
import {
  DEFAULT_LIMITS,
  type FileParts,
  type ImageFile,
  type ImageLimits,
  type ImageSource,
  tooLarge,
} from './imageSource.js';

/** Largest file for each allowed pixel: 16-bit RGBA without compression. */
const FILE_BYTES_PER_PIXEL = 8;
/** Allowance for metadata, whatever the number of pixels. */
const FILE_BYTES_EXTRA = 16 * 1024 * 1024;

/** Not in the table of formats, because the page imports that, and these readers need Node. */
const READERS: Readonly<Record<Extract<FileFormat['node'], string>, () => Promise<OpenFile>>> = {
  sharp: async () => (await import('./imageSharp.node.js')).sharpSource,
  tiff: async () => (await import('./imageTiff.node.js')).tiffSource,
  volume: async () => (await import('./volumeFile.node.js')).volumeSource,
};

/** Loaded when the first frame of DICOM is decoded. */
const frameDecoder: FrameDecoder = async (bytes, format) =>
  (await import('./dicom/frameThread.node.js')).sharedDecoder(bytes, format);

/** Needed only where opening fails. */
const fileSystem = () => import('./fileSystem.node.js');

/**
 * Opens a file, or bytes that hold a whole file, without decoding it.
 * @param source a path, or the bytes of a file; volumes only by their path
 * @throws SamusError IMAGE_NOT_FOUND, IMAGE_UNREADABLE (no permission, a folder), IMAGE_FORMAT (no image, or of a
 *   kind that is not read), IMAGE_CORRUPT (cut off or damaged), IMAGE_TOO_LARGE, of volumes VOLUME_FORMAT,
 *   VOLUME_CORRUPT, VOLUME_TOO_LARGE, and of DICOM the codes that begin so
 */
export async function openImage(source: string | Uint8Array, limits: ImageLimits = {}): Promise<ImageSource> {
  const checked = { ...DEFAULT_LIMITS, ...limits };
  if (typeof source !== 'string') {
    return openDetected(source, { name: 'the image', bytes: () => Promise.resolve(source) }, checked);
  }
  return withFile(source, async (handle, path) => {
    const bytes = (most = mostBytes(checked)) => readWhole(handle, source, most);
    const parts = await fileParts(handle, source, path);
    return openDetected(await readHead(handle), { name: source, path, bytes, parts }, checked);
  });
}

/**
 * A file that is opened again for each part, so that no handle stays open while it is in use.
 * @param name for messages
 */
async function fileParts(opened: FileHandle, name: string, path: string): Promise<FileParts> {
  const { size, ino, mtimeMs } = await opened.stat();
  return {
    size,
    read: (start, length) =>
      withFile(path, async (handle) => {
        const bytes = new Uint8Array(length);
        const now = await handle.stat();
        const changed = now.size !== size || now.ino !== ino || now.mtimeMs !== mtimeMs;
        for (let done = 0; done < length && !changed; ) {
          const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
          if (bytesRead === 0) break;
          done += bytesRead;
          if (done === length) return bytes;
        }
        if (length === 0) return bytes;
        const details = { path: name, reason: 'it has changed' };
        throw new SamusError('IMAGE_UNREADABLE', `cannot read ${name}: it has changed`, 'run it again', details);
      }),
  };
}

/** Whether the format of a file has frames, by its first bytes; false for a file that cannot be read. */
export async function mayHaveFrames(path: string): Promise<boolean> {
  return withFile(path, async (handle) => Boolean(sniffFormat(await readHead(handle))?.hasFrames)).catch(() => false);
}

/**
 * One frame of a file, the first unless `limits` names another. 16-bit samples keep their high byte, see
 * {@link fromSamples}. {@link openImage} gives the number of frames.
 * @throws SamusError as openImage, and IMAGE_FRAME
 */
export async function readImage(source: string | Uint8Array, limits: ImageLimits & FrameChoice = {}): Promise<Image> {
  return (await openImage(source, limits)).read(limits.frame ?? 1);
}

/**
 * The mask in a file: as {@link readImage}, but 16-bit samples of which none is above 255 are taken as they are. So
 * numpy and ITK save class indices, of whose high byte nothing would be left. Where all pixels have one colour and alpha
 * differs, the mask is in alpha.
 * @throws SamusError as readImage
 */
export async function readMask(source: string | Uint8Array, limits: ImageLimits & FrameChoice = {}): Promise<Image> {
  return (await openImage(source, limits)).read(limits.frame ?? 1, 'mask');
}

/** Which frame, from 1; the first unless given. */
export interface FrameChoice {
  readonly frame?: number;
}

/** @throws SamusError IMAGE_FORMAT, and as the reader of the format */
async function openDetected(
  bytes: Uint8Array,
  file: Omit<ImageFile, 'format'>,
  limits: Required<ImageLimits>,
): Promise<ImageSource> {
  const format = sniffFormat(bytes.subarray(0, SNIFF_BYTES));
  if (!format?.node) throw unreadFormat(file.name, format, bytes.length === 0);
  const read = typeof format.node === 'string' ? await READERS[format.node]() : format.node;
  return read({ ...file, format, decode: frameDecoder }, limits);
}

/** Closes the file afterwards. @throws SamusError IMAGE_NOT_FOUND, IMAGE_UNREADABLE */
async function withFile<T>(path: string, use: (handle: FileHandle, path: string) => Promise<T>): Promise<T> {
  try {
    const { handle, found } = await openFile(path);
    try {
      return await use(handle, found);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof SamusError ? error : await readError(path, error);
  }
}

/** A name may be on the disk in another Unicode normal form than it was typed or listed. */
async function openFile(path: string): Promise<{ readonly handle: FileHandle; readonly found: string }> {
  try {
    return { handle: await openRegular(path), found: path };
  } catch (error) {
    const { isMissing, pathInOtherForm } = await fileSystem();
    const other = isMissing(error) ? await pathInOtherForm(path) : undefined;
    if (other === undefined) throw error;
    return { handle: await openRegular(other), found: other };
  }
}

/** Opens a file without waiting: a pipe would block, forever without a writer, and cannot be read twice. */
async function openRegular(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const about = await handle.stat();
  if (about.isFile() || about.isDirectory()) return handle;
  await handle.close();
  throw new SamusError(
    'IMAGE_UNREADABLE',
    `cannot read ${path} as an image: it is a pipe or a device`,
    'save the image to a file first',
    { path, reason: 'no regular file' },
  );
}

async function readHead(file: FileHandle): Promise<Uint8Array> {
  const head = new Uint8Array(SNIFF_BYTES);
  const { bytesRead } = await file.read(head, 0, SNIFF_BYTES, 0);
  return head.subarray(0, bytesRead);
}

const mostBytes = ({ maxPixels }: Required<ImageLimits>): number => maxPixels * FILE_BYTES_PER_PIXEL + FILE_BYTES_EXTRA;

async function readWhole(file: FileHandle, path: string, most: number): Promise<Uint8Array> {
  const { size } = await file.stat();
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

async function readError(path: string, error: unknown): Promise<Error> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '') return error instanceof Error ? error : new Error(String(error));
  const { isMissing, readReason } = await fileSystem();
  if (isMissing(error)) {
    return new SamusError('IMAGE_NOT_FOUND', `cannot find ${path}`, 'check the path', { path });
  }
  return new SamusError(
    'IMAGE_UNREADABLE',
    `cannot read ${path} as an image: ${readReason(code)}`,
    code === 'EISDIR' ? 'name a file in the folder' : 'check the path and its permissions',
    { path, reason: code },
  );
}
