import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DataFolder, grey, texture } from '../../test/support/dataFolder.js';
import { coded, forget, importFrom, newFolder } from '../../test/support/importing.js';
import { createImage } from '../formats/image.js';
import { readImage } from '../formats/imageFile.node.js';
import { writePng } from '../formats/imageWrite.node.js';
import { openDataset } from './dataset.node.js';
import { IMPORTER_TITLES } from './importers/importer.js';
import { IMPORTERS, planImport } from './importers/index.node.js';

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
