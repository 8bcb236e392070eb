import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder, grey, texture } from '../../test/support/dataFolder.js';
import { createImage } from '../formats/image.js';
import { openDataset } from './dataset.node.js';

let folder: DataFolder;
beforeEach(() => {
  folder = new DataFolder();
});
afterEach(() => folder.remove());

const coded = (code: string) => expect.objectContaining({ code });
const image = grey(2, [10, 20, 30, 40]);
/** A PNG of 1 bit by Pillow: black, white. */
const ONE_BIT = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABAQAAAADcWUInAAAACklEQVR4nGNwAAAAQgBBKTf07wAAAABJRU5ErkJggg==';

describe('a dataset folder', () => {
  it('is read as published', async () => {
    await folder
      .list('train', '1/A/x')
      .classes({ A: 2 })
      .pair('A', 'x', image, grey(2, [0, 1, 0, 1]));
    const data = await openDataset(folder.root);
    const list = await data.lists(['train']);
    expect(await data.read(list.at(0))).toEqual({
      labelValues: 1,
      image,
      label: Uint8Array.from([0, 1, 0, 1]),
      width: 2,
      height: 2,
    });
    expect(await data.datasets()).toEqual(['A']);
    expect(await data.listNames()).toEqual(['train']);
  });

  it('needs MainPatient', async () => {
    await expect(openDataset(folder.root)).rejects.toThrow(coded('DATA_LAYOUT'));
    await expect(openDataset(join(folder.root, 'none'))).rejects.toThrow(coded('DATA_LAYOUT'));
  });

  it('may hold labels of 0 and 255, of three equal channels, and of 1 bit', async () => {
    const rgb = createImage(2, 1, 3, Uint8Array.from([255, 255, 255, 0, 0, 0]));
    await folder.list('train', '1/A/x').pair('A', 'x', grey(2, [1, 2]), rgb);
    await folder.pair('A', 'y', createImage(2, 1, 3, Uint8Array.from([9, 9, 9, 7, 7, 7])), grey(2, [0, 3]));
    await folder.pair('A', 'bit', grey(2, [1, 2]), grey(2, [0, 0]));
    writeFileSync(join(folder.root, 'A/label/bit.png'), Buffer.from(ONE_BIT, 'base64'));
    const data = await openDataset(folder.root);
    expect((await data.read({ dataset: 'A', name: 'x' })).label).toEqual(Uint8Array.from([1, 0]));
    expect(await data.read({ dataset: 'A', name: 'y' })).toMatchObject({
      image: { channels: 1, data: Uint8Array.from([9, 7]) },
      label: Uint8Array.from([0, 1]),
    });
    expect((await data.read({ dataset: 'A', name: 'bit' })).label).toEqual(Uint8Array.from([0, 1]));
  });

  it('takes a line without a class for every class that its label holds', async () => {
    folder.list('test', 'A/x', '2/A/x', 'A/empty', 'B/x', 'B/empty').classes({ A: 4, B: 2 });
    await folder.pair('A', 'x', image, grey(2, [0, 3, 1, 1]));
    await folder.pair('A', 'empty', image, grey(2, [0, 0, 0, 0]));
    await folder.pair('B', 'x', image, grey(2, [0, 255, 255, 0]));
    await folder.pair('B', 'empty', image, grey(2, [0, 0, 0, 0]));
    const list = await (await openDataset(folder.root)).lists(['test']);
    expect([...list].map(({ dataset, name, classId }) => `${classId}/${dataset}/${name}`)).toEqual([
      '1/A/x',
      '3/A/x',
      '2/A/x',
      // Where there is one kind of object it is asked for even if it is not there, as published.
      '1/B/x',
      '1/B/empty',
    ]);
  });

  it('finds TG3K by both of its names', async () => {
    folder.list('train', '1/ThyroidNodule-TG3K/x').list('val', '1/ThyroidGland-TG3K/x');
    folder.classes({ 'ThyroidNodule-TG3K': 3 });
    await folder.pair('ThyroidGland-TG3K', 'x', image, grey(2, [0, 2, 1, 1]));
    const data = await openDataset(folder.root);
    const list = await data.lists(['train', 'val']);
    expect([...list].map(({ dataset }) => dataset)).toEqual(['ThyroidGland-TG3K', 'ThyroidGland-TG3K']);
    expect(data.classes('ThyroidGland-TG3K').count).toBe(3);
    expect((await data.read({ dataset: 'ThyroidNodule-TG3K', name: 'x' })).label).toEqual(
      Uint8Array.from([0, 2, 1, 1]),
    );
  });

  it('reads names with spaces and in folders', async () => {
    await folder.list('train', '1/A/EM VASCULAR 5', '1/A/sub/x').pair('A', 'EM VASCULAR 5', image, image);
    await folder.pair('A', 'sub/x', image, image);
    const data = await openDataset(folder.root);
    const list = await data.lists(['train']);
    expect((await data.read(list.at(0))).width).toBe(2);
    expect((await data.read(list.at(1))).width).toBe(2);
  });

  it('returns names and colours, by default if not stated', async () => {
    folder.list('train', '1/A/x').classes({ A: 3, B: 2 });
    folder.text(
      'MainPatient/dataset.json',
      JSON.stringify({ A: { classes: ['background', 'head', 'bone'], colors: ['#000000', '#112233', '#445566'] } }),
    );
    const data = await openDataset(folder.root);
    expect(data.classes('A')).toEqual({
      count: 3,
      names: ['background', 'head', 'bone'],
      colors: ['#000000', '#112233', '#445566'],
    });
    expect(data.classes('B')).toEqual({ count: 2, names: ['background', 'object'], colors: ['#000000', '#e4572e'] });
    expect(data.classes('nowhere').count).toBe(2);
  });

  it('gives the spacing of the stored pixels from that of the native ones', async () => {
    await folder.list('train', '1/A/x').pair('A', 'x', image, image);
    await folder.pair('A', 'a, "b"', image, image);
    folder.text(
      'A/images.csv',
      'name,patient,width,height,spacing_x_mm,spacing_y_mm,source\r\nx,p7,8,4,0.25,0.5,raw/x.png\r\n"a, ""b""",,,,,,\n',
    );
    const data = await openDataset(folder.root);
    expect(await data.read({ dataset: 'A', name: 'x' })).toMatchObject({ spacingMm: [1, 1], patient: 'p7' });
    expect(await data.read({ dataset: 'A', name: 'a, "b"' })).not.toHaveProperty('spacingMm');
    const facts = await data.facts('A');
    expect(facts?.get('x')).toEqual({
      name: 'x',
      patient: 'p7',
      width: 8,
      height: 4,
      spacingMm: [0.25, 0.5],
      source: 'raw/x.png',
    });
    expect(facts?.get('a, "b"')).toEqual({ name: 'a, "b"' });
    expect(facts?.get('y')).toBeUndefined();
  });

  it('finds patients by images.csv, else by known names', async () => {
    folder.list('train', '1/FetalHead-HC18/010_HC').classes({ 'FetalHead-HC18': 2 });
    folder.text('FetalHead-HC18/images.csv', 'name,patient\n010_HC,mine\n010_2HC,\n');
    await folder.pair('FetalHead-HC18', '010_2HC', grey(1, [1]), grey(1, [1]));
    const data = await openDataset(folder.root);
    const patientOf = await data.patients('FetalHead-HC18');
    expect(['010_HC', '010_2HC', 'other'].map(patientOf)).toEqual(['mine', '010', undefined]);
    expect(await data.read({ dataset: 'FetalHead-HC18', name: '010_2HC' })).toMatchObject({ patient: '010' });
  });
});

describe('a dataset folder with mistakes', () => {
  const open = async (list: string) => (await openDataset(folder.root)).lists([list]);

  it('names the lists that are there', async () => {
    folder.list('val', '1/A/x');
    await expect(open('train')).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_LIST_MISSING', hint: 'lists there: val' }),
    );
    await expect(open('../x')).rejects.toThrow(coded('DATA_LIST_MISSING'));
  });

  it('names list, line and file of what is missing', async () => {
    folder.list('train', '1/A/x', '1/A/y').list('no-label', '1/A/z');
    await folder.pair('A', 'x', image, image);
    await folder.picture('A/img/z', image);
    const details = { list: 'train', line: 2, name: 'y', file: join(folder.root, 'A/img/y.png') };
    await expect(open('train')).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_FILE_MISSING', details: expect.objectContaining(details) }),
    );
    await expect(open('no-label')).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_FILE_MISSING', message: expect.stringContaining('label') }),
    );
    const data = await openDataset(folder.root);
    await expect(data.read({ dataset: 'A', name: 'y' })).rejects.toThrow(coded('DATA_FILE_MISSING'));
  });

  it('refuses an empty list and classes over class.json', async () => {
    await folder
      .list('empty')
      .list('over', '3/A/x')
      .classes({ A: 3 })
      .pair('A', 'x', image, grey(2, [0, 3, 0, 0]));
    await expect(open('empty')).rejects.toThrow(coded('DATA_LIST_EMPTY'));
    await expect(open('over')).rejects.toThrow(coded('DATA_CLASS_RANGE'));
    const data = await openDataset(folder.root);
    await expect(data.read({ dataset: 'A', name: 'x' })).rejects.toThrow(coded('DATA_CLASS_RANGE'));
  });

  it('reads an object out of the noise of JPEG, and refuses classes in it', async () => {
    await folder.list('test', '1/A/x').classes({ A: 2, B: 3 });
    const disc = Uint8Array.from({ length: 64 * 64 }, (_, i) => Number(Math.hypot((i % 64) - 32, (i >> 6) - 32) < 14));
    const jpeg = (level: number) =>
      sharp(
        disc.map((inside) => inside * level),
        { raw: { width: 64, height: 64, channels: 1 } },
      )
        .jpeg()
        .toBuffer();
    for (const dataset of ['A', 'B']) {
      await folder.pair(dataset, 'x', texture(64, 64, 1), grey(64, disc));
      writeFileSync(join(folder.root, dataset, 'label/x.png'), await jpeg(255));
    }
    const data = await openDataset(folder.root);
    expect(await data.read({ dataset: 'A', name: 'x' })).toMatchObject({ label: disc, labelValues: 1 });
    await expect(data.read({ dataset: 'B', name: 'x' })).rejects.toThrow(coded('MASK_LOSSY'));
    writeFileSync(join(folder.root, 'B/label/x.png'), await jpeg(2));
    await expect(data.read({ dataset: 'B', name: 'x' })).rejects.toThrow(coded('MASK_LOSSY'));
    writeFileSync(join(folder.root, 'A/label/x.png'), await jpeg(2));
    await expect(data.read({ dataset: 'A', name: 'x' })).rejects.toThrow(coded('MASK_FAINT'));
  });

  it('refuses a label of another size', async () => {
    await folder.list('train', '1/A/x').pair('A', 'x', image, grey(2, [0, 1]));
    const data = await openDataset(folder.root);
    await expect(data.read((await data.lists(['train'])).at(0))).rejects.toThrow(
      expect.objectContaining({
        code: 'DATA_SIZE_MISMATCH',
        details: expect.objectContaining({ list: 'train', line: 1, image: [2, 2], label: [2, 1] }),
      }),
    );
  });

  it.each([
    ['class.json', '{"A": 1}'],
    ['class.json', '{"A": "2"}'],
    ['class.json', '[2]'],
    ['class.json', '{'],
    ['dataset.json', '{"A": 3}'],
    ['dataset.json', '{"A": {"classes": [1]}}'],
    ['dataset.json', '{"A": {"colors": ["red"]}}'],
  ])('refuses %s with %s', async (file, text) => {
    folder.list('train', '1/A/x').text(`MainPatient/${file}`, text);
    await expect(openDataset(folder.root)).rejects.toThrow(coded('DATA_LAYOUT'));
  });

  it('refuses files that contradict each other', async () => {
    folder.list('train', '1/A/x').classes({ A: 3 });
    folder.text('MainPatient/dataset.json', '{"A": {"classes": ["background", "lesion"]}}');
    const data = await openDataset(folder.root);
    expect(() => data.classes('A')).toThrow(coded('DATA_LAYOUT'));
  });

  it.each(['0,5', '-0.5', '0.5 mm'])('refuses the spacing %j instead of leaving it out', async (spacing) => {
    const csv = `name,spacing_x_mm,spacing_y_mm\nx,"${spacing}",0.5\ny,NaN,\n`;
    await folder.list('train', '1/A/x').text('A/images.csv', csv).pair('A', 'x', image, image);
    await folder.pair('A', 'y', image, image);
    const data = await openDataset(folder.root);
    await expect(data.read({ dataset: 'A', name: 'x' })).rejects.toThrow(`of x in`);
    expect(await data.read({ dataset: 'A', name: 'y' })).not.toHaveProperty('spacingMm');
  });

  it('refuses two rows of an image in images.csv that differ, and takes equal ones', async () => {
    await folder.list('train', '1/A/x').pair('A', 'x', image, image);
    const rows = (...widths: readonly number[]) => widths.map((mm) => `x,${mm},0.5\n`).join('');
    folder.text('A/images.csv', `name,spacing_x_mm,spacing_y_mm\n${rows(0.1, 0.1)}`);
    expect(await (await openDataset(folder.root)).read({ dataset: 'A', name: 'x' })).toMatchObject({
      spacingMm: [0.1, 0.5],
    });
    folder.text('A/images.csv', `name,spacing_x_mm,spacing_y_mm\n${rows(0.1, 0.2)}`);
    const data = await openDataset(folder.root);
    await expect(data.read({ dataset: 'A', name: 'x' })).rejects.toThrow(/two different ones for x/);
  });

  it('refuses images.csv without names', async () => {
    await folder.list('train', '1/A/x').text('A/images.csv', 'x,0.1\n').pair('A', 'x', image, image);
    const data = await openDataset(folder.root);
    await expect(data.read({ dataset: 'A', name: 'x' })).rejects.toThrow(coded('DATA_LAYOUT'));
  });
});
