/**
 * The models of the Open Inference Protocol: for each model of the server an encoder and a decoder, with the tensor
 * names of SAM's public ONNX export; for a network for classes one, `image` → `logits`. All tensors are FP32.
 */
import type { Shape } from '../../graph/dims.js';
import { sizeOf } from '../../graph/tensorData.js';
import type { ModelConfig, ModelGraph } from '../../models/architecture.js';
import { decoderGraph, encoderGraph, inputShape, networkGraph } from '../../models/graphs.js';
import { architectureOf } from '../../models/registry.js';
import { MAX_BATCH } from '../../predict/segmenter.js';
import type { ModelPart } from '../inference/messages.js';
import type { ServedModel } from '../servedModel.js';
import { MAX_POINTS } from '../settings.js';

/** The one version that each model of the protocol has here. */
export const VERSION = '1';

export interface TensorSpec {
  readonly name: string;
  /** Sizes; a name is a dimension that the client chooses. */
  readonly dims: Shape;
}

export interface OipModel {
  /** As clients name it. */
  readonly name: string;
  readonly model: string;
  readonly part: ModelPart;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Most that a client may choose: the decoder runs once for all objects of a request. */
export const MAX_DIM: Readonly<Record<string, number>> = { objects: MAX_BATCH, points: MAX_POINTS };

/** Longest JSON of a number, with what stands between two, as programs print float32 and float64. */
const JSON_BYTES = 26;

export function oipModels({ name, config }: ServedModel): OipModel[] {
  if (architectureOf(config).task === 'classes')
    return [{ name, model: name, part: 'encoder', ...tensorsOf(networkGraph(config)) }];
  return [
    { name: `${name}-encoder`, model: name, part: 'encoder', ...tensorsOf(encoderGraph(config)) },
    { name: `${name}-decoder`, model: name, part: 'decoder', ...tensorsOf(decoderGraph(config)) },
  ];
}

function tensorsOf({ inputs, outputs }: ModelGraph): Pick<OipModel, 'inputs' | 'outputs'> {
  const specs = (tensors: ModelGraph['inputs']): TensorSpec[] =>
    Object.entries(tensors).map(([name, { shape }]) => ({ name, dims: shape }));
  return { inputs: specs(inputs), outputs: specs(outputs) };
}

/** The shape that metadata has: -1 where the client chooses. */
export function openShape({ dims }: TensorSpec): number[] {
  return dims.map((dim) => (typeof dim === 'number' ? dim : -1));
}

/** Largest JSON of a request to a model, in bytes. */
export function largestJson(config: ModelConfig): number {
  const architecture = architectureOf(config);
  const image = inputShape(config).preprocessing.channels * config.imageSize ** 2;
  const { embedding, lowRes } =
    architecture.task === 'prompted' ? architecture.shapes(config) : { embedding: [], lowRes: 0 };
  const masks = MAX_BATCH * (lowRes ** 2 + 3 * MAX_POINTS);
  return JSON_BYTES * Math.max(image, sizeOf(embedding) + masks) + 65_536;
}
