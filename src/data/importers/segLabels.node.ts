/**
 * Labels from DICOM segmentations: where the masks of an image are, and the class indices of a frame.
 */
import { SamusError } from '../../errors.js';
import { readSegFile } from '../../formats/dicom/dicomKind.node.js';
import type { DicomSeg } from '../../formats/dicom/readSeg.js';
import { type MaskedFrame, segMasksOn } from '../../formats/dicom/segMasks.js';
import { createImage, type Image } from '../../formats/image.js';
import { openImage } from '../../formats/imageFile.node.js';
import type { ImageSource } from '../../formats/imageSource.js';
import { extentOf, type SpacingMm } from '../../formats/mask.js';

/** Reads segmentations and keeps the last one, because frames are read one after another. */
export class SegmentationReader {
  #last: { readonly path: string; readonly seg: DicomSeg } | undefined;

  /** @throws SamusError DICOM_SEG_REFERENCE for another file, and as readDicomSeg */
  async read(path: string): Promise<DicomSeg> {
    if (this.#last?.path === path) return this.#last.seg;
    const seg = await readSegFile(path);
    if (!seg) {
      const message = `expected a DICOM segmentation, got another file: ${path}`;
      throw new SamusError('DICOM_SEG_REFERENCE', message, 'name the segmentation of the image');
    }
    this.#last = { path, seg };
    return seg;
  }

  /** The frames of an image that a segmentation has masks on, or why there are none. */
  async framesOf(
    image: string,
    path: string,
  ): Promise<{ readonly frames: number; readonly masked: readonly number[]; readonly why?: string }> {
    try {
      const { sopInstanceUid = '', frames } = await openImage(image);
      const masked = maskedFrames(await this.read(path), sopInstanceUid).filter((frame) => frame <= frames);
      return { frames, masked, ...(masked.length === 0 && { why: 'its segmentation is of another image' }) };
    } catch (error) {
      if (!(error instanceof SamusError) || error.kind === 'machine') throw error;
      return { frames: 0, masked: [], why: error.message };
    }
  }

  /** A frame with its label. @throws SamusError DICOM_SEG_REFERENCE, and as openImage and readDicomSeg */
  async load(image: string, path: string, frame: number, classOf: ClassOfSegment) {
    const source = await openImage(image);
    const pixels = await source.read(frame);
    return { image: pixels, ...(await this.label(source, pixels, frame, [path], classOf)) };
  }

  /** The label of a frame from several segmentations, and the spacing of the region that its objects lie in. */
  async label(
    { sopInstanceUid, spacingMm }: ImageSource,
    { width, height }: Image,
    frame: number,
    paths: readonly string[],
    classOf: ClassOfSegment,
  ): Promise<{ readonly label: Image; readonly spacingMm?: SpacingMm }> {
    const label = createImage(width, height, 1, new Uint8Array(width * height));
    const place = { ...(sopInstanceUid !== undefined && { sopInstanceUid }), frame, width, height };
    for (const path of paths) drawSegments(await this.read(path), place, classOf, label);
    const found = spacingMm(frame, extentOf(label.data, width).box ?? undefined);
    return { label, ...(found && { spacingMm: found }) };
  }
}

/** The class of a segment by its label; undefined: left out. */
export type ClassOfSegment = (label: string) => number | undefined;

/** Whether a segmentation has a mask on any frame of an image, and on which. */
export const maskedFrames = (seg: DicomSeg, sopInstanceUid: string): number[] => {
  const frames = seg.segments.flatMap(({ masks }) =>
    masks.filter(({ source }) => source === sopInstanceUid).map(({ frame }) => frame),
  );
  return [...new Set(frames)].sort((a, b) => a - b);
};

/** Draws the masks on a frame into a label; of two that overlap, the later one is on top. */
function drawSegments(seg: DicomSeg, image: MaskedFrame, classOf: ClassOfSegment, label: Image): void {
  for (const { segment, mask } of segMasksOn(seg, image)) {
    const classId = classOf(segment.label);
    if (classId === undefined) continue;
    const { data } = mask.mask;
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) label.data[i] = classId;
  }
}
