import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { grey, texture } from '../../../test/support/dataFolder.js';
import { fixturePath, framesByPillow, fromBase64 } from '../../../test/support/imageFixtures.js';
import { coded, importFrom, newFolder } from '../../../test/support/importing.js';
import { createImage } from '../../formats/image.js';
import { openImage } from '../../formats/imageFile.node.js';
import { writePng } from '../../formats/imageWrite.node.js';
import { openDataset } from '../dataset.node.js';
import { binaryMask } from '../publishedMasks.js';

const lines = async (out: string, list: string): Promise<string[]> =>
  (await readFile(join(out, 'MainPatient', `${list}.txt`), 'utf8')).trim().split('\n');

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
