/**
 * SAM's two-way transformer: prompt tokens and image tokens attend to each other, twice.
 */
import { attend } from '../../graph/ops/attention.js';
import { add, relu } from '../../graph/ops/elementwise.js';
import type { Tensor } from '../../graph/tensor.js';
import { layerNorm, linear, mlpBlock } from '../../nn/layers.js';
import type { Parameters } from '../../nn/parameters.js';

/** Epsilon of the decoder's norms: PyTorch's default, unlike the encoder's. */
const EPSILON = 1e-5;
const DEPTH = 2;

/** SAM's transformer, or that of EfficientSAM, which keeps positions in its tokens and names its MLP otherwise. */
export type TwoWayVariant = 'sam' | 'efficient-sam';

interface TwoWayOptions {
  /** Default `sam`. */
  readonly variant?: TwoWayVariant | undefined;
  readonly heads: number;
  readonly mlp: number;
  /** Added to the logits wherever tokens are attended to, [O, 1, 1, T]: hides the absent ones. */
  readonly tokenBias?: Tensor | undefined;
}

/**
 * @param tokens [O, T, C]
 * @param image image tokens [O, N, C]
 * @param positions of the image tokens [1, N, C]
 * @returns the tokens and the image tokens, changed
 */
export function twoWayTransformer(
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
