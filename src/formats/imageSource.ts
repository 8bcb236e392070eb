/**
 * The sources that images are read from: files of one or several frames. Here is what the readers of all formats
 * (imageFormat.ts) share: the interface, the limits and the errors.
 */

import { SamusError } from '../errors.js';
import type { FrameDecoder } from './dicom/codecs.js';
import type { Calibration } from './dicom/regions.js';
import type { Image } from './image.js';
import type { PixelBox, SpacingMm } from './mask.js';

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
  /** Number of frames in the header of a truncated file. */
  readonly framesStated?: number;
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
  /** As of {@link ImageSource}. */
  readonly framesStated?: number;
  /** Whether the file ends before the first frame does, where the header shows it. */
  readonly cutOff?: boolean;
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
  /** Whether a file can have several frames. Rarely: such a file is most often a single image, and may be a mask. */
  readonly hasFrames?: boolean | 'rarely';
  /** Reads the header where sharp or the browser decodes the file. */
  readonly inspect?: (bytes: Uint8Array, maxFrames: number) => Promise<ImageFacts>;
  /** What to do about a file that is not read. */
  readonly hint?: string;
}

/** A file that is read in parts. */
export interface FileParts {
  readonly size: number;
  /** Exactly `length` bytes from `start` on, which must be in the file. @throws SamusError IMAGE_UNREADABLE */
  read(start: number, length: number): Promise<Uint8Array>;
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
  /** The same file for readers that need only parts of it, also after it was opened. Absent for bytes on Node. */
  readonly parts?: FileParts;
  /** Decodes compressed frames of DICOM in place of this thread. */
  readonly decode?: FrameDecoder;
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

/**
 * @throws SamusError IMAGE_FRAME if there is no such frame, IMAGE_CORRUPT if the file is cut off before it; of a DICOM file
 *   DICOM_FRAME and DICOM_TRUNCATED
 */
export function checkFrame(
  source: Pick<ImageSource, 'frames' | 'framesStated'> & { readonly format?: string },
  frame: number,
  name: string,
): void {
  const { frames, framesStated = frames, format } = source;
  if (Number.isInteger(frame) && frame >= 1 && frame <= frames) return;
  if (Number.isInteger(frame) && frame > frames && frame <= framesStated) {
    const message = `cannot read frame ${frame} of ${name}: ${cutOffNote(source)}`;
    const details = { frame, frames, frames_stated: framesStated };
    if (format !== 'dicom') throw new SamusError('IMAGE_CORRUPT', message, 'copy or export the image again', details);
    throw new SamusError('DICOM_TRUNCATED', message, 'copy the file again from the PACS', details);
  }
  const note = cutOffNote(source);
  throw new SamusError(
    format === 'dicom' ? 'DICOM_FRAME' : 'IMAGE_FRAME',
    `expected a frame from 1 to ${frames} of ${name}, got ${frame}${note === undefined ? '' : `; ${note}`}`,
    frames === 1 ? 'leave the frame out: the file holds one image' : `name a frame from 1 to ${frames}`,
    { frame, frames },
  );
}

/** For messages: how a file is truncated; undefined for a complete file. */
export function cutOffNote({ frames, framesStated }: Pick<ImageSource, 'frames' | 'framesStated'>): string | undefined {
  return framesStated === undefined ? undefined : `the file is cut off after frame ${frames} of ${framesStated}`;
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
