/**
 * A DICOM file as a source of images: its frames are decoded one at a time, and the millimetres of a box come from the
 * region around it.
 */
import { SamusError } from '../../errors.js';
import { checkSize, createImage, type ImageFile, type ImageLimits, type ImageSource } from '../image.js';
import { decodeFrame, type WasmUrls } from './codecs.js';
import { showColours } from './colour.js';
import { type DicomFile, readDicomFile } from './dicomFile.js';
import { locateFrames } from './frames.js';
import { type ShownValues, shownValues, showValues } from './grey.js';
import { damagedPixels, type PixelFormat, readPixelFormat } from './pixelFormat.js';
import { readRegions, spacingIn } from './regions.js';

/** Most bytes of a file. */
const MOST_BYTES = 2 ** 31 - 1;

export interface DicomSource extends ImageSource {
  readonly file: DicomFile;
  readonly pixelFormat: PixelFormat;
}

/**
 * Opens a DICOM file.
 * @param wasm where the page has the codecs
 * @throws SamusError DICOM_CORRUPT, DICOM_LIMIT, DICOM_NO_PIXELS, DICOM_VIDEO, DICOM_TRANSFER_SYNTAX,
 *   DICOM_PHOTOMETRIC, DICOM_TRUNCATED, IMAGE_TOO_LARGE
 */
export async function dicomSource(
  { name, format, bytes }: ImageFile,
  limits: Required<ImageLimits>,
  wasm?: WasmUrls,
): Promise<DicomSource> {
  const file = await readDicomFile(await bytes(MOST_BYTES));
  const pixelFormat = readPixelFormat(file);
  const { rows, columns, samples, frames: stated, lossy } = pixelFormat;
  checkSize(name, columns, rows, limits);
  const { data, pixels } = file;
  if (!pixels) throw new Error('pixels were checked');
  const frames = locateFrames(data, pixels, pixelFormat);
  const regions = readRegions(data);
  let shown: ShownValues | undefined;
  return {
    format: format.id,
    file,
    pixelFormat,
    frames: frames.count,
    width: columns,
    height: rows,
    lossy,
    spacingMm: (_, box) => spacingIn(data, regions, box),
    async read(frame) {
      checkFrame(frame, frames.count, stated);
      const stored = await decodeFrame(frames.at(frame), pixelFormat, wasm);
      if (stored.values.length < (samples === 3 && frames.converted ? 3 : 1) * rows * columns) {
        throw damagedPixels(`expected ${rows * columns} pixels of a frame, got ${stored.values.length}`);
      }
      if (samples === 3) return createImage(columns, rows, 3, showColours(stored, pixelFormat, frames.converted));
      shown ??= shownValues(data, pixelFormat);
      return createImage(columns, rows, shown.channels, showValues(stored.values, pixelFormat, shown));
    },
  };
}

/** @throws SamusError DICOM_FRAME, DICOM_TRUNCATED */
function checkFrame(frame: number, count: number, stated: number): void {
  if (Number.isInteger(frame) && frame >= 1 && frame <= count) return;
  const details = { frame, frames: count };
  if (frame > count && frame <= stated) {
    const message = `expected ${stated} frames, got ${count} before the end of the file`;
    throw new SamusError('DICOM_TRUNCATED', message, 'copy the file again from the PACS', details);
  }
  const hint = count === 1 ? 'leave the frame out: the file holds one image' : `name a frame from 1 to ${count}`;
  throw new SamusError('DICOM_FRAME', `expected a frame from 1 to ${count}, got ${frame}`, hint, details);
}
