/**
 * What most importers come down to: a folder of images and a folder of masks that bear the same names.
 */
import { extname, join, relative } from 'node:path';
import type { Image } from '../../formats/image.js';
import { readImage, readMask } from '../../formats/imageFile.node.js';
import { byStem, imageNames } from './files.node.js';
import type { ImportItem } from './importer.js';
import { binaryMask } from './masks.js';

export interface PairFolders {
  /** The folder that the user named. */
  readonly source: string;
  readonly dataset: string;
  readonly images: string;
  readonly labels: string;
  /** Name of an image in the data set; its stem unless given. */
  readonly nameOf?: (stem: string) => string;
  /** Class indices of a mask; one kind of object, 0 and 255, unless given. */
  readonly labelOf?: (mask: Image, lossy: boolean, file: string) => Image;
}

/** The pairs of two folders, and the images that have no mask. */
export async function pairItems(folders: PairFolders): Promise<{
  readonly items: ImportItem[];
  readonly skipped: { readonly file: string; readonly reason: string }[];
}> {
  const { source, dataset, images, labels, nameOf, labelOf = binaryMask } = folders;
  const masks = byStem(await imageNames(labels), labels);
  const items: ImportItem[] = [];
  const skipped: { file: string; reason: string }[] = [];
  for (const [stem, file] of byStem(await imageNames(images), images)) {
    const path = join(images, file);
    const mask = masks.get(stem);
    if (mask === undefined) {
      skipped.push({ file: relative(source, path), reason: 'it has no mask' });
      continue;
    }
    items.push({
      dataset,
      name: nameOf?.(stem) ?? stem,
      source: relative(source, path),
      load: async () => ({
        image: await readImage(path),
        label: labelOf(await readMask(join(labels, mask)), isLossy(mask), join(labels, mask)),
      }),
    });
  }
  return { items, skipped };
}

/** Whether a file's format changes pixels, by its name. */
function isLossy(file: string): boolean {
  return ['.jpg', '.jpeg', '.webp'].includes(extname(file).toLowerCase());
}
