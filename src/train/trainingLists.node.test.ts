import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder, grey } from '../../test/support/dataFolder.js';
import { SampleList } from '../data/sampleList.js';
import { holdOut, readLists } from './trainingLists.node.js';

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

const unknown = () => undefined;
const listOf = (lines: readonly string[]) => SampleList.parse([{ name: 'train', text: lines.join('\n') }]);
const linesOf = (list: SampleList) => [...list].map(({ dataset, name, classId }) => `${classId}/${dataset}/${name}`);
const namesOf = (list: SampleList) => [...list].map(({ name }) => name);
const kinds = ['benign', 'malignant', 'normal'];

describe('holdOut', () => {
  it('takes images with all their classes out of every dataset, close to the share', () => {
    const images = Array.from({ length: 40 }, (_, i) => `n${i}`);
    const lines = images.flatMap((name) => [`1/A/${name}`, `2/A/${name}`, `1/B/${name}`]);
    const { train, held } = holdOut(listOf(lines), 0.25, unknown);
    for (const dataset of ['A', 'B']) {
      expect(new Set([...held].filter((sample) => sample.dataset === dataset).map(({ name }) => name)).size).toBe(10);
    }
    expect([...linesOf(train), ...linesOf(held)].sort()).toEqual([...lines].sort());
    const [left, right] = [train, held].map((list) => new Set([...list].map((s) => `${s.dataset}/${s.name}`)));
    expect([...left!].filter((image) => right!.has(image))).toEqual([]);
  });

  it('ignores the order of names: every kind is among them', () => {
    const lines = Array.from({ length: 300 }, (_, i) => `1/A/${kinds[Math.floor(i / 100)]}${i}`);
    const { held } = holdOut(listOf(lines), 0.1, unknown);
    expect(new Set(namesOf(held).map((name) => name.replace(/\d+/, '')))).toEqual(new Set(kinds));
  });

  it('keeps the images of a patient together', () => {
    const patientOf = (_: string, name: string) => `p${Number(name) % 9}`;
    const { train, held } = holdOut(listOf(Array.from({ length: 90 }, (_, i) => `1/A/${i}`)), 0.2, patientOf);
    const patients = (list: SampleList) => new Set(namesOf(list).map((name) => patientOf('A', name)));
    expect(patients(held).size).toBe(2);
    expect([...patients(train)].filter((patient) => patients(held).has(patient))).toEqual([]);
  });

  it('deals every image to one fold, patient by patient, about equally', () => {
    const patientOf = (_: string, name: string) => `p${Number(name) % 13}`;
    const lines = Array.from({ length: 90 }, (_, i) => `1/A/${i}`);
    const folds = ([1, 2, 3, 4, 5] as const).map((fold) => holdOut(listOf(lines), `${fold}/5`, patientOf));
    expect(folds.flatMap(({ held }) => linesOf(held)).sort()).toEqual([...lines].sort());
    for (const { train, held } of folds) {
      expect(train.length + held.length).toBe(90);
      expect(held.length).toBeGreaterThanOrEqual(12);
      expect(held.length).toBeLessThanOrEqual(24);
      const [inside, outside] = [held, train].map((list) => new Set(namesOf(list).map((name) => patientOf('A', name))));
      expect([...inside!].filter((patient) => outside!.has(patient))).toEqual([]);
    }
    const few = listOf(lines.slice(0, 4));
    expect(() => holdOut(few, '1/5', unknown)).toThrow(/at least 5 patients in A .* got 4/);
  });

  it('holds out the same for any list order and any other datasets', () => {
    const lines = Array.from({ length: 30 }, (_, i) => `1/A/${i}`);
    const alone = linesOf(holdOut(listOf(lines), 0.2, unknown).held).sort();
    const others = [...lines].reverse().flatMap((line) => [line, line.replace('A', 'B')]);
    const beside = linesOf(holdOut(listOf(others), 0.2, unknown).held).filter((line) => line.includes('/A/'));
    expect(beside.sort()).toEqual(alone);
  });

  it('keeps most images for training, and holds out the smallest group if all are large', () => {
    const patientOf = (_: string, name: string) => (name === '0' ? 'small' : `large${Number(name) % 2}`);
    const { held } = holdOut(listOf(Array.from({ length: 21 }, (_, i) => `1/A/${i}`)), 0.05, patientOf);
    expect(namesOf(held)).toEqual(['0']);
    for (const patient of [unknown, () => 'one']) {
      const single = listOf(patient === unknown ? ['1/A/n1'] : ['1/A/n1', '1/A/n2']);
      expect(() => holdOut(single, 0.1, patient)).toThrow(expect.objectContaining({ code: 'TRAIN_HOLD_OUT' }));
    }
    const both = holdOut(listOf(['1/A/n1', '1/A/n2']), 0.5, unknown);
    expect([both.train.length, both.held.length]).toEqual([1, 1]);
  });
});
