/**
 * SAM's decoder, which the models built on SAM share: from an image embedding and prompts to four masks and their
 * predicted IoU. It consists of the mask decoder and its two-way transformer; promptEncoder.ts encodes the prompts.
 */
import { attend } from '../../graph/ops/attention.js';
import { expand } from '../../graph/ops/broadcasting.js';
import { add, gelu, mul, relu } from '../../graph/ops/elementwise.js';
import { matmul } from '../../graph/ops/matrix.js';
import { sum } from '../../graph/ops/reduce.js';
import { concat, pad, reshape, slice, stack, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convTranspose2d, embedding, layerNorm, layerNorm2d, linear, mlpBlock } from '../../nn/layers.js';
import type { Parameters } from '../../nn/parameters.js';
import type { PromptAnswer, PromptedArchitecture, PromptInputs } from '../architecture.js';
import type { SamSizes } from './config.js';
import { DETAIL_CHANNELS, type Detail, unpackedDetail } from './detailMaps.js';
import { densePositions, densePrompts, sparsePrompts } from './promptEncoder.js';

/** One mask for a clear prompt and three for an ambiguous one. */
export const MASKS = 4;

/** SAM's transformer, or that of EfficientSAM, which keeps positions in its tokens and names its MLP otherwise. */
export type TwoWayVariant = 'sam' | 'efficient-sam';

type Decoding = Pick<PromptedArchitecture<SamSizes>, 'task' | 'prompts' | 'shapes' | 'decoder' | 'describe'>;

export const SAM_DECODING: Decoding = {
  task: 'prompted',
  prompts: ['points', 'box', 'mask'],

  shapes({ promptDim, tokenGrid: grid, detail }) {
    return { embedding: [promptDim + (detail ? DETAIL_CHANNELS : 0), grid, grid], lowRes: 4 * grid, masks: MASKS };
  },

  decoder: samDecoder,

  describe({ tokenGrid: grid, dim, depth }) {
    return `${grid} x ${grid} tokens of ${dim}, ${depth} blocks`;
  },
};

/** Answers prompts with SAM's prompt encoder and mask decoder. */
export function samDecoder(
  parameters: Parameters,
  config: SamSizes,
  embedding: Tensor,
  variant: TwoWayVariant = 'sam',
): (prompt: PromptInputs) => PromptAnswer {
  const p = parameters.at('prompt_encoder');
  const positions = densePositions(p, config);
  const decoder = parameters.at('mask_decoder');
  const parts = config.detail ? unpackedDetail(decoder, embedding, config.promptDim, config.tokenGrid) : { embedding };
  return ({ coords, labels, mask, hasMask, bias }) =>
    maskDecoder(decoder, config, {
      ...parts,
      positions,
      sparse: p.mark('sparse', sparsePrompts(p, config, coords, labels)),
      dense: densePrompts(p, config, mask, hasMask),
      ...(bias && { sparseBias: bias }),
      variant,
    });
}

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

/** Epsilon of the decoder's norms: PyTorch's default, unlike the encoder's. */
const EPSILON = 1e-5;
const DEPTH = 2;

interface TwoWayOptions {
  /** Default `sam`. */
  readonly variant?: TwoWayVariant | undefined;
  readonly heads: number;
  readonly mlp: number;
  /** Added to the logits wherever tokens are attended to, [O, 1, 1, T]: hides the absent ones. */
  readonly tokenBias?: Tensor | undefined;
}

/**
 * Prompt tokens and image tokens attend to each other, twice.
 * @param tokens [O, T, C]
 * @param image image tokens [O, N, C]
 * @param positions of the image tokens [1, N, C]
 * @returns the tokens and the image tokens, changed
 */
function twoWayTransformer(
  p: Parameters,
  tokens: Tensor,
  image: Tensor,
  positions: Tensor,
  { variant = 'sam', heads, mlp, tokenBias }: TwoWayOptions,
): [Tensor, Tensor] {
  const width = tokens.size(-1);
  const cross = (at: Parameters, q: Tensor, k: Tensor, v: Tensor, bias?: Tensor) =>
    attention(at, q, k, v, width / 2, heads, bias);
  let q = tokens;
  let k = image;
  for (let i = 0; i < DEPTH; i++) {
    const layer = p.at(`layers.${i}`);
    if (variant === 'efficient-sam') {
      if (i > 0) q = add(q, tokens);
      q = add(q, attention(layer.at('self_attn'), q, q, q, width, heads, tokenBias));
    } else if (i === 0) {
      // The first layer attends without positions, and its result replaces the tokens.
      q = attention(layer.at('self_attn'), q, q, q, width, heads, tokenBias);
    } else {
      const placed = add(q, tokens);
      q = add(q, attention(layer.at('self_attn'), placed, placed, q, width, heads, tokenBias));
    }
    q = layerNorm(layer.at('norm1'), q, EPSILON);
    const asked = cross(layer.at('cross_attn_token_to_image'), add(q, tokens), add(k, positions), k);
    q = layerNorm(layer.at('norm2'), add(q, asked), EPSILON);
    q = layerNorm(layer.at('norm3'), add(q, mlpOf(layer.at('mlp'), q, mlp, variant)), EPSILON);
    const answered = cross(layer.at('cross_attn_image_to_token'), add(k, positions), add(q, tokens), q, tokenBias);
    k = layerNorm(layer.at('norm4'), add(k, answered), EPSILON);
  }
  const last = cross(p.at('final_attn_token_to_image'), add(q, tokens), add(k, positions), k);
  return [layerNorm(p.at('norm_final_attn'), add(q, last), EPSILON), k];
}

function mlpOf(p: Parameters, x: Tensor, hidden: number, variant: TwoWayVariant): Tensor {
  if (variant === 'sam') return mlpBlock(p, x, hidden, relu);
  return linear(p.at('fc'), relu(linear(p.at('layers.0.0'), x, hidden)), x.size(-1));
}

/** Attention at a chosen width, between four linear layers. */
function attention(
  p: Parameters,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  inner: number,
  heads: number,
  bias: Tensor | undefined,
): Tensor {
  const [qp, kp, vp] = [
    linear(p.at('q_proj'), q, inner),
    linear(p.at('k_proj'), k, inner),
    linear(p.at('v_proj'), v, inner),
  ];
  return linear(p.at('out_proj'), attend(qp, kp, vp, { heads, bias }), q.size(-1));
}
