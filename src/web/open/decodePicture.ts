/**
 * From a file to the pixels of a frame: detects what the file is by its content, never by its name, checks its size and
 * hands it to the decoder of its kind. The pixels are the stored ones, as the command line reads them: no colour management,
 * no gamma, no blending of alpha, no turning by EXIF orientation. Differences that remain: TIFF and
 * volumes, which browsers do not read; JPEG with four inks, whose colours the browser converts its own way; WebP with
 * alpha, which it blends.
 */
import { SamusError } from '../../errors.js';
import { decodeBmp, readBmpHeader } from '../../formats/imageBmp.js';
import { SNIFF_BYTES, sniffFormat } from '../../formats/imageFormat.js';
import {
  gifHeader,
  type ImageHeader,
  isLossyWebp,
  jpegHeader,
  pngFrames,
  webpHeader,
} from '../../formats/imageHeader.js';
import { checkFrame, DEFAULT_LIMITS, type ImageSource, stillSource } from '../../formats/imageSource.js';
import { decodeByBrowser } from './browserPicture.js';
import type { Picture } from './imageContract.js';
import { clip, corrupt, dicom, MAX_PIXELS, MAX_SIDE, readBytes, tooLarge, unsupported } from './pictureErrors.js';
import { decodePng } from './pngPicture.js';

const MAX_FRAMES = DEFAULT_LIMITS.maxFrames;

/** Largest file of {@link MAX_PIXELS} pixels: 16-bit RGBA without compression, and as much again for what is around. */
const MAX_BYTES = MAX_PIXELS * 8 + 16 * 1024 * 1024;

/** Starts of clips that sniffFormat does not tell: Matroska and WebM, Ogg, Flash, MPEG streams, Windows Media. */
const CLIP_STARTS = ['\x1aE\xdf\xa3', 'OggS', 'FLV', '\0\0\x01\xba', '\0\0\x01\xb3', '\x30\x26\xb2\x75'];

/**
 * A frame of a picture file, from 1.
 * @throws SamusError IMAGE_TOO_LARGE, IMAGE_DICOM, IMAGE_CLIP, IMAGE_CORRUPT, IMAGE_FRAME, IMAGE_UNSUPPORTED,
 *   IMAGE_UNREADABLE
 */
export async function decodePicture(file: Blob, frame = 1): Promise<Picture> {
  const source = await openPicture(file);
  const image = await source.read(frame);
  return { image, spacingMm: source.spacingMm(frame) ?? null, frames: source.frames, frame };
}

/** The number of frames of a picture file, from its header; 1 if the file cannot be read. */
export async function countFrames(file: Blob): Promise<number> {
  try {
    const format = sniffFormat(await readBytes(file.slice(0, SNIFF_BYTES)));
    if (format !== 'webp' && format !== 'gif') return 1;
    const bytes = await readBytes(file);
    return (format === 'webp' ? webpHeader(bytes) : gifHeader(bytes, MAX_FRAMES + 1))?.frames ?? 1;
  } catch (error) {
    if (error instanceof SamusError) return 1;
    throw error;
  }
}

async function openPicture(file: Blob): Promise<ImageSource> {
  if (file.size === 0) throw corrupt('the file is empty');
  const head = await readBytes(file.slice(0, SNIFF_BYTES));
  const format = sniffFormat(head);
  if (format === 'dicom') throw dicom();
  if (format === 'mp4' || format === 'avi' || isClip(head)) throw clip();
  if (format !== 'png' && format !== 'jpeg' && format !== 'webp' && format !== 'gif' && format !== 'bmp') {
    throw unsupported(format ?? 'unknown');
  }
  if (file.size > MAX_BYTES) throw corrupt(`${file.size} bytes are more than any picture of this size needs`);
  const bytes = await readBytes(file);
  if (format === 'png') {
    if (pngFrames(bytes) > 1) throw clip();
    const { image, spacingMm } = decodePng(bytes);
    return stillSource({ format, ...image, lossy: false }, () => image, spacingMm);
  }
  if (format === 'bmp') {
    const image = bmpPixels(bytes);
    return stillSource({ format, ...image, lossy: false }, () => image);
  }
  if (format === 'jpeg') {
    const { width, height } = checkHeader(jpegHeader(bytes));
    return stillSource({ format, width, height, lossy: true }, () => decodeByBrowser(bytes, format));
  }
  const header = checkHeader(format === 'webp' ? webpHeader(bytes) : gifHeader(bytes, MAX_FRAMES + 1));
  return {
    format,
    ...header,
    lossy: format === 'webp' && isLossyWebp(bytes),
    spacingMm: () => undefined,
    async read(frame) {
      checkFrame(header, frame, 'the picture');
      return decodeByBrowser(bytes, format, frame, header.frames);
    },
  };
}

function isClip(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 12));
  return CLIP_STARTS.some((start) => text.startsWith(start)) || ['moov', 'mdat', 'wide'].includes(text.slice(4, 8));
}

/** @throws SamusError IMAGE_CORRUPT, IMAGE_TOO_LARGE */
function checkHeader(header: ImageHeader | undefined): ImageHeader {
  if (!header || header.width === 0 || header.height === 0) throw corrupt('the header is cut off or names no pixels');
  if (header.frames > MAX_FRAMES) throw clip();
  checkSize(header.width, header.height);
  return header;
}

function checkSize(width: number, height: number): void {
  if (width * height > MAX_PIXELS || Math.max(width, height) > MAX_SIDE) throw tooLarge(width, height);
}

function bmpPixels(bytes: Uint8Array): Picture['image'] {
  try {
    const header = readBmpHeader(bytes);
    checkSize(header.width, header.height);
    return decodeBmp(bytes, header);
  } catch (error) {
    if (!(error instanceof SamusError) || error.code === 'IMAGE_TOO_LARGE') throw error;
    throw error.code === 'IMAGE_FORMAT' ? unsupported('bitmap') : corrupt(error.message);
  }
}
