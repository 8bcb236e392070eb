/**
 * SAM's mask decoder: from an image embedding and prompts to four masks and their predicted IoU.
 */
import { expand } from '../../graph/ops/broadcasting.js';
import { add, gelu, mul, relu } from '../../graph/ops/elementwise.js';
import { matmul } from '../../graph/ops/matrix.js';
import { sum } from '../../graph/ops/reduce.js';
import { concat, pad, reshape, slice, stack, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convTranspose2d, embedding, layerNorm2d, linear } from '../../nn/layers.js';
import type { Parameters } from '../../nn/parameters.js';
import type { SamSizes } from './config.js';
import type { Detail } from './detailMaps.js';
import { type TwoWayVariant, twoWayTransformer } from './twoWayTransformer.js';

/** One mask for a clear prompt and three for an ambiguous one. */
export const MASKS = 4;

export interface DecoderInputs {
  /** [O or 1, promptDim, tokenGrid, tokenGrid] */
  readonly embedding: Tensor;
  /** [1, promptDim, tokenGrid, tokenGrid] */
  readonly positions: Tensor;
  /** [O, N, promptDim]; none in a model without prompts */
  readonly sparse?: Tensor;
  /** [O, promptDim, tokenGrid, tokenGrid], or broadcast to it */
  readonly dense: Tensor;
  /** [O, N]: added to the attention logits of each prompt token; very negative hides it. */
  readonly sparseBias?: Tensor;
  readonly variant?: TwoWayVariant;
  /** False where no loss reaches the scores. Default true. */
  readonly scored?: boolean;
  /** Masks of an answer; default {@link MASKS}. */
  readonly masks?: number;
  /** Finer maps for the upscaling, of models that have them. */
  readonly detail?: Detail;
}

export interface DecoderOutputs {
  /** Logits [O, masks, 4·tokenGrid, 4·tokenGrid] */
  readonly lowResLogits: Tensor;
  /** [O, masks] */
  readonly iou: Tensor;
  /** Logit of whether the prompted object is there [O, 1]; only with `objectScore` in the configuration */
  readonly presence?: Tensor;
}

/** Layers of the object score's MLP. */
const SCORE_LAYERS = 3;

export function maskDecoder(p: Parameters, config: SamSizes, inputs: DecoderInputs): DecoderOutputs {
  const { promptDim: width, tokenGrid: grid } = config;
  const { masks = MASKS } = inputs;
  // SAM 2's order and names.
  const scoreToken = config.objectScore ? [embedding(p.at('obj_score_token'), 1, width)] : [];
  const others = [embedding(p.at('iou_token'), 1, width), embedding(p.at('mask_tokens'), masks, width)];
  const own = concat([...scoreToken, ...others], 0);
  const first = scoreToken.length;
  const count = first + masks + 1;
  const tokens = allTokens(reshape(own, [1, count, width]), inputs);
  const [q, k] = twoWayTransformer(
    p.at('transformer'),
    tokens,
    imageTokens(add(inputs.embedding, inputs.dense)),
    imageTokens(inputs.positions),
    {
      variant: inputs.variant,
      heads: config.decoderHeads,
      mlp: config.decoderMlp,
      tokenBias: tokenBias(inputs.sparseBias, count),
    },
  );
  const upscaled = upscale(
    p.at('output_upscaling'),
    transpose(reshape(k, [k.shape[0], grid, grid, width]), [0, 3, 1, 2]),
    width,
    inputs.detail,
  );
  const hyper = Array.from({ length: masks }, (_, i) =>
    mlpHead(p.at(`output_hypernetworks_mlps.${i}`), token(q, first + 1 + i), [width, width, width / 8]),
  );
  const side = 4 * grid;
  const flat = reshape(upscaled, [upscaled.shape[0], width / 8, side * side]);
  const logits = matmul(stack(hyper, 1), flat);
  const scores = inputs.scored !== false ? p.at('iou_prediction_head') : p.unused('iou_prediction_head');
  return {
    lowResLogits: reshape(logits, [logits.shape[0], masks, side, side]),
    iou: mlpHead(scores, token(q, first), [config.iouHidden, config.iouHidden, masks]),
    ...(config.objectScore && {
      presence: mlpHead(p.at('pred_obj_score_head'), token(q, 0), [
        ...new Array<number>(SCORE_LAYERS - 1).fill(width),
        1,
      ]),
    }),
  };
}

/** [O, N] → [O, 1, 1, own + N], zero for the decoder's own tokens. */
function tokenBias(sparseBias: Tensor | undefined, own: number): Tensor | undefined {
  if (!sparseBias) return undefined;
  const bias = pad(sparseBias, 1, own, 0);
  return reshape(bias, [bias.shape[0], 1, 1, bias.shape[1]]);
}

/** The decoder's own tokens, for each object, before those of its prompts. @param own [1, T, C] @returns [O, T + N, C] */
function allTokens(own: Tensor, { sparse, embedding }: DecoderInputs): Tensor {
  if (!sparse) return expand(own, [embedding.shape[0], own.size(1), own.size(2)], embedding);
  // A zero for each object, to copy along an axis whose size is known only when running.
  const zeros = mul(sum(sparse, { axes: [1], keepDims: true }), 0);
  return concat([add(own, zeros), sparse], 1);
}

/** @param q [O, T, C] @returns [O, C] */
function token(q: Tensor, index: number): Tensor {
  return reshape(slice(q, 1, index, index + 1), [q.shape[0], q.size(-1)]);
}

/** Four times finer at an eighth of the width. @param x [O, C, g, g] @returns [O, C/8, 4g, 4g] */
function upscale(p: Parameters, x: Tensor, width: number, detail: Detail | undefined): Tensor {
  const finer = (stage: 0 | 1, y: Tensor): Tensor => detail?.added(stage, y) ?? y;
  const twice = finer(0, convTranspose2d(p.at('0'), x, width / 4, { kernel: 2, stride: 2 }));
  const mixed = gelu(layerNorm2d(p.at('1'), twice));
  return gelu(finer(1, convTranspose2d(p.at('3'), mixed, width / 8, { kernel: 2, stride: 2 })));
}

/** @param x [O, C, g, g] @returns [O, g², C] */
function imageTokens(x: Tensor): Tensor {
  return reshape(transpose(x, [0, 2, 3, 1]), [x.shape[0], x.size(2) * x.size(3), x.size(1)]);
}

/** SAM's MLP head: linear layers `layers.0…` with ReLU between, as many as there are sizes. */
function mlpHead(p: Parameters, x: Tensor, sizes: readonly number[]): Tensor {
  return sizes.reduce((y, size, i) => {
    const z = linear(p.at(`layers.${i}`), y, size);
    return i < sizes.length - 1 ? relu(z) : z;
  }, x);
}
