import { describe, expect, it } from 'vitest';
import { listOf, native, oracle, squares } from '../../test/support/evaluationCases.js';
import { compareEvaluations } from './compare.js';
import { evaluate } from './evaluate.js';

describe('a comparison of models', () => {
  it('pairs the images that both were measured on', async () => {
    const list = listOf('1/Set/bad1', ...Array.from({ length: 12 }, (_, i) => `1/Set/${i}`), '2/Set/0');
    const [worse, better] = [oracle((x) => 2 + (x % 5), 'worse'), oracle((x) => x % 5, 'better')];
    const first = await evaluate(worse, squares(), list, native);
    const second = await evaluate(better, squares(), list, native);
    const { groups, overall } = compareEvaluations(first, second, list, 1);
    expect(groups.map(({ classId, images }) => [classId, images])).toEqual([
      [1, 12],
      [2, 1],
    ]);
    const dice = groups[0]!.differences.get('dice')!;
    expect([dice.larger, dice.smaller]).toEqual([12, 0]);
    expect(dice.ci95![0]).toBeGreaterThan(0);
    // Nine independent differences: images of one patient are one.
    expect(dice.wilcoxon).toMatchObject({ statistic: 0, n: 9, p: 2 / 2 ** 9, method: 'exact' });
    expect(overall.differences.get('dice')!.n).toBe(13);
    expect([groups[0]!.resampled, overall.resampled]).toEqual(['patient', 'patient']);
  });
});
