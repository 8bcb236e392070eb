import { describe, expect, it } from 'vitest';
import { learningRate } from './schedule.js';

const rates = (kind: 'constant' | 'polynomial' | 'cosine', warmup: number, steps: number) =>
  Array.from({ length: steps }, (_, step) => learningRate({ kind, rate: 2, warmup, steps }, step));

/** The published loop: the rate is set after each step for the next one. */
function published(base: number, warmup: number, steps: number): number[] {
  let rate = base / warmup;
  return Array.from({ length: steps }, (_, i) => {
    const used = rate;
    rate = i < warmup ? (base * (i + 1)) / warmup : base * (1 - (i - warmup) / steps) ** 0.9;
    return used;
  });
}

describe('learningRate', () => {
  it('stays, after a rise if there is one', () => {
    expect(rates('constant', 0, 3)).toEqual([2, 2, 2]);
    expect(rates('constant', 4, 6)).toEqual([0.5, 1, 1.5, 2, 2, 2]);
  });

  it('rises and falls as in the published loop', () => {
    const expected = published(2, 250, 1000);
    for (const [i, rate] of rates('polynomial', 250, 1000).entries()) expect(rate).toBeCloseTo(expected[i]!, 12);
  });

  it('falls along half a cosine to almost nothing', () => {
    const all = rates('cosine', 2, 102);
    expect(all.slice(0, 3)).toEqual([1, 2, 2]);
    expect(all[52]).toBeCloseTo(1, 12);
    expect(all[101]).toBeLessThan(0.001);
    expect(all[101]).toBeGreaterThan(0);
  });

  it('needs no warm-up', () => {
    expect(rates('polynomial', 0, 10)[0]).toBe(2);
    expect(rates('cosine', 0, 10)[0]).toBe(2);
  });
});
