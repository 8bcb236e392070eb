/**
 * One training step as one graph: forward, loss, backward and optimiser.
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
import { ADAM, type AdamOptions, adam, adamSchedule } from './adam.js';
import { type Loss, publishedLoss } from './loss.js';

/** Names of the optimiser's moments of a weight, as inputs and outputs of the step. */
export const momentNames = (weight: string) => ({ first: `adam_first.${weight}`, second: `adam_second.${weight}` });

/** Name under which the step gives the next value of an input that it updates. */
export const nextName = (name: string) => `next.${name}`;

export interface StepGraph {
  /** `loss`, `bce`, `dice`, and `next.NAME` for each trained weight and moment. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Every weight of the model. */
  readonly parameters: readonly ParameterInfo[];
  /** Those that the step updates; they and their moments are inputs. */
  readonly trained: readonly ParameterInfo[];
}

export interface StepOptions {
  readonly config: ModelConfig;
  readonly batch: number;
  /** Points of each prompt, SAM's padding point included. */
  readonly points: number;
  readonly isTrained: (name: string) => boolean;
  readonly optimiser?: AdamOptions;
}

/** The loss of a batch and the gradient of each trained weight. */
export interface GradientGraph {
  readonly loss: Loss;
  readonly gradients: ReadonlyMap<ParameterInfo, Tensor>;
  readonly parameters: readonly ParameterInfo[];
}

/**
 * Inputs: `image` [B, 1 or 3, imageSize, imageSize], `point_coords` [B, points, 2], `point_labels` [B, points],
 * `mask_input` [B, 1, 4g, 4g], `has_mask_input` [B], `target` [B, 1, 4g, 4g].
 * @throws SamusError TRAIN_NOTHING if no weight is to be trained
 */
export function gradientGraph({ config, batch, points, isTrained }: StepOptions): GradientGraph {
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
  const trained = parameters.list().filter(({ name, buffer }) => !buffer && isTrained(name));
  const found = differentiate(
    loss.total,
    trained.map(({ tensor }) => tensor),
  );
  const gradients = new Map(
    trained.flatMap((info, i) => {
      const gradient = found[i];
      return gradient ? [[info, gradient] as const] : [];
    }),
  );
  if (gradients.size > 0) return { loss, gradients, parameters: parameters.list() };
  throw new SamusError('usage', 'TRAIN_NOTHING', 'no weight of this model is to be trained', 'unfreeze some of them');
}

/** The whole step; weights that the loss does not reach are left out. */
export function stepGraph(options: StepOptions): StepGraph {
  const { loss, gradients, parameters } = gradientGraph(options);
  const schedule = adamSchedule();
  const outputs: Record<string, Tensor> = { loss: loss.total, bce: loss.bce, dice: loss.dice };
  for (const [{ name, shape, tensor }, gradient] of gradients) {
    const names = momentNames(name);
    const state = { weight: tensor, first: input(names.first, shape), second: input(names.second, shape) };
    const next = adam(state, gradient, schedule, options.optimiser ?? ADAM);
    outputs[nextName(name)] = next.weight;
    outputs[nextName(names.first)] = next.first;
    outputs[nextName(names.second)] = next.second;
  }
  return { outputs, parameters, trained: [...gradients.keys()] };
}
