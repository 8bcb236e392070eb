/**
 * Exports annotated images as a dataset in the US30K layout (data/us30kArchive.ts), for `samus train` and `samus data
 * check`.
 */
import { type Us30kImage, us30kFiles } from '../../data/us30kArchive.js';
import { SamusError } from '../../errors.js';
import { frameName } from '../../formats/outputNames.js';
import { openPicture, type PictureFile } from '../open/decodePicture.js';
import type { Picture } from '../open/imageContract.js';
import { encodePicture } from '../open/pngPicture.js';
import { pageError } from '../pageError.js';
import type { Exported, ExportRequest } from './exportContract.js';
import { owned } from './exportContract.js';
import { type NamedImage, namedImages } from './exportNames.js';
import { classMap } from './labels.js';

/** Colour of an undefined class. */
const UNNAMED = '#808080';

/**
 * Images that cannot be read are left out and listed.
 * @throws SamusError EXPORT_IMAGE if none can be read
 */
export async function datasetFiles(
  { dataset, classes, images }: ExportRequest,
  progress: (done: number) => void,
): Promise<Exported> {
  const annotated: Us30kImage[] = [];
  const skipped: number[] = [];
  let firstSkipped: string | undefined;
  const pictures = new Pictures();
  for (const [i, named] of (await namedImages(images, false)).entries()) {
    const { path, stem, frame, frames, document } = named;
    const { width, height, scale } = document;
    const image = await pictures.read(named);
    progress(i + 1);
    if (!image) {
      skipped.push(i);
      firstSkipped ??= named.picture;
      continue;
    }
    annotated.push({
      name: stem,
      png: encodePicture(image),
      width,
      height,
      // Drawn on demand: all images of a long list would fill the memory.
      get classes() {
        return classMap(document);
      },
      ...(scale && { spacingMm: scale.mm }),
      // Frames of a clip resemble each other: a split keeps them on one side.
      ...(frames > 1 && { patient: stem.slice(0, -frameName('', frame).length) }),
      source: path,
    });
  }
  pictures.close();
  if (annotated.length === 0 && firstSkipped !== undefined) throw pageError('EXPORT_IMAGE', { path: firstSkipped });
  const used = images.flatMap(({ document }) => document.objects.map(({ classId }) => classId));
  const most = Math.max(1, ...classes.map(({ id }) => id), ...new Set(used));
  const described = Array.from({ length: most }, (_, i) => {
    const known = classes.find(({ id }) => id === i + 1);
    return { name: known?.name ?? `class-${i + 1}`, color: known?.color ?? UNNAMED };
  });
  const files = us30kFiles({ dataset, classes: described, images: annotated });
  return { files: files.map(({ path, bytes }) => ({ path, bytes: owned(bytes) })), skipped };
}

/** Reads pictures one after the other, a clip opened once for all of its frames. */
class Pictures {
  #open: { readonly content: string; readonly file: PictureFile } | undefined;

  /** Undefined if the file was moved or changed since it was opened. */
  async read({ content, file, frame }: NamedImage): Promise<Picture['image'] | undefined> {
    try {
      if (this.#open?.content !== content) {
        this.close();
        this.#open = { content, file: await openPicture(file) };
      }
      return (await this.#open.file.read(frame)).image;
    } catch (error) {
      if (error instanceof SamusError) return undefined;
      throw error;
    }
  }

  close(): void {
    this.#open?.file.source.close?.();
    this.#open = undefined;
  }
}
