/**
 * Matrix products: batched, of two matrices (ONNX Gemm), and PyTorch's linear layer.
 */
import { broadcast, elements, printShape, type Shape, sameShape } from '../dims.js';
import { apply, shapeError, type Tensor, withGradient } from '../tensor.js';
import { sumTo } from './broadcasting.js';
import { add } from './elementwise.js';
import { reshape, transposeLast } from './shape.js';

/**
 * Batched product of the last two axes: [..., M, K] · [..., K, N] → [..., M, N]; leading axes broadcast.
 * @throws SamusError GRAPH_SHAPE if the inner sizes differ
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const batch = a.rank >= 2 && b.rank >= 2 ? broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)) : null;
  if (!batch || a.dim(-1) !== b.dim(-2)) throw shapeError('matmul', '[..., M, K] and [..., K, N]', a, b);
  return apply('MatMul', [a, b], [...batch, a.dim(-2), b.dim(-1)], {
    gradient: ([dy]) =>
      dy ? [sumTo(matmul(dy, transposeLast(b)), a.shape), sumTo(matmul(transposeLast(a), dy), b.shape)] : [],
  });
}

/**
 * The batched product with the transpose of the second factor: [..., M, K] · [..., N, K]ᵀ → [..., M, N].
 * Its gradients need no transposed copy of a result.
 * @throws SamusError GRAPH_SHAPE if the inner sizes differ
 */
export function matmulTransposed(a: Tensor, b: Tensor): Tensor {
  if (a.rank < 2 || b.rank < 2 || a.dim(-1) !== b.dim(-1)) {
    throw shapeError('matmulTransposed', '[..., M, K] and [..., N, K]', a, b);
  }
  return withGradient(matmul(a, transposeLast(b)), [a, b], (dy) => [
    sumTo(matmul(dy, b), a.shape),
    sumTo(matmul(transposeLast(dy), a), b.shape),
  ]);
}

interface GemmOptions {
  /** Use the transpose of the first matrix. */
  readonly transA?: boolean;
  /** Use the transpose of the second matrix. */
  readonly transB?: boolean;
  /** Added to the product, broadcast to [M, N]. */
  readonly bias?: Tensor | undefined;
}

/** Product of two matrices: op(a) [M, K] · op(b) [K, N] + bias. */
export function gemm(a: Tensor, b: Tensor, { transA = false, transB = false, bias }: GemmOptions = {}): Tensor {
  const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [inner, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (a.rank !== 2 || b.rank !== 2 || k !== inner) {
    throw shapeError('gemm', `two matrices with one inner size${transB ? ' (the second transposed)' : ''}`, a, b);
  }
  if (bias && !sameShape(broadcast(bias.shape, [m, n]) ?? [], [m, n])) {
    throw shapeError('gemm', `a bias that broadcasts to ${printShape([m, n])}`, a, b, bias);
  }
  return apply('Gemm', bias ? [a, b, bias] : [a, b], [m, n], {
    attributes: { transA: { int: transA ? 1 : 0 }, transB: { int: transB ? 1 : 0 } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const da = transA ? gemm(b, dy, { transA: transB, transB: true }) : gemm(dy, b, { transB: !transB });
      const db = transB ? gemm(dy, a, { transA: true, transB: transA }) : gemm(a, dy, { transA: !transA });
      return [da, db, bias && sumTo(dy, bias.shape)];
    },
  });
}

/**
 * PyTorch's linear layer, x·Wᵀ + b, over the last axis.
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out]
 * @returns [..., out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  if (weight.rank !== 2 || x.dim(-1) !== weight.shape[1]) {
    throw shapeError('linear', '[..., in] and a weight [out, in]', x, weight);
  }
  if (bias && !sameShape(bias.shape, [weight.shape[0]])) {
    throw shapeError('linear', 'a weight [out, in] and a bias [out]', weight, bias);
  }
  const leading = x.shape.slice(0, -1);
  if (leading.filter((dim) => typeof dim === 'string').length > 1) {
    // Two open dimensions cannot be flattened and separated again, so this is a batched product.
    const product = matmul(x, transposeLast(weight));
    return bias ? add(product, bias) : product;
  }
  const rows = reshape(x, [elements(leading), x.dim(-1)]);
  const shape: Shape = [...leading, weight.shape[0]];
  return reshape(gemm(rows, weight, { transB: true, bias }), shape);
}
