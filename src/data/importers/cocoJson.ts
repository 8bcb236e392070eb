/**
 * The parts of a COCO JSON file that segmentation needs, checked: images, categories, annotations with polygons or
 * run lengths. Annotations of a box only have no area to learn from and are left out.
 */
import { SamusError } from '../../errors.js';
import type { Rle } from '../../formats/rle.js';
import type { Polygon } from './polygon.js';

export interface CocoAnnotation {
  readonly image: number;
  readonly category: number;
  readonly polygons: readonly Polygon[];
  readonly rle?: Rle;
}

export interface Coco {
  readonly images: readonly { readonly id: number; readonly file: string }[];
  /** Names by id. */
  readonly categories: ReadonlyMap<number, string>;
  readonly annotations: readonly CocoAnnotation[];
}

type Fields = { readonly [key: string]: unknown };

/** Reads the text of a COCO file. @throws SamusError IMPORT_ANNOTATION */
export function parseCoco(text: string, path: string): Coco {
  const refuse = (what: string): never => {
    const message = `${path} was expected to be COCO JSON, but ${what}`;
    throw new SamusError('input', 'IMPORT_ANNOTATION', message, 'export the annotations again', { path });
  };
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    refuse('it is no JSON');
  }
  const list = (name: string): Fields[] => {
    const value = isObject(json) ? json[name] : undefined;
    return Array.isArray(value) && value.every(isObject) ? value : refuse(`it has no list of ${name}`);
  };
  const whole = (value: unknown, what: string): number =>
    typeof value === 'number' && Number.isSafeInteger(value) ? value : refuse(`${what} is no whole number`);
  const images = list('images').map(({ id, file_name }) => ({
    id: whole(id, 'the id of an image'),
    file: typeof file_name === 'string' ? safePath(file_name, refuse) : refuse('an image has no file_name'),
  }));
  const categories = new Map(
    list('categories').map(({ id, name }) => [
      whole(id, 'the id of a category'),
      typeof name === 'string' ? name : refuse('a category has no name'),
    ]),
  );
  const annotations: CocoAnnotation[] = [];
  for (const { image_id, category_id, segmentation } of list('annotations')) {
    const image = whole(image_id, 'the image_id of an annotation');
    const category = whole(category_id, 'the category_id of an annotation');
    if (Array.isArray(segmentation) && segmentation.length > 0) {
      const polygons = segmentation.map(
        (flat) => parsePolygon(flat) ?? refuse('a polygon is no list of x, y, x, y, …'),
      );
      annotations.push({ image, category, polygons });
    } else if (isObject(segmentation)) {
      const rle = parseRle(segmentation) ?? refuse('run lengths have no size or counts');
      annotations.push({ image, category, polygons: [], rle });
    }
  }
  return { images, categories, annotations };
}

/** A path that stays within the folder of images. */
function safePath(file: string, refuse: (what: string) => never): string {
  const parts = file.replaceAll('\\', '/').split('/');
  const inside = parts.every(
    (part, i) => part !== '' && part !== '.' && part !== '..' && !(i === 0 && part.includes(':')),
  );
  return inside ? parts.join('/') : refuse(`the file_name ${file} leads out of its folder`);
}

function parsePolygon(flat: unknown): Polygon | undefined {
  if (!Array.isArray(flat) || flat.length < 6 || flat.length % 2 !== 0) return undefined;
  if (!flat.every((value): value is number => typeof value === 'number' && Number.isFinite(value))) return undefined;
  return Array.from({ length: flat.length / 2 }, (_, i): [number, number] => [flat[2 * i]!, flat[2 * i + 1]!]);
}

function parseRle({ size, counts }: Fields): Rle | undefined {
  const numbers = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every((item) => typeof item === 'number');
  if (!numbers(size) || size.length !== 2) return undefined;
  if (typeof counts !== 'string' && !numbers(counts)) return undefined;
  return { size: [size[0]!, size[1]!], counts };
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
