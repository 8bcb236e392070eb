import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate } from './calibration.js';
import { bootstrapMeans, correlation, ranksOf, summarise } from './statistics.js';
import { complementaryError, wilcoxonSignedRank } from './wilcoxon.js';

describe('a summary', () => {
  it('is of what is defined, with the population deviation', () => {
    const { mean, std, median, n } = summarise([1, Number.NaN, 2, 4, 9]);
    expect([mean, median, n]).toEqual([4, 3, 4]);
    expect(std).toBeCloseTo(Math.sqrt(38 / 4), 12);
    expect(summarise([Number.NaN])).toEqual({ mean: Number.NaN, std: Number.NaN, median: Number.NaN, n: 0 });
  });
});

describe('bootstrap intervals', () => {
  const values = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i * 2.3) ** 2);

  it('agree with 200,000 resamples of NumPy, of values and of clusters', () => {
    const [plain] = bootstrapMeans([values], 1);
    expect(plain?.[0]).toBeCloseTo(0.4087, 1.7);
    expect(plain?.[1]).toBeCloseTo(0.5877, 1.7);
    const [clustered] = bootstrapMeans(
      [values],
      1,
      values.map((_, i) => Math.floor(i / 5)),
    );
    expect(clustered?.[0]).toBeCloseTo(0.4505, 1.7);
    expect(clustered?.[1]).toBeCloseTo(0.5446, 1.7);
  });

  it('hang on the seed alone', () => {
    expect(bootstrapMeans([values], 5)).toEqual(bootstrapMeans([values, values], 5).slice(1));
    expect(bootstrapMeans([values], 5)).not.toEqual(bootstrapMeans([values], 6));
  });

  it('are not given for few clusters, nor where nothing is defined', () => {
    expect(bootstrapMeans([values], 1, new Uint8Array(60))).toEqual([undefined]);
    expect(bootstrapMeans([values.slice(0, 4)], 1)).toEqual([undefined]);
    expect(bootstrapMeans([values.slice(0, 5)], 1)[0]).toHaveLength(2);
    const [none, some] = bootstrapMeans([new Float64Array(60).fill(Number.NaN), values], 1);
    expect(none).toBeUndefined();
    expect(some).toHaveLength(2);
    expect(bootstrapMeans([new Float64Array(0)], 1)).toEqual([undefined]);
  });

  it('lie around the mean', () => {
    const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 8, maxLength: 40 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 99 }), (list, seed) => {
        const [interval] = bootstrapMeans([Float64Array.from(list)], seed);
        const { mean } = summarise(list);
        expect(interval![0]).toBeLessThanOrEqual(mean + 1e-9);
        expect(interval![1]).toBeGreaterThanOrEqual(mean - 1e-9);
      }),
      { numRuns: 20 },
    );
  });
});

// Expected values: SciPy 1.17 (wilcoxon, erfc, pearsonr, spearmanr), ties by going through all signs.
describe("Wilcoxon's test", () => {
  it('is exact for few differences', () => {
    const found = wilcoxonSignedRank([0.05, -0.01, 0.13, 0.02, 0.07, -0.03, 0.11, 0.04, -0.02, 0.09]);
    expect(found).toEqual({ statistic: 7.5, p: expect.closeTo(0.041015625, 12), n: 10, method: 'exact' });
  });

  it('is exact with ties, and leaves zeros and undefined ones out', () => {
    const found = wilcoxonSignedRank([1, 1, -2, 3, 3, -1, 4, 0, 2, -3, 5, 0, 2, Number.NaN]);
    expect(found).toEqual({ statistic: 15, p: expect.closeTo(0.1279296875, 12), n: 11, method: 'exact' });
  });

  it('is normal for many, corrected for ties', () => {
    const many = Array.from({ length: 120 }, (_, i) => Math.round(Math.sin((i + 1) * 1.7) * 10 + 0.8) / 10);
    const found = wilcoxonSignedRank(many);
    expect(found).toMatchObject({ statistic: 2844.5, n: 117, method: 'normal' });
    expect(found.p).toBeCloseTo(0.09826114286059097, 12);
  });

  it('finds nothing where nothing differs', () => {
    expect(wilcoxonSignedRank([0, 0])).toMatchObject({ p: 1, n: 0 });
  });

  it('does not ask which of two is first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 70 }), (list) => {
        const [there, back] = [wilcoxonSignedRank(list), wilcoxonSignedRank(list.map((value) => -value))];
        expect(back.p).toBeCloseTo(there.p, 12);
        expect(there.p).toBeGreaterThan(0);
        expect(there.p).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('rests on the error function', () => {
    const known: readonly (readonly [number, number])[] = [
      [0, 1],
      [0.3, 0.6713732405408726],
      [1, 0.15729920705028516],
      [1.9, 0.007209570764742531],
      [2, 0.004677734981047266],
      [2.1, 0.0029794666563329845],
      [3.5, 7.430983723414129e-7],
      [6, 2.1519736712498913e-17],
      [10, 2.0884875837625446e-45],
    ];
    for (const [x, expected] of known) expect(complementaryError(x) / expected).toBeCloseTo(1, 11);
  });
});

describe('ranks and correlation', () => {
  it('share ranks of equal values', () => {
    expect([...ranksOf([3, 1, 3, 2])]).toEqual([3.5, 1, 3.5, 2]);
  });

  it('are undefined without variation', () => {
    expect(correlation([1, 1, 1], [1, 2, 3])).toBeNaN();
    expect(correlation([], [])).toBeNaN();
  });
});

describe('the calibration of scores', () => {
  const predicted = Float64Array.of(0.91, 0.42, 0.77, 0.88, 0.35, 0.66, 0.51, 0.97);
  const measured = Float64Array.of(0.87, 0.5, 0.71, 0.9, 0.2, 0.66, 0.44, 0.93);

  it('agrees with SciPy', () => {
    const { n, mae, bias, pearson, spearman } = calibrate(predicted, measured);
    expect(n).toBe(8);
    expect(mae).toBeCloseTo(0.0575, 12);
    expect(bias).toBeCloseTo(0.0325, 12);
    expect(pearson).toBeCloseTo(0.9652137709280367, 12);
    expect(spearman).toBeCloseTo(0.9523809523809524, 12);
  });

  it('bins scores, those beyond 0 and 1 in the outer bins', () => {
    const { bins, ece } = calibrate(Float64Array.of(-0.2, 1.3, 1, 0.55), Float64Array.of(0, 1, 0.8, Number.NaN));
    expect(bins.map(({ n }) => n)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    expect(bins[9]).toMatchObject({ from: 0.9, to: 1, measured: 0.9 });
    expect(ece).toBeCloseTo((0.2 + 2 * (1.15 - 0.9)) / 3, 12);
  });

  it('has no error of no scores', () => {
    const { n, ece, mae } = calibrate(Float64Array.of(Number.NaN, Number.NaN), Float64Array.of(0, 1));
    expect([n, ece, mae]).toEqual([0, Number.NaN, Number.NaN]);
  });
});
