/**
 * Multi-head scaled dot-product attention.
 */
import { shapeError, type Tensor } from '../tensor.js';
import { add, mul } from './elementwise.js';
import { matmul } from './matrix.js';
import { softmax } from './reduce.js';
import { reshape, transpose } from './shape.js';

interface AttentionOptions {
  readonly heads: number;
  /** Added to the logits, broadcast to [B, heads, N, M]. */
  readonly bias?: Tensor | undefined;
}

/**
 * softmax(q·kᵀ/√d + bias)·v for each head, d being the width of one.
 * @param q [B, N, heads·d]
 * @param k [B, M, heads·d]
 * @param v [B, M, heads·e]
 * @returns [B, N, heads·e]
 */
export function attend(q: Tensor, k: Tensor, v: Tensor, { heads, bias }: AttentionOptions): Tensor {
  if (q.rank !== 3 || q.size(-1) !== k.size(-1) || q.size(-1) % heads !== 0 || k.shape[1] !== v.shape[1]) {
    throw shapeError('attend', '[B, N, heads·d], [B, M, heads·d] and [B, M, heads·e]', q, k, v);
  }
  const scale = Math.sqrt(heads / q.size(-1));
  const [qh, vh] = [mul(q, scale), v].map((x) => transpose(splitHeads(x, heads), [0, 2, 1, 3]));
  const logits = matmul(qh, transpose(splitHeads(k, heads), [0, 2, 3, 1]));
  const weights = softmax(bias ? add(logits, bias) : logits);
  const attended = transpose(matmul(weights, vh), [0, 2, 1, 3]);
  return reshape(attended, [q.shape[0], q.shape[1], v.size(-1)]);
}

function splitHeads(x: Tensor, heads: number): Tensor {
  return reshape(x, [x.shape[0], x.shape[1], heads, x.size(-1) / heads]);
}
