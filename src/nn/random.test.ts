import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.js';

const take = (random: Random, n: number): number[] => Array.from({ length: n }, () => random.uint32());

describe('Random', () => {
  it('gives the published sequence of xoshiro128**', () => {
    // State 1, 2, 3, 4: the first numbers follow from the definition by hand, 11520 = rotl(2 * 5, 7) * 9.
    expect(take(new Random({ words: [1, 2, 3, 4], spare: null }), 4)).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('continues exactly from a saved state, through JSON, wherever it was saved', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(20), (seed, steps) => {
        const random = Random.seeded(seed);
        for (let i = 0; i < steps; i++) random.normal();
        const copy = new Random(JSON.parse(JSON.stringify(random.state)));
        const run = (r: Random): number[] => [r.normal(), r.uniform(), r.int(0, 7), r.normal(3, 2), r.uint32()];
        expect(run(copy)).toEqual(run(random));
      }),
    );
  });

  it('gives each list of seeds its own sequence', () => {
    const lists = [[], [0], [1], [-1], [0, 0], [0, 1], [1, 0], [2 ** 40], [2 ** 41]];
    const firsts = lists.map((seeds) => take(Random.seeded(...seeds), 2).join());
    expect(new Set(firsts).size).toBe(lists.length);
    expect(take(Random.seeded(5, 6), 3)).toEqual(take(Random.seeded(5, 6), 3));
  });

  it('draws with the right mean, spread and range', () => {
    const random = Random.seeded(42);
    const n = 20_000;
    const normal = Array.from({ length: n }, () => random.normal(2, 3));
    const mean = normal.reduce((a, b) => a + b) / n;
    const deviation = Math.sqrt(normal.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
    expect(mean).toBeCloseTo(2, 1);
    expect(deviation).toBeCloseTo(3, 1);
    const counts = new Array(7).fill(0);
    for (let i = 0; i < 7000; i++) counts[random.int(3, 10) - 3]++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    for (let i = 0; i < 1000; i++) {
      const u = random.uniform(-2, 5);
      expect(u >= -2 && u < 5).toBe(true);
    }
  });

  it('shuffles without losing anything', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = Random.seeded(1).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.sort((a, b) => a - b)).toEqual(items);
    expect(['a', 'b']).toContain(Random.seeded(1).pick(['a', 'b']));
    expect(Random.seeded(1).chance(1)).toBe(true);
    expect(Random.seeded(1).chance(0)).toBe(false);
  });

  it('refuses what cannot be a state', () => {
    for (const words of [
      [0, 0, 0, 0],
      [1, 2, 3, -1],
      [1, 2, 3, 0.5],
    ] as [number, number, number, number][]) {
      expect(() => new Random({ words, spare: null })).toThrow(expect.objectContaining({ code: 'RANDOM_STATE' }));
    }
  });

  it('fills an array as single draws do', () => {
    const [one, other] = [Random.seeded(4), Random.seeded(4)];
    const values = new Float32Array(1000);
    one.fill(values);
    expect([...values]).toEqual(Array.from(values, () => (other.uint32() >>> 8) / 2 ** 24));
    expect(one.state).toEqual(other.state);
  });
});
