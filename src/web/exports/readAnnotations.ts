/** Reads a JSON file with masks, whichever of the known kinds it is. */
import { type CocoImage, cocoMask, readCoco } from '../../formats/coco.js';
import { type Fields, isFields } from '../../formats/jsonFields.js';
import { encodeRle } from '../../formats/rle.js';
import { classColor } from '../document/palette.js';
import { type Imported, type ImportedImage, readPrompts, wrong } from './readPrompts.js';

/** @throws SamusError ANNOTATIONS_JSON and what reading the kind throws */
export function readAnnotations(text: string, path: string): Imported {
  const document = parse(text, path);
  return Array.isArray(document.annotations)
    ? fromCoco(readCoco(document), contentsOf(document), path)
    : readPrompts(document, path);
}

/** Categories become classes in the order in which they are used. */
function fromCoco(images: readonly CocoImage[], contents: readonly (string | undefined)[], path: string): Imported {
  const names = [...new Set(images.flatMap(({ objects }) => objects.map(({ category }) => category)))];
  const ids = new Map(names.map((name, i) => [name, i + 1]));
  return {
    classes: names.map((name, i) => ({ id: i + 1, name, color: classColor(i + 1) })),
    images: images.flatMap((image, i) => {
      const content = contents[i];
      if (image.objects.length === 0) return [];
      return [{ ...fromCocoImage(image, ids, path), ...(content !== undefined && { content }) }];
    }),
  };
}

/** Hashes of the files of its images, as this page writes them (writeFiles.ts). */
function contentsOf({ images }: Fields): (string | undefined)[] {
  const entries: readonly unknown[] = Array.isArray(images) ? images : [];
  return entries.map((entry) => (isFields(entry) && typeof entry.content === 'string' ? entry.content : undefined));
}

function fromCocoImage(image: CocoImage, ids: ReadonlyMap<string, number>, path: string): ImportedImage {
  const sized = image.objects.find(({ rle }) => rle)?.rle?.size;
  const width = image.width ?? sized?.[1];
  const height = image.height ?? sized?.[0];
  if (width === undefined || height === undefined) throw wrong(path, `images, ${image.file}: width, height`);
  const objects = image.objects.map((object) => {
    const mask = encodeRle(cocoMask(object, width, height), width, height);
    const start = { mask, origin: 'file', score: object.score ?? null } as const;
    const classId = ids.get(object.category)!;
    return { classId, start, committed: true, ...(object.name !== undefined && { name: object.name }) };
  });
  return { image: image.file, width, height, objects };
}

function parse(text: string, path: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value) && Array.isArray(value.images)) return value;
  } catch {
    // The error below says what is wrong.
  }
  throw wrong(path, 'images');
}
