/**
 * The two graphs that a promptable model is deployed as: an encoder run once for an image, a decoder run for each
 * prompt. Inputs and outputs have the names of SAM's public ONNX export.
 */
import { greater, where } from '../graph/ops/elementwise.js';
import { input, type Tensor } from '../graph/tensor.js';
import { type ParameterInfo, Parameters } from '../nn/parameters.js';
import type { ModelConfig } from './config.js';
import { imageEncoder } from './imageEncoder.js';
import { maskDecoder } from './maskDecoder.js';
import { densePositions, densePrompts, sparsePrompts } from './promptEncoder.js';
import { quantisedWeights } from './quantise.js';
import { samusEncoder } from './samusEncoder.js';

export interface ModelGraph {
  /** Results by the names that a session gives them. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The weights that the graph uses. */
  readonly parameters: readonly ParameterInfo[];
}

/** Channels of the encoder's input: SAMUS takes grey, SAM takes RGB. */
export function inputChannels(config: ModelConfig): 1 | 3 {
  return config.architecture === 'samus' ? 1 : 3;
}

/**
 * `image` [1, 1 or 3, imageSize, imageSize] → `image_embeddings` [1, promptDim, tokenGrid, tokenGrid].
 * SAMUS takes grey values in 0…1; SAM takes normalised and padded RGB.
 */
export function encoderGraph(config: ModelConfig): ModelGraph {
  const parameters = new Parameters({ isQuantised: quantisedWeights(config) });
  const image = input('image', [1, inputChannels(config), config.imageSize, config.imageSize]);
  return { outputs: { image_embeddings: encode(parameters, config, image) }, parameters: parameters.list() };
}

/** The encoder of either architecture. @param image [B, 1 or 3, imageSize, imageSize] */
export function encode(parameters: Parameters, config: ModelConfig, image: Tensor): Tensor {
  const p = parameters.at('image_encoder');
  return config.architecture === 'samus' ? samusEncoder(p, config, image) : imageEncoder(p, config, image);
}

/** Large enough to vanish in a softmax, small enough to stay a number in half precision. */
const HIDDEN = -6e4;

/**
 * `image_embeddings` [1, promptDim, g, g], `point_coords` [objects, points, 2], `point_labels` [objects, points],
 * `mask_input` [objects, 1, 4g, 4g], `has_mask_input` [objects] → `low_res_masks` [objects, 4, 4g, 4g],
 * `iou_predictions` [objects, 4]. Coordinates are pixels of the model's input; labels are those of POINT_LABEL.
 */
export function decoderGraph(config: ModelConfig): ModelGraph {
  const parameters = new Parameters();
  const p = parameters.at('prompt_encoder');
  const { promptDim, tokenGrid: grid } = config;
  const labels = input('point_labels', ['objects', 'points']);
  const coords = input('point_coords', ['objects', 'points', 2]);
  const mask = input('mask_input', ['objects', 1, 4 * grid, 4 * grid]);
  const { lowResLogits, iou } = maskDecoder(parameters.at('mask_decoder'), config, {
    embedding: input('image_embeddings', [1, promptDim, grid, grid]),
    positions: densePositions(p, config),
    sparse: sparsePrompts(p, config, coords, labels),
    dense: densePrompts(p, config, mask, input('has_mask_input', ['objects'])),
    sparseBias: where(greater(-1.5, labels), HIDDEN, 0),
  });
  return { outputs: { low_res_masks: lowResLogits, iou_predictions: iou }, parameters: parameters.list() };
}

/** Every weight of a model, by the reference's names. */
export function parametersOf(config: ModelConfig): readonly ParameterInfo[] {
  return [...encoderGraph(config).parameters, ...decoderGraph(config).parameters];
}
