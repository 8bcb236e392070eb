import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataFolder, grey, texture } from '../../test/support/dataFolder.js';
import { fixturePath, framesByPillow, fromBase64 } from '../../test/support/imageFixtures.js';
import { coded, forget, importFrom, newFolder } from '../../test/support/importing.js';
import { createImage } from '../formats/image.js';
import { openImage, readImage } from '../formats/imageFile.node.js';
import { writePng } from '../formats/imageWrite.node.js';
import { openDataset } from './dataset.node.js';
import { IMPORTER_TITLES } from './importers/importer.js';
import { IMPORTERS, planImport } from './importers/index.node.js';
import { binaryMask } from './publishedMasks.js';

const FIXTURES = fileURLToPath(new URL('../../test/fixtures/data/', import.meta.url));
const shared = process.env.SAMUS_TEST_DATA ?? '';

const lines = async (out: string, list: string): Promise<string[]> =>
  (await readFile(join(out, 'MainPatient', `${list}.txt`), 'utf8')).trim().split('\n');

describe('importers', () => {
  it('are all named', () => {
    expect(IMPORTERS.map(({ id }) => id)).toEqual(Object.keys(IMPORTER_TITLES).sort());
  });
  it.each(IMPORTERS.map(({ id }) => id))('%s says what it expects of a folder that is something else', async (id) => {
    await expect(importFrom(id, await newFolder())).rejects.toThrow(coded('IMPORT_LAYOUT'));
  });
});

describe('CAMUS', () => {
  const expected = async (): Promise<Record<string, { image: number[]; label: number[] }>> =>
    JSON.parse(await readFile(join(FIXTURES, 'camus/expected.json'), 'utf8'));

  it.each([
    ['nifti', 3, { train: ['0001'], val: ['0002'], test: ['0003'] }],
    ['challenge', 2, { train: ['0001'], test: ['0002'] }],
  ])('as %s is read upright, with spacing and the official split', async (release, images, split) => {
    const { out, result } = await importFrom('camus', join(FIXTURES, 'camus', release));
    const data = await openDataset(out);
    expect(result.datasets).toMatchObject([{ dataset: 'Echocardiography-CAMUS', images, empty: 0 }]);
    expect(data.classes('Echocardiography-CAMUS').names).toEqual([
      'background',
      'left ventricle',
      'myocardium',
      'left atrium',
    ]);
    const known = await expected();
    for (const { dataset, name } of await data.lists(['all-Echocardiography-CAMUS'])) {
      const read = await data.read({ dataset, name });
      expect([...read.image.data], name).toEqual(known[name]!.image);
      expect([...read.label], name).toEqual(known[name]!.label);
      expect(read).toMatchObject({ width: 5, height: 7, patient: name.slice(0, 11) });
      expect(read.spacingMm![0]).toBeCloseTo(0.3, 6);
      expect(read.spacingMm![1]).toBeCloseTo(0.15, 6);
    }
    for (const [side, patients] of Object.entries(split)) {
      const named = [...(await data.lists([`${side}-Echocardiography-CAMUS`]))].map(({ name }) => name.slice(7, 11));
      expect([...new Set(named)]).toEqual(patients);
    }
  });
});

describe('a pair of folders', () => {
  const write = async (source: string, path: string, image: Parameters<typeof writePng>[1]): Promise<void> => {
    await mkdir(join(source, path, '..'), { recursive: true });
    await writePng(join(source, path), image);
  };

  it('gives a binary or a multi-class dataset, stored as it is or as squares', async () => {
    const source = await newFolder();
    await write(source, 'scans/a b.png', texture(8, 6, 1));
    await write(source, 'masks/a b.png', grey(8, new Uint8Array(48).fill(255, 8, 16)));
    await write(source, 'scans/none.png', texture(8, 6, 2));
    await write(source, 'masks/none.png', grey(8, new Uint8Array(48)));
    await write(source, 'scans/alone.png', texture(8, 6, 3));
    const places = { images: 'scans', labels: 'masks', dataset: 'Liver-Own' };
    const { out, result, skipped } = await importFrom('pair', source, { ...places, classes: ['liver'] });
    expect(result.datasets).toEqual([
      { dataset: 'Liver-Own', images: 2, empty: 1, lists: ['all-Liver-Own', 'empty-Liver-Own'] },
    ]);
    expect(skipped).toEqual([{ file: join('scans', 'alone.png'), reason: 'it has no mask' }]);
    expect(await lines(out, 'all-Liver-Own')).toEqual(['1/Liver-Own/a b']);
    expect(await lines(out, 'empty-Liver-Own')).toEqual(['1/Liver-Own/none']);
    const data = await openDataset(out);
    expect((await data.read({ dataset: 'Liver-Own', name: 'a b' })).label).toEqual(new Uint8Array(48).fill(1, 8, 16));

    await expect(importFrom('pair', source, { ...places, out })).rejects.toThrow(coded('DATA_EXISTS'));
    await importFrom('pair', source, { ...places, out, replace: true, size: 4 });
    const square = await (await openDataset(out)).read({ dataset: 'Liver-Own', name: 'a b' });
    expect([square.width, square.height]).toEqual([4, 4]);
    expect((await data.facts('Liver-Own'))?.get('a b')).toMatchObject({ width: 8, height: 6 });

    await write(source, 'masks/a b.png', grey(8, new Uint8Array(48).fill(2, 8, 16)));
    const two = await importFrom('pair', source, { ...places, classes: ['liver', 'vessel'] });
    expect(await lines(two.out, 'all-Liver-Own')).toEqual(['2/Liver-Own/a b']);
  });

  it('keeps class indices that are stored in 16 bits', async () => {
    const source = await newFolder();
    await write(source, 'images/a.png', texture(2, 2, 1));
    await mkdir(join(source, 'labels'));
    await sharp(Uint16Array.of(0, 1, 2, 2), { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .toFile(join(source, 'labels', 'a.png'));
    const { out } = await importFrom('pair', source, { classes: ['a', 'b'] });
    expect([...(await (await openDataset(out)).readLabel({ dataset: 'Own-Data', name: 'a' })).data]).toEqual([
      0, 1, 2, 2,
    ]);
  });

  it('finds objects in one channel of a colour mask, and refuses colours as class indices', async () => {
    const source = await newFolder();
    const data = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 4, 0, 2, 0);
    await write(source, 'images/a.png', texture(2, 2, 1));
    await write(source, 'labels/a.png', createImage(2, 2, 3, data));
    const { out } = await importFrom('pair', source);
    const sample = { dataset: 'Own-Data', name: 'a' };
    expect([...(await (await openDataset(out)).readLabel(sample)).data]).toEqual([0, 1, 1, 1]);
    await cp(join(source, 'labels/a.png'), join(out, 'Own-Data/label/a.png'));
    expect([...(await (await openDataset(out)).readLabel(sample)).data]).toEqual([0, 1, 1, 1]);
    await expect(importFrom('pair', source, { classes: ['a', 'b'] })).rejects.toThrow(coded('DATA_CLASS_RANGE'));
    // Equal channels are grey.
    await write(source, 'labels/a.png', createImage(2, 2, 3, Uint8Array.of(0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0)));
    const { out: indices } = await importFrom('pair', source, { classes: ['a', 'b'] });
    expect([...(await (await openDataset(indices)).readLabel(sample)).data]).toEqual([0, 1, 2, 0]);
  });

  it('is no folder of lists, and its names survive them', async () => {
    const source = await newFolder();
    await write(source, 'images/a.png', texture(2, 2, 1));
    await write(source, 'labels/a.png', grey(2, [0, 1, 1, 0]));
    const { out } = await importFrom('pair', source);
    for (const dataset of ['MainPatient', 'mainpatient']) {
      await expect(importFrom('pair', source, { out, dataset, replace: true })).rejects.toThrow(coded('IMPORT_NAMES'));
    }
    expect(await lines(out, 'all-Own-Data')).toEqual(['1/Own-Data/a']);
    for (const folder of ['images', 'labels'])
      await rename(join(source, folder, 'a.png'), join(source, folder, 'a .png'));
    await expect(importFrom('pair', source)).rejects.toThrow(coded('IMPORT_NAMES'));
  });

  it('leaves nothing behind when it fails, and what was there stays', async () => {
    const source = await newFolder();
    await write(source, 'images/a.png', texture(8, 6, 1));
    await write(source, 'labels/a.png', grey(8, new Uint8Array(48).fill(1)));
    const { out } = await importFrom('pair', source, { dataset: 'A' });
    const before = await readdir(out, { recursive: true });
    await write(source, 'labels/a.png', grey(8, new Uint8Array(40)));
    for (const options of [{ dataset: 'B' }, { dataset: 'A', replace: true }]) {
      await expect(importFrom('pair', source, { ...options, out })).rejects.toThrow(coded('DATA_SIZE_MISMATCH'));
    }
    expect((await readdir(out, { recursive: true })).sort()).toEqual(before.sort());
  });

  it('replaces nothing but a dataset, least of all the masks that it reads', async () => {
    const source = await newFolder();
    await write(source, 'images/a.png', texture(8, 6, 1));
    await write(source, 'labels/a.png', grey(8, new Uint8Array(48).fill(255, 8, 16)));
    for (const dataset of ['images', 'labels']) {
      const again = importFrom('pair', source, { dataset, out: source, replace: true });
      await expect(again).rejects.toThrow(coded('DATA_EXISTS'));
    }
    expect(await readdir(join(source, 'labels'))).toEqual(['a.png']);
    await mkdir(join(source, 'Empty'));
    await importFrom('pair', source, { dataset: 'Empty', out: source, replace: true });
  });

  it('puts back a dataset that a cut off import had moved aside, and leaves no lists of one that it replaces', async () => {
    const source = await newFolder();
    await write(source, 'images/a.png', texture(8, 6, 1));
    await write(source, 'labels/a.png', grey(8, new Uint8Array(48).fill(1)));
    const { out } = await importFrom('pair', source, { dataset: 'A' });
    await rename(join(out, 'A'), join(out, '.replaced-A'));
    await expect(importFrom('pair', source, { dataset: 'A', out })).rejects.toThrow(coded('DATA_EXISTS'));
    expect(await readdir(join(out, 'A', 'img'))).toEqual(['a.png']);
    await writeFile(join(out, 'MainPatient', 'train-A.txt'), '1/A/gone\n');
    await importFrom('pair', source, { dataset: 'A', out, replace: true });
    expect((await readdir(join(out, 'MainPatient'))).sort()).toEqual(['all-A.txt', 'class.json', 'dataset.json']);
    expect((await readdir(out)).sort()).toEqual(['A', 'MainPatient']);
  });

  it.each(['png', 'webp', 'tiff', 'jpeg'] as const)(
    'reads a mask of %s by its content, whatever its name',
    async (coding) => {
      const source = await newFolder();
      // A disc of 600 pixels more or less, as class index 1 and as level 100: only what has no loss can hold 1.
      const levels = coding === 'jpeg' ? [100, 255] : [1, 100, 255];
      for (const level of levels) {
        const mask = Uint8Array.from({ length: 80 * 64 }, (_, i) =>
          Math.hypot((i % 80) - 40, Math.floor(i / 80) - 32) < 14 ? level : 0,
        );
        const raw = sharp(mask, { raw: { width: 80, height: 64, channels: 1 } }).toColourspace('b-w');
        const bytes = {
          png: () => raw.png().toBuffer(),
          webp: () => raw.webp({ lossless: true }).toBuffer(),
          tiff: () => raw.tiff({ compression: 'lzw' }).toBuffer(),
          jpeg: () => raw.jpeg({ quality: 80 }).toBuffer(),
        }[coding];
        for (const ending of ['jpg', 'png']) {
          await rm(join(source, 'labels'), { recursive: true, force: true });
          await write(source, 'images/a.png', texture(80, 64, 1));
          await mkdir(join(source, 'labels'));
          await writeFile(join(source, `labels/a.${ending}`), await bytes());
          const { out } = await importFrom('pair', source, { dataset: 'A' });
          const { label } = await (await openDataset(out)).read({ dataset: 'A', name: 'a' });
          expect(label, `${ending}, ${level}`).toEqual(mask.map((value) => (value > 0 ? 1 : 0)));
        }
      }
    },
  );

  it('leaves out a JPEG label of several classes, and names it', async () => {
    const source = await newFolder();
    await mkdir(join(source, 'labels'));
    const label = Uint8Array.from({ length: 32 * 32 }, (_, i) => Math.floor((i % 32) / 11));
    for (const name of ['good', 'lossy']) {
      await write(source, `images/${name}.png`, texture(32, 32, 1));
      const picture = sharp(label, { raw: { width: 32, height: 32, channels: 1 } }).toColourspace('b-w');
      const coded = name === 'good' ? picture.png() : picture.jpeg({ quality: 100 });
      await writeFile(join(source, `labels/${name}.png`), await coded.toBuffer());
    }
    const { result, out } = await importFrom('pair', source, { dataset: 'A', classes: ['inner', 'outer'] });
    expect(result.datasets).toMatchObject([{ images: 1 }]);
    expect(result.failed).toEqual([{ file: 'images/lossy.png', reason: expect.stringContaining('without loss') }]);
    expect((await (await openDataset(out)).read({ dataset: 'A', name: 'good' })).label).toEqual(label);
  });

  it('leaves out a JPEG mask that is too dark to distinguish an object from noise, and names it', async () => {
    const source = await newFolder();
    await mkdir(join(source, 'labels'));
    const noise = Uint8Array.from({ length: 256 }, (_, i) => (i * 7) % 9);
    for (const [name, values] of [
      ['noise', noise],
      ['black', new Uint8Array(256)],
    ] as const) {
      await write(source, `images/${name}.png`, texture(16, 16, 1));
      const jpeg = sharp(values, { raw: { width: 16, height: 16, channels: 1 } }).jpeg({ quality: 100 });
      await writeFile(join(source, `labels/${name}.png`), await jpeg.toBuffer());
    }
    const { result } = await importFrom('pair', source, { dataset: 'A' });
    expect(result.datasets).toMatchObject([{ images: 1, empty: 1 }]);
    expect(result.failed).toEqual([{ file: 'images/noise.png', reason: expect.stringContaining('compression noise') }]);
    await rm(join(source, 'images/black.png'));
    await expect(importFrom('pair', source, { dataset: 'B' })).rejects.toThrow(coded('MASK_FAINT'));
  });

  it('separates lossy masks at half of their level, whatever the level, the quality and the container', async () => {
    const [width, height] = [64, 48];
    const inside = (i: number): boolean => (Math.floor(i / width) - 24) ** 2 / 200 + ((i % width) - 32) ** 2 / 300 < 1;
    const area = 775;
    const far: string[] = [];
    for (let level = 40; level <= 255; level += 12) {
      const raw = Uint8Array.from({ length: width * height }, (_, i) => (inside(i) ? level : 0));
      const rgba = Uint8Array.from({ length: 4 * raw.length }, (_, i) => (i % 4 === 3 ? 250 : raw[i >> 2]!));
      const picture = sharp(raw, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
      for (const quality of [30, 50, 75, 95]) {
        const files = {
          jpeg: picture.clone().jpeg({ quality }),
          tiff: picture.clone().tiff({ compression: 'jpeg', quality }),
          webp: picture.clone().webp({ quality }),
          alpha: sharp(rgba, { raw: { width, height, channels: 4 } }).webp({ quality }),
        };
        for (const [kind, file] of Object.entries(files)) {
          const opened = await openImage(await file.toBuffer());
          const mask = binaryMask(await opened.read(1, 'mask'), opened.lossy);
          const found = mask.data.reduce((sum, value) => sum + value, 0);
          if (!opened.lossy || Math.abs(found - area) > 0.03 * area) far.push(`${kind} ${level} q${quality}: ${found}`);
        }
      }
    }
    expect(far).toEqual([]);
  });

  it('takes sources, roots and lists by either Unicode normal form of their names', async () => {
    for (const [stored, typed] of [
      ['u\u0308', '\u00fc'],
      ['\u00fc', 'u\u0308'],
    ] as const) {
      const folder = await newFolder();
      await write(folder, `${stored}/images/a.png`, texture(8, 6, 1));
      await write(folder, `${stored}/labels/a.png`, grey(8, new Uint8Array(48).fill(1, 0, 5)));
      await mkdir(join(folder, `root-${stored}`));
      await importFrom('pair', join(folder, typed), { dataset: 'A', out: join(folder, `root-${typed}`) });
      expect(await readdir(folder)).toHaveLength(2);
      await rename(
        join(folder, `root-${stored}/MainPatient/all-A.txt`),
        join(folder, `root-${stored}/MainPatient/${stored}.txt`),
      );
      const data = await openDataset(join(folder, `root-${typed}`));
      expect((await data.lists([typed])).length).toBe(1);
    }
  });

  it('takes names that differ in Unicode normal form for one, in folders, lists and tables', async () => {
    const [composed, decomposed] = ['\u00fc', 'u\u0308'];
    const source = await newFolder();
    await write(source, `images/${decomposed}.png`, texture(8, 6, 1));
    await write(source, `labels/${composed}.png`, grey(8, new Uint8Array(48).fill(1, 0, 5)));
    const { out, skipped } = await importFrom('pair', source, { dataset: 'A' });
    expect(skipped).toEqual([]);
    expect(await lines(out, 'all-A')).toEqual([`1/A/${composed}`]);
    // As an archive made on macOS unpacks it: files decomposed, lists as they were.
    for (const part of ['img', 'label']) {
      await rename(join(out, 'A', part, `${composed}.png`), join(out, 'A', part, `${decomposed}.png`));
    }
    await writeFile(join(out, 'A/images.csv'), `name,patient\n${decomposed},p1\n`);
    for (const name of [composed, decomposed]) {
      await writeFile(join(out, 'MainPatient/own.txt'), `1/A/${name}\n`);
      const data = await openDataset(out);
      const [sample] = await data.lists(['own']);
      expect(await data.read(sample!)).toMatchObject({ width: 8, height: 6, patient: 'p1' });
      expect((await data.patients('A'))(name)).toBe('p1');
    }
    await write(source, `images/${composed}.png`, texture(8, 6, 2));
    await expect(importFrom('pair', source)).rejects.toThrow(coded('IMPORT_LAYOUT'));
  });

  it.each(['a\nb', 'a\rb', ' a', 'a\\b'])('refuses the name %j, which no line of a list can hold', async (name) => {
    const source = await newFolder();
    await write(source, `images/${name}.png`, texture(8, 6, 1));
    await write(source, `labels/${name}.png`, grey(8, new Uint8Array(48).fill(1)));
    await expect(importFrom('pair', source)).rejects.toThrow(coded('IMPORT_NAMES'));
  });

  it('gives each frame of a file its own image, all of one patient', async () => {
    const source = await newFolder();
    for (const part of ['images', 'labels']) await mkdir(join(source, part));
    for (const part of ['images', 'labels']) {
      await cp(fixturePath('pages.tif'), join(source, part, 'clip.tif'));
      await cp(fixturePath(part === 'images' ? 'frames-big.tif' : 'pages.tif'), join(source, part, 'other.tif'));
    }
    const { out, result } = await importFrom('pair', source, { dataset: 'A' });
    expect(result.failed).toEqual([{ file: join('images', 'other.tif'), reason: 'it has 3 frames, its mask 2' }]);
    const data = await openDataset(out);
    expect((await data.names('A')).images).toEqual(new Set(['clip.0001', 'clip.0002']));
    for (const [i, { grey }] of framesByPillow()['pages.tif']!.entries()) {
      const read = await data.read({ dataset: 'A', name: `clip.000${i + 1}` });
      expect(read.image.data).toEqual(fromBase64(grey));
      expect(read.patient).toBe('clip');
    }
  });

  it('refuses names that become one, and indices beyond the classes', async () => {
    const source = await newFolder();
    await write(source, 'images/a.png', texture(8, 6, 1));
    await write(source, 'images/a.tif', texture(8, 6, 1));
    await write(source, 'labels/a.png', grey(8, new Uint8Array(48).fill(3)));
    await expect(importFrom('pair', source)).rejects.toThrow('the folder has a.png and a.tif');
    await rm(join(source, 'images/a.tif'));
    await expect(importFrom('pair', source, { classes: ['x', 'y'] })).rejects.toThrow(coded('DATA_CLASS_RANGE'));
  });

  it('goes on after each image that cannot be imported, and names it with the reason', async () => {
    const source = await newFolder();
    const label = grey(8, new Uint8Array(48).fill(1, 8, 16));
    const names = ['cut off', 'good', 'index', 'mask cut off', 'size', 'twice', 'two masks', 'with\\backslash'];
    for (const name of names) {
      await write(source, `images/${name}.png`, texture(8, 6, 1));
      await write(source, `labels/${name}.png`, label);
    }
    for (const path of ['images/cut off.png', 'labels/mask cut off.png']) {
      const bytes = await readFile(join(source, path));
      await writeFile(join(source, path), bytes.subarray(0, bytes.length - 30));
    }
    await write(source, 'labels/index.png', grey(8, new Uint8Array(48).fill(3)));
    await write(source, 'labels/size.png', grey(8, new Uint8Array(40)));
    await write(source, 'images/twice.tif', texture(8, 6, 1));
    await write(source, 'labels/two masks.tif', label);
    const { out, result, skipped } = await importFrom('pair', source, { dataset: 'A', classes: ['x', 'y'] });
    expect(result.datasets).toEqual([{ dataset: 'A', images: 1, empty: 0, lists: ['all-A'] }]);
    expect(await lines(out, 'all-A')).toEqual(['1/A/good']);
    const reasons = [...skipped, ...result.failed].map(({ file, reason }) => [file, reason]);
    expect(Object.fromEntries(reasons)).toEqual({
      'images/cut off.png': expect.stringContaining('cut off'),
      'images/index.png': expect.stringContaining('expected class indices below 3'),
      'images/mask cut off.png': expect.stringContaining('labels/mask cut off.png'),
      'images/size.png': expect.stringContaining('8x6'),
      'images/twice.png': expect.stringContaining('twice.png and twice.tif'),
      'images/twice.tif': expect.stringContaining('twice.png and twice.tif'),
      'images/two masks.png': 'it has no mask',
      'images/with\\backslash.png': expect.stringContaining('backslash'),
      'labels/two masks.png': expect.stringContaining('two masks.png and two masks.tif'),
      'labels/two masks.tif': expect.stringContaining('two masks.png and two masks.tif'),
    });
  });
});

describe('DDTI', () => {
  it('goes on after a case whose polygons cannot be read', async () => {
    const source = await newFolder();
    const region = '{"points": [{"x": 1, "y": 1}, {"x": 5, "y": 1}, {"x": 5, "y": 4}]}';
    for (const [patient, drawing] of [
      ['1', `[${region}]`],
      ['2', `[${region}`],
      ['3', '[{"points": [{"x": "1", "y": 1}]}]'],
    ] as const) {
      await writePng(join(source, `${patient}_1.jpg`), texture(8, 6, 1));
      const xml = `<case><mark><image>1</image><svg>${drawing}</svg></mark></case>`;
      await writeFile(join(source, `${patient}.xml`), xml);
    }
    const { result } = await importFrom('ddti', source);
    expect(result.datasets).toMatchObject([{ images: 1, empty: 0 }]);
    const reason = 'expected polygons as JSON';
    expect(result.failed).toEqual([
      { file: '2.xml', reason },
      { file: '3.xml', reason },
    ]);
  });
});

describe('HC18', () => {
  const ring = (cx: number, cy: number, gap = false) => {
    const folder = new DataFolder();
    forget(folder.root);
    const data = Uint8Array.from({ length: 60 * 50 }, (_, i) => {
      const [x, y] = [i % 60, Math.floor(i / 60)];
      const radius = Math.hypot((x - cx) / 18, (y - cy) / 14);
      return radius > 0.9 && radius < 1.05 && !(gap && x > cx && Math.abs(y - cy) < 3) ? 255 : 0;
    });
    return { folder, outline: grey(60, data) };
  };
  const importRing = async (cx: number, cy: number, gap = false) => {
    const { folder, outline } = ring(cx, cy, gap);
    await folder.picture('training_set/007_HC', texture(60, 50, 1));
    await folder.picture('training_set/007_HC_Annotation', outline);
    folder.text('training_set_pixel_size_and_HC.csv', 'filename,pixel size(mm),hc\n007_HC.png,0.25,44.3\n');
    const { out } = await importFrom('hc18', folder.root);
    return (await openDataset(out)).read({ dataset: 'FetalHead-HC18', name: '007_HC' });
  };
  const inside = (label: Uint8Array, x: number, y: number) => label[y * 60 + x];

  it('fills outlines, also those cut by the image, and reads millimetres and the fetus', async () => {
    const whole = await importRing(30, 25);
    expect(whole).toMatchObject({ spacingMm: [0.25, 0.25], patient: '007' });
    expect([inside(whole.label, 30, 25), inside(whole.label, 1, 1)]).toEqual([1, 0]);
    const area = whole.label.reduce((sum, value) => sum + value, 0);
    expect(area / (Math.PI * 18 * 14 * 1.05 ** 2)).toBeCloseTo(1, 1);
    const cut = await importRing(8, 10);
    expect([inside(cut.label, 0, 0), inside(cut.label, 8, 10), inside(cut.label, 40, 40)]).toEqual([1, 1, 0]);
  });
  it('warns of images whose millimetres are not told', async () => {
    const source = await newFolder();
    await mkdir(join(source, 'training_set'));
    for (const file of ['001_HC.png', '001_HC_Annotation.png']) {
      await writePng(join(source, 'training_set', file), texture(4, 4, 1));
    }
    const plan = () => planImport('hc18', source, {});
    expect((await plan()).warnings).toEqual([expect.stringContaining('1 of 1')]);
    await writeFile(join(source, 'training_set_pixel_size_and_HC.csv'), 'filename,pixel\n001_HC.png,0.1\n');
    expect((await plan()).warnings).toEqual([]);
  });
  it('refuses an outline with a gap', async () => {
    await expect(importRing(30, 25, true)).rejects.toThrow(coded('IMPORT_ANNOTATION'));
  });
});

describe('phantoms', () => {
  it('become a dataset of five classes', async () => {
    const folder = new DataFolder();
    forget(folder.root);
    await folder.picture('phantom-3', createImage(4, 1, 3, new Uint8Array(12).fill(9)));
    await folder.picture('phantom-3.cyst', grey(4, [255, 0, 0, 0]));
    await folder.picture('phantom-3.cyst-2', grey(4, [0, 255, 0, 0]));
    await folder.picture('phantom-3.organ', grey(4, [0, 0, 0, 255]));
    const { out } = await importFrom('phantom', folder.root);
    const data = await openDataset(out);
    expect((await data.read({ dataset: 'Phantom', name: 'phantom-3' })).label).toEqual(Uint8Array.from([1, 1, 0, 5]));
    expect(data.classes('Phantom').names[5]).toBe('organ');
  });
});

describe.skipIf(!shared)('imports of what authors publish (needs SAMUS_TEST_DATA)', () => {
  const original = (name: string): string => join(shared, 'data/originals', name);

  it.each([
    ['busi', 'BUSI', 14],
    ['ddti', 'DDTI-png', 2],
    ['dl-track', 'DL_Track', 6],
    ['hc18', 'HC18', 4],
    ['psfhs', 'PSFHS', 4],
  ])('%s at 256 equals the same images made with Pillow, pixel by pixel', async (id, source, files) => {
    const { out } = await importFrom(id, original(source), { size: 256 });
    let compared = 0;
    for (const dataset of (await readdir(out)).filter((name) => name !== 'MainPatient')) {
      for (const part of ['img', 'label']) {
        for (const file of await readdir(join(out, dataset, part))) {
          const expected = await readImage(join(shared, 'data/ultrasound', dataset, part, file)).catch(() => undefined);
          if (!expected) continue;
          expect(await readImage(join(out, dataset, part, file)), `${dataset}/${part}/${file}`).toEqual(expected);
          compared++;
        }
      }
    }
    expect(compared).toBe(files);
  });

  // No list names the two originals, so their pixels at 256 are known by SHA-256. Pillow 13: convert('L'),
  // resize((256, 256), BILINEAR); masks NEAREST after the threshold.
  it.each([
    [
      '202201121748100022VAS_slice_1108',
      '052de65b97d1ca6acaacf87c2eb8d7900ab1f246a10d05ffb7cc29c9d2e33971',
      'bdbef59dc67b8047960d73199380ffdffd1b23f8d0b0e2a67d6fda4633b7fa00',
    ],
    [
      '202201121748100022VAS_slice_1176',
      '44c44ad6bb8b069c795b5eac707e6948ab16e71e5a4f117c0956aa3ad8d4722c',
      '63e9ba5bcc0beb49316e25a5040e1613b7a8ca3ccaf370feedbe49c0cdd24735',
    ],
  ])('carotid %s at 256 equals the same image made with Pillow', async (name, image, label) => {
    const { out } = await importFrom('carotid', original('CommonCarotid'), { size: 256 });
    const digest = async (part: string): Promise<string> => {
      const { data } = await readImage(join(out, 'Artery-CCA', part, `${name}.png`));
      return createHash('sha256').update(data).digest('hex');
    };
    expect([await digest('img'), await digest('label')]).toEqual([image, label]);
  });

  it('BUSI has united masks and normal images', async () => {
    const { out, result } = await importFrom('busi', original('BUSI'));
    expect(result.datasets).toMatchObject([{ dataset: 'Breast-BUSI', images: 9, empty: 2 }]);
    expect(await lines(out, 'empty-Breast-BUSI')).toEqual(['1/Breast-BUSI/normal0001', '1/Breast-BUSI/normal0004']);
  });

  it("DDTI's polygons give the masks that others made of them, but for their edge", async () => {
    const xml = await importFrom('ddti', original('DDTI-xml'));
    const png = await importFrom('ddti', original('DDTI-png'));
    const label = async (out: string, name: string) =>
      (await readImage(join(out, 'ThyroidNodule-DDTI/label', `${name}.png`))).data;
    for (const [a, b] of [
      ['1_1', 'test1'],
      ['1_2', 'test2'],
      ['10_1', 'test3'],
    ] as const) {
      const [mine, theirs] = [await label(xml.out, a), await label(png.out, b)];
      const [both, any] = mine.reduce(([i, u], v, k) => [i + (v & theirs[k]!), u + (v | theirs[k]!)], [0, 0]);
      expect(both / any, a).toBeGreaterThan(0.99);
    }
    expect((await (await openDataset(xml.out)).facts('ThyroidNodule-DDTI'))?.get('1_2')?.patient).toBe('1');
  });

  it('TG3K has no noise of JPEG in its labels', async () => {
    const { out } = await importFrom('tg3k', original('TG3K'));
    for (const file of await readdir(join(out, 'ThyroidGland-TG3K/label'))) {
      const { data } = await readImage(join(out, 'ThyroidGland-TG3K/label', file));
      const noisy = await readImage(join(original('TG3K'), 'thyroid-mask', file.replace('.png', '.jpg')));
      expect(new Set(data)).toEqual(new Set([0, 1]));
      expect(data).toEqual(noisy.data.map((value) => (value > 127 ? 1 : 0)));
    }
  });

  it('a set that is unpacked one folder deeper is found', async () => {
    const source = await newFolder();
    await cp(original('PSFHS'), join(source, 'PSFHS'), { recursive: true });
    expect((await importFrom('psfhs', source)).result.datasets).toMatchObject([{ images: 3 }]);
  });
});
