/**
 * The learning rate at each step. The optimizer itself is in optimizer.ts.
 */

import type { SCHEDULES } from '../models/architecture.js';

export interface Schedule {
  /**
   * `constant`; `polynomial`: the published warm-up recipe, falling as (1 − t)^0.9; `cosine`: half a cosine; `step`: drops at
   * fixed places; `plateau`: drops where validations stop improving.
   */
  readonly kind: (typeof SCHEDULES)[number];
  /** Highest learning rate. */
  readonly rate: number;
  /** Steps over which the rate rises from near 0; 0 for no warm-up. */
  readonly warmup: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Lowest rate of `polynomial`, `cosine` and `plateau`. */
  readonly lowestRate: number;
  /** Shares of the training after which `step` drops. */
  readonly drops: readonly number[];
  /** What a drop multiplies the rate by. */
  readonly dropFactor: number;
}

/** Exponent of the published decay (SAMUS, train.py). */
const POWER = 0.9;

/** The learning rate of a step. @param step counted from 0 @param dropped how often `plateau` has dropped */
export function learningRate(schedule: Schedule, step: number, dropped = 0): number {
  const { kind, rate, warmup, steps, lowestRate: lowest, drops, dropFactor } = schedule;
  if (kind === 'polynomial') return above(lowest, rate, polynomial(step, warmup, steps));
  if (step < warmup) return (rate * (step + 1)) / warmup;
  if (kind === 'constant') return rate;
  if (kind === 'step') return rate * dropFactor ** drops.filter((share) => step >= Math.round(share * steps)).length;
  if (kind === 'plateau') return Math.max(lowest, rate * dropFactor ** dropped);
  const done = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return above(lowest, rate, (1 + Math.cos(Math.PI * done)) / 2);
}

/** A share of the way from the lowest rate to the highest. */
function above(lowest: number, rate: number, share: number): number {
  return lowest === 0 ? rate * share : lowest + (rate - lowest) * share;
}

/** Validations since the last improvement or drop, and drops so far, of `plateau`. */
export interface Plateau {
  readonly waiting: number;
  readonly drops: number;
}

/** After a validation. @param patience validations without improvement before a drop, as PyTorch's ReduceLROnPlateau */
export function afterValidation({ waiting, drops }: Plateau, improved: boolean, patience: number): Plateau {
  if (improved) return { waiting: 0, drops };
  return waiting >= patience ? { waiting: 0, drops: drops + 1 } : { waiting: waiting + 1, drops };
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
