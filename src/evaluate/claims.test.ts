import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holm, parsePublished, probabilityFalse, probabilityFalseOf, studentTail } from './claims.js';

// Expected values: SciPy 1.17 (stats.t.sf, ttest_1samp), statsmodels 0.14 (multipletests, method holm).
describe("Student's t", () => {
  it.each([
    [0.3, 1, 0.4072264209222577],
    [0.5, 2, 1 / 3],
    [1.7, 4, 0.082177470635025],
    [2.1, 9, 0.03255914120607598],
    [2.5, 29, 0.009162672169213043],
    [0.01, 128, 0.4960184282320888],
    [3.2, 128, 0.0008664813932191713],
    [5, 1000, 3.3836281823243174e-7],
    [8, 40, 3.952542055052269e-10],
    [40, 3, 1.7190340394579253e-5],
    [1.96, 99_999, 0.024999281611015497],
    [0, 7, 0.5],
  ])('beyond %d with %d degrees of freedom is as in SciPy', (t, freedom, expected) => {
    expect(studentTail(t, freedom) / expected).toBeCloseTo(1, 9);
  });
});

describe('the probability that a claim is false', () => {
  const differences = [0.05, -0.01, 0.13, 0.02, 0.07, -0.03, 0.11, 0.04, -0.02, 0.09];

  // It is calibrated: of 277,273 simulated studies (n 12, flat priors of the true difference and of ln σ) with a
  // probability within 0.1 to 0.2, 0.1455 on the mean, the sign was wrong in 0.1452; within 0.02 to 0.05: 0.0327, 0.0323.
  it('of paired values is the one-sided p of the t-test', () => {
    expect(probabilityFalse(differences)).toBeCloseTo(0.015159494711250105, 12);
    expect(probabilityFalse(differences.map((value) => -value))).toBeCloseTo(0.015159494711250105, 12);
    expect(probabilityFalse([...differences, Number.NaN])).toBeCloseTo(0.015159494711250105, 12);
  });

  it('is a half where nothing differs, 0 where all differ by the same, and undefined for a single value', () => {
    expect([probabilityFalse([0, 0, 0]), probabilityFalse([0.25, 0.25]), probabilityFalse([1])]).toEqual([
      0.5,
      0,
      undefined,
    ]);
  });

  it('of means and deviations is the published formula', () => {
    const [own, other] = [
      { mean: 0.86, sd: 0.11, n: 129 },
      { mean: 0.845, sd: 0.12, n: 129 },
    ];
    expect(probabilityFalseOf(own, other, 0)).toBeCloseTo(0.1486379394701123, 12);
    expect(probabilityFalseOf(own, other, 0.6)).toBeCloseTo(0.05068821473874106, 12);
    expect(probabilityFalseOf(own, { ...other, n: 1 }, 0)).toBeUndefined();
  });

  it('is the same from pairs and from their means, deviations and correlation', () => {
    const numbers = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 30 });
    fc.assert(
      fc.property(numbers, (list) => {
        const a = list.map((value, i) => value + 0.1 * Math.sin(i));
        const b = list.map((value, i) => value + 0.1 * Math.cos(3 * i));
        const of = (values: readonly number[]) => {
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
          return { mean, sd, n: values.length };
        };
        const [one, two] = [of(a), of(b)];
        const product = a.reduce((sum, value, i) => sum + (value - one.mean) * (b[i]! - two.mean), 0);
        const r = product / (list.length - 1) / one.sd / two.sd;
        const pairs = probabilityFalse(a.map((value, i) => value - b[i]!));
        expect(probabilityFalseOf(one, two, r)).toBeCloseTo(pairs!, 6);
      }),
    );
  });
});

it("Holm's correction is as in statsmodels", () => {
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 12));
  expect(holm([0.01, 0.04, 0.03, 0.005, 0.5])).toEqual(close([0.04, 0.09, 0.09, 0.025, 0.5]));
  expect(holm([0.3, 0.2, 0.2, 0.9])).toEqual(close([0.8, 0.8, 0.8, 0.9]));
  expect(holm([])).toEqual([]);
});

describe('a published result', () => {
  it.each([
    ['SAMUS=0.845±0.12,n=129', { name: 'SAMUS', mean: 0.845, sd: 0.12, n: 129, correlation: 0 }],
    ['a b = 0.8 +- .1, n=9', { name: 'a b', mean: 0.8, sd: 0.1, n: 9, correlation: 0 }],
    [
      'MedSAM@Breast-BUSI/1=1+/-0,n=2,r=0.6',
      { name: 'MedSAM', dataset: 'Breast-BUSI', classId: 1, mean: 1, sd: 0, n: 2, correlation: 0.6 },
    ],
  ])('is read from %s', (text, expected) => {
    expect(parsePublished(text)).toEqual(expected);
  });

  it.each([
    '',
    'SAMUS',
    'SAMUS=84.5±12,n=129',
    'x=0.8±0.1',
    'x=0.8±0.1,n=1',
    'x=0.8,n=9',
    'x=0.8±0.1,n=9,r=2',
    '=1±0,n=9',
    'x=1.2.3±0,n=9',
  ])('is refused: %s', (text) => {
    expect(() => parsePublished(text)).toThrow(expect.objectContaining({ code: 'EVALUATE_PUBLISHED', kind: 'usage' }));
  });
});
