import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { texture } from '../../../test/support/dataFolder.js';
import { coded, importFrom, newFolder } from '../../../test/support/importing.js';
import { writePng } from '../../formats/imageWrite.node.js';
import { openDataset } from '../dataset.node.js';

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

  it('is refused with more categories than a label can tell apart', async () => {
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
