/**
 * Forward, loss and backward of one batch as one graph: what a training step runs before the optimiser.
 */
import { SamusError } from '../errors.js';
import { differentiate } from '../graph/differentiate.js';
import { input, type Tensor } from '../graph/tensor.js';
import type { ModelConfig } from '../models/config.js';
import { encode, inputChannels } from '../models/graphs.js';
import { type ParameterInfo, Parameters } from '../nn/parameters.js';
import { multiPromptLoss } from './multiPromptLoss.js';
import { type Decode, type PromptInputs, promptedDecoder } from './promptedDecoder.js';
import { publishedLoss } from './publishedLoss.js';

/** How a batch is prompted and judged. */
export type Recipe =
  /** One prompt, mask 0, the published loss over the batch. */
  | { readonly kind: 'published' }
  /** Prompts corrected by clicks, three masks for the first, and scores (see multiPromptLoss.ts). */
  | { readonly kind: 'multi-prompt'; readonly rounds: number };

export interface GradientGraphOptions {
  readonly config: ModelConfig;
  readonly batch: number;
  /** Points of each prompt, SAM's padding point included. */
  readonly points: number;
  /** Which weights are trained, by name. */
  readonly isTrained: (name: string) => boolean;
  readonly recipe: Recipe;
}

export interface GradientGraph {
  /** `loss`, other scalars to watch, and `gradient.NAME` for each trained weight. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Every weight of the model. */
  readonly parameters: readonly ParameterInfo[];
  /** Those that the loss reaches and that are to be trained: inputs of the graph. */
  readonly trained: readonly ParameterInfo[];
}

/** Name of the output that holds the gradient of a weight. */
export function gradientName(weight: string): string {
  return `gradient.${weight}`;
}

/** Side of `target`: the low-resolution logits' as published, half of the image's for the multi-prompt recipe. */
export function targetSide(config: ModelConfig, recipe: Recipe): number {
  return recipe.kind === 'published' ? 4 * config.tokenGrid : config.imageSize / 2;
}

/**
 * Inputs: `image` [B, 1 or 3, imageSize, imageSize], `point_coords` [B, points, 2], `point_labels` [B, points],
 * `mask_input` [B, 1, 4g, 4g], `has_mask_input` [B], `target` [B, 1, targetSide, targetSide], for the multi-prompt recipe
 * `click_noise` [B, rounds − 1, targetSide²], and the trained weights by their names.
 * @throws SamusError TRAIN_NOTHING if no weight is to be trained
 */
export function gradientGraph({ config, batch, points, isTrained, recipe }: GradientGraphOptions): GradientGraph {
  const parameters = new Parameters();
  const [low, side] = [4 * config.tokenGrid, targetSide(config, recipe)];
  const image = input('image', [batch, inputChannels(config), config.imageSize, config.imageSize]);
  const decode: Decode = promptedDecoder(parameters, config, encode(parameters, config, image));
  const prompt: PromptInputs = {
    coords: input('point_coords', [batch, points, 2]),
    labels: input('point_labels', [batch, points]),
    mask: input('mask_input', [batch, 1, low, low]),
    hasMask: input('has_mask_input', [batch]),
  };
  const target = input('target', [batch, 1, side, side]);
  const scalars =
    recipe.kind === 'published'
      ? publishedLoss(decode, prompt, target)
      : multiPromptLoss(decode, prompt, target, config.imageSize, recipe.rounds);
  const wanted = parameters.list().filter(({ name, buffer }) => !buffer && isTrained(name));
  const tensors = wanted.map(({ tensor }) => tensor);
  const gradients = differentiate(scalars.loss, tensors);
  const outputs: Record<string, Tensor> = { ...scalars };
  const trained = wanted.filter(({ name }, i) => {
    const gradient = gradients[i];
    if (gradient) outputs[gradientName(name)] = gradient;
    return gradient !== undefined;
  });
  if (trained.length > 0) return { outputs, parameters: parameters.list(), trained };
  throw new SamusError('TRAIN_NOTHING', 'no weight of this model is to be trained', 'unfreeze some of them');
}
