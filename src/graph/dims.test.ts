import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { run } from '../../test/support/evaluate.js';
import { addDims, broadcast, type Dim, elements, mulDims, sameShape } from './dims.js';
import { mul } from './ops/elementwise.js';
import { linear } from './ops/matrix.js';
import { concat, reshape, transpose } from './ops/shape.js';
import { constant, input } from './tensor.js';
import { asFloat32, float32 } from './tensorData.js';

describe('dimensions', () => {
  it('have one canonical spelling', () => {
    expect(addDims('points', 6)).toBe('points+6');
    expect(addDims(6, 'points')).toBe('points+6');
    expect(addDims('points+6', -6)).toBe('points');
    expect(mulDims(3, mulDims('batch', 3))).toBe('9*batch');
    expect(mulDims('points', 'batch')).toBe('batch*points');
    expect(mulDims('batch', 'points')).toBe('batch*points');
    expect(mulDims('n', 0)).toBe(0);
    expect(elements(['batch', 'points+1', 2])).toBe('2*batch+2*batch*points');
  });

  it('have the value of their expression', () => {
    const sizes = { a: 3, b: 7 };
    const leaf = fc.oneof(fc.constantFrom<Dim>('a', 'b'), fc.integer({ min: 0, max: 9 }));
    const meaning = (dim: Dim): number =>
      `${dim}`
        .split('+')
        .map((term) =>
          term
            .split('*')
            .map((factor) => (factor === 'a' || factor === 'b' ? sizes[factor] : Number(factor)))
            .reduce((x, y) => x * y, 1),
        )
        .reduce((x, y) => x + y, 0);
    fc.assert(
      fc.property(leaf, fc.array(fc.tuple(fc.boolean(), leaf), { maxLength: 5 }), (first, steps) => {
        let [dim, value] = [first, meaning(first)];
        for (const [plus, other] of steps) {
          dim = plus ? addDims(dim, other) : mulDims(dim, other);
          value = plus ? value + meaning(other) : value * meaning(other);
        }
        expect(meaning(dim)).toBe(value);
      }),
    );
  });

  it('broadcast as in NumPy, open ones only to themselves and from 1', () => {
    expect(broadcast([2, 1, 3], [4, 1])).toEqual([2, 4, 3]);
    expect(broadcast(['batch', 1], [1, 5])).toEqual(['batch', 5]);
    expect(broadcast(['batch'], [2])).toBeNull();
    expect(broadcast([2, 3], [2])).toBeNull();
    expect(sameShape(['batch', 2], ['batch', 2])).toBe(true);
  });
});

describe('a graph with open dimensions', () => {
  const tokens = input('tokens', ['batch', 'points', 2]);
  const own = mul(reshape(input('own', ['batch', 6]), ['batch', 3, 2]), 1);
  const all = concat([own, tokens], 1);
  const weight = constant(float32([1, 0, 0, 1, 1, 1], [3, 2]));
  const projected = linear(all, weight, constant(float32([0, 0, 0.5], [3])));
  const flat = reshape(transpose(projected, [0, 2, 1]), ['batch', mulDims(3, 'points+3')]);

  it('has shapes when it is built', () => {
    expect(all.shape).toEqual(['batch', 'points+3', 2]);
    expect(projected.shape).toEqual(['batch', 'points+3', 3]);
  });

  it.each([
    [1, 1],
    [2, 4],
  ])('runs for a batch of %i with %i points', async (batch, points) => {
    const values = (count: number) => Array.from({ length: count }, (_, i) => i / 4);
    const feeds = {
      tokens: float32(values(batch * points * 2), [batch, points, 2]),
      own: float32(values(batch * 6), [batch, 6]),
    };
    const { y } = await run({ y: flat }, feeds);
    expect(y?.shape).toEqual([batch, 3 * (points + 3)]);
    const expected: number[] = [];
    for (let b = 0; b < batch; b++) {
      const rows = [
        ...Array.from({ length: 3 }, (_, i) => feeds.own.data.slice((b * 3 + i) * 2, (b * 3 + i) * 2 + 2)),
        ...Array.from({ length: points }, (_, i) =>
          feeds.tokens.data.slice((b * points + i) * 2, (b * points + i) * 2 + 2),
        ),
      ];
      expected.push(...rows.map(([u]) => u!), ...rows.map(([, v]) => v!), ...rows.map(([u, v]) => u! + v! + 0.5));
    }
    expect([...asFloat32(y!).data]).toEqual(expected);
  });
});
