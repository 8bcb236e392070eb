/**
 * Reads a JSON file with masks, an annotation document (formats/annotationRead.ts) or COCO, into objects of the page.
 * Objects keep their prompts and can be corrected click by click; objects without prompts start from their mask.
 */
import { SamusError } from '../../errors.js';
import type { AnnotatedImage, AnnotatedObject, AnnotationClass } from '../../formats/annotation.js';
import { readAnnotation } from '../../formats/annotationRead.js';
import {
  type CocoImage,
  type CocoObject,
  type CocoProblem,
  cocoCategories,
  cocoMask,
  readCoco,
} from '../../formats/cocoRead.js';
import { type Fields, isFields, parsePythonJson } from '../../formats/jsonFields.js';
import { decodeRle, encodeRle, type Rle, rleCounts } from '../../formats/rle.js';
import { isEmpty } from '../../formats/runs.js';
import { hasPrompts, isAsked } from '../../predict/prompts.js';
import type { ObjectSeed } from '../document/edit.js';
import { classColor, freeClass, LAST_CLASS } from '../document/palette.js';
import type { ClassEntry, PackedMask, StartMask } from '../document/types.js';
import { pageError } from '../pageError.js';

/** The objects of a file for one image; sizes are those of its masks. */
export interface ImportedImage {
  readonly image: string;
  /** Hash of the image's file, where the masks name it. */
  readonly content?: string;
  /** Of a file with several pictures, from 1. */
  readonly frame?: number;
  readonly width: number;
  readonly height: number;
  /** Width and height of a pixel, where the file has them. */
  readonly spacingMm?: readonly [x: number, y: number];
  readonly objects: readonly Omit<ObjectSeed, 'id'>[];
}

export interface Imported {
  readonly images: readonly ImportedImage[];
  readonly classes: readonly ClassEntry[];
  /** Entries of COCO JSON that cannot be used, each with its place and the reason. */
  readonly leftOut: readonly string[];
  /** Images whose size the file lacks; it has to be read again with their sizes. */
  readonly unsized?: readonly string[];
}

/** Sizes of images by their names in the file. */
export type KnownSizes = ReadonlyMap<string, { readonly width: number; readonly height: number }>;

/**
 * COCO JSON may lack the sizes of images, which polygons need: without `sizes`, such a file gives their names only.
 * Of COCO JSON, entries that cannot be used are left out; if nothing else is there, the first of them is the error.
 * @throws SamusError ANNOTATIONS_JSON naming the place that is wrong, ANNOTATION_VERSION, COCO_…, RLE_INVALID
 */
export function readAnnotations(text: string, path: string, sizes?: KnownSizes): Imported {
  const document = parse(text, path);
  return Array.isArray(document.annotations) ? fromCoco(document, path, sizes) : fromAnnotation(document, path);
}

function fromAnnotation(document: Fields, path: string): Imported {
  const { model, classes, images } = annotationOf(document, path);
  return {
    leftOut: [],
    classes: classes.map(named),
    images: images.map(({ image, width, height, spacingMm, objects }, i) => {
      const where = `images[${i}]`;
      if (width === undefined || height === undefined) throw wrong(path, where);
      const frame = { width, height, model: model ?? 'unknown', path };
      return {
        image: image.path ?? image.content ?? '',
        ...(image.content !== undefined && { content: image.content }),
        ...(image.frame !== undefined && { frame: image.frame }),
        width,
        height,
        ...(spacingMm && { spacingMm }),
        objects: objects.map((object, o) => seedOf(object, frame, `${where}.objects[${o}]`)),
      };
    }),
  };
}

/** The errors of the reader in the words of the page. */
function annotationOf(document: Fields, path: string) {
  try {
    return readAnnotation(document, path);
  } catch (error) {
    if (!(error instanceof SamusError) || error.code !== 'PROMPTS_JSON') throw error;
    throw pageError('ANNOTATIONS_JSON', error.details);
  }
}

interface Frame extends Pick<Required<AnnotatedImage>, 'width' | 'height'> {
  readonly model: string;
  readonly path: string;
}

function seedOf(object: AnnotatedObject, frame: Frame, where: string): Omit<ObjectSeed, 'id'> {
  const { name, classId = 1, color, points, box = null, guess, multimask, score = null } = object;
  const packed = (mask: Rle | undefined, field: string): PackedMask | null =>
    mask ? packedMask(mask, frame, `${where}.${field}`) : null;
  const whole = packed(object.mask, 'rle');
  const strokes = { added: packed(object.added, 'added'), erased: packed(object.erased, 'erased') };
  const drawn = strokes.added !== null || strokes.erased !== null;
  const asked = hasPrompts(object);
  const { presence, absent } = object;
  const nothing = absent ? emptyMask(frame) : null;
  const answer = packed(object.answer, 'answer') ?? (drawn ? null : whole) ?? nothing;
  const given = packed(guess?.rle, 'prompt.start');
  // Where the model was asked about a first guess alone, the page goes on from its answer.
  const begun = asked || drawn ? given : isAsked(object) ? (whole ?? given) : (given ?? whole);
  const start: StartMask | null = begun && {
    mask: begun,
    origin: guess?.origin ?? 'file',
    score: guess?.score === undefined ? score : guess.score,
  };
  const atOnce = object.oneByOne !== true && points.length + (box ? 1 : 0) > 1;
  const { model = frame.model } = object;
  return {
    classId,
    ...(name !== undefined && name.trim() !== '' && { name: name.trim().slice(0, 200) }),
    ...(color !== undefined && { color }),
    points,
    box,
    ...(start && { start }),
    ...(multimask !== undefined && { multimask }),
    ...(object.clean === false && { raw: true }),
    strokes,
    ...(asked &&
      answer && {
        answer: {
          ...{ mask: answer, score: score ?? 0, model },
          ...(presence !== undefined && { presence }),
          ...(absent && { absent }),
          ...(atOnce && { atOnce }),
        },
      }),
    committed: object.committed !== false && whole !== null && !isEmpty(whole),
  };
}

const emptyMask = ({ width, height }: Frame): PackedMask =>
  encodeRle({ width, height, data: new Uint8Array(width * height) });

function packedMask(rle: Rle, { path, width, height }: Frame, where: string): PackedMask {
  const { size, counts } = rle;
  if (size[0] !== height || size[1] !== width) throw wrong(path, where);
  if (typeof counts !== 'string') return encodeRle(decodeRle(rle));
  rleCounts(rle);
  return { size, counts };
}

function named({ id, name, color = classColor(id) }: AnnotationClass): ClassEntry {
  return { id, name: name.slice(0, 200), color };
}

/** Categories are classes, used or not; those whose number no class can have get a free one. */
function fromCoco(document: Fields, path: string, sizes: KnownSizes | undefined): Imported {
  const leftOut: string[] = [];
  const report = ({ annotation, image, reason }: CocoProblem): void => {
    const entry = annotation === undefined ? [] : [`annotation ${annotation}`];
    const place = [...entry, ...(image === undefined ? [] : [image])].join(' of ');
    leftOut.push(place === '' ? reason : `${place}: ${reason}`);
  };
  const read = readCoco(document, report);
  // What is wrong with categories has been reported by then.
  const categories = cocoCategories(document, () => {});
  const fits = (id: number): boolean => id >= 1 && id <= LAST_CLASS;
  const taken = categories.filter(({ id }) => fits(id));
  const ids = new Map(taken.map(({ id }) => [id, id]));
  for (const { id, name } of categories) {
    if (fits(id)) continue;
    const free = freeClass(taken);
    if (free === undefined) throw pageError('CLASSES_FULL');
    taken.push({ id: free, name });
    ids.set(id, free);
  }
  const unsized = read.filter((image) => image.objects.length > 0 && !sizeOf(image)).map(({ file }) => file);
  if (!sizes && unsized.length > 0) return { classes: [], images: [], leftOut: [], unsized };
  const errors: SamusError[] = [];
  const images = read.flatMap((image) => {
    if (image.objects.length === 0) return [];
    const size = sizeOf(image) ?? sizes?.get(image.file);
    if (!size) {
      errors.push(wrong(path, `images, ${image.file}: width, height`));
      report({ image: image.file, reason: 'its width and height are missing' });
      return [];
    }
    const objects = image.objects.flatMap((object) => {
      try {
        return [fromCocoObject(object, size, ids)];
      } catch (error) {
        if (!(error instanceof SamusError)) throw error;
        errors.push(error);
        report({ image: image.file, reason: error.message, ...(object.id !== undefined && { annotation: object.id }) });
        return [];
      }
    });
    const { file, content, frame } = image;
    const origin = { ...(content !== undefined && { content }), ...(frame !== undefined && { frame }) };
    return objects.length > 0 ? [{ image: file, ...size, objects, ...origin }] : [];
  });
  if (images.length === 0 && leftOut.length > 0) {
    // Without a reporter the reader throws the first error.
    readCoco(document);
    if (errors[0]) throw errors[0];
  }
  return { classes: taken.map(named).sort((a, b) => a.id - b.id), images, leftOut };
}

type Size = Pick<ImportedImage, 'width' | 'height'>;

/** The size of an image, else that of its run lengths. */
function sizeOf(image: CocoImage): Size | undefined {
  const sized = image.objects.find(({ rle }) => rle)?.rle?.size;
  const [width, height] = [image.width ?? sized?.[1], image.height ?? sized?.[0]];
  return width === undefined || height === undefined ? undefined : { width, height };
}

/** @throws SamusError COCO_SIZE, RLE_INVALID, POLYGON_INVALID */
function fromCocoObject(object: CocoObject, { width, height }: Size, ids: ReadonlyMap<number, number>) {
  const mask = encodeRle({ width, height, data: cocoMask(object, width, height) });
  const start = { mask, origin: 'file', score: object.score ?? null } as const;
  const classId = ids.get(object.categoryId)!;
  return { classId, start, committed: true, ...(object.name !== undefined && { name: object.name }) };
}

function parse(text: string, path: string): Fields {
  try {
    const value = parsePythonJson(text);
    if (isFields(value) && Array.isArray(value.images)) return value;
  } catch {
    // The error below says what is wrong.
  }
  throw wrong(path, 'images');
}

/** @param where the place in the file that is missing or wrong */
const wrong = (path: string, where: string): SamusError => pageError('ANNOTATIONS_JSON', { path, where });
