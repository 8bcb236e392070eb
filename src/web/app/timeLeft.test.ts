import { expect, it } from 'vitest';
import type { AdaptProgress } from '../../train/adapt.js';
import { TimeLeft } from './timeLeft.js';

it('says nothing until it has seen steps of training, then counts what is judged afterwards too', () => {
  let now = 0;
  const time = new TimeLeft(() => now);
  const at = (ms: number, stage: AdaptProgress['stage'], done: number, total: number): number | null => {
    now = ms;
    return time.after({ stage, done, total });
  };
  expect(at(0, 'before', 0, 5)).toBeNull();
  expect(at(400, 'before', 4, 5)).toBeNull();
  // Preparing the training graph is no part of a step.
  expect(at(500, 'preparing', 0, 0)).toBeNull();
  expect(at(8000, 'training', 0, 11)).toBeNull();
  expect(at(10_000, 'training', 1, 11)).toBeCloseTo(10 * 2 + 0.5);
  expect(at(14_000, 'training', 6, 11)).toBeCloseTo(5 * 1 + 0.5);
  expect(at(20_000, 'after', 0, 5)).toBeCloseTo(0.5);
  expect(at(20_400, 'after', 4, 5)).toBeCloseTo(0.1);
  // On a machine that has become busier.
  expect(at(21_000, 'after', 4, 5)).toBe(0);
});
