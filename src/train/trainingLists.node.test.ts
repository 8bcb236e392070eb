import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder, grey } from '../../test/support/dataFolder.js';
import { readLists } from './trainingLists.node.js';

let folder: DataFolder;
beforeEach(() => {
  folder = new DataFolder();
});
afterEach(() => folder.remove());

const patientsOf = (list: Iterable<{ readonly name: string }>, end: string) =>
  new Set([...list].map(({ name }) => name.slice(0, name.indexOf(end))));

describe('samples held out of the training lists', () => {
  it('are whole patients by images.csv, and by the image names of known datasets', async () => {
    const frames = Array.from({ length: 24 }, (_, i) => `2022011217481000${i % 6}VAS_slice_${i}`);
    const own = Array.from({ length: 24 }, (_, i) => `p${i % 6} ${i}`);
    folder.text('Own/images.csv', `name,patient\n${own.map((name) => `${name},${name.slice(0, 2)}`).join('\n')}\n`);
    folder.list('train', ...frames.map((name) => `1/Artery-CCA/${name}`), ...own.map((name) => `1/Own/${name}`));
    for (const name of frames) await folder.pair('Artery-CCA', name, grey(1, [1]), grey(1, [1]));
    for (const name of own) await folder.pair('Own', name, grey(1, [1]), grey(1, [1]));
    const { train, val } = await readLists({ root: folder.root, train: ['train'], val: [], holdOut: 0.2 }, {});
    for (const [dataset, end] of [
      ['Artery-CCA', '_slice_'],
      ['Own', ' '],
    ] as const) {
      const [kept, held] = [train, val].map((list) =>
        patientsOf(
          [...list].filter((sample) => sample.dataset === dataset),
          end,
        ),
      );
      expect([kept!.size, held!.size]).toEqual([5, 1]);
    }
  });

  it('exclude omitted datasets, and stay the same for others', async () => {
    folder.list('train', '1/A/a0', ...Array.from({ length: 10 }, (_, i) => `1/B/b${i}`));
    await folder.pair('A', 'a0', grey(1, [1]), grey(1, [1]));
    for (let i = 0; i < 10; i++) await folder.pair('B', `b${i}`, grey(1, [1]), grey(1, [1]));
    const data = { root: folder.root, train: ['train'], val: [], holdOut: 0.2 };
    await expect(readLists(data, {})).rejects.toThrow(expect.objectContaining({ code: 'TRAIN_HOLD_OUT' }));
    const { train, val } = await readLists(data, { A: 0, B: 2 });
    expect([train.length, val.length]).toEqual([16, 2]);
    expect(new Set([...train, ...val].map(({ dataset }) => dataset))).toEqual(new Set(['B']));
    await expect(readLists(data, { C: 0 })).rejects.toThrow(expect.objectContaining({ code: 'TRAIN_REPEAT' }));
  });
});

describe.skipIf(!process.env.SAMUS_TEST_DATA)(
  'what is held out of the real lists (SAMUS_TEST_DATA names the folder with data/)',
  () => {
    it('are whole recordings of carotids and whole examinations of fetal heads', async () => {
      const root = `${process.env.SAMUS_TEST_DATA}/data/ultrasound`;
      const { train, val } = await readLists({ root, train: ['train-may-ship'], val: [], holdOut: 0.05 }, {});
      for (const [dataset, end] of [
        ['Artery-CCA', '_slice_'],
        ['FetalHead-HC18', '_'],
      ] as const) {
        const [kept, held] = [train, val].map((list) =>
          patientsOf(
            [...list].filter((sample) => sample.dataset === dataset),
            end,
          ),
        );
        expect(held!.size).toBeGreaterThan(0);
        expect([...held!].filter((patient) => kept!.has(patient))).toEqual([]);
      }
    });
  },
);
