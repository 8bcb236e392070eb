/**
 * Applies gradients to the weights: clipping, the update with PyTorch's arithmetic (Adam, Kingma and Ba 2015; AdamW,
 * Loshchilov and Hutter 2019; SGD and RMSprop with momentum), and the running mean of the weights (EMA). It works in
 * place, in memory allocated once per training.
 *
 * The optimizer is a loop and not part of the graph: ONNX Runtime has no fused Adam, and onnxruntime-node copies every
 * session output, three times the weights at each step. A separate session for Adam, in place and in chunks, was not
 * faster on two cores (at least 230 ms against 191 ms for 39.7 million weights).
 */
import type { TrainingSettings } from './settings.js';

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: each step shrinks the weights by this share of the learning rate. */
  readonly weightDecay: number;
}

export const ADAM: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** Running means of a weight's gradient and of its square, as long as the weight. */
export interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/**
 * One update, in place.
 * @param step counted from 1
 */
export function adamUpdate(
  weight: Float32Array,
  gradient: Float32Array,
  { first, second }: Moments,
  step: number,
  learningRate: number,
  { beta1, beta2, epsilon, weightDecay }: AdamOptions = ADAM,
): void {
  const rate = learningRate / (1 - beta1 ** step);
  const scale = 1 / Math.sqrt(1 - beta2 ** step);
  const kept = 1 - learningRate * weightDecay;
  for (let i = 0; i < weight.length; i++) {
    const g = gradient[i];
    const m = first[i] + (1 - beta1) * (g - first[i]);
    const v = beta2 * second[i] + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    weight[i] = kept * weight[i] - (rate * m) / (Math.sqrt(v) * scale + epsilon);
  }
}

interface MomentumOptions {
  readonly momentum: number;
  /** Added to the gradient: this share of the weight. */
  readonly weightDecay: number;
}

/** SGD: `first` is the running sum of gradients. */
function sgdUpdate(
  weight: Float32Array,
  gradient: Float32Array,
  { first }: Moments,
  learningRate: number,
  { momentum, weightDecay }: MomentumOptions,
): void {
  for (let i = 0; i < weight.length; i++) {
    first[i] = momentum * first[i]! + gradient[i]! + weightDecay * weight[i]!;
    weight[i]! -= learningRate * first[i]!;
  }
}

/** How much of the mean of squares stays at each step (PyTorch's `alpha`). */
const RMS_KEPT = 0.99;

/** RMSprop: `second` is the running mean of squared gradients, `first` the running sum of scaled ones. */
function rmspropUpdate(
  weight: Float32Array,
  gradient: Float32Array,
  { first, second }: Moments,
  learningRate: number,
  { momentum, weightDecay }: MomentumOptions,
): void {
  for (let i = 0; i < weight.length; i++) {
    const g = gradient[i]! + weightDecay * weight[i]!;
    second[i] = RMS_KEPT * second[i]! + (1 - RMS_KEPT) * g * g;
    first[i] = momentum * first[i]! + g / (Math.sqrt(second[i]!) + ADAM.epsilon);
    weight[i]! -= learningRate * first[i]!;
  }
}

export type UpdateRule =
  | ({ readonly kind: 'adam' } & AdamOptions)
  | ({ readonly kind: 'sgd' | 'rmsprop' } & MomentumOptions);

/** One update of a weight by a rule. @param step counted from 1 */
function updateWeight(
  weight: Float32Array,
  gradient: Float32Array,
  moments: Moments,
  step: number,
  learningRate: number,
  rule: UpdateRule,
): void {
  if (rule.kind === 'adam') adamUpdate(weight, gradient, moments, step, learningRate, rule);
  else (rule.kind === 'sgd' ? sgdUpdate : rmspropUpdate)(weight, gradient, moments, learningRate, rule);
}

/** The update rule that the settings of a training choose. */
export function ruleOf({
  optimizer,
  momentum,
  weightDecay,
}: Pick<TrainingSettings, 'optimizer' | 'momentum' | 'weightDecay'>): UpdateRule {
  if (optimizer === 'sgd' || optimizer === 'rmsprop') return { kind: optimizer, momentum, weightDecay };
  return { kind: 'adam', ...ADAM, beta1: momentum, weightDecay: optimizer === 'adamw' ? weightDecay : 0 };
}

/** The factor of a weight's learning rate: that of its longest matching name prefix. */
export function rateOf(rates: Readonly<Record<string, number>>): (name: string) => number {
  const longestFirst = Object.entries(rates).sort(([a], [b]) => b.length - a.length);
  return (name) => longestFirst.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 1;
}

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
