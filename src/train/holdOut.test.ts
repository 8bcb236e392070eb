import { describe, expect, it } from 'vitest';
import { SampleList } from '../data/sampleList.js';
import { holdOut } from './holdOut.js';

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
