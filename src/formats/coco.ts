/**
 * Segmentations as COCO JSON ("object detection" of its data format): written with run lengths or polygons, read from
 * any program's. In memory, wherever it came from; folders of images with such a file are imported by data/importers.
 */
import { SamusError } from '../errors.js';
import { type Fields, isFields, isNumbers } from './jsonFields.js';
import { maskToPolygons, polygonsToMask } from './polygons.js';
import { decodeRle, encodeRle, type Rle, rleArea, rleBox } from './rle.js';

/** An image to be written, with what was found in it. */
export interface CocoSource {
  /** Its file, as others will find it: a path with `/` from the folder of images. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly {
    /** Not 0 inside; row-major, of the image's size. An empty mask is left out: COCO has no annotation of nothing. */
    readonly mask: Uint8Array;
    /** Name of its class. */
    readonly category: string;
    /** Number of its class, where several have its name. */
    readonly categoryId?: number;
    /** What tells it from others of its class; kept as `name`, which other programs pass over. */
    readonly name?: string;
    readonly score?: number;
  }[];
}

export interface CocoOptions {
  /** How masks are written; default `rle`. Both hold every pixel. */
  readonly segmentation?: 'rle' | 'polygons';
  /**
   * Classes, used or not: with their numbers, or names that are numbered from 1. Default: the names of the objects in
   * their order.
   */
  readonly categories?: readonly (string | CocoCategory)[];
  /** What the file says about itself. */
  readonly description?: string;
}

export interface CocoCategory {
  readonly id: number;
  readonly name: string;
}

/** A COCO document, ready for `JSON.stringify`. */
export interface CocoDocument {
  readonly info: { readonly description: string };
  readonly images: readonly CocoImageEntry[];
  readonly annotations: readonly CocoAnnotationEntry[];
  readonly categories: readonly (CocoCategory & { readonly supercategory: string })[];
}

interface CocoImageEntry {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
}

interface CocoAnnotationEntry {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly segmentation: Rle | readonly (readonly number[])[];
  readonly area: number;
  /** x, y, width, height. */
  readonly bbox: readonly [number, number, number, number];
  readonly iscrowd: 0;
  readonly name?: string;
  readonly score?: number;
}

/** An image as read: sizes only where the document has them. */
export interface CocoImage {
  readonly file: string;
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

/**
 * The document of some images: area, box and segmentation of each object as pycocotools makes them of its mask.
 * @throws SamusError COCO_CATEGORY if `categories` lacks one, and RLE_SIZE or POLYGON_SIZE for a mask of another size
 */
export function cocoDocument(images: readonly CocoSource[], options: CocoOptions = {}): CocoDocument {
  const { segmentation = 'rle', description = 'Research use only, not for diagnosis' } = options;
  const named = images.flatMap(({ objects }) => objects.map(({ category }) => category));
  const categories = (options.categories ?? [...new Set(named)]).map((one, i) =>
    typeof one === 'string' ? { id: i + 1, name: one } : one,
  );
  const idOf = (name: string, wanted: number | undefined): number =>
    categories.find((one) => one.name === name && (wanted === undefined || one.id === wanted))?.id ??
    unknownCategory(name);
  const annotations: CocoAnnotationEntry[] = [];
  for (const [i, { width, height, objects }] of images.entries()) {
    for (const { mask, category, categoryId, name, score } of objects) {
      const rle = encodeRle(mask, width, height);
      const box = rleBox(rle);
      if (!box) continue;
      const [x0, y0, x1, y1] = box;
      annotations.push({
        id: annotations.length + 1,
        image_id: i + 1,
        category_id: idOf(category, categoryId),
        segmentation: segmentation === 'rle' ? rle : maskToPolygons(mask, width, height),
        area: rleArea(rle),
        bbox: [x0, y0, x1 - x0 + 1, y1 - y0 + 1],
        // Not a crowd, though COCO packs only those: a crowd is left out of every comparison.
        iscrowd: 0,
        ...(name !== undefined && { name }),
        ...(score !== undefined && { score }),
      });
    }
  }
  return {
    info: { description },
    images: images.map(({ file, width, height }, i) => ({ id: i + 1, file_name: file, width, height })),
    annotations,
    categories: categories.map(({ id, name }) => ({ id, name, supercategory: '' })),
  };
}

/** The classes of a COCO document, used or not, in the order of their ids. @throws SamusError COCO_INVALID */
export function cocoCategories(document: unknown): CocoCategory[] {
  return [...categoryNames(document)].map(([id, name]) => ({ id, name })).sort((a, b) => a.id - b.id);
}

/** What is wrong with an entry of a COCO document, and where. */
export interface CocoProblem {
  readonly reason: string;
  /** Id of the annotation. */
  readonly annotation?: CocoId;
  /** File of the image, or its id where it has no file. */
  readonly image?: CocoId;
}

type CocoId = number | string;

/**
 * What a COCO document says, the images in its order and with their annotations; those without an area (boxes, key
 * points) are left out, and so are those of images that it does not list: documents that were cut down to some images
 * often keep the annotations of all.
 * @param document parsed JSON
 * @param report gets each entry that cannot be used, which is left out then; of an annotation with several polygons
 *   the good ones stay
 * @throws SamusError COCO_INVALID naming what is wrong, with the annotation and the image in its details
 */
export function readCoco(document: unknown, report: (problem: CocoProblem) => void = refuseEntry): CocoImage[] {
  const names = categoryNames(document);
  const images: CocoImage[] = [];
  const known = new Map<string, { readonly file: string; readonly objects: CocoObject[] }>();
  for (const { id, file_name, width, height } of list(document, 'images')) {
    const own: CocoObject[] = [];
    const image = typeof file_name === 'string' ? file_name : isId(id) ? id : undefined;
    const wrong = (reason: string): void => report({ reason, ...(image !== undefined && { image }) });
    if (typeof file_name !== 'string') {
      wrong('an image has no file_name');
      continue;
    }
    if (!isId(id)) {
      wrong('the id of an image is neither a number nor text');
      continue;
    }
    known.set(String(id), { file: file_name, objects: own });
    const side = (value: unknown, what: string): number | undefined => {
      if (value === undefined || value === null) return undefined;
      if (isWhole(value)) return value;
      wrong(`the ${what} of an image is no whole number`);
      return undefined;
    };
    const [sideways, down] = [side(width, 'width'), side(height, 'height')];
    images.push({
      file: file_name,
      ...(sideways !== undefined && { width: sideways }),
      ...(down !== undefined && { height: down }),
      objects: own,
    });
  }
  for (const annotation of list(document, 'annotations')) {
    const { id, image_id } = annotation;
    const about = isId(id) ? { annotation: id } : {};
    if (!isId(image_id)) {
      report({ reason: 'the image_id of an annotation is neither a number nor text', ...about });
      continue;
    }
    const image = known.get(String(image_id));
    if (!image) continue;
    const object = readObject(annotation, names, (reason) => report({ reason, ...about, image: image.file }));
    if (object) image.objects.push({ ...object, ...(isId(id) && { id }) });
  }
  return images;
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
    `run lengths of an image of ${width}x${height} pixels were expected, these are of ${rleWidth}x${rleHeight}`,
    'take the image that was annotated, in its size',
    { width, height, rleWidth, rleHeight },
  );
}

function categoryNames(document: unknown): Map<number, string> {
  return new Map(
    list(document, 'categories').map(({ id, name }) => [
      categoryNumber(id) ?? refuse('the id of a category is no whole number'),
      typeof name === 'string' ? name : refuse('a category has no name'),
    ]),
  );
}

/** Some programs write numbers as text. */
function categoryNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return isWhole(number) ? number : undefined;
}

/** An annotation with an area, or undefined. */
function readObject(
  annotation: Fields,
  names: ReadonlyMap<number, string>,
  report: (reason: string) => void,
): CocoObject | undefined {
  const { category_id, segmentation, name, score } = annotation;
  const categoryId = categoryNumber(category_id);
  const category = categoryId === undefined ? undefined : names.get(categoryId);
  if (categoryId === undefined || category === undefined) {
    report(`its category ${JSON.stringify(category_id) ?? 'is missing and'} is not in the list of categories`);
    return undefined;
  }
  const about = {
    category,
    categoryId,
    ...(typeof name === 'string' && { name }),
    ...(typeof score === 'number' && { score }),
  };
  if (Array.isArray(segmentation) && segmentation.length > 0) {
    const polygons = segmentation.filter(isPolygon);
    const odd = segmentation.length - polygons.length;
    if (odd > 0) {
      const which = segmentation.length === 1 ? 'its polygon is' : `${odd} of its ${segmentation.length} polygons are`;
      report(`${which} no list x, y, x, y, … of three corners or more`);
    }
    return polygons.length > 0 ? { ...about, polygons } : undefined;
  }
  if (!isFields(segmentation)) return undefined;
  const { size, counts } = segmentation;
  if (isNumbers(size) && size.length === 2 && (typeof counts === 'string' || isNumbers(counts))) {
    return { ...about, polygons: [], rle: { size: [size[0]!, size[1]!], counts } };
  }
  report('its run lengths have no size or counts');
  return undefined;
}

function list(document: unknown, name: string): readonly Fields[] {
  const value = isFields(document) ? document[name] : undefined;
  return Array.isArray(value) && value.every(isFields) ? value : refuse(`it has no list of ${name}`);
}

const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);

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

function unknownCategory(name: string): never {
  throw new SamusError(
    'COCO_CATEGORY',
    `every object was expected to be of one of the categories given, ${name} is none of them`,
    'add it to the categories',
    { name },
  );
}
