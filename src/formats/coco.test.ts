import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CocoSource, cocoDocument } from './coco.js';
import { cocoCategories, cocoMask, readCoco } from './cocoRead.js';
import { encodeRle } from './rle.js';

const [WIDTH, HEIGHT] = [7, 5];

function mask(...pixels: number[]): Uint8Array {
  const values = new Uint8Array(WIDTH * HEIGHT);
  for (const i of pixels) values[i] = 1;
  return values;
}

/** Through the text that a file would hold. */
function read(document: object) {
  return readCoco(JSON.parse(JSON.stringify(document)));
}

const ring = mask(8, 9, 10, 15, 17, 22, 23, 24);
const SOURCES: CocoSource[] = [
  {
    file: 'a.png',
    width: WIDTH,
    height: HEIGHT,
    objects: [
      { mask: ring, category: 'lesion', name: 'lesion-1', score: 0.9 },
      { mask: mask(6), category: 'vessel' },
    ],
  },
  { file: 'sub/b.png', width: WIDTH, height: HEIGHT, objects: [{ mask: mask(), category: 'lesion' }] },
];

describe('a COCO document', () => {
  it('has the fields that other programs read', () => {
    const document = cocoDocument(SOURCES);
    expect(document.images).toEqual([
      { id: 1, file_name: 'a.png', width: 7, height: 5 },
      { id: 2, file_name: 'sub/b.png', width: 7, height: 5 },
    ]);
    expect(document.categories).toEqual([
      { id: 1, name: 'lesion', supercategory: '' },
      { id: 2, name: 'vessel', supercategory: '' },
    ]);
    // The empty mask has no annotation.
    expect(document.annotations).toEqual([
      {
        id: 1,
        image_id: 1,
        category_id: 1,
        segmentation: encodeRle({ width: WIDTH, height: HEIGHT, data: ring }),
        area: 8,
        bbox: [1, 1, 3, 3],
        iscrowd: 0,
        name: 'lesion-1',
        score: 0.9,
      },
      expect.objectContaining({ id: 2, category_id: 2, area: 1, bbox: [6, 0, 1, 1] }),
    ]);
  });

  it.each(['rle', 'polygons'] as const)('with %s gives its masks back', (segmentation) => {
    const masks = fc.array(
      fc
        .array(fc.constantFrom(0, 1), { minLength: WIDTH * HEIGHT, maxLength: WIDTH * HEIGHT })
        .map((values) => Uint8Array.from(values))
        .filter((values) => values.includes(1)),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(masks, (drawn) => {
        const objects = drawn.map((one, i) => ({ mask: one, category: `class-${i % 2}` }));
        const source = { file: 'a.png', width: WIDTH, height: HEIGHT, objects };
        const [image] = read(cocoDocument([source], { segmentation }));
        expect(image).toMatchObject({ file: 'a.png', width: WIDTH, height: HEIGHT });
        const found = image!.objects.map((object) => ({
          mask: cocoMask(object, WIDTH, HEIGHT),
          category: object.category,
        }));
        expect(found).toEqual(objects);
      }),
    );
  });

  it('keeps the numbers of categories, used or not, and of two that have one name', () => {
    const categories = [
      { id: 7, name: 'lesion' },
      { id: 3, name: 'vessel' },
      { id: 9, name: 'lesion' },
      { id: 200, name: 'organ' },
    ];
    const [first] = SOURCES;
    const objects = first!.objects.map((object) => ({ ...object, category: 'lesion', categoryId: 9 }));
    const document = cocoDocument([{ ...first!, objects }], { categories });
    expect(cocoCategories(document)).toEqual([...categories].sort((a, b) => a.id - b.id));
    expect(new Set(document.annotations.map(({ category_id }) => category_id))).toEqual(new Set([9]));
    const absent = objects.map((object) => ({ ...object, categoryId: 3 }));
    expect(() => cocoDocument([{ ...first!, objects: absent }], { categories })).toThrow('lesion');
  });

  it('numbers categories in the order that is asked for', () => {
    const document = cocoDocument(SOURCES, { categories: ['vessel', 'lesion', 'organ'] });
    expect(document.categories.map(({ name }) => name)).toEqual(['vessel', 'lesion', 'organ']);
    expect(document.annotations.map(({ category_id }) => category_id)).toEqual([2, 1]);
    expect(() => cocoDocument(SOURCES, { categories: ['vessel'] })).toThrow(
      expect.objectContaining({ kind: 'usage', code: 'COCO_CATEGORY' }),
    );
  });
});

describe('the categories of a COCO document', () => {
  it('are in the order of their ids, used or not', () => {
    const categories = [
      { id: 9, name: 'b' },
      { id: 2, name: 'a', color: [1, 2, 3] },
    ];
    expect(cocoCategories({ categories })).toEqual([
      { id: 2, name: 'a' },
      { id: 9, name: 'b' },
    ]);
    expect(() => cocoCategories([])).toThrow(expect.objectContaining({ code: 'COCO_INVALID' }));
  });
});

describe('a COCO document of another program', () => {
  const others = {
    images: [
      { id: 40, file_name: 'x.jpg' },
      { id: 7, file_name: 'y.jpg', width: 3, height: 2, extra: true },
    ],
    categories: [{ id: 90, name: 'cyst' }],
    annotations: [
      { image_id: 7, category_id: 90, segmentation: [[0, 0, 1, 0, 1, 2, 0, 2]], iscrowd: 0 },
      { image_id: 7, category_id: 90, segmentation: { size: [2, 3], counts: [2, 2, 2] }, iscrowd: 1 },
      { image_id: 7, category_id: 90, bbox: [0, 0, 2, 2] },
      { image_id: 7, category_id: 90, segmentation: [] },
      { image_id: 8, category_id: 90, segmentation: [[0, 0, 1, 0, 1, 2]] },
    ],
  };

  it('is read with any ids, plain counts and polygons; what has no area or image is left out', () => {
    const [x, y] = read(others);
    expect(x).toEqual({ file: 'x.jpg', objects: [] });
    expect(y).toMatchObject({ file: 'y.jpg', width: 3, height: 2 });
    expect(y!.objects.map(({ category }) => category)).toEqual(['cyst', 'cyst']);
    expect(y!.objects.map((object) => [...cocoMask(object, 3, 2)])).toEqual([
      [1, 0, 0, 1, 0, 0],
      [0, 1, 0, 0, 1, 0],
    ]);
    expect(() => cocoMask(y!.objects[1]!, 2, 3)).toThrow(expect.objectContaining({ code: 'COCO_SIZE' }));
  });

  const [, image] = others.images;
  const annotation = { image_id: 7, category_id: 90 };
  it.each([
    [null, 'categories'],
    [{ ...others, images: 1 }, 'images'],
    [{ ...others, annotations: [1] }, 'annotations'],
    [{ ...others, images: [{ ...image, file_name: 3 }] }, 'file_name'],
    [{ ...others, images: [{ ...image, width: 'wide' }] }, 'width'],
    [{ ...others, images: [{ ...image, id: 1.5 }] }, 'id of an image'],
    [{ ...others, categories: [{ id: 90 }] }, 'name'],
    [{ ...others, categories: [] }, 'category 90'],
    [{ ...others, annotations: [{ ...annotation, segmentation: [[1, 2, 3]] }] }, 'polygon'],
    [{ ...others, annotations: [{ ...annotation, segmentation: [[1, 2, 3, 4, 5, null]] }] }, 'polygon'],
    [{ ...others, annotations: [{ ...annotation, segmentation: { size: [1] } }] }, 'run lengths'],
  ])('is refused where %j is wrong', (document, where) => {
    expect(() => readCoco(document)).toThrow(
      expect.objectContaining({ kind: 'input', code: 'COCO_INVALID', message: expect.stringContaining(where) }),
    );
  });
});
