/**
 * A DICOM file as a source of images: its frames are decoded one at a time, and the millimetres of a box come from the
 * region around it.
 */
import { createImage, type Image } from '../image.js';
import {
  checkFrame,
  checkSize,
  DEFAULT_LIMITS,
  type ImageFile,
  type ImageLimits,
  type ImageSource,
} from '../imageSource.js';
import type { PixelBox } from '../mask.js';
import { decodeFrame, type StoredSamples } from './codecs.js';
import { showColours } from './colour.js';
import { corruptDicom, textOf } from './dataSet.js';
import { frameTiming } from './dicomFacts.js';
import { type DicomFile, readDicomFile } from './dicomFile.js';
import { locateStoredFrames, readHead, type StoredFrames } from './dicomParts.js';
import { locateFrames } from './frames.js';
import { type ShownValues, shownValues, showValues } from './grey.js';
import { damagedPixels, type PixelFormat, readPixelFormat } from './pixelFormat.js';
import { type Calibration, type PartSpacing, readCalibration, spacingIn } from './regions.js';

/** Most bytes of a file. */
const MOST_BYTES = 2 ** 31 - 1;

/** A DICOM image: its facts, and its frames, which are decoded one at a time. */
export interface DicomImage extends ImageSource {
  /** What writers of objects about the image take. Without pixels where the file is read in parts. */
  readonly file: DicomFile;
  readonly pixelFormat: PixelFormat;
  readonly calibration: Calibration;
  /** The samples of a frame as they are stored. @throws SamusError as read */
  readStored(frame: number): Promise<StoredSamples>;
}

export const isDicom = (source: ImageSource): source is DicomImage => source.format === 'dicom';

/**
 * Opens a DICOM file.
 * @throws SamusError DICOM_CORRUPT, DICOM_LIMIT, DICOM_NO_PIXELS, DICOM_VIDEO, DICOM_TRANSFER_SYNTAX,
 *   DICOM_PHOTOMETRIC, DICOM_TRUNCATED, IMAGE_TOO_LARGE
 */
export async function dicomSource(opened: ImageFile, limits: Required<ImageLimits>): Promise<DicomImage> {
  const { name, format, decode = decodeFrame } = opened;
  const { file, pixelFormat, frames } = await readStored(opened, limits);
  const { rows, columns, samples, frames: stated, lossy } = pixelFormat;
  const { data } = file;
  const calibration = readCalibration(data);
  const instance = textOf(data, 0x00080018);
  const timing = frameTiming(data, frames.count);
  const counted = {
    ...{ format: format.id, frames: frames.count },
    ...(frames.count < stated && { framesStated: stated }),
  };
  let shown: ShownValues | undefined;
  const storedSamples = async (frame: number): Promise<StoredSamples> => {
    checkFrame(counted, frame, name);
    const stored = await decode(await frames.at(frame), pixelFormat);
    if (stored.values.length < (samples === 3 && frames.converted ? 3 : 1) * rows * columns) {
      throw damagedPixels(`expected ${rows * columns} pixels of a frame, got ${stored.values.length}`);
    }
    return stored;
  };
  return {
    ...counted,
    file,
    pixelFormat,
    calibration,
    // A hostile file may hold any text in its place.
    ...(instance !== undefined && /^[0-9.]{1,64}$/.test(instance) && { sopInstanceUid: instance }),
    ...(timing && { timing }),
    width: columns,
    height: rows,
    lossy,
    spacingMm: (frame, box) => spacingIn(calibration, frame, box).spacingMm ?? undefined,
    readStored: storedSamples,
    async read(frame) {
      const stored = await storedSamples(frame);
      if (samples === 3) return createImage(columns, rows, 3, showColours(stored, pixelFormat, frames.converted));
      shown ??= shownValues(data, pixelFormat);
      return createImage(columns, rows, shown.channels, showValues(stored.values, pixelFormat, shown));
    },
  };
}

interface Stored {
  readonly file: DicomFile;
  readonly pixelFormat: PixelFormat;
  readonly frames: StoredFrames;
}

/** In parts where the file offers them, else as a whole. */
async function readStored({ name, bytes, parts }: ImageFile, limits: Required<ImageLimits>): Promise<Stored> {
  const checked = (file: DicomFile, native?: boolean): PixelFormat => {
    const format = readPixelFormat(file, native);
    checkSize(name, format.columns, format.rows, limits);
    return format;
  };
  const head = parts && parts.size <= MOST_BYTES ? await readHead(parts) : undefined;
  if (parts && head) {
    const { pixels, ...file } = head;
    const pixelFormat = checked(file, pixels.length !== undefined);
    const frames = await locateStoredFrames(parts, head, pixelFormat);
    const { fragmentBytes } = frames;
    return { file: { ...file, ...(fragmentBytes !== undefined && { fragmentBytes }) }, pixelFormat, frames };
  }
  const file = await readDicomFile(await bytes(MOST_BYTES));
  const pixelFormat = checked(file);
  if (!file.pixels) throw corruptDicom('expected pixels, got none');
  return { file, pixelFormat, frames: locateFrames(file.data, file.pixels, pixelFormat) };
}

/**
 * Opens a DICOM file in memory.
 * @throws SamusError as dicomSource
 */
export function readDicom(bytes: Uint8Array, limits: ImageLimits = {}): Promise<DicomImage> {
  const format = { id: 'dicom', title: 'DICOM' };
  return dicomSource({ name: 'the image', format, bytes: async () => bytes }, { ...DEFAULT_LIMITS, ...limits });
}

/** The pixels of a frame, from 1. @throws SamusError DICOM_FRAME, DICOM_TRUNCATED, DICOM_PIXELS_DAMAGED, DICOM_CODEC */
export const dicomFrame = (image: DicomImage, frame: number): Promise<Image> => image.read(frame);

/** The size of a pixel in a box, both ends included, or why it is unknown. @param frame from 1 */
export const regionAt = (image: DicomImage, box: PixelBox, frame = 1): PartSpacing =>
  spacingIn(image.calibration, frame, box);
