import { describe, expect, it } from 'vitest';
import { SampleList } from '../data/sampleList.js';
import type { Evaluation } from './evaluate.js';
import { type MaskMetrics, METRICS } from './metrics.js';
import { kendallTau, rankModels } from './ranking.js';
import { ResultTable } from './resultTable.js';

/** An evaluation in which a model has these values of Dice. */
function evaluation(model: string, dice: readonly number[]): Evaluation {
  const table = new ResultTable(dice.length, 1, 1);
  for (const [i, value] of dice.entries()) {
    const metrics: MaskMetrics = { ...NONE, dice: value };
    const areas = { truthArea: 1, predictedArea: 1, commonArea: 1 };
    const row = {
      metrics,
      score: 1,
      ...areas,
      turnDice: [value],
      turnIou: [value],
      noiseDice: [],
      combinedDice: Number.NaN,
      presence: Number.NaN,
    };
    table.set(i, { pixelMm2: Number.NaN, image: i }, [row]);
  }
  return { model, table, failures: [], confusions: new Map(), images: dice.length, wallMs: 1 };
}

const NONE = Object.fromEntries(METRICS.map((metric) => [metric, Number.NaN])) as MaskMetrics;

const N = 40;
const list = SampleList.parse([{ name: 'test', text: Array.from({ length: N }, (_, i) => `1/Set/${i}`).join('\n') }]);
const series = (value: (i: number) => number) => Array.from({ length: N }, (_, i) => value(i));
const A = series((i) => 0.8 + 0.1 * Math.sin(i * 1.3));
const B = series((i) => 0.81 + 0.1 * Math.sin(i * 1.3 + 0.4));
const C = series((i) => 0.78 + 0.12 * Math.cos(i * 2.1));

describe('models in order', () => {
  it('share their ranks where intervals overlap', () => {
    const { overall, groups } = rankModels([evaluation('a', A), evaluation('b', B)], list, 1);
    expect(overall.ordered).toBe(false);
    expect(overall.standings.map(({ model, rank }) => [model, rank])).toEqual([
      ['b', [1, 2]],
      ['a', [1, 2]],
    ]);
    expect(groups).toEqual([{ dataset: 'Set', classId: 1, ...overall }]);
    expect(overall.standings[0]).not.toHaveProperty('stability');
  });

  it('have ranks of their own where they do not', () => {
    const worst = evaluation(
      'worst',
      A.map((value) => value - 0.5),
    );
    const { standings, ordered } = rankModels([worst, evaluation('a', A), evaluation('b', B)], list, 1).overall;
    expect(ordered).toBe(true);
    expect(standings.map(({ model, rank }) => [model, rank])).toEqual([
      ['b', [1, 2]],
      ['a', [1, 2]],
      ['worst', [3, 3]],
    ]);
    expect(standings[2]!.stability).toEqual({ shares: [0, 0, 1], ci95: [3, 3] });
  });

  it('of three change places in resamples as often as with 400,000 of NumPy', () => {
    const { standings, tau } = rankModels(
      [evaluation('a', A), evaluation('b', B), evaluation('c', C)],
      list,
      1,
    ).overall;
    expect(standings.map(({ model }) => model)).toEqual(['b', 'a', 'c']);
    const expected = [
      [0.9446, 0.0549, 0.0006],
      [0.0057, 0.8382, 0.1561],
      [0.0497, 0.1069, 0.8434],
    ];
    for (const [m, shares] of expected.entries()) {
      for (const [r, share] of shares.entries()) expect(standings[m]!.stability!.shares[r]).toBeCloseTo(share, 1.2);
    }
    expect(tau).toBeCloseTo(0.8583, 1.2);
    expect(standings[0]!.ci95![0]).toBeCloseTo(0.79, 2);
  });
});

it("Kendall's tau is as in SciPy", () => {
  expect(kendallTau([0.9, 0.8, 0.8, 0.7], [0.85, 0.86, 0.8, 0.6])).toBeCloseTo(0.5477225575051662, 12);
  expect(kendallTau([1, 2, 3], [3, 1, 2])).toBeCloseTo(-1 / 3, 12);
  expect(kendallTau([1, 1], [1, 2])).toBe(0);
});
