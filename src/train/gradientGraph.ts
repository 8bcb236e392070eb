/**
 * Forward, loss and backward of one batch as one graph: what a training step runs before the optimiser.
 */
import { SamusError } from '../errors.js';
import { differentiate } from '../graph/differentiate.js';
import { slice } from '../graph/ops/shape.js';
import { input, type Tensor } from '../graph/tensor.js';
import type { ModelConfig } from '../models/config.js';
import { encode, inputChannels } from '../models/graphs.js';
import { maskDecoder } from '../models/maskDecoder.js';
import { densePositions, densePrompts, sparsePrompts } from '../models/promptEncoder.js';
import { type ParameterInfo, Parameters } from '../nn/parameters.js';
import { publishedLoss } from './loss.js';

export interface GradientGraphOptions {
  readonly config: ModelConfig;
  readonly batch: number;
  /** Points of each prompt, SAM's padding point included. */
  readonly points: number;
  /** Which weights are trained, by name. */
  readonly isTrained: (name: string) => boolean;
}

export interface GradientGraph {
  /** `loss`, `bce`, `dice`, and `gradient.NAME` for each trained weight. */
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

/**
 * Inputs: `image` [B, 1 or 3, imageSize, imageSize], `point_coords` [B, points, 2], `point_labels` [B, points],
 * `mask_input` [B, 1, 4g, 4g], `has_mask_input` [B], `target` [B, 1, 4g, 4g], and the trained weights by their names.
 * @throws SamusError TRAIN_NOTHING if no weight is to be trained
 */
export function gradientGraph({ config, batch, points, isTrained }: GradientGraphOptions): GradientGraph {
  const parameters = new Parameters();
  const side = 4 * config.tokenGrid;
  const image = input('image', [batch, inputChannels(config), config.imageSize, config.imageSize]);
  const prompt = parameters.at('prompt_encoder');
  const coords = input('point_coords', [batch, points, 2]);
  const mask = input('mask_input', [batch, 1, side, side]);
  const { lowResLogits } = maskDecoder(parameters.at('mask_decoder'), config, {
    embedding: encode(parameters, config, image),
    positions: densePositions(prompt, config),
    sparse: sparsePrompts(prompt, config, coords, input('point_labels', [batch, points])),
    dense: densePrompts(prompt, config, mask, input('has_mask_input', [batch])),
  });
  const loss = publishedLoss(slice(lowResLogits, 1, 0, 1), input('target', [batch, 1, side, side]));
  const wanted = parameters.list().filter(({ name, buffer }) => !buffer && isTrained(name));
  const gradients = differentiate(
    loss.total,
    wanted.map(({ tensor }) => tensor),
  );
  const outputs: Record<string, Tensor> = { loss: loss.total, bce: loss.bce, dice: loss.dice };
  const trained = wanted.filter(({ name }, i) => {
    const gradient = gradients[i];
    if (gradient) outputs[gradientName(name)] = gradient;
    return gradient !== undefined;
  });
  if (trained.length > 0) return { outputs, parameters: parameters.list(), trained };
  throw new SamusError('usage', 'TRAIN_NOTHING', 'no weight of this model is to be trained', 'unfreeze some of them');
}
