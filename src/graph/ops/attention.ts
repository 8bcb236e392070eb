/**
 * Multi-head scaled dot-product attention.
 */
import { apply, shapeError, type Tensor } from '../tensor.js';
import { add, mul, sub } from './elementwise.js';
import { matmul, matmulTransposed } from './matrix.js';
import { softmax, sum } from './reduce.js';
import { reshape, transpose, transposeLast } from './shape.js';

interface AttentionOptions {
  readonly heads: number;
  /** Factor of the logits; default 1/√d, with d the width of a head of the queries. */
  readonly scale?: number;
  /** Added to the logits, broadcast to [B, heads, N, M]. */
  readonly bias?: Tensor | undefined;
}

/**
 * softmax(scale·q·kᵀ + bias)·v for each head.
 *
 * Without a bias this is one fused operator that never stores the N×M weights; its gradient computes them again.
 * @param q [B, N, heads·d]
 * @param k [B, M, heads·d]
 * @param v [B, M, heads·e]
 * @returns [B, N, heads·e]
 */
export function attend(q: Tensor, k: Tensor, v: Tensor, { heads, scale, bias }: AttentionOptions): Tensor {
  const threeAxes = [q, k, v].every((x) => x.rank === 3 && x.shape[0] === q.shape[0] && x.size(-1) % heads === 0);
  if (!threeAxes || q.shape[2] !== k.shape[2] || k.shape[1] !== v.shape[1]) {
    throw shapeError('attend', '[B, N, heads·d], [B, M, heads·d] and [B, M, heads·e]', q, k, v);
  }
  const factor = scale ?? Math.sqrt(heads / q.size(-1));
  const shape = [q.shape[0], q.shape[1], v.size(-1)];
  const plain = (): Tensor => {
    const [qh, kh, vh] = [mul(q, factor), k, v].map((x) => byHead(x, heads));
    const logits = matmulTransposed(qh, kh);
    return reshape(transpose(matmul(softmax(bias ? add(logits, bias) : logits), vh), [0, 2, 1, 3]), shape);
  };
  if (bias) return plain();
  return apply('MultiHeadAttention', [q, k, v], shape, {
    domain: 'com.microsoft',
    standard: plain,
    attributes: { num_heads: { int: heads }, scale: { float: factor } },
    gradient: ([dy]) => (dy ? attendGradient(q, k, v, dy, heads, factor) : []),
  });
}

function attendGradient(q: Tensor, k: Tensor, v: Tensor, dy: Tensor, heads: number, factor: number): Tensor[] {
  const [qh, kh, vh, dyh] = [factor === 1 ? q : mul(q, factor), k, v, dy].map((x) => byHead(x, heads));
  const weights = softmax(matmul(qh, transposeLast(kh)));
  // Σ dP·P over the keys equals Σ dy·y over the width of a head, which is cheaper. But only the former keeps the
  // rounding in the gradient of the keys' bias (zero in exact arithmetic) too small for Adam to follow.
  const dWeights = matmul(dyh, transposeLast(vh));
  const shift = sum(mul(dWeights, weights), { axes: [-1], keepDims: true });
  const dLogits = mul(weights, sub(dWeights, shift));
  const dq = mul(byToken(matmul(dLogits, kh), q), factor);
  return [dq, byToken(matmul(transposeLast(dLogits), qh), k), byToken(matmul(transposeLast(weights), dyh), v)];
}

/** [B, N, heads·d] → [B, heads, N, d] */
function byHead(x: Tensor, heads: number): Tensor {
  return transpose(reshape(x, [x.shape[0], x.shape[1], heads, x.size(-1) / heads]), [0, 2, 1, 3]);
}

/** The inverse of byHead. */
function byToken(x: Tensor, like: Tensor): Tensor {
  return reshape(transpose(x, [0, 2, 1, 3]), like.shape);
}
