/**
 * Prompts from a DICOM segmentation: the mask of each segment on each frame of the images of the command line is the
 * first guess of an object with the name of the segment, and its box the prompt: few models answer a mask alone.
 */
import { SamusError } from '../errors.js';
import { readSegFile } from '../formats/dicom/dicomKind.node.js';
import type { DicomSeg } from '../formats/dicom/readSeg.js';
import { segMasksOn } from '../formats/dicom/segMasks.js';
import { openImage } from '../formats/imageFile.node.js';
import { encodeRle, rleBox } from '../formats/rle.js';
import type { PlannedImage } from '../jobs/segmentJob.js';
import { jobObjects } from './promptsFile.js';

/**
 * The frames on which a segmentation has masks, or undefined for another file.
 * @param images asked only for a segmentation
 * @throws SamusError PROMPTS_NO_IMAGE without images, and as readDicomSeg
 */
export async function segmentationPrompts(
  path: string,
  images: () => Promise<readonly string[]>,
): Promise<PlannedImage[] | undefined> {
  const seg = await readSegFile(path);
  if (!seg) return undefined;
  const paths = await images();
  if (paths.length === 0) {
    const message = `expected the images of the segmentation ${path}, got none: it names them by UID only`;
    throw new SamusError('PROMPTS_NO_IMAGE', message, 'name the image files on the command line');
  }
  const planned = await Promise.all(paths.map((image) => framesOf(image, seg)));
  return planned.flat();
}

/** The frames of an image that a segmentation has masks on; a problem is that of the image. */
export async function framesOf(path: string, seg: DicomSeg): Promise<PlannedImage[]> {
  try {
    const { sopInstanceUid, frames, width, height } = await openImage(path);
    const about = { ...(sopInstanceUid !== undefined && { sopInstanceUid }), width, height };
    const own = seg.segments.flatMap(({ masks }) => masks.filter(({ source }) => source === sopInstanceUid));
    const masked = new Set(own.map(({ frame }) => frame));
    const beyond = Math.max(...masked);
    if (beyond > frames) {
      const message = `expected masks on the ${frames} frame(s) of ${path}, got one on frame ${beyond}`;
      throw new SamusError('DICOM_SEG_REFERENCE', message, 'choose the segmentation that was made of this DICOM file');
    }
    const found = Array.from({ length: frames }, (_, i) => i + 1)
      .filter((frame) => frame === 1 || masked.has(frame))
      .map((frame) => ({ frame, masks: segMasksOn(seg, { ...about, frame }) }))
      .filter(({ masks }) => masks.length > 0);
    if (found.length === 0) {
      const message = `expected masks on the ${frames} frame(s) of ${path}, got none`;
      throw new SamusError('DICOM_SEG_REFERENCE', message, 'choose the segmentation that was made of this DICOM file');
    }
    return found.map(({ frame, masks }) => ({
      image: { path, ...(frames > 1 && { frame }) },
      objects: jobObjects(
        masks.flatMap(({ segment, mask }) => {
          const rle = encodeRle(mask.mask);
          const box = rleBox(rle);
          const name = segment.label === '' ? {} : { name: segment.label };
          return box ? [{ ...name, points: [], box, guess: { rle, origin: 'file' as const } }] : [];
        }),
      ),
    }));
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    return [{ image: { path }, objects: [], problem: error }];
  }
}
