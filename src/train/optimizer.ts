/**
 * Applies gradients to the weights: clipping, the update, and the running mean of the weights (EMA). It works in place,
 * in memory allocated once per training. updateRules.ts has the arithmetic of one weight.
 */
import { type Moments, type UpdateRule, updateWeight } from './updateRules.js';

export interface OptimizerOptions {
  readonly rule: UpdateRule;
  /** Largest norm of all gradients together; above it they are scaled down. Null: no clipping. */
  readonly clip: number | null;
  /** Decay of the running mean of the weights, such as 0.999. Null: no running mean. */
  readonly ema: number | null;
  /** Factor of the learning rate of a weight. */
  readonly rateOf: (name: string) => number;
}

/** The optimizer state of one weight. */
export interface WeightState extends Moments {
  readonly weight: Float32Array;
  /** The running mean of the weight, if used. */
  readonly mean?: Float32Array;
}

export class Optimizer {
  /**
   * @param states by weight name; updated in place
   * @param step number of updates made before
   */
  constructor(
    readonly states: ReadonlyMap<string, WeightState>,
    private readonly options: OptimizerOptions,
    private step = 0,
  ) {}

  /**
   * Updates all weights once.
   * @param gradients by weight name; clipping scales them in place
   * @param norm of all gradients, if already known
   * @returns the norm before clipping; if it is not finite, nothing is updated
   */
  update(
    gradients: ReadonlyMap<string, Float32Array>,
    learningRate: number,
    norm = globalNorm(gradients.values()),
  ): number {
    const { clip, rule, ema, rateOf } = this.options;
    if (!Number.isFinite(norm)) return norm;
    const scale = clip !== null && norm > clip ? clip / norm : 1;
    this.step++;
    for (const [name, state] of this.states) {
      const gradient = gradients.get(name)!;
      if (scale !== 1) for (let i = 0; i < gradient.length; i++) gradient[i]! *= scale;
      updateWeight(state.weight, gradient, state, this.step, learningRate * rateOf(name), rule);
      if (ema !== null && state.mean) follow(state.mean, state.weight, meanDecay(ema, this.step));
    }
    return norm;
  }
}

/** New optimizer state for the weights to train; uses the weights without copying them. */
export function freshStates(weights: ReadonlyMap<string, Float32Array>, ema: boolean): Map<string, WeightState> {
  return new Map(
    [...weights].map(([name, weight]) => {
      const moments = { first: new Float32Array(weight.length), second: new Float32Array(weight.length) };
      return [name, { weight, ...moments, ...(ema && { mean: weight.slice() }) }];
    }),
  );
}

/** Early on, the mean decays faster, so that the initial weights do not linger in it. */
function meanDecay(ema: number, step: number): number {
  return Math.min(ema, (1 + step) / (10 + step));
}

function follow(mean: Float32Array, weight: Float32Array, decay: number): void {
  const share = 1 - decay;
  for (let i = 0; i < mean.length; i++) mean[i]! += share * (weight[i]! - mean[i]!);
}

/** Root of the sum of all squares. */
export function globalNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0;
  for (const gradient of gradients) {
    let part = 0;
    for (let i = 0; i < gradient.length; i++) part += gradient[i]! * gradient[i]!;
    sum += part;
  }
  return Math.sqrt(sum);
}
