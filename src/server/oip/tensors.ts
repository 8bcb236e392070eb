/**
 * The models of the Open Inference Protocol: for each model of the server an encoder and a decoder, with the tensor
 * names of SAM's public ONNX export. All tensors are FP32.
 */
import { sizeOf } from '../../graph/tensorData.js';
import type { ModelConfig } from '../../models/config.js';
import { inputChannels } from '../../models/graphs.js';
import { MASKS } from '../../models/maskDecoder.js';
import { MAX_BATCH } from '../../predict/segmenter.js';
import type { ModelPart } from '../inference/messages.js';
import type { ServedModel } from '../servedModel.js';
import { MAX_POINTS } from '../settings.js';

/** A dimension of a shape: its size, or the name of one that the client chooses. */
type Dim = number | 'objects' | 'points';

export interface TensorSpec {
  readonly name: string;
  readonly dims: readonly Dim[];
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
export const MAX_DIM = { objects: MAX_BATCH, points: MAX_POINTS } as const;

/** Longest JSON of a number, with what stands between two, as programs print float32 and float64. */
const JSON_BYTES = 26;

export function oipModels({ name, config }: ServedModel): [encoder: OipModel, decoder: OipModel] {
  const { imageSize, promptDim, tokenGrid } = config;
  const side = 4 * tokenGrid;
  const embedding = { name: 'image_embeddings', dims: [1, promptDim, tokenGrid, tokenGrid] };
  return [
    {
      name: `${name}-encoder`,
      model: name,
      part: 'encoder',
      inputs: [{ name: 'image', dims: [1, inputChannels(config), imageSize, imageSize] }],
      outputs: [embedding],
    },
    {
      name: `${name}-decoder`,
      model: name,
      part: 'decoder',
      inputs: [
        embedding,
        { name: 'point_coords', dims: ['objects', 'points', 2] },
        { name: 'point_labels', dims: ['objects', 'points'] },
        { name: 'mask_input', dims: ['objects', 1, side, side] },
        { name: 'has_mask_input', dims: ['objects'] },
      ],
      outputs: [
        { name: 'low_res_masks', dims: ['objects', MASKS, side, side] },
        { name: 'iou_predictions', dims: ['objects', MASKS] },
      ],
    },
  ];
}

/** The shape that metadata has: -1 where the client chooses. */
export function openShape({ dims }: TensorSpec): number[] {
  return dims.map((dim) => (typeof dim === 'number' ? dim : -1));
}

/** Largest JSON of a request to either half of a model, in bytes. */
export function largestJson(config: ModelConfig): number {
  const { imageSize, promptDim, tokenGrid } = config;
  const image = inputChannels(config) * imageSize ** 2;
  const masks = MAX_BATCH * ((4 * tokenGrid) ** 2 + 3 * MAX_POINTS);
  return JSON_BYTES * Math.max(image, sizeOf([promptDim, tokenGrid, tokenGrid]) + masks) + 65_536;
}
