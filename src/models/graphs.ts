/**
 * The deployed graphs of a model, by part. A promptable model has an `encoder`, run once per image, and a `decoder`, run
 * for each prompt, with inputs and outputs named as in SAM's public ONNX export; a model for classes is one `network`.
 */
import type { Dim } from '../graph/dims.js';
import { greater, where } from '../graph/ops/elementwise.js';
import { ancestors, input, type Tensor } from '../graph/tensor.js';
import type { StateDict } from '../graph/tensorData.js';
import { type ParameterInfo, Parameters } from '../nn/parameters.js';
import type { Architecture, ModelConfig, ModelGraph, PromptAnswer, PromptInputs } from './architecture.js';
import { ABSENT_BELOW, type ImageFrame, type InputShape, inputDims, shownSize } from './imageFrame.js';
import { architectureOf, classesOf, preprocessingOf, promptedOf } from './registry.js';

/** The input of a model. */
export function inputShape(config: ModelConfig): InputShape {
  return { preprocessing: preprocessingOf(config), imageSize: config.imageSize };
}

/** Where an image of this size lies in the model's square. @param width in pixels @param height in pixels */
export function frameOf(config: ModelConfig, width: number, height: number): ImageFrame {
  const shape = inputShape(config);
  return { logitSide: logitSide(config), ...shape, width, height, ...shownSize(shape, width, height) };
}

/**
 * The graphs of a model by part, in the order of execution; calling one builds it.
 * @param batch images at a time
 */
export function partsOf(config: ModelConfig, batch: Dim = 1): ReadonlyMap<string, () => ModelGraph> {
  if (architectureOf(config).task === 'classes') return new Map([['network', () => networkGraph(config, batch)]]);
  return new Map([
    ['encoder', () => encoderGraph(config, batch)],
    ['decoder', () => decoderGraph(config)],
  ]);
}

/**
 * `image` [batch, channels, imageSize, imageSize], preprocessed as the architecture says → `image_embeddings`.
 * @throws SamusError MODEL_PROMPTS for a model without prompts
 */
export function encoderGraph(config: ModelConfig, batch: Dim = 1): ModelGraph {
  const architecture = promptedOf(config);
  const parameters = parametersFor(architecture, config);
  const image = imageInput(config, batch);
  return {
    inputs: { image },
    outputs: { image_embeddings: architecture.encode(parameters, config, image) },
    parameters: parameters.list(),
  };
}

/** Large enough to vanish in a softmax, small enough to be finite in half precision. */
export const HIDDEN = -6e4;

interface DecoderOptions {
  /** Whether each prompt has an image embedding of its own, [objects, …]. Default: all are about one. */
  readonly embeddings?: boolean;
}

/**
 * `image_embeddings` [1, …], `point_coords` [objects, points, 2], `point_labels` [objects, points], `mask_input`
 * [objects, 1, lowRes, lowRes], `has_mask_input` [objects] → `low_res_masks` [objects, masks, lowRes, lowRes],
 * `iou_predictions` [objects, masks], and with an object score `object_score_logits` [objects, 1]. Inputs that the model does
 * not use are left out. Coordinates are pixels of the model's input; labels are those of POINT_LABEL.
 * @throws SamusError MODEL_PROMPTS for a model without prompts
 */
export function decoderGraph(config: ModelConfig, { embeddings = false }: DecoderOptions = {}): ModelGraph {
  const architecture = promptedOf(config);
  const parameters = parametersFor(architecture, config);
  const objects = architecture.oneObject && !embeddings ? 1 : 'objects';
  const embedding = input('image_embeddings', [embeddings ? objects : 1, ...architecture.shapes(config).embedding]);
  const prompt = promptInputs(config, objects, 'points');
  const bias = where(greater(ABSENT_BELOW, prompt.labels), HIDDEN, 0);
  const { lowResLogits, iou, presence } = architecture.decoder(parameters, config, embedding)({ ...prompt, bias });
  const inputs = {
    image_embeddings: embedding,
    point_coords: prompt.coords,
    point_labels: prompt.labels,
    mask_input: prompt.mask,
    has_mask_input: prompt.hasMask,
  };
  const outputs = {
    low_res_masks: lowResLogits,
    iou_predictions: iou,
    ...(presence && { object_score_logits: presence }),
  };
  // A model without mask prompts has no input for them.
  const used = new Set(ancestors([lowResLogits, iou]));
  const taken = Object.entries(inputs).filter(([, tensor]) => used.has(tensor));
  return { inputs: Object.fromEntries(taken), outputs, parameters: parameters.list() };
}

/** The inputs for prompts, named as in SAM's public ONNX export. */
function promptInputs(config: ModelConfig, objects: Dim, points: Dim): PromptInputs {
  const side = logitSide(config);
  return {
    coords: input('point_coords', [objects, points, 2]),
    labels: input('point_labels', [objects, points]),
    mask: input('mask_input', [objects, 1, side, side]),
    hasMask: input('has_mask_input', [objects]),
  };
}

/**
 * Encoder and decoder of a promptable model as one graph, for training and validation, with one prompt for each image. The
 * images are the input `image` [batch, channels, imageSize, imageSize].
 * @param points of each prompt
 * @returns `prompt`: inputs for prompts as in {@link decoderGraph}; `decode`: the answer to a prompt, to be called for each
 */
export function wholeModel(
  parameters: Parameters,
  config: ModelConfig,
  batch: number,
  points: number,
): { readonly prompt: PromptInputs; readonly decode: (prompt: PromptInputs) => PromptAnswer } {
  const architecture = promptedOf(config);
  const embedding = architecture.encode(parameters, config, imageInput(config, batch));
  return {
    prompt: promptInputs(config, batch, points),
    decode: architecture.decoder(parameters, config, embedding),
  };
}

/**
 * `image` [batch, channels, imageSize, imageSize] → `logits` [batch, classes, imageSize, imageSize].
 * @throws SamusError MODEL_CLASSES for a promptable model
 */
export function networkGraph(config: ModelConfig, batch: Dim = 1): ModelGraph {
  const architecture = classesOf(config);
  const parameters = parametersFor(architecture, config);
  const image = imageInput(config, batch);
  const { logits } = architecture.forward(parameters, config, image);
  return { inputs: { image }, outputs: { logits }, parameters: parameters.list() };
}

/** Side of a model's logits. */
export function logitSide(config: ModelConfig): number {
  const architecture = architectureOf(config);
  return architecture.task === 'prompted' ? architecture.shapes(config).lowRes : config.imageSize;
}

/** Every weight of a model, by the reference's names; its start is the authors'. */
export function parametersOf(config: ModelConfig): readonly ParameterInfo[] {
  const { published } = architectureOf(config);
  const declared = [...partsOf(config).values()].flatMap((graph) => graph().parameters);
  if (!published.initial) return declared;
  return declared.map((info) => ({
    ...info,
    initialisation: (info.buffer ? undefined : published.initial?.(info.name, info.shape)) ?? info.initialisation,
  }));
}

/** The weights of a model, divided among its graphs. A network for classes counts as an encoder. */
export function weightsByPart(config: ModelConfig, tensors: StateDict): { encoder: StateDict; decoder: StateDict } {
  if (architectureOf(config).task === 'classes') return { encoder: tensors, decoder: new Map() };
  // The decoder's graph is fast to build.
  const names = new Set(decoderGraph(config).parameters.map(({ name }) => name));
  const part = (decoder: boolean) => new Map([...tensors].filter(([name]) => names.has(name) === decoder));
  return { encoder: part(false), decoder: part(true) };
}

/** `image` [batch, channels, imageSize, imageSize] */
export function imageInput(config: ModelConfig, batch: Dim = 1): Tensor {
  return input('image', [batch, ...inputDims(inputShape(config))]);
}

export function parametersFor(architecture: Architecture, { quantisation }: ModelConfig): Parameters {
  const isQuantised = (name: string): boolean => quantisation === 'int8' && architecture.isQuantisable?.(name) === true;
  return new Parameters({ isQuantised });
}
