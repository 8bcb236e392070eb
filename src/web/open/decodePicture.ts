/**
 * From a file to the pixels of a frame: the table of formats (formats/imageFormat.ts) detects what the file is, and the
 * reader of its format opens it. The pixels are the stored ones, as the command line reads them: no colour management,
 * no gamma, no blending of alpha, no turning by EXIF orientation. Differences that remain: TIFF and
 * volumes, which browsers do not read; JPEG with four inks, whose colours the browser converts its own way; WebP with
 * alpha, which it blends.
 */
import { SamusError } from '../../errors.js';
import { apngSource, isApng } from '../../formats/apng.js';
import { type FileFormat, type OpenFile, SNIFF_BYTES, sniffFormat } from '../../formats/imageFormat.js';
import {
  checkFrame,
  checkSize,
  DEFAULT_LIMITS,
  type ImageFacts,
  type ImageFile,
  type ImageSource,
  stillSource,
} from '../../formats/imageSource.js';
import { BrowserPicture } from './browserPicture.js';
import { workerDecoder } from './frameDecoder.js';
import type { Picture } from './imageContract.js';
import { clip, corrupt, fileParts, readBytes, unsupported } from './pictureErrors.js';
import { openPng } from './pngPicture.js';

/** Largest file of the most pixels: 16-bit RGBA without compression, and as much again for what is around. */
const MAX_BYTES = DEFAULT_LIMITS.maxPixels * 8 + 16 * 1024 * 1024;

const READERS: Readonly<Record<Extract<FileFormat['page'], string>, OpenFile>> = {
  browser: browserSource,
  png: pngSource,
};

/** A file that is open: its bytes stay where they are until a frame is read. */
export interface PictureFile {
  readonly source: ImageSource;
  /**
   * A frame, from 1.
   * @throws SamusError IMAGE_FRAME, IMAGE_CORRUPT, IMAGE_FRAME_BROWSER, IMAGE_UNREADABLE, or codes of the format
   */
  read(frame: number): Promise<Picture>;
}

/**
 * A frame of a picture file, from 1. Use {@link openPicture} to read several.
 * @throws SamusError IMAGE_TOO_LARGE, IMAGE_CLIP, IMAGE_CORRUPT, IMAGE_FRAME, IMAGE_UNSUPPORTED, IMAGE_UNREADABLE, and
 *   for DICOM the codes that begin so
 */
export async function decodePicture(file: Blob, frame = 1): Promise<Picture> {
  const { source, read } = await openPicture(file);
  try {
    return await read(frame);
  } finally {
    source.close?.();
  }
}

/** The number of frames of a picture file; 1 if the file cannot be read. */
export async function countFrames(file: Blob): Promise<number> {
  try {
    const format = sniffFormat(await readBytes(file.slice(0, SNIFF_BYTES)));
    return format?.hasFrames ? (await openPicture(file)).source.frames : 1;
  } catch (error) {
    if (error instanceof SamusError) return 1;
    throw error;
  }
}

/** @throws SamusError IMAGE_TOO_LARGE, IMAGE_CLIP, IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_UNREADABLE, DICOM_... */
export async function openPicture(file: Blob): Promise<PictureFile> {
  if (file.size === 0) throw corrupt('the file is empty');
  const format = sniffFormat(await readBytes(file.slice(0, SNIFF_BYTES)));
  if (!format?.page) throw refused(format);
  const open = typeof format.page === 'string' ? READERS[format.page] : format.page;
  const bytes = async (most = MAX_BYTES) => {
    if (file.size > most) throw corrupt(`${file.size} bytes are more than any picture of this size needs`);
    return readBytes(file);
  };
  const asKnown = (error: unknown): Promise<never> => Promise.reject(asPageError(error, format));
  const opened: ImageFile = { name: 'the picture', format, bytes, parts: fileParts(file), decode: workerDecoder };
  const source = await open(opened, DEFAULT_LIMITS).catch(asKnown);
  return {
    source,
    async read(frame) {
      const image = await source.read(frame).catch(asKnown);
      // Of DICOM, only a spacing that holds in the whole picture; others depend on the place.
      const whole = [0, 0, image.width - 1, image.height - 1] as const;
      return { image, spacingMm: source.spacingMm(frame, whole) ?? null, frames: source.frames, frame };
    },
  };
}

const refused = (format: FileFormat | undefined): SamusError =>
  format?.kind === 'clip' ? clip() : unsupported(format?.title);

/** Readers that run everywhere say of a file that its format has kinds that are not read. */
function asPageError(error: unknown, format: FileFormat): unknown {
  const unusual = error instanceof SamusError && error.code === 'IMAGE_FORMAT';
  return unusual ? unsupported(format.title, true) : error;
}

async function pngSource({ name, format, bytes }: ImageFile): Promise<ImageSource> {
  const whole = await bytes();
  if (isApng(whole)) return apngSource(whole, { name, format: format.id, fail: corrupt }, DEFAULT_LIMITS);
  const { width, height, spacingMm, pixels } = openPng(whole);
  return stillSource({ format: format.id, width, height, lossy: false }, pixels, spacingMm);
}

async function browserSource({ name, format, bytes }: ImageFile): Promise<ImageSource> {
  const whole = await bytes();
  const facts = checked(await format.inspect?.(whole, DEFAULT_LIMITS.maxFrames + 1));
  const { width, height, frames, framesStated, lossy, delaysMs } = facts;
  const counted = { frames, ...(framesStated !== undefined && { framesStated }) };
  const picture = new BrowserPicture(whole, format, frames);
  return {
    format: format.id,
    ...counted,
    width,
    height,
    lossy,
    ...(delaysMs && { timing: { delaysMs } }),
    spacingMm: () => undefined,
    async read(frame) {
      checkFrame(counted, frame, name);
      return picture.decode(frame);
    },
    close: () => picture.close(),
  };
}

/** @throws SamusError IMAGE_CORRUPT, IMAGE_TOO_LARGE, IMAGE_CLIP */
function checked(facts: ImageFacts | undefined): ImageFacts {
  if (!facts || facts.width === 0 || facts.height === 0) throw corrupt('the header is cut off or names no pixels');
  if (facts.frames > DEFAULT_LIMITS.maxFrames) throw clip();
  checkSize('the picture', facts.width, facts.height, DEFAULT_LIMITS);
  // Browsers would show the part that is there.
  if (facts.cutOff) throw corrupt('the first frame is cut off');
  return facts;
}
