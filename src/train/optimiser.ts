/**
 * What happens to the weights once their gradients are there: clipping, the update, running mean of the weights. All
 * of it in place, in memory that lives as long as the training; the arithmetic of one weight is in updateRules.ts.
 */
import { type Moments, type UpdateRule, updateWeight } from './updateRules.js';

export interface OptimiserOptions {
  readonly rule: UpdateRule;
  /** Largest norm of all gradients together; above it they are scaled down. Null: they stay as they are. */
  readonly clip: number | null;
  /** How much of the running mean of the weights stays at each step, such as 0.999. Null: no mean is kept. */
  readonly ema: number | null;
  /** What the learning rate of a weight is multiplied by. */
  readonly rateOf: (name: string) => number;
}

/** What a training remembers of each weight. */
export interface WeightState extends Moments {
  readonly weight: Float32Array;
  /** The running mean of the weight, where one is kept. */
  readonly mean?: Float32Array;
}

export class Optimiser {
  /**
   * @param states by the name of the weight; updated in place
   * @param step how many updates have been made
   */
  constructor(
    readonly states: ReadonlyMap<string, WeightState>,
    private readonly options: OptimiserOptions,
    private step = 0,
  ) {}

  /**
   * One update of all weights.
   * @param gradients of every weight by its name; scaled in place where they are clipped
   * @param norm of all gradients, where it is known already
   * @returns the norm before clipping; if it is not finite, nothing was updated
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

/** Fresh memory for weights that are to be trained; the weights themselves are taken over, not copied. */
export function freshStates(weights: ReadonlyMap<string, Float32Array>, ema: boolean): Map<string, WeightState> {
  return new Map(
    [...weights].map(([name, weight]) => {
      const moments = { first: new Float32Array(weight.length), second: new Float32Array(weight.length) };
      return [name, { weight, ...moments, ...(ema && { mean: weight.slice() }) }];
    }),
  );
}

/** A young mean forgets faster, or the random weights of the start would stay in it for long. */
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
