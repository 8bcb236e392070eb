import { describe, expect, it } from 'vitest';
import { frameTiming } from './dicomFacts.js';
import { dataSet } from './writeDataSet.js';

const [TIME, VECTOR, POINTER, RATE] = [0x0018_1063, 0x0018_1065, 0x0028_0009, 0x0018_0040];

describe('the timing of a clip', () => {
  it('is one time for all frames, or one each', () => {
    expect(frameTiming(dataSet([TIME, 40]), 3)).toEqual({ delaysMs: [40, 40, 40] });
    expect(frameTiming(dataSet([VECTOR, [30, 50, 30]], [POINTER, VECTOR]), 3)).toEqual({ delaysMs: [30, 50, 30] });
  });

  it('takes a vector that begins with 0 as steps; the last frame lasts the mean', () => {
    expect(frameTiming(dataSet([VECTOR, [0, 30, 50]]), 3)).toEqual({ delaysMs: [30, 50, 40] });
  });

  it('is the element that the file points to', () => {
    const both = [[TIME, 40] as const, [VECTOR, [0, 30]] as const];
    expect(frameTiming(dataSet(...both, [POINTER, TIME]), 2)?.delaysMs).toEqual([40, 40]);
    expect(frameTiming(dataSet(...both, [POINTER, VECTOR]), 2)?.delaysMs).toEqual([30, 30]);
  });

  it('is a rate, or 25 frames a second, where no time is positive', () => {
    expect(frameTiming(dataSet([RATE, '50'], [TIME, 0]), 2)?.delaysMs).toEqual([20, 20]);
    expect(frameTiming(dataSet(), 2)?.delaysMs).toEqual([40, 40]);
    expect(frameTiming(dataSet(), 1)).toBeUndefined();
  });

  it('is the usual one where a time or a rate is beyond any clip', () => {
    for (const element of [
      [TIME, '1e300'],
      [TIME, '-5'],
      [RATE, '100000000'],
      [RATE, '1e-9'],
    ] as const) {
      expect(frameTiming(dataSet(element), 2)?.delaysMs, String(element)).toEqual([40, 40]);
    }
    expect(frameTiming(dataSet([VECTOR, ['0', '1e300', '30', '50']]), 4)?.delaysMs).toEqual([40, 30, 50, 40]);
  });

  it('marks sweeping and the part to show, if the file has these frames', () => {
    const trim = [[0x0008_2142, '2'] as const, [0x0008_2143, '3'] as const];
    expect(frameTiming(dataSet([0x0018_1244, 1], ...trim), 3)).toMatchObject({ sweeps: true, trim: [2, 3] });
    expect(frameTiming(dataSet(...trim), 2)).not.toHaveProperty('trim');
  });
});
