/**
 * Exports annotated images as a dataset in the US30K layout (data/us30kArchive.ts), for `samus train` and `samus data
 * check`.
 */
import { type Us30kImage, us30kFiles } from '../../data/us30kArchive.js';
import { SamusError } from '../../errors.js';
import { OutputNames } from '../../formats/outputNames.js';
import { decodePicture } from '../open/decodePicture.js';
import type { Picture } from '../open/imageContract.js';
import { encodePicture } from '../open/pngPicture.js';
import { pageError } from '../pageError.js';
import type { Exported, ExportRequest } from './exportContract.js';
import { owned } from './exportContract.js';
import { classMap } from './labels.js';

/** Colour of an undefined class. */
const UNNAMED = '#808080';

/**
 * Images that cannot be read are left out and named.
 * @throws SamusError EXPORT_IMAGE if none can be read
 */
export async function datasetFiles(
  { dataset, classes, images }: ExportRequest,
  progress: (done: number) => void,
): Promise<Exported> {
  const names = new OutputNames(images.map(({ path }) => path));
  const annotated: Us30kImage[] = [];
  const skipped: string[] = [];
  for (const [i, { path, file, document }] of images.entries()) {
    const { width, height, scale } = document;
    const image = await pictureOf(file);
    progress(i + 1);
    if (!image) {
      skipped.push(path);
      continue;
    }
    annotated.push({
      name: names.take(path),
      png: encodePicture(image),
      width,
      height,
      // Drawn on demand: all images of a long list would fill the memory.
      get classes() {
        return classMap(document);
      },
      ...(scale && { spacingMm: scale.mm }),
      source: path,
    });
  }
  if (annotated.length === 0 && skipped[0] !== undefined) throw pageError('EXPORT_IMAGE', { path: skipped[0] });
  const used = images.flatMap(({ document }) => document.objects.map(({ classId }) => classId));
  const most = Math.max(1, ...classes.map(({ id }) => id), ...new Set(used));
  const described = Array.from({ length: most }, (_, i) => {
    const known = classes.find(({ id }) => id === i + 1);
    return { name: known?.name ?? `class-${i + 1}`, color: known?.color ?? UNNAMED };
  });
  const files = us30kFiles({ dataset, classes: described, images: annotated });
  return { files: files.map(({ path, bytes }) => ({ path, bytes: owned(bytes) })), skipped };
}

/** Undefined if the file was moved or changed since it was opened. */
async function pictureOf(file: Blob): Promise<Picture['image'] | undefined> {
  try {
    return (await decodePicture(file)).image;
  } catch (error) {
    if (error instanceof SamusError) return undefined;
    throw error;
  }
}
