import { describe, expect, it } from 'vitest';
import { diceWithout, listOf, native, oracle, squares } from '../../test/support/evaluationCases.js';
import { groupDocument } from './document.js';
import { type EvaluateOptions, evaluate } from './evaluate.js';
import { imagesCsv } from './imagesCsv.js';
import { summariseEvaluation } from './summary.js';

describe('the prompts of an evaluation', () => {
  it('takes the worst of several clicks, the same for a seed', async () => {
    const list = listOf('1/Set/0', '1/Set/5');
    // The further to the right the click, the fewer rows are missing.
    const model = oracle((x) => 28 - x);
    const diceOf = async (options: Partial<EvaluateOptions>) => {
      const { table } = await evaluate(model, squares(), list, { ...native, ...options });
      return [...table.column('dice')];
    };
    const worst = await diceOf({ clickMode: { kind: 'worst', of: 6 } });
    expect(worst).toEqual(await diceOf({ clickMode: { kind: 'worst', of: 6 } }));
    const draws = await diceOf({ draws: 6 });
    expect(worst).toEqual([Math.min(...draws.slice(0, 6)), Math.min(...draws.slice(6))]);
    const centre = await diceOf({ clickMode: { kind: 'centre' } });
    expect(centre[0]).toBeCloseTo(diceWithout(28 - 17), 3);
    const twice = { clickMode: { kind: 'worst', of: 2 }, draws: 3 } as const;
    expect(await diceOf(twice)).toEqual([0, 2, 4, 6, 8, 10].map((i) => Math.min(draws[i]!, draws[i + 1]!)));
  });

  it('measures the curve of Dice over prompt noise, and its area', async () => {
    const list = listOf('1/Set/0', '2/Set/0');
    // A click beside the object is answered by all that is not the object.
    const { table } = await evaluate(
      oracle(() => 0),
      squares(),
      list,
      { ...native, noise: [0, 10, 100], draws: 8 },
    );
    const dice = Array.from({ length: 3 }, (_, level) =>
      Array.from({ length: 16 }, (_, row) => table.diceWithNoise(row, level)),
    );
    expect(dice[0]!.map((value) => value.toFixed(3))).toEqual(
      [...table.column('dice')].map((value) => value.toFixed(3)),
    );
    expect(dice[0]!.every((value) => value > 0.99)).toBe(true);
    expect(dice[2]!.some((value) => value < 0.1)).toBe(true);
    const evaluation = await evaluate(
      oracle(() => 0),
      squares(),
      list,
      { ...native, noise: [0, 10, 100], draws: 8 },
    );
    const [group] = summariseEvaluation(evaluation, list, squares(), 1).groups;
    const [, ten, all] = group!.noise!.map(({ dice: { mean } }) => mean);
    expect(group!.noiseArea!.mean).toBeCloseTo((10 * (1 + ten!) + 90 * (ten! + all!)) / 200, 6);
    expect(groupDocument(group!).prompt_noise).toMatchObject({
      levels: [{ percent: 0 }, { percent: 10 }, { percent: 100 }],
    });
    const [header, first] = [...imagesCsv([evaluation], list, true)];
    expect(header).toMatch(/,hd95_max_mm,dice_noise_0,dice_noise_10,dice_noise_100$/);
    expect(first!.split(',')).toHaveLength(header!.split(',').length);
  });

  it('corrects where the error is largest, and counts interactions', async () => {
    const list = listOf('1/Set/0');
    const evaluation = await evaluate(
      oracle(() => 8),
      squares(),
      list,
      { ...native, clicks: 3 },
    );
    const { table } = evaluation;
    const dice = (rows: number): number => (2 * (400 - 20 * rows)) / (800 - 20 * rows);
    for (const [turn, rows] of [8, 4, 2, 1].entries()) expect(table.diceAfter(0, turn)).toBeCloseTo(dice(rows), 5);
    expect(table.column('dice')[0]).toBeCloseTo(dice(1), 7);
    const [group] = summariseEvaluation(evaluation, list, squares(), 1).groups;
    // IoU after 1, 2, 3, 4: 0.6, 0.8, 0.9, 0.95.
    expect(group!.clicksNeeded).toEqual([
      { iou: 0.85, mean: 3, reached: 1 },
      { iou: 0.9, mean: 3, reached: 1 },
    ]);
    expect(group!.turns!.map(({ interactions }) => interactions)).toEqual([1, 2, 3, 4]);
  });

  it('counts what never reaches an IoU as the most that was tried', async () => {
    const list = listOf('1/Set/0', '1/Set/1');
    const evaluation = await evaluate(
      oracle((x) => (x % 2 === 0 ? 0 : 19)),
      squares(),
      list,
      { ...native, clicks: 1 },
    );
    const [group] = summariseEvaluation(evaluation, list, squares(), 1).groups;
    expect(group!.clicksNeeded![1]!.reached).toBeLessThan(1);
    expect(group!.clicksNeeded![1]!.mean).toBeLessThanOrEqual(2);
  });

  it('draws prompts from the seed, whatever the order of the list', async () => {
    const model = () => oracle((x) => x % 7);
    const options = { ...native, draws: 4, seed: 9 };
    const list = listOf('1/Set/0', '1/Set/1', '1/Set/2');
    const first = await evaluate(model(), squares(), list, options);
    const turned = await evaluate(model(), squares(), listOf('1/Set/2', '1/Set/0', '1/Set/1'), options);
    const dice = first.table.column('dice');
    expect([...turned.table.column('dice')]).toEqual([...dice.subarray(8), ...dice.subarray(0, 8)]);
    const other = await evaluate(model(), squares(), list, { ...options, seed: 10 });
    expect([...other.table.column('dice')]).not.toEqual([...dice]);
    const [group] = summariseEvaluation(first, list, squares(), 1).groups;
    expect(group!.spread).toMatchObject({ draws: 4 });
    expect(group!.spread!.min).toBeLessThan(group!.spread!.max);
    expect(group!.spread!.withinSample).toBeGreaterThan(0);
  });
});
