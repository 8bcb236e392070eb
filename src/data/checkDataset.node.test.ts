import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder, grey, texture } from '../../test/support/dataFolder.js';
import { checkDataset, trainingOverlap } from './checkDataset.node.js';
import { openDataset } from './dataset.node.js';
import { splitDataset } from './splitDataset.node.js';
import { tableOfDataset } from './tableDataset.node.js';

const SIDE = 32;
const label = grey(
  SIDE,
  Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i < 100 ? 1 : 0)),
);
const empty = grey(SIDE, new Uint8Array(SIDE * SIDE));

let folder: DataFolder;
beforeEach(() => {
  folder = new DataFolder();
});
afterEach(() => folder.remove());

const check = async () => checkDataset(await openDataset(folder.root));

describe('evaluated images', () => {
  it('are searched for in training lists: the same, equal, alike, and of one patient', async () => {
    folder.list('train', '1/A/both', '1/A/twin', '1/A/like', '1/A/p1', '1/A/other', '1/A/gone');
    folder.list('test', '1/A/both', '1/A/copy', '1/A/likeness', '1/A/p2', '1/A/own').classes({ A: 2 });
    folder.text('A/images.csv', 'name,patient\np1,7\np2,7\n');
    const like = texture(SIDE, SIDE, 5);
    const brighter = grey(
      SIDE,
      like.data.map((value) => Math.min(255, value + 5)),
    );
    const images = { both: 4, twin: 1, copy: 1, p1: 2, p2: 3, other: 6, own: 8 };
    for (const [name, seed] of Object.entries(images)) await folder.pair('A', name, texture(SIDE, SIDE, seed), label);
    await folder.pair('A', 'like', like, label);
    await folder.pair('A', 'likeness', brighter, label);
    const data = await openDataset(folder.root);
    const seen: number[] = [];
    const found = await trainingOverlap(data, await data.lists(['test']), ['train'], (done) => seen.push(done));
    expect(found).toMatchObject({ lists: ['train'], images: 5 });
    expect(found.problems.map(({ code, images: these }) => `${code} ${these.join(' ')}`).sort()).toEqual([
      'SPLIT_DUPLICATE A/copy A/twin',
      'SPLIT_IMAGE A/both',
      'SPLIT_NEAR_DUPLICATE A/likeness A/like',
      'SPLIT_PATIENT A/p2 A/p1',
    ]);
    expect(Math.max(...seen)).toBe(9);
    const none = await trainingOverlap(data, await data.lists(['test']), []);
    expect(none).toEqual({ lists: [], images: 0, problems: [] });
  });
});

describe('a check', () => {
  it('finds nothing where nothing is wrong', async () => {
    await folder.list('train', '1/A/x').list('val', '1/A/y').classes({ A: 2 });
    await folder.pair('A', 'x', texture(SIDE, SIDE, 1), label);
    await folder.pair('A', 'y', texture(SIDE, SIDE, 2), label);
    expect(await check()).toEqual({
      datasets: [{ dataset: 'A', images: 2, labels: 2 }],
      lists: [
        { list: 'train', samples: 1 },
        { list: 'val', samples: 1 },
      ],
      problems: [],
    });
  });

  it('finds what is planted', async () => {
    folder.list('train', '1/A/twin', '1/A/p1', '1/A/both', '1/A/like', '1/B/size');
    folder.list('val', '1/A/copy', '1/A/p2', '1/A/both', '1/A/likeness');
    folder.list('train-other', '1/A/gone').list('broken', 'x').classes({ A: 2, B: 3 });
    folder.text('A/images.csv', 'name,patient\np1,7\np2,7\ntwin,8\ncopy,9\n');
    const like = texture(SIDE, SIDE, 5);
    const pairs = {
      twin: texture(SIDE, SIDE, 1),
      copy: texture(SIDE, SIDE, 1),
      p1: texture(SIDE, SIDE, 2),
      p2: texture(SIDE, SIDE, 3),
      both: texture(SIDE, SIDE, 4),
      like,
      likeness: grey(
        SIDE,
        like.data.map((value) => Math.min(255, value + 5)),
      ),
    };
    for (const [name, image] of Object.entries(pairs)) await folder.pair('A', name, image, label);
    await folder.pair('A', 'empty', texture(SIDE, SIDE, 6), empty);
    await folder.picture('A/img/alone', texture(SIDE, SIDE, 7));
    await folder.picture('A/label/lonely', label);
    await folder.pair('B', 'size', texture(SIDE, SIDE, 8), grey(2, [0, 1]));
    await folder.pair('B', 'over', texture(2, 2, 9), grey(2, [0, 3, 0, 0]));
    folder.text('B/img/bad.png', 'no picture').text('B/label/bad.png', 'no picture');

    const { problems } = await check();
    const found = problems.map(({ severity, code, images }) => `${severity} ${code} ${images.join(' ')}`.trim());
    expect(found.sort()).toEqual(
      [
        'error DATA_CLASS_RANGE B/over',
        'error DATA_FILE_MISSING A/gone',
        'error DATA_LIST_LINE',
        'error DATA_SIZE_MISMATCH B/size',
        'error IMAGE_FORMAT B/bad',
        'error SPLIT_DUPLICATE A/twin A/copy',
        'error SPLIT_IMAGE A/both',
        'error SPLIT_PATIENT A/p1 A/p2',
        'warning IMAGE_DUPLICATE A/copy A/twin',
        'warning IMAGE_MISSING A/lonely',
        'warning LABEL_EMPTY A/empty',
        'warning LABEL_MISSING A/alone',
        'warning SPLIT_NEAR_DUPLICATE A/like A/likeness',
      ].sort(),
    );
  });

  it('reports every wrong line, merged values and missing files', async () => {
    folder
      .list('train', '1/A/x', 'nothing', '1/A/gone', '1/A/lost', '0/A/x', '3/A/x', '2/A/x', '1/A/x')
      .classes({ A: 3 });
    await folder.pair('A', 'x', texture(SIDE, SIDE, 1), label);
    await folder.pair('Heart', 'y', texture(SIDE, SIDE, 2), grey(2, [0, 1, 2, 3]));
    await folder.pair('Heart', 'z', texture(2, 2, 3), grey(2, [0, 1, 2, 3]));
    const { problems, lists } = await check();
    expect(
      problems.map(({ severity, code, images }) => `${severity} ${code} ${images.join(' ')}`.trim()).sort(),
    ).toEqual([
      'error DATA_CLASS_RANGE',
      'error DATA_CLASS_RANGE A/x',
      'error DATA_FILE_MISSING A/gone',
      'error DATA_FILE_MISSING A/lost',
      'error DATA_LIST_LINE',
      'error DATA_SIZE_MISMATCH Heart/y',
      'warning LABEL_VALUES Heart/z',
      'warning LIST_DUPLICATE A/x',
      'warning SAMPLE_EMPTY A/x',
    ]);
    expect(lists).toEqual([{ list: 'train', samples: 6 }]);
  });

  it('goes on where class.json and dataset.json contradict each other', async () => {
    folder.list('train', '1/A/x').classes({ A: 2 });
    folder.text('MainPatient/dataset.json', '{"A": {"classes": ["background", "a", "b"]}}');
    await folder.pair('A', 'x', texture(SIDE, SIDE, 1), label);
    const { problems, lists } = await check();
    expect(problems).toMatchObject([{ severity: 'error', code: 'DATA_LAYOUT' }]);
    expect(lists).toEqual([{ list: 'train', samples: 1 }]);
  });

  it('compares lists of any names if they are said to be one split', async () => {
    folder.list('train-LV', '1/A/x').list('test', 'A/x').list('extra', '1/A/y').classes({ A: 3 });
    await folder.pair('A', 'x', texture(SIDE, SIDE, 1), label);
    await folder.pair('A', 'y', texture(SIDE, SIDE, 1), label);
    const codes = async (together?: string[]) =>
      (await checkDataset(await openDataset(folder.root), together ? { together } : {})).problems.map(
        ({ code }) => code,
      );
    expect(await codes()).toEqual(['IMAGE_DUPLICATE']);
    expect(await codes(['train-LV', 'test'])).toEqual(['IMAGE_DUPLICATE', 'SPLIT_IMAGE']);
    expect(await codes(['train-LV', 'extra'])).toEqual(['IMAGE_DUPLICATE', 'SPLIT_DUPLICATE']);
  });

  it('recognises patients by known names without images.csv', async () => {
    folder
      .list('train', '1/FetalHead-HC18/010_HC', '1/A/010_HC')
      .list('val', '1/FetalHead-HC18/010_2HC', '1/A/010_2HC');
    for (const [i, name] of ['010_HC', '010_2HC'].entries()) {
      await folder.pair('FetalHead-HC18', name, texture(SIDE, SIDE, i), label);
      await folder.pair('A', name, texture(SIDE, SIDE, i + 2), label);
    }
    expect((await check()).problems).toMatchObject([
      { code: 'SPLIT_PATIENT', images: ['FetalHead-HC18/010_HC', 'FetalHead-HC18/010_2HC'] },
    ]);
  });

  it('lets folds share images, each fold being a split of its own', async () => {
    folder.list('train-fold1', '1/A/x').list('val-fold1', '1/A/y');
    folder.list('train-fold2', '1/A/y').list('val-fold2', '1/A/x').classes({ A: 2 });
    await folder.pair('A', 'x', texture(SIDE, SIDE, 1), label);
    await folder.pair('A', 'y', texture(SIDE, SIDE, 2), label);
    expect((await check()).problems).toEqual([]);
  });
});

describe('a split', () => {
  beforeEach(async () => {
    folder.classes({ A: 3 }).text('MainPatient/note.md', '');
    const rows = Array.from({ length: 12 }, (_, i) => `i${i},p${Math.floor(i / 2)}`);
    folder.text('A/images.csv', `name,patient\n${rows.join('\n')}\n`);
    for (let i = 0; i < 12; i++) {
      const classes = grey(2, [0, 1, i % 2 ? 2 : 1, 0]);
      await folder.pair('A', `i${i}`, texture(2, 2, i), i === 11 ? grey(2, [0, 0, 0, 0]) : classes);
    }
  });
  const linesOf = async (list: string) => [...(await (await openDataset(folder.root)).lists([list]))];

  it('keeps patients on one side and is the same for the same seed', async () => {
    const options = { seed: 5, ratios: [2, 1, 1] };
    const result = await splitDataset(await openDataset(folder.root), options);
    expect(result.empty).toBe(1);
    expect(result.withoutPatient).toEqual([]);
    expect(result.lists.map(({ list }) => list).sort()).toEqual(
      ['test', 'test-A', 'train', 'train-A', 'val', 'val-A'].sort(),
    );
    const sides = await Promise.all(['train', 'val', 'test'].map(linesOf));
    const patients = sides.map((side) => new Set(side.map(({ name }) => Math.floor(Number(name.slice(1)) / 2))));
    expect(patients.reduce((sum, { size }) => sum + size, 0)).toBe(6);
    // Images with both classes give two samples.
    expect(sides.flat().length).toBe(6 + 2 * 5);
    await expect(splitDataset(await openDataset(folder.root), options)).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_LIST_EXISTS' }),
    );
    const before = await linesOf('train');
    await splitDataset(await openDataset(folder.root), { ...options, replace: true });
    expect(await linesOf('train')).toEqual(before);
    expect((await check()).problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('keeps patients together by known names', async () => {
    const names = [1, 2, 3, 4, 5, 6].flatMap((id) => [`00${id}_HC`, `00${id}_2HC`]);
    for (const [i, name] of names.entries()) {
      await folder.pair('FetalHead-HC18', name, texture(2, 2, i), grey(2, [0, 1, 0, 0]));
    }
    const data = await openDataset(folder.root);
    const options = { seed: 1, ratios: [1, 1], datasets: ['FetalHead-HC18'] };
    expect((await splitDataset(data, options)).withoutPatient).toEqual([]);
    const [train, val] = await Promise.all(
      ['train', 'val'].map(async (list) => new Set((await linesOf(list)).map(({ name }) => name.slice(0, 3)))),
    );
    expect([train!.size, val!.size]).toEqual([3, 3]);
    const [row] = (await tableOfDataset(data, { lists: [] })).filter(({ dataset }) => dataset === 'FetalHead-HC18');
    expect(row).toMatchObject({ images: 12, patients: 6 });
  });

  it('makes folds, takes images without an object if told, and divides lists', async () => {
    const data = await openDataset(folder.root);
    const folds = await splitDataset(data, { seed: 1, ratios: [], folds: 3, withEmpty: true });
    expect(folds.lists.map(({ list, images }) => [list, images])).toEqual([
      ['train-fold1', 8],
      ['val-fold1', 4],
      ['train-fold2', 8],
      ['val-fold2', 4],
      ['train-fold3', 8],
      ['val-fold3', 4],
    ]);
    const held = await Promise.all([1, 2, 3].map((fold) => linesOf(`val-fold${fold}`)));
    expect(new Set(held.flat().map(({ name }) => name)).size).toBe(12);
    const inner = await splitDataset(data, { seed: 1, ratios: [1, 1], from: ['train-fold1'], name: 'inner' });
    expect(inner.lists).toMatchObject([
      { list: 'train-inner', images: 4 },
      { list: 'val-inner', images: 4 },
    ]);
  });

  it('keeps a picture that is there twice on one side, in two datasets too', async () => {
    for (let i = 0; i < 12; i++) {
      const object = grey(8, new Uint8Array(64).fill(1, 8, 20));
      await folder.pair('B', `b${i}`, texture(8, 8, 100 + i), object);
      await folder.pair('B', `copy${i}`, texture(8, 8, 100 + i), object);
      await folder.pair('C', `c${i}`, texture(8, 8, 100 + i), object);
    }
    const data = await openDataset(folder.root);
    await splitDataset(data, { seed: 1, ratios: [2, 1, 1], datasets: ['B', 'C'] });
    const { problems } = await checkDataset(data);
    expect(problems.filter(({ code }) => code.startsWith('SPLIT'))).toEqual([]);
    expect((await linesOf('val-C')).length).toBe(3);
  });

  it('refuses lists beside one of an earlier split that names their images, and more folds than there are patients', async () => {
    const data = await openDataset(folder.root);
    await splitDataset(data, { seed: 1, ratios: [2, 1, 1] });
    const before = await linesOf('train');
    await expect(splitDataset(data, { seed: 1, ratios: [2, 1], replace: true })).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_LIST_EXISTS', message: expect.stringContaining('test') }),
    );
    expect(await linesOf('train')).toEqual(before);
    await expect(splitDataset(data, { seed: 1, ratios: [], folds: 7 })).rejects.toThrow(
      expect.objectContaining({ code: 'SPLIT_FOLDS' }),
    );
  });

  it('leaves out images that cannot be read or listed, and names them', async () => {
    const object = grey(8, new Uint8Array(64).fill(1, 8, 20));
    for (const i of [1, 2, 3]) await folder.pair('B', `b${i}`, texture(8, 8, 100 + i), object);
    await folder.pair('B', 'b\\4', texture(8, 8, 104), object);
    folder.text('B/img/b2.png', 'no image');
    const options = { seed: 1, ratios: [1, 1], datasets: ['B'] };
    const { failed, lists } = await splitDataset(await openDataset(folder.root), options);
    expect(failed.map(({ image, error }) => [image, error.code])).toEqual([
      ['B/b2', 'IMAGE_FORMAT'],
      ['B/b\\4', 'IMPORT_NAMES'],
    ]);
    expect(lists.find(({ list }) => list === 'train')?.images).toBe(1);
    for (const i of [1, 3]) folder.text(`B/img/b${i}.png`, 'no image');
    await expect(splitDataset(await openDataset(folder.root), { ...options, replace: true })).rejects.toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT' }),
    );
  });

  it('of nothing is refused', async () => {
    const data = await openDataset(folder.root);
    await expect(splitDataset(data, { seed: 1, ratios: [1, 1], datasets: ['B'] })).rejects.toThrow(
      expect.objectContaining({ code: 'DATA_LAYOUT' }),
    );
  });

  it('shows in the table', async () => {
    folder.list('train', '1/A/i0', '2/A/i1', '1/A/i1');
    expect(await tableOfDataset(await openDataset(folder.root), { lists: ['train'] })).toEqual([
      {
        dataset: 'A',
        class: 1,
        className: 'class-1',
        images: 11,
        lists: { train: 2 },
        patients: 6,
        area: (6 * 0.5 + 5 * 0.25) / 11,
        sizes: { least: [2, 2], most: [2, 2] },
      },
      {
        dataset: 'A',
        class: 2,
        className: 'class-2',
        images: 5,
        lists: { train: 1 },
        patients: 5,
        area: 0.25,
        sizes: { least: [2, 2], most: [2, 2] },
      },
    ]);
  });
});
