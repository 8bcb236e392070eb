/**
 * Used by most importers: a folder of images and a folder of masks with the same names.
 */
import { join, relative } from 'node:path';
import { SamusError } from '../../errors.js';
import { dicomKind } from '../../formats/dicom/dicomKind.node.js';
import type { Image } from '../../formats/image.js';
import { mayHaveFrames, openImage, readImage } from '../../formats/imageFile.node.js';
import { frameName } from '../../formats/outputNames.js';
import { patientByName } from '../imageFacts.js';
import { binaryMask } from '../publishedMasks.js';
import { byStem, imageNames } from './files.node.js';
import type { ImportItem, Skipped } from './importer.js';
import { type ClassOfSegment, SegmentationReader } from './segLabels.node.js';

export interface PairFolders {
  /** The folder that the user named. */
  readonly source: string;
  readonly dataset: string;
  readonly images: string;
  readonly labels: string;
  /** Name of an image in the dataset; its stem unless given. */
  readonly nameOf?: (stem: string) => string;
  /** Class indices of a mask; one kind of object, 0 and 255, unless given. */
  readonly labelOf?: (mask: Image, lossy: boolean, file: string) => Image;
  /** Class of a segment of DICOM segmentations, which are not taken as labels unless given. */
  readonly classOf?: ClassOfSegment;
}

/**
 * The pairs of two folders, the images that have no mask, and the files that cannot be paired. Files of several frames
 * give a pair for each.
 */
export async function pairItems(folders: PairFolders): Promise<{
  readonly items: ImportItem[];
  readonly skipped: Skipped[];
  readonly failed: Skipped[];
}> {
  const { source, dataset, images, labels, nameOf, labelOf = binaryMask, classOf } = folders;
  const items: ImportItem[] = [];
  const [skipped, failed]: [Skipped[], Skipped[]] = [[], []];
  const filesOf = async (folder: string, masks = false) =>
    byStem(await imageNames(folder, masks), (file, reason) =>
      failed.push({ file: relative(source, join(folder, file)), reason }),
    );
  const itemOf = (name: string, frames: number, frame: number, path: string) => ({
    dataset,
    name: frames === 1 ? name : frameName(name, frame),
    source: relative(source, path),
    // Frames of a clip resemble each other: a split keeps them on one side.
    ...(frames > 1 && { patient: patientByName(dataset, name) ?? name }),
  });
  const masks = await filesOf(labels, classOf !== undefined);
  const segmentations = new SegmentationReader();
  for (const [stem, file] of await filesOf(images)) {
    const path = join(images, file);
    // As samus segment names segmentations.
    const mask = masks.get(stem) ?? (classOf && masks.get(`${stem}.seg`));
    if (mask === undefined) {
      skipped.push({ file: relative(source, path), reason: 'it has no mask' });
      continue;
    }
    const labelPath = join(labels, mask);
    const name = nameOf?.(stem) ?? stem;
    if (classOf && (await dicomKind(labelPath)) === 'segmentation') {
      const found = await segmentations.framesOf(path, labelPath);
      if (found.why !== undefined) failed.push({ file: relative(source, path), reason: found.why });
      for (const frame of found.masked) {
        items.push({
          ...itemOf(name, found.frames, frame, path),
          load: () => segmentations.load(path, labelPath, frame, classOf),
        });
      }
      continue;
    }
    const [ofImage, ofLabel] = [await countFrames(path), await countFrames(labelPath)];
    if (ofImage && ofLabel && ofImage !== ofLabel) {
      failed.push({ file: relative(source, path), reason: `it has ${ofImage} frames, its mask ${ofLabel}` });
      continue;
    }
    // A file that cannot be read is left out once, not frame by frame.
    const frames = ofImage && ofLabel ? ofImage : 1;
    for (let frame = 1; frame <= frames; frame++) {
      items.push({
        ...itemOf(name, frames, frame, path),
        load: async () => {
          const label = await openImage(labelPath);
          return {
            image: await readImage(path, { frame }),
            label: labelOf(await label.read(frame, 'mask'), label.lossy, labelPath),
          };
        },
      });
    }
  }
  return { items, skipped, failed };
}

/** Undefined for a file that cannot be opened; loading the image gives the reason. */
async function countFrames(path: string): Promise<number | undefined> {
  if (!(await mayHaveFrames(path))) return 1;
  try {
    return (await openImage(path)).frames;
  } catch (error) {
    if (error instanceof SamusError) return undefined;
    throw error;
  }
}
