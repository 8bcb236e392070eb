/**
 * Updates one weight in place with PyTorch's arithmetic: Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019),
 * SGD with momentum, RMSprop with momentum.
 *
 * The optimizer is a loop and not part of the graph: ONNX Runtime has no fused Adam, and onnxruntime-node copies every
 * session output, three times the weights at each step. A separate session for Adam, in place and in chunks, was not
 * faster on two cores (at least 230 ms against 191 ms for 39.7 million weights).
 */
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
export function updateWeight(
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
