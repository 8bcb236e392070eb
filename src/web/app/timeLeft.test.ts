import { expect, it } from 'vitest';
import { TimeLeft } from './timeLeft.js';

it('says nothing until it has seen steps of training, then counts what is judged afterwards too', () => {
  let now = 0;
  const time = new TimeLeft(() => now);
  const at = (ms: number, stage: 'before' | 'training' | 'after', done: number, total: number): number | null => {
    now = ms;
    return time.after({ stage, done, total });
  };
  expect(at(0, 'before', 0, 5)).toBeNull();
  expect(at(400, 'before', 4, 5)).toBeNull();
  // Preparing the training graph is no part of a step.
  expect(at(9000, 'training', 1, 11)).toBeNull();
  expect(at(11_000, 'training', 2, 11)).toBeCloseTo(9 * 2 + 0.5);
  expect(at(14_000, 'training', 6, 11)).toBeCloseTo(5 * 1 + 0.5);
  expect(at(20_000, 'after', 0, 5)).toBeCloseTo(0.5);
  expect(at(20_800, 'after', 4, 5)).toBeCloseTo(0.2);
});
