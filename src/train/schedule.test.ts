import { describe, expect, it } from 'vitest';
import { afterValidation, learningRate, type Schedule } from './schedule.js';

const PLAIN = { lowestRate: 0, drops: [], dropFactor: 0.1 };

const rates = (kind: Schedule['kind'], warmup: number, steps: number, more: Partial<Schedule> = {}) =>
  Array.from({ length: steps }, (_, step) => learningRate({ kind, rate: 2, warmup, steps, ...PLAIN, ...more }, step));

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

  it('drops at shares of the training', () => {
    const factor = { drops: [0.5, 0.8], dropFactor: 0.5 };
    expect(rates('step', 0, 10, factor)).toEqual([2, 2, 2, 2, 2, 1, 1, 1, 0.5, 0.5]);
    // CE-Net: a tenth after epochs 90 and 120 of 140, here of 7 steps.
    const cenet = Array.from({ length: 980 }, (_, step) =>
      learningRate({ kind: 'step', rate: 1, warmup: 0, steps: 980, ...PLAIN, drops: [90 / 140, 120 / 140] }, step),
    );
    expect([629, 630, 839, 840].map((step) => cenet[step])).toEqual([1, 0.1, 0.1, 0.1 ** 2]);
  });

  it('ends at the lowest rate', () => {
    const lowest = { lowestRate: 0.5 };
    expect(rates('cosine', 0, 101, lowest)[100]).toBeCloseTo(0.5, 3);
    // As mmsegmentation's poly policy: (base - lowest) (1 - t/T)^0.9 + lowest.
    expect(rates('polynomial', 0, 100, lowest)[51]).toBeCloseTo(1.5 * 0.5 ** 0.9 + 0.5, 12);
    expect(learningRate({ kind: 'plateau', rate: 2, warmup: 0, steps: 9, ...PLAIN, ...lowest }, 5, 3)).toBe(0.5);
  });

  it('drops where validations stop improving, as ReduceLROnPlateau', () => {
    let state = { waiting: 0, drops: 0 };
    const drops = [true, false, false, false, true, false, false, false, false, false, false].map((improved) => {
      state = afterValidation(state, improved, 2);
      return state.drops;
    });
    expect(drops).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3]);
    expect(learningRate({ kind: 'plateau', rate: 2, warmup: 0, steps: 9, ...PLAIN }, 5, 1)).toBeCloseTo(0.2, 12);
  });
});
