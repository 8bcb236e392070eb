/**
 * Forward, loss and backward of one batch as one graph, which a training step runs before the optimizer, and its inputs.
 */
import { SamusError } from '../errors.js';
import { differentiate } from '../graph/differentiate.js';
import { add } from '../graph/ops/elementwise.js';
import { reshape } from '../graph/ops/shape.js';
import { input, type Tensor } from '../graph/tensor.js';
import { float32, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { Losses, ModelConfig, PromptAnswer, PromptedArchitecture } from '../models/architecture.js';
import { imageInput, inputShape, wholeModel } from '../models/graphs.js';
import { architectureOf, promptedOf } from '../models/registry.js';
import { type NoiseInput, type ParameterInfo, Parameters } from '../nn/parameters.js';
import { multiPromptLoss } from './multiPromptLoss.js';
import { objectPresent, presenceLoss } from './presenceLoss.js';
import { type SampleShape, sampleShapes, type TrainingSample } from './trainingSample.js';

/** The prompts and the loss of a batch. */
export type LossRecipe =
  /** One prompt, mask 0, the published loss over the batch. */
  | { readonly kind: 'published' }
  /** Prompts corrected by clicks, three masks for the first, and scores (see multiPromptLoss.ts). */
  | { readonly kind: 'multi-prompt'; readonly rounds: number };

export interface GradientGraphOptions {
  readonly config: ModelConfig;
  readonly batch: number;
  /** Points per prompt, SAM's padding point included. */
  readonly points: number;
  /** Which weights are trained, by name. */
  readonly isTrained: (name: string) => boolean;
  /** Name prefixes of weights to freeze, together with their running statistics. Default: none. */
  readonly freeze?: readonly string[];
  readonly recipe: LossRecipe;
}

export interface GradientGraph {
  /**
   * `loss`, other scalars to watch, `gradient.NAME` for each trained weight, and `update.NAME` with the new value of each
   * buffer that the run updates.
   */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Every weight of the model. */
  readonly parameters: readonly ParameterInfo[];
  /** Weights to train that the loss depends on: inputs of the graph. */
  readonly trained: readonly ParameterInfo[];
  /** Buffers that a run updates: also inputs of the graph. */
  readonly buffers: readonly ParameterInfo[];
  /** Random numbers for dropout: inputs of the graph, new at each run. */
  readonly noise: readonly NoiseInput[];
  /** Whether ONNX Runtime learns the shapes only in a run (see openShapes.ts): less memory. */
  readonly openShapes: boolean;
}

/** Name of the output with the gradient of a weight. */
export function gradientName(weight: string): string {
  return `gradient.${weight}`;
}

/** Name of the output with the new value of a buffer. */
export function updateName(buffer: string): string {
  return `update.${buffer}`;
}

/** Side of `target`: that of the low-resolution logits as published, half of the image's for the multi-prompt recipe. */
export function targetSide(config: ModelConfig, recipe: LossRecipe): number {
  return recipe.kind === 'published' ? architectureOf(config).published.targetSide(config) : config.imageSize / 2;
}

/** The samples of a training on this graph. A network for more than two classes learns the label map, all others one object. */
export function sampleShapeOf(
  config: ModelConfig,
  recipe: LossRecipe,
  { beside, ...settings }: Pick<SampleShape, 'prompts' | 'middleClicks' | 'boxGrowth' | 'beside' | 'augment' | 'seed'>,
): SampleShape {
  const architecture = architectureOf(config);
  const severalClasses = architecture.task === 'classes' && architecture.classes(config) > 2;
  const side = targetSide(config, recipe);
  const published = recipe.kind === 'published';
  return {
    ...inputShape(config),
    ...settings,
    ...(config.objectScore && { beside }),
    targetSide: side,
    target: severalClasses ? 'classes' : published ? 'nearest' : 'share',
    clickNoise: published ? 0 : (recipe.rounds - 1) * side * side,
  };
}

/**
 * Inputs: `image` [B, 1 or 3, imageSize, imageSize], `point_coords` [B, points, 2], `point_labels` [B, points],
 * `mask_input` [B, 1, lowRes, lowRes], `has_mask_input` [B], `target` [B, 1, targetSide, targetSide], for the multi-prompt
 * recipe `click_noise` [B, rounds − 1, targetSide²], and the trained weights by name. A model without prompts has only
 * `image`, `target` and the weights.
 * @throws SamusError TRAIN_NOTHING if no weight is trained, MODEL_PROMPTS for a prompt recipe on a model without prompts
 */
export function gradientGraph(options: GradientGraphOptions): GradientGraph {
  const { config, batch, points, isTrained, freeze = [], recipe } = options;
  const parameters = new Parameters({ mode: 'train', frozen: freeze });
  const side = targetSide(config, recipe);
  const target = input('target', [batch, 1, side, side]);
  const stays = (name: string): boolean => freeze.some((prefix) => name.startsWith(prefix));
  const wanted = (name: string): boolean => isTrained(name) && !stays(name);
  const known = architectureOf(config);
  if (known.task === 'classes' && recipe.kind === 'published') {
    const outputs = known.forward(parameters, config, imageInput(config, batch));
    return trainingGraph(known.published.loss(outputs, reshape(target, [batch, side, side])), parameters, wanted);
  }
  const architecture = promptedOf(config);
  const { prompt, decode } = wholeModel(parameters, config, batch, points);
  const scalars =
    recipe.kind === 'published'
      ? publishedLosses(architecture, decode(prompt), target)
      : multiPromptLoss(decode, prompt, target, config.imageSize, recipe.rounds);
  const graph = trainingGraph(scalars, parameters, wanted);
  // Not for networks without prompts and those with batch norm: ONNX Runtime merges some of their operators if it knows
  // the shapes, and the merged ones round differently.
  return { ...graph, openShapes: !graph.parameters.some(({ name }) => name.endsWith('.running_mean')) };
}

/** The published loss. A model with an object score, which no published model has, also learns the score. */
function publishedLosses({ published }: PromptedArchitecture, answer: PromptAnswer, target: Tensor): Losses {
  const losses = published.loss(answer, target);
  if (!answer.presence) return losses;
  const presence = presenceLoss(answer.presence, objectPresent(target));
  return { ...losses, loss: add(losses.loss, presence), presence };
}

/**
 * The graph of a training step from its loss: adds the backward pass.
 * @param scalars the loss, and other scalars to watch
 * @param parameters all parameters that the loss uses
 * @param isTrained which weights are trained, by name
 * @throws SamusError TRAIN_NOTHING if no weight is trained
 */
export function trainingGraph(
  scalars: Readonly<Record<string, Tensor>> & { readonly loss: Tensor },
  parameters: Parameters,
  isTrained: (name: string) => boolean,
): GradientGraph {
  const all = parameters.list();
  const wanted = all.filter(({ name, buffer }) => !buffer && isTrained(name));
  const tensors = wanted.map(({ tensor }) => tensor);
  const gradients = differentiate(scalars.loss, tensors);
  const outputs: Record<string, Tensor> = { ...scalars };
  const trained = wanted.filter(({ name }, i) => {
    const gradient = gradients[i];
    if (gradient) outputs[gradientName(name)] = gradient;
    return gradient !== undefined;
  });
  if (trained.length === 0) {
    throw new SamusError('TRAIN_NOTHING', 'expected weights to train, got none', 'unfreeze some weights');
  }
  for (const [name, value] of parameters.updates) outputs[updateName(name)] = value;
  const buffers = all.filter(({ name }) => parameters.updates.has(name));
  return { outputs, parameters: all, trained, buffers, noise: parameters.noiseInputs, openShapes: false };
}

/** The inputs of a training graph for one batch, in memory reused for the next batch. */
export class BatchFeeds {
  /** By name, without the weights. */
  readonly tensors: Readonly<Record<string, TensorData<'float32'>>>;

  /**
   * @param batch number of samples
   * @param maskSide side of the mask input, which stays empty because no sample starts from a mask
   */
  constructor(shape: SampleShape, batch: number, maskSide: number) {
    const shapes: Record<string, readonly number[]> = {
      ...sampleShapes(shape),
      mask_input: [1, maskSide, maskSide],
      has_mask_input: [],
    };
    if (shape.clickNoise === 0) delete shapes.click_noise;
    this.tensors = Object.fromEntries(Object.entries(shapes).map(([name, dims]) => [name, zeros([batch, ...dims])]));
  }

  /** Copies a sample to position `at` of the batch. */
  place(sample: TrainingSample, at: number): void {
    for (const [name, values] of Object.entries(sample)) this.tensors[name]?.data.set(values, at * values.length);
  }
}

function zeros(shape: readonly number[]): TensorData<'float32'> {
  return float32(new Float32Array(sizeOf(shape)), shape);
}
