import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../nn/random.js';
import { divide, linked, splitFamilies } from './splitLists.js';

describe('dividing', () => {
  const items = fc.array(fc.nat(30), { minLength: 1, maxLength: 80 });
  const shares = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 5 });

  it('keeps groups whole and every item once, in order', () => {
    fc.assert(
      fc.property(items, shares, fc.nat(), (groups, ratios, seed) => {
        fc.pre(ratios.some((share) => share > 0));
        const indexed = groups.map((group, index) => ({ group, index }));
        const parts = divide(indexed, ({ group }) => String(group), ratios, Random.seeded(seed));
        expect(parts.length).toBe(ratios.length);
        expect(
          parts
            .flat()
            .map(({ index }) => index)
            .sort((a, b) => a - b),
        ).toEqual(groups.map((_, i) => i));
        for (const part of parts) expect(part).toEqual([...part].sort((a, b) => a.index - b.index));
        for (const group of new Set(groups)) {
          expect(parts.filter((part) => part.some((item) => item.group === group)).length).toBe(1);
        }
        // A part without a share gets nothing.
        for (const [i, share] of ratios.entries()) if (share === 0) expect(parts[i]).toEqual([]);
      }),
    );
  });
  it('puts groups where one of them must be, and evens out with the others', () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const parts = divide(
      numbers,
      (i) => String(i >> 1),
      [1, 1],
      Random.seeded(1),
      (i) => (i < 8 && i % 2 === 0 ? 1 : undefined),
    );
    expect(parts[1]!.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(parts.map((part) => part.length)).toEqual([10, 10]);
  });
  it('links what shares a key, through others too', () => {
    const numbers = linked(['ab', 'c', 'bd', '', 'd', ''], (keys) => [...keys]);
    expect(new Set([numbers[0], numbers[2], numbers[4]]).size).toBe(1);
    expect(new Set(numbers).size).toBe(4);
  });
  it('meets the shares to an item where nothing has to stay together', () => {
    const numbers = Array.from({ length: 647 }, (_, i) => i);
    const parts = divide(numbers, (_, i) => String(i), [7, 1, 2], Random.seeded(1));
    expect(parts.map((part) => part.length)).toEqual([453, 65, 129]);
  });
  it('follows the seed', () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const by = (seed: number) => divide(numbers, (_, i) => String(i), [1, 1], Random.seeded(seed));
    expect(by(3)).toEqual(by(3));
    expect(by(3)).not.toEqual(by(4));
  });
  it('refuses shares that mean nothing', () => {
    const refused = expect.objectContaining({ code: 'SPLIT_SHARES' });
    for (const shares of [[0, 0], [1, -1], [Number.NaN]]) {
      expect(() => divide([1], String, shares, Random.seeded(1))).toThrow(refused);
    }
  });
});

describe('lists of one split', () => {
  it('are known by their names', () => {
    const names = [
      'all-A',
      'class',
      'test',
      'train',
      'train-A',
      'train-fold1',
      'training',
      'val',
      'val-A',
      'val-fold1',
    ];
    const families = splitFamilies(names).map((family) => family.map(({ list, side }) => `${list}:${side}`));
    expect(families).toEqual([
      ['test:test', 'train:train', 'val:val'],
      ['train-A:train', 'val-A:val'],
      ['train-fold1:train', 'val-fold1:val'],
    ]);
  });
});
