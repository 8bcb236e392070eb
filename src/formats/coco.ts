/**
 * Writes segmentations as COCO JSON ("object detection" of its data format), with run lengths or polygons. cocoRead.ts
 * reads it.
 */
import { SamusError } from '../errors.js';
import { maskToPolygons } from './polygons.js';
import { encodeRle, type Rle, rleArea, rleBox } from './rle.js';

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
    /** Distinguishes objects of one class; written as `name`, which other programs ignore. */
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
      const rle = encodeRle({ width, height, data: mask });
      const box = rleBox(rle);
      if (!box) continue;
      const [x0, y0, x1, y1] = box;
      annotations.push({
        id: annotations.length + 1,
        image_id: i + 1,
        category_id: idOf(category, categoryId),
        segmentation: segmentation === 'rle' ? rle : maskToPolygons({ width, height, data: mask }),
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

function unknownCategory(name: string): never {
  throw new SamusError('COCO_CATEGORY', `expected a listed category, got ${name}`, 'add it to the categories', {
    name,
  });
}
