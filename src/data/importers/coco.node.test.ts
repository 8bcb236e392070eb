import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { texture } from '../../../test/support/dataFolder.js';
import { coded, importFrom, newFolder } from '../../../test/support/importing.js';
import { writePng } from '../../formats/imageWrite.node.js';
import { openDataset } from '../dataset.node.js';
import { planImport } from './index.node.js';

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/data/', import.meta.url));

describe('COCO', () => {
  const document = (file: string, width: number, height: number): string =>
    JSON.stringify({
      images: [{ id: 1, file_name: file, width, height }],
      categories: [{ id: 1, name: 'lesion' }],
      annotations: [{ image_id: 1, category_id: 1, segmentation: [[1, 1, 6, 1, 6, 5, 1, 5]] }],
    });

  it('gives the masks of pycocotools: run lengths exactly, polygons but for their edge', async () => {
    const { out, skipped } = await importFrom('coco', join(FIXTURES, 'coco'), { dataset: 'Nerve-Own' });
    const data = await openDataset(out);
    // Classes follow the ids of the categories.
    expect(data.classes('Nerve-Own').names).toEqual(['background', 'nerve', 'vessel']);
    expect(skipped).toEqual([{ file: 'e.png', reason: 'it has no annotation' }]);
    const expected: Record<string, [number[], string]> = JSON.parse(
      await readFile(join(FIXTURES, 'coco.expected.json'), 'utf8'),
    );
    for (const [name, [label, kind]] of Object.entries(expected)) {
      const read = await data.readLabel({ dataset: 'Nerve-Own', name });
      if (kind === 'rle') expect([...read.data], name).toEqual(label);
      const [both, any] = read.data.reduce(
        ([b, a], value, i) => [b + (value && label[i] === value ? 1 : 0), a + (value || label[i] ? 1 : 0)],
        [0, 0],
      );
      expect(both / any, name).toBeGreaterThan(0.97);
    }
  });

  it('is refused with more categories than a label can store', async () => {
    const folder = await newFolder();
    const categories = Array.from({ length: 256 }, (_, i) => ({ id: i + 1, name: `c${i}` }));
    const text = JSON.stringify({ images: [{ id: 1, file_name: 'a.png' }], annotations: [], categories });
    await writeFile(join(folder, 'many.json'), text);
    await expect(importFrom('coco', join(folder, 'many.json'))).rejects.toEqual(
      expect.objectContaining({ code: 'IMPORT_ANNOTATION', message: expect.stringContaining('255 categories') }),
    );
  });

  it.each([
    ['instances.json', 'images/a.png', undefined],
    ['annotations/instances.json', 'images/a.png', undefined],
    ['result.json', 'images/a.png', 'images/a.png'],
    ['labels/result.json', 'img/a.png', undefined],
  ])('finds the images of %s in %s', async (json, image, fileName = 'a.png') => {
    const source = await newFolder();
    for (const path of [json, image]) await mkdir(join(source, path, '..'), { recursive: true });
    await writePng(join(source, image), texture(8, 6, 1));
    await writeFile(join(source, json), document(fileName, 8, 6));
    const given = json.startsWith('labels') ? join(source, json) : source;
    const { result } = await importFrom('coco', given, { dataset: 'A' });
    expect(result.datasets).toMatchObject([{ dataset: 'A', images: 1, empty: 0 }]);
  });

  it('is refused where its images are not there or have another size', async () => {
    const source = await newFolder();
    await writeFile(join(source, 'a.json'), document('a.png', 16, 12));
    await expect(importFrom('coco', source)).rejects.toThrow(coded('IMPORT_LAYOUT'));
    await writePng(join(source, 'a.png'), texture(8, 6, 1));
    await expect(importFrom('coco', source)).rejects.toThrow(coded('COCO_SIZE'));
    await writeFile(join(source, 'a.json'), document('a.png', 0, 0));
    expect((await importFrom('coco', source)).result.datasets).toMatchObject([{ images: 1, empty: 0 }]);
  });

  const LESION = [{ id: 1, name: 'lesion' }];
  const SQUARE = [1, 1, 6, 1, 6, 5, 1, 5];

  /** A folder with images of these names and the document beside it. */
  async function folderOf(files: readonly string[], text: object): Promise<string> {
    const source = await newFolder();
    for (const file of files) {
      await mkdir(join(source, 'images', file, '..'), { recursive: true });
      await writePng(join(source, 'images', file), texture(8, 6, 1));
    }
    await writeFile(join(source, 'a.json'), JSON.stringify(text));
    return source;
  }

  const areaOf = async (out: string, name: string): Promise<number> =>
    (await (await openDataset(out)).readLabel({ dataset: 'Own-Data', name })).data.reduce(
      (sum, value) => sum + value,
      0,
    );

  it('leaves out what cannot be used, by the annotation, the image and the reason, and imports the rest', async () => {
    const images = ['a', 'b', 'c', 'd'].map((name, i) => ({ id: i + 1, file_name: `${name}.png`, width: null }));
    const annotation = (id: number | string, image_id: number, segmentation: unknown, category_id: unknown = 1) => ({
      id,
      image_id,
      category_id,
      segmentation,
    });
    const annotations = [
      annotation(10, 1, [SQUARE, [128, 128]]),
      annotation(11, 2, [SQUARE], 7),
      annotation(12, 2, { size: [6, 8], counts: [1, 2] }),
      annotation(13, 2, { size: [6, 9], counts: [54] }),
      annotation('x14', 2, [[1, 2, 3]]),
      annotation(15, 2, [SQUARE], '1'),
      annotation(16, 3, { size: [6, 8], counts: '!' }),
      annotation(17, 4, [SQUARE]),
      // Of an image that the document does not list.
      annotation(18, 99, [[1]], 99),
    ];
    const source = await folderOf(['a.png', 'b.png', 'c.png'], { images, annotations, categories: LESION });
    const { out, skipped, result } = await importFrom('coco', source);
    expect([await areaOf(out, 'a'), await areaOf(out, 'b')]).toEqual([20, 20]);
    expect(result.datasets).toMatchObject([{ images: 2 }]);
    expect(skipped).toEqual([{ file: 'd.png', reason: 'it is missing' }]);
    expect(result.skipped).toEqual([
      { file: 'a.png', annotation: 10, reason: expect.stringContaining('1 of its 2 polygons') },
      { file: 'b.png', annotation: 11, reason: expect.stringContaining('category 7') },
      { file: 'b.png', annotation: 12, reason: expect.stringContaining('3 pixels') },
      { file: 'b.png', annotation: 'x14', reason: expect.stringContaining('polygon') },
      { file: 'b.png', annotation: 13, reason: expect.stringContaining('9x6') },
    ]);
    expect(result.failed).toEqual([
      { file: 'c.png', annotation: 16, reason: expect.stringContaining('the image is left out') },
    ]);
  });

  const box = (id: unknown, image_id: unknown, category_id: unknown = 1) => ({
    id,
    image_id,
    category_id,
    segmentation: [SQUARE],
  });

  it.each([
    ['text', 'abc'],
    ['a number', 5],
    ['an empty polygon', [[]]],
    ['two corners', [[1, 2, 3, 4]]],
    ['corners far away', [[-2e6, 1, 6, 1, 6, 5]]],
    ['a polygon outside the image', [[20, 20, 30, 20, 30, 30]]],
    ['run lengths without counts', { size: [6, 8], counts: null }],
    ['run lengths of another size', { size: [6, 9], counts: [1, 53] }],
    ['run lengths that are cut off', { size: [6, 8], counts: [1, 2] }],
    ['packed run lengths that are none', { size: [6, 8], counts: '!' }],
  ])('treats every unusable segmentation alike: %s', async (_, segmentation) => {
    const images = ['a', 'b'].map((name, i) => ({ id: i + 1, file_name: `${name}.png` }));
    const annotations = [box(1, 1), { ...box(2, 1), segmentation }, { ...box(3, 2), segmentation }];
    const source = await folderOf(['a.png', 'b.png'], { images, annotations, categories: LESION });
    const { out, skipped, result } = await importFrom('coco', source);
    expect(await areaOf(out, 'a')).toBe(20);
    expect(skipped).toEqual([]);
    expect(result.skipped).toEqual([{ file: 'a.png', annotation: 2, reason: expect.any(String) }]);
    expect(result.failed).toEqual([
      { file: 'b.png', annotation: 3, reason: expect.stringContaining('the image is left out') },
    ]);
  });

  it('names odd entries by their place and goes on', async () => {
    const images = [{ id: 1, file_name: 'a.png' }, null, [], { id: 2 }, { id: 1.5, file_name: 'b.png' }];
    const annotations = [
      box(1, 1),
      null,
      [],
      { ...box(4, 1), image_id: null },
      { ...box(undefined, 1), segmentation: 7 },
    ];
    const categories = [...LESION, null, [], { id: 2 }, { name: 'x' }, { id: 1, name: 'other' }];
    const source = await folderOf(['a.png', 'b.png'], { images, annotations, categories });
    const plan = await planImport('coco', source, {});
    const { out, skipped, result } = await importFrom('coco', source);
    expect(await areaOf(out, 'a')).toBe(20);
    expect(skipped).toEqual([
      { file: 'a.json', reason: 'images[1] is null, expected an object' },
      { file: 'a.json', reason: 'images[2] is a list, expected an object' },
      { file: '2', reason: 'images[3]: it has no file_name' },
      { file: 'a.json', reason: 'annotations[1] is null, expected an object' },
      { file: 'a.json', reason: 'annotations[2] is a list, expected an object' },
      { file: 'a.json', annotation: 4, reason: 'its image_id is neither a whole number nor text' },
    ]);
    expect(result.skipped).toEqual([{ file: 'a.png', reason: 'annotations[4]: its segmentation is a number' }]);
    expect(result.failed).toEqual([{ file: 'b.png', reason: expect.stringContaining('images[4]') }]);
    expect(plan.warnings).toEqual([
      'a.json: categories[1] is null, expected an object',
      'a.json: categories[2] is a list, expected an object',
      'a.json: categories[3]: it has no name',
      'a.json: categories[4]: its id is neither a whole number nor text',
      'a.json: categories[0] and categories[5] have the same id 1; the first, "lesion", is used',
    ]);
  });

  it('leaves out both images of one id: their annotations could belong to either', async () => {
    const images = ['a', 'b', 'c'].map((name, i) => ({ id: Math.max(2, i + 1), file_name: `${name}.png` }));
    const source = await folderOf(['a.png', 'b.png', 'c.png'], {
      images,
      annotations: [box(1, 2), box(2, 3)],
      categories: LESION,
    });
    const { out, result } = await importFrom('coco', source);
    expect(result.failed.map(({ file }) => file)).toEqual(['a.png', 'b.png']);
    expect(result.failed[0]?.reason).toBe('images[0] and images[1] have the same id 2');
    expect(await areaOf(out, 'c')).toBe(20);
  });

  it('leaves out the later image of one name, and names that no list can hold', async () => {
    const files = ['a.png', 'a.jpg', 'x\ny.png', ' z.png', 'in/b.png', 'in_b.png'];
    const images = [...files, 'a.png'].map((file_name, i) => ({ id: i, file_name }));
    const annotations = images.map(({ id }) => box(id, id));
    const source = await folderOf(files, { images, annotations, categories: LESION });
    const { result } = await importFrom('coco', source);
    expect(result.datasets).toMatchObject([{ images: 2 }]);
    expect(result.failed).toEqual([
      { file: 'a.jpg', reason: 'its name, a, is that of a.png' },
      { file: 'x\ny.png', reason: expect.stringContaining('line break') },
      { file: ' z.png', reason: expect.stringContaining('blank') },
      { file: 'in_b.png', reason: 'its name, in_b, is that of in/b.png' },
      { file: 'a.png', reason: 'its name, a, is that of a.png' },
    ]);
  });

  it('takes ids that are text, of images, annotations and categories', async () => {
    const source = await folderOf(['a.png'], {
      images: [{ id: 'i', file_name: 'a.png', width: '8', height: '6' }],
      annotations: [box('n', 'i', 'k')],
      categories: [
        { id: 'k', name: 'cyst' },
        { id: 4, name: 'vessel' },
      ],
    });
    const { out } = await importFrom('coco', source);
    expect((await openDataset(out)).classes('Own-Data').names).toEqual(['background', 'vessel', 'cyst']);
    expect(await areaOf(out, 'a')).toBe(40);
  });

  it('reads what Python writes: NaN where it does not matter, 64-bit ids, and numbers as names', async () => {
    const ids = ['9007199254740993', '9007199254740992'];
    const images = ids.map((id, i) => `{"id": ${id}, "file_name": "${'ab'[i]}.png", "score": NaN}`);
    const annotations = [
      `{"id": 1, "image_id": ${ids[0]}, "category_id": 1, "area": NaN, "segmentation": [[${SQUARE}]]}`,
      `{"id": 2, "image_id": ${ids[1]}, "category_id": 1, "segmentation": [[${SQUARE}]]}`,
      `{"id": 3, "image_id": ${ids[1]}, "category_id": 1, "segmentation": [[1, 1, NaN, 1, -Infinity, 5]]}`,
    ];
    const source = await folderOf(['a.png', 'b.png'], {});
    const categories = '[{"id": 1, "name": 7, "about": "NaN \\" Infinity"}]';
    const text = `{"images": [${images}, ${images[0]}], "annotations": [${annotations}], "categories": ${categories}}`;
    await writeFile(join(source, 'a.json'), text);
    const { out, result } = await importFrom('coco', source);
    expect([await areaOf(out, 'a'), await areaOf(out, 'b')]).toEqual([20, 20]);
    expect((await openDataset(out)).classes('Own-Data').names).toEqual(['background', '7']);
    expect(result.skipped).toEqual([{ file: 'b.png', annotation: 3, reason: expect.stringContaining('polygon') }]);
  });

  it('says that boxes have no area', async () => {
    const annotations = [{ id: 1, image_id: 1, category_id: 1, bbox: [1, 1, 5, 4] }];
    const images = [{ id: 1, file_name: 'a.png' }];
    const source = await folderOf(['a.png'], { images, annotations, categories: LESION });
    await expect(importFrom('coco', source)).rejects.toThrow('expected annotations with an area');
  });

  it('names the annotation and the image where nothing can be imported', async () => {
    const images = [{ id: 1, file_name: 'a.png' }];
    const annotations = [{ id: 'n-5', image_id: 1, category_id: 1, segmentation: [[1, 2]] }];
    const source = await folderOf(['a.png'], { images, annotations, categories: LESION });
    await expect(importFrom('coco', source)).rejects.toThrow(
      expect.objectContaining({
        code: 'IMPORT_ANNOTATION',
        message: expect.stringContaining('annotation n-5 of a.png'),
        details: expect.objectContaining({ annotation: 'n-5', file: 'a.png' }),
      }),
    );
  });

  it.each([
    ['./a.png', 'a'],
    ['in//./a.png', 'in_a'],
    ['in\\a.png', 'in_a'],
    ['in/../a.png', 'a'],
  ])('finds the image of file_name %s', async (file_name, name) => {
    const annotations = [{ id: 1, image_id: 1, category_id: 1, segmentation: [SQUARE] }];
    const source = await folderOf(['a.png', 'in/a.png'], {
      images: [{ id: 1, file_name }],
      annotations,
      categories: LESION,
    });
    expect(await areaOf((await importFrom('coco', source)).out, name)).toBe(20);
  });

  it.each(['../a.png', '/data/a.png', 'C:\\scans\\a.png', 'x/../../a.png'])(
    'takes the last part of file_name %s only where that is asked for',
    async (file_name) => {
      const annotations = [{ id: 1, image_id: 1, category_id: 1, segmentation: [SQUARE] }];
      const source = await folderOf(['a.png'], { images: [{ id: 1, file_name }], annotations, categories: LESION });
      await expect(importFrom('coco', source)).rejects.toThrow(coded('IMPORT_ANNOTATION'));
      expect(await areaOf((await importFrom('coco', source, { basenames: true })).out, 'a')).toBe(20);
    },
  );

  it('finds an image whose name is stored in another Unicode normal form', async () => {
    const annotations = [{ id: 1, image_id: 1, category_id: 1, segmentation: [SQUARE] }];
    const images = [{ id: 1, file_name: '\u00fc.png' }];
    const source = await folderOf(['u\u0308.png'], { images, annotations, categories: LESION });
    expect(await areaOf((await importFrom('coco', source)).out, '\u00fc')).toBe(20);
  });

  it.each([
    ['no JSON', 'x'],
    ['no lists', '{}'],
    ['a path that leads out', '{"images":[{"id":1,"file_name":"../a.png"}],"annotations":[],"categories":[]}'],
    [
      'an odd polygon',
      '{"images":[{"id":1,"file_name":"a.png"}],"annotations":[{"image_id":1,"category_id":1,"segmentation":[[1,2,3]]}],"categories":[]}',
    ],
  ])('with %s is refused', async (_, text) => {
    const source = await newFolder();
    await writeFile(join(source, 'a.json'), text);
    await expect(importFrom('coco', source)).rejects.toThrow(coded('IMPORT_ANNOTATION'));
  });
});
