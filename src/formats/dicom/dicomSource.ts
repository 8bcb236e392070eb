/**
 * A DICOM file as a source of images: its frames are decoded one at a time, and the millimetres of a box come from the
 * region around it.
 */
import { SamusError } from '../../errors.js';
import { checkFrame, checkSize, createImage, type ImageFile, type ImageLimits, type ImageSource } from '../image.js';
import { decodeFrame } from './codecs.js';
import { showColours } from './colour.js';
import { textOf } from './dataSet.js';
import { type DicomFile, readDicomFile } from './dicomFile.js';
import { locateFrames } from './frames.js';
import { type ShownValues, shownValues, showValues } from './grey.js';
import { damagedPixels, type PixelFormat, readPixelFormat } from './pixelFormat.js';
import { readRegions, spacingIn, type UltrasoundRegion } from './regions.js';

/** Most bytes of a file. */
const MOST_BYTES = 2 ** 31 - 1;

interface DicomSource extends ImageSource {
  readonly file: DicomFile;
  readonly pixelFormat: PixelFormat;
  readonly regions: readonly UltrasoundRegion[];
}

export const isDicom = (source: ImageSource): source is DicomSource => source.format === 'dicom';

/**
 * Opens a DICOM file.
 * @throws SamusError DICOM_CORRUPT, DICOM_LIMIT, DICOM_NO_PIXELS, DICOM_VIDEO, DICOM_TRANSFER_SYNTAX,
 *   DICOM_PHOTOMETRIC, DICOM_TRUNCATED, IMAGE_TOO_LARGE
 */
export async function dicomSource(
  { name, format, bytes }: ImageFile,
  limits: Required<ImageLimits>,
): Promise<DicomSource> {
  const file = await readDicomFile(await bytes(MOST_BYTES));
  const pixelFormat = readPixelFormat(file);
  const { rows, columns, samples, frames: stated, lossy } = pixelFormat;
  checkSize(name, columns, rows, limits);
  const { data, pixels } = file;
  if (!pixels) throw new Error('pixels were checked');
  const frames = locateFrames(data, pixels, pixelFormat);
  const regions = readRegions(data);
  const instance = textOf(data, 0x00080018);
  let shown: ShownValues | undefined;
  return {
    format: format.id,
    file,
    pixelFormat,
    regions,
    ...(instance !== undefined && { sopInstanceUid: instance }),
    frames: frames.count,
    width: columns,
    height: rows,
    lossy,
    spacingMm: (_, box) => spacingIn(data, regions, box),
    async read(frame) {
      if (frame > frames.count && frame <= stated) throw cutOff(frame, frames.count, stated);
      checkFrame({ frames: frames.count, format: 'dicom' }, frame, name);
      const stored = await decodeFrame(frames.at(frame), pixelFormat);
      if (stored.values.length < (samples === 3 && frames.converted ? 3 : 1) * rows * columns) {
        throw damagedPixels(`expected ${rows * columns} pixels of a frame, got ${stored.values.length}`);
      }
      if (samples === 3) return createImage(columns, rows, 3, showColours(stored, pixelFormat, frames.converted));
      shown ??= shownValues(data, pixelFormat);
      return createImage(columns, rows, shown.channels, showValues(stored.values, pixelFormat, shown));
    },
  };
}

function cutOff(frame: number, count: number, stated: number): SamusError {
  const message = `expected ${stated} frames, got ${count} before the end of the file`;
  return new SamusError('DICOM_TRUNCATED', message, 'copy the file again from the PACS', { frame, frames: count });
}
