/**
 * Reads COCO JSON of any program. Entries that cannot be used are left out and reported with their id or place. Folders
 * of images with such a file are imported by data/importers.
 */
import { SamusError } from '../errors.js';
import type { CocoCategory } from './coco.js';
import { type Fields, isFields, isNumbers } from './jsonFields.js';
import { polygonsToMask } from './polygons.js';
import { decodeRle, type Rle, rleCounts } from './rle.js';

/** An image as read: sizes only where the document has them. */
export interface CocoImage {
  readonly file: string;
  /** Hash of the image's file, as the annotator writes it. */
  readonly content?: string;
  /** Of a clip, from 1, as this page writes it. */
  readonly frame?: number;
  readonly width?: number;
  readonly height?: number;
  readonly objects: readonly CocoObject[];
}

/** An annotation with an area; its mask is made by {@link cocoMask}. */
export interface CocoObject {
  /** Id of the annotation, where it has one. */
  readonly id?: CocoId;
  readonly category: string;
  readonly categoryId: number;
  readonly name?: string;
  readonly score?: number;
  /** x, y, x, y, …; empty where there are run lengths. */
  readonly polygons: readonly (readonly number[])[];
  readonly rle?: Rle;
}

/** What is wrong with an entry of a COCO document, and where. */
export interface CocoProblem {
  /** Gives the place, as `annotations[3]`, where no id or file does. */
  readonly reason: string;
  /** Id of the annotation. */
  readonly annotation?: CocoId;
  /** File of the image, or its id where it has no file. */
  readonly image?: CocoId;
  /** What is left out because of it. */
  readonly lost?: 'image' | 'annotation';
}

type CocoId = number | string;
type Report = (problem: CocoProblem) => void;

/** A corner further away than this is a broken number, not an object that reaches beyond the image. */
const FAR_AWAY = 1e6;

/**
 * The classes of a COCO document, used or not, in the order of their ids. Ids that are text get the numbers after the
 * highest, in the order of the document.
 * @param report gets each category that cannot be used
 * @throws SamusError COCO_INVALID
 */
export function cocoCategories(document: unknown, report: Report = refuseEntry): CocoCategory[] {
  return [...readCategories(document, report).values()].sort((a, b) => a.id - b.id);
}

/**
 * What a COCO document says, the images in its order and with their annotations; those without an area (boxes, key
 * points) are left out, and so are those of images that it does not list: documents that were cut down to some images
 * often keep the annotations of all.
 * @param document parsed JSON
 * @param report gets each entry that cannot be used, which is left out then; of an annotation with several polygons
 *   the good ones stay, and of images that share an id none does: their annotations could belong to either
 * @throws SamusError COCO_INVALID naming what is wrong, with the annotation and the image in its details
 */
export function readCoco(document: unknown, report: Report = refuseEntry): CocoImage[] {
  const categories = readCategories(document, report);
  const images = readImages(document, report);
  for (const [annotation, place] of entries(document, 'annotations', report)) {
    const { id, image_id } = annotation;
    const about = isId(id) ? { annotation: id } : {};
    const at = isId(id) ? '' : `${place}: `;
    if (!isId(image_id)) {
      report({ reason: `${at}its image_id is neither a whole number nor text`, lost: 'annotation', ...about });
      continue;
    }
    const image = images.get(String(image_id));
    if (!image) continue;
    const object = readObject(annotation, categories, (reason) =>
      report({ reason: `${at}${reason}`, lost: 'annotation', ...about, image: image.file }),
    );
    if (object) image.objects.push({ ...object, ...(isId(id) && { id }) });
  }
  return [...images.values()];
}

/**
 * The mask of an annotation, 0 and 1, row-major. Polygons are filled together, each by the even-odd rule; for corners
 * between the borders of pixels pycocotools, which rounds to fifths of a pixel, may differ along the outline.
 * @throws SamusError COCO_SIZE if its run lengths are of another size, RLE_INVALID, POLYGON_INVALID
 */
export function cocoMask({ rle, polygons }: CocoObject, width: number, height: number): Uint8Array {
  if (!rle) return polygonsToMask(polygons, width, height);
  const [rleHeight, rleWidth] = rle.size;
  if (rleWidth === width && rleHeight === height) return decodeRle(rle).data;
  throw new SamusError(
    'COCO_SIZE',
    `expected run lengths of ${width}x${height} pixels, got ${rleWidth}x${rleHeight}`,
    'take the image that was annotated, in its size',
    { width, height, rleWidth, rleHeight },
  );
}

/** By their ids as text: some programs write numbers as text. */
function readCategories(document: unknown, report: Report): Map<string, CocoCategory> {
  const names = new Map<string, { readonly name: string; readonly place: string }>();
  for (const [{ id, name }, place] of entries(document, 'categories', report)) {
    const key = isId(id) ? String(wholeNumber(id) ?? id) : '';
    const other = names.get(key);
    if (key === '') report({ reason: `${place}: its id is neither a whole number nor text` });
    else if (typeof name !== 'string' && typeof name !== 'number') report({ reason: `${place}: it has no name` });
    else if (!other) names.set(key, { name: String(name), place });
    else if (other.name !== String(name)) {
      const reason = `${other.place} and ${place} have the same id ${key}; the first, ${JSON.stringify(other.name)}, is used`;
      report({ reason });
    }
  }
  const numbers = [...names.keys()].map(wholeNumber).filter((number) => number !== undefined);
  let highest = numbers.reduce((most, number) => Math.max(most, number), 0);
  return new Map([...names].map(([key, { name }]) => [key, { id: wholeNumber(key) ?? ++highest, name }]));
}

type MutableImage = CocoImage & { readonly objects: CocoObject[] };

/** By their ids as text. */
function readImages(document: unknown, report: Report): Map<string, MutableImage> {
  const images = new Map<string, { readonly image: MutableImage; readonly place: string }>();
  const shared = new Set<string>();
  for (const [{ id, file_name, content, frame, width, height }, place] of entries(document, 'images', report)) {
    if (typeof file_name !== 'string' || file_name === '') {
      report({ reason: `${place}: it has no file_name`, lost: 'image', ...(isId(id) && { image: id }) });
      continue;
    }
    const wrong = (reason: string): void => report({ reason, lost: 'image', image: file_name });
    if (!isId(id)) {
      wrong(`${place}: the id of an image is neither a whole number nor text`);
      continue;
    }
    const other = images.get(String(id));
    if (other?.image.file === file_name) continue;
    if (other) {
      const reason = `${other.place} and ${place} have the same id ${id}`;
      if (!shared.has(String(id))) report({ reason, lost: 'image', image: other.image.file });
      shared.add(String(id));
      wrong(reason);
      continue;
    }
    const side = (value: unknown, what: string): number | undefined => {
      const pixels = wholeNumber(value);
      if (pixels === undefined && value !== undefined && value !== null)
        report({ reason: `the ${what} of an image is not a whole number`, image: file_name });
      return pixels;
    };
    const [sideways, down] = [side(width, 'width'), side(height, 'height')];
    const image = {
      file: file_name,
      ...(typeof content === 'string' && { content }),
      ...(typeof frame === 'number' && frame >= 1 && Number.isInteger(frame) && { frame }),
      ...(sideways !== undefined && { width: sideways }),
      ...(down !== undefined && { height: down }),
      objects: [],
    };
    images.set(String(id), { image, place });
  }
  for (const id of shared) images.delete(id);
  return new Map([...images].map(([id, { image }]) => [id, image]));
}

/** An annotation with an area, or undefined. */
function readObject(
  annotation: Fields,
  categories: ReadonlyMap<string, CocoCategory>,
  report: (reason: string) => void,
): CocoObject | undefined {
  const { category_id, segmentation, name, score } = annotation;
  const category = isId(category_id) ? categories.get(String(wholeNumber(category_id) ?? category_id)) : undefined;
  if (!category) {
    report(`its category ${JSON.stringify(category_id) ?? 'is missing and'} is not in the list of categories`);
    return undefined;
  }
  const about = {
    category: category.name,
    categoryId: category.id,
    ...(typeof name === 'string' && { name }),
    ...(typeof score === 'number' && { score }),
  };
  if (Array.isArray(segmentation)) {
    const polygons = goodPolygons(segmentation, report);
    return polygons.length > 0 ? { ...about, polygons } : undefined;
  }
  if (segmentation === undefined || segmentation === null) return undefined;
  const rle = isFields(segmentation) ? readRle(segmentation) : `its segmentation is ${kindOf(segmentation)}`;
  if (typeof rle !== 'string') return { ...about, polygons: [], rle };
  report(rle);
  return undefined;
}

function goodPolygons(segmentation: readonly unknown[], report: (reason: string) => void): number[][] {
  const polygons = segmentation.filter(isPolygon);
  const near = polygons.filter((polygon) => polygon.every((value) => Math.abs(value) <= FAR_AWAY));
  const say = (odd: number, what: string): void => {
    const which = segmentation.length === 1 ? 'its polygon is' : `${odd} of its ${segmentation.length} polygons are`;
    if (odd > 0) report(`${which} ${what}`);
  };
  say(segmentation.length - polygons.length, 'not a list x, y, x, y, … of three corners or more');
  say(polygons.length - near.length, `not within ${FAR_AWAY} pixels of the image`);
  return near;
}

/** The run lengths of an annotation, or what is wrong with them. */
function readRle({ size, counts }: Fields): Rle | string {
  if (!isNumbers(size) || size.length !== 2 || (typeof counts !== 'string' && !isNumbers(counts))) {
    return 'its run lengths have no size or counts';
  }
  const rle: Rle = { size: [size[0]!, size[1]!], counts };
  try {
    rleCounts(rle);
    return rle;
  } catch (error) {
    if (error instanceof SamusError) return error.message;
    throw error;
  }
}

/** The objects of a list and their positions; other values are reported. */
function* entries(
  document: unknown,
  list: 'images' | 'annotations' | 'categories',
  report: Report,
): Generator<[Fields, place: string]> {
  const values: unknown = isFields(document) ? document[list] : undefined;
  if (!Array.isArray(values)) refuse(`it has no list of ${list}`);
  for (const [i, value] of values.entries()) {
    const place = `${list}[${i}]`;
    if (isFields(value)) yield [value, place];
    else {
      const reason = `${place} is ${kindOf(value)}, expected an object`;
      report({ reason, ...(list !== 'categories' && { lost: list === 'images' ? 'image' : 'annotation' }) });
    }
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);

/** Some programs write numbers as text. */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return isWhole(number) ? number : undefined;
}

const isId = (value: unknown): value is CocoId => isWhole(value) || typeof value === 'string';

function isPolygon(value: unknown): value is number[] {
  return isNumbers(value) && value.length >= 6 && value.length % 2 === 0;
}

function refuse(what: string, details: { readonly [key: string]: CocoId } = {}): never {
  throw new SamusError(
    'COCO_INVALID',
    `expected COCO JSON with images, annotations and categories, but ${what}`,
    'export the annotations again',
    details,
  );
}

function refuseEntry({ reason, annotation, image }: CocoProblem): never {
  const place = [
    ...(annotation === undefined ? [] : [`annotation ${annotation}`]),
    ...(image === undefined ? [] : [image]),
  ];
  const where = place.length === 0 ? '' : `${place.join(' of ')}: `;
  return refuse(`${where}${reason}`, {
    ...(annotation !== undefined && { annotation }),
    ...(image !== undefined && { image }),
  });
}
