/**
 * Adam (Kingma and Ba 2015) as a graph: from a weight, its gradient and its moments to the next ones, as PyTorch does it.
 */
import { add, div, mul, sqrt, sub } from '../graph/ops/elementwise.js';
import { input, type Tensor } from '../graph/tensor.js';
import { float32, type TensorData } from '../graph/tensorData.js';

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled (AdamW): the share of the learning rate by which weights shrink at each step. */
  readonly weightDecay: number;
}

export const ADAM: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** Numbers that change from step to step, fed as inputs of the graph. */
export interface AdamSchedule {
  readonly learningRate: Tensor;
  /** 1 − beta1^step */
  readonly correction1: Tensor;
  /** √(1 − beta2^step) */
  readonly correction2: Tensor;
}

export function adamSchedule(): AdamSchedule {
  return {
    learningRate: input('learning_rate', []),
    correction1: input('adam_correction1', []),
    correction2: input('adam_correction2', []),
  };
}

/** The feeds of {@link adamSchedule} for a step counted from 1. */
export function adamFeeds(step: number, learningRate: number, options: AdamOptions = ADAM): Record<string, TensorData> {
  return {
    learning_rate: float32([learningRate], []),
    adam_correction1: float32([1 - options.beta1 ** step], []),
    adam_correction2: float32([Math.sqrt(1 - options.beta2 ** step)], []),
  };
}

export interface AdamState {
  readonly weight: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

/** One update of one weight. */
export function adam(
  state: AdamState,
  gradient: Tensor,
  schedule: AdamSchedule,
  options: AdamOptions = ADAM,
): AdamState {
  const { beta1, beta2, epsilon, weightDecay } = options;
  const first = add(mul(state.first, beta1), mul(gradient, 1 - beta1));
  const second = add(mul(state.second, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const step = div(schedule.learningRate, schedule.correction1);
  const change = div(mul(first, step), add(div(sqrt(second), schedule.correction2), epsilon));
  const kept = weightDecay === 0 ? state.weight : mul(state.weight, sub(1, mul(schedule.learningRate, weightDecay)));
  return { weight: sub(kept, change), first, second };
}
