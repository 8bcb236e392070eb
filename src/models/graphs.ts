/**
 * The deployed graphs of a model, by part. A promptable model has an `encoder`, run once per image, and a `decoder`, run
 * for each prompt, with inputs and outputs named as in SAM's public ONNX export; a model for classes is one `network`.
 */
import { greater, where } from '../graph/ops/elementwise.js';
import { ancestors, input, type Tensor } from '../graph/tensor.js';
import type { StateDict } from '../graph/tensorData.js';
import { type ParameterInfo, Parameters } from '../nn/parameters.js';
import type { Architecture, ModelConfig, ModelGraph } from './architecture.js';
import type { Preprocessing } from './preprocessing.js';
import { architectureOf, classesOf, promptedOf } from './registry.js';

/** How an image becomes the input of a model. */
export function preprocessingOf(config: ModelConfig): Preprocessing {
  return architectureOf(config).preprocessing(config);
}

/** Channels of the input. */
export function inputChannels(config: ModelConfig): 1 | 3 {
  return preprocessingOf(config).channels;
}

/** The graphs of a model by part, in the order of execution; calling one builds it. */
export function partsOf(config: ModelConfig): ReadonlyMap<string, () => ModelGraph> {
  if (architectureOf(config).task === 'classes') return new Map([['network', () => networkGraph(config)]]);
  return new Map([
    ['encoder', () => encoderGraph(config)],
    ['decoder', () => decoderGraph(config)],
  ]);
}

/**
 * `image` [1, channels, imageSize, imageSize], preprocessed as the architecture says → `image_embeddings`.
 * @throws SamusError MODEL_PROMPTS for a model without prompts
 */
export function encoderGraph(config: ModelConfig): ModelGraph {
  const architecture = promptedOf(config);
  const parameters = parametersFor(architecture, config);
  const image = imageInput(config);
  return {
    inputs: { image },
    outputs: { image_embeddings: architecture.encode(parameters, config, image) },
    parameters: parameters.list(),
  };
}

/** Large enough to vanish in a softmax, small enough to be finite in half precision. */
const HIDDEN = -6e4;

/**
 * `image_embeddings` [1, …], `point_coords` [objects, points, 2], `point_labels` [objects, points], `mask_input`
 * [objects, 1, lowRes, lowRes], `has_mask_input` [objects] → `low_res_masks` [objects, masks, lowRes, lowRes],
 * `iou_predictions` [objects, masks], without the inputs that the model does not use. Coordinates are pixels of the model's input; labels are those of POINT_LABEL.
 * @throws SamusError MODEL_PROMPTS for a model without prompts
 */
export function decoderGraph(config: ModelConfig): ModelGraph {
  const architecture = promptedOf(config);
  const parameters = parametersFor(architecture, config);
  const { embedding, lowRes } = architecture.shapes(config);
  const inputs = {
    image_embeddings: input('image_embeddings', [1, ...embedding]),
    point_coords: input('point_coords', ['objects', 'points', 2]),
    point_labels: input('point_labels', ['objects', 'points']),
    mask_input: input('mask_input', ['objects', 1, lowRes, lowRes]),
    has_mask_input: input('has_mask_input', ['objects']),
  };
  const { lowResLogits, iou } = architecture.decoder(
    parameters,
    config,
    inputs.image_embeddings,
  )({
    coords: inputs.point_coords,
    labels: inputs.point_labels,
    mask: inputs.mask_input,
    hasMask: inputs.has_mask_input,
    bias: where(greater(-1.5, inputs.point_labels), HIDDEN, 0),
  });
  const outputs = { low_res_masks: lowResLogits, iou_predictions: iou };
  // A model without mask prompts has no input for them.
  const used = new Set(ancestors([lowResLogits, iou]));
  const taken = Object.entries(inputs).filter(([, tensor]) => used.has(tensor));
  return { inputs: Object.fromEntries(taken), outputs, parameters: parameters.list() };
}

/**
 * `image` [1, channels, imageSize, imageSize] → `logits` [1, classes, imageSize, imageSize].
 * @throws SamusError MODEL_CLASSES for a promptable model
 */
export function networkGraph(config: ModelConfig): ModelGraph {
  const architecture = classesOf(config);
  const parameters = parametersFor(architecture, config);
  const image = imageInput(config);
  const { logits } = architecture.forward(parameters, config, image);
  return { inputs: { image }, outputs: { logits }, parameters: parameters.list() };
}

/** Side of a model's logits. */
export function logitSide(config: ModelConfig): number {
  const architecture = architectureOf(config);
  return architecture.task === 'prompted' ? architecture.shapes(config).lowRes : config.imageSize;
}

/** Every weight of a model, by the reference's names. */
export function parametersOf(config: ModelConfig): readonly ParameterInfo[] {
  return [...partsOf(config).values()].flatMap((graph) => graph().parameters);
}

/** The weights of a promptable model, divided among its graphs. @throws SamusError MODEL_PROMPTS */
export function weightsByPart(config: ModelConfig, tensors: StateDict): { encoder: StateDict; decoder: StateDict } {
  // The decoder's graph is fast to build.
  const names = new Set(decoderGraph(config).parameters.map(({ name }) => name));
  const part = (decoder: boolean) => new Map([...tensors].filter(([name]) => names.has(name) === decoder));
  return { encoder: part(false), decoder: part(true) };
}

function imageInput(config: ModelConfig): Tensor {
  return input('image', [1, inputChannels(config), config.imageSize, config.imageSize]);
}

function parametersFor(architecture: Architecture, { quantisation }: ModelConfig): Parameters {
  const isQuantised = (name: string): boolean => quantisation === 'int8' && architecture.isQuantisable?.(name) === true;
  return new Parameters({ isQuantised });
}
