/**
 * The learning rate at each step. The optimizer itself is in optimizer.ts.
 */

import type { SCHEDULES } from '../models/architecture.js';

export interface Schedule {
  /**
   * `constant`; `polynomial`: the published warm-up recipe, falling as (1 − t)^0.9; `cosine`: half a cosine down to 0.
   */
  readonly kind: (typeof SCHEDULES)[number];
  /** Highest learning rate. */
  readonly rate: number;
  /** Steps over which the rate rises from near 0; 0 for no warm-up. */
  readonly warmup: number;
  /** Steps of the whole training. */
  readonly steps: number;
}

/** Exponent of the published decay (SAMUS, train.py). */
const POWER = 0.9;

/** The learning rate of a step. @param step counted from 0 */
export function learningRate({ kind, rate, warmup, steps }: Schedule, step: number): number {
  if (kind === 'polynomial') return rate * polynomial(step, warmup, steps);
  if (step < warmup) return (rate * (step + 1)) / warmup;
  if (kind === 'constant') return rate;
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return (rate * (1 + Math.cos(Math.PI * done))) / 2;
}

/**
 * As published: each step sets the rate for the next one, so the first two steps have the same rate. The decay counts
 * all steps, so it does not reach 0.
 */
function polynomial(step: number, warmup: number, steps: number): number {
  const last = step - 1;
  if (step === 0) return warmup > 0 ? 1 / warmup : 1;
  if (last < warmup) return (last + 1) / warmup;
  return Math.max(0, 1 - (last - warmup) / steps) ** POWER;
}
