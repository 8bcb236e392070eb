/**
 * Building a graph with shapes that do not fit throws an error that names the operation and the shapes.
 */
import { describe, expect, it } from 'vitest';
import { operationNames } from '../../test/support/operations.js';
import { attend } from './ops/attention.js';
import { expand, sumTo } from './ops/broadcasting.js';
import { conv2d, convTranspose2d } from './ops/convolution.js';
import { depthwiseConv2d } from './ops/depthwise.js';
import { dropout, dropout2d, dropPath } from './ops/dropout.js';
import * as e from './ops/elementwise.js';
import { gather, lookup } from './ops/gather.js';
import { gemm, linear, matmul, matmulTransposed } from './ops/matrix.js';
import { batchNorm, batchNormInfer, groupNorm, layerNorm, layerNorm2d } from './ops/normalise.js';
import { avgPool2d, maxPool2d } from './ops/pool.js';
import { conv3x3OfTokensInt8, linearInt8 } from './ops/quantised.js';
import { crossEntropy, logSoftmax, max, mean, softmax, sum } from './ops/reduce.js';
import { resizeBicubic, resizeBilinear, resizeNearest } from './ops/resize.js';
import * as s from './ops/shape.js';
import { conv3x3OfTokens } from './ops/winograd.js';
import { input, type Tensor } from './tensor.js';

const t = (...shape: (number | string)[]): Tensor => input('x', shape);
const int8 = (...shape: number[]): Tensor => input('w', shape, 'int8');

/** For each operation: a call that must throw, and the shapes that the message must show. */
const CASES: readonly (readonly [operation: string, build: () => unknown, ...shapes: string[]])[] = [
  ['add', () => e.add(t(2, 3), t(4)), '[2, 3]', '[4]'],
  ['add', () => e.add(t('batch'), t(2)), '[batch]', '[2]'],
  ['add', () => e.add(t(2), input('i', [2], 'int64')), '[2]', 'int64[2]'],
  ['sub', () => e.sub(t(2, 3), t(2)), '[2, 3]', '[2]'],
  ['mul', () => e.mul(t(2, 3), t(3, 2)), '[2, 3]', '[3, 2]'],
  ['div', () => e.div(t(5), t(4)), '[5]', '[4]'],
  ['greater', () => e.greater(t(5), t(4)), '[5]', '[4]'],
  ['equal', () => e.equal(t(5), t(4)), '[5]', '[4]'],
  ['where', () => e.where(e.greater(t(3), 0), t(2), t(3)), '[3]', '[2]'],
  ['where', () => e.where(t(3), 1, 0), '[3]'],
  ['expand', () => expand(t(2, 3), [4, 3]), '[4, 3]', '[2, 3]'],
  ['expand', () => expand(t(1), ['batch']), '[batch]'],
  ['sumTo', () => sumTo(t(2, 3), [2]), '[2]', '[2, 3]'],
  ['matmul', () => matmul(t(2, 3), t(4, 5)), '[2, 3]', '[4, 5]'],
  ['matmul', () => matmul(t(2, 4, 3), t(3, 3, 5)), '[2, 4, 3]', '[3, 3, 5]'],
  ['matmulTransposed', () => matmulTransposed(t(2, 3), t(3, 4)), '[2, 3]', '[3, 4]'],
  ['gemm', () => gemm(t(2, 3), t(2, 3)), '[2, 3]'],
  ['gemm', () => gemm(t(2, 3), t(3, 4), { bias: t(3) }), '[2, 3]', '[3, 4]', '[3]'],
  ['linear', () => linear(t(2, 3), t(3, 4)), '[2, 3]', '[3, 4]'],
  ['linear', () => linear(t(2, 3), t(4, 3), t(3)), '[4, 3]', '[3]'],
  ['linearInt8', () => linearInt8(t(2, 3), t(4, 3), t(4)), '[2, 3]', '[4, 3]'],
  ['linearInt8', () => linearInt8(t(2, 3), int8(4, 3), t(3)), '[3, 4]', '[3]'],
  [
    'depthwiseConv2d',
    () => depthwiseConv2d(t(1, 3, 8, 8), t(4, 1, 3, 3), undefined, { padding: [1, 1, 1, 1] }),
    '[4, 1, 3, 3]',
  ],
  ['conv2d', () => conv2d(t(1, 3, 8, 8), t(4, 2, 3, 3)), '[1, 3, 8, 8]', '[4, 2, 3, 3]'],
  ['conv2d', () => conv2d(t(3, 8, 8), t(4, 3, 3, 3)), '[3, 8, 8]', '[4, 3, 3, 3]'],
  ['conv2d', () => conv2d(t(1, 3, 2, 8), t(4, 3, 3, 3)), '[1, 3, 2, 8]', '[4, 3, 3, 3]'],
  ['conv2d', () => conv2d(t(1, 3, 8, 8), t(4, 3, 3, 3), t(3)), '[4, 3, 3, 3]', '[3]'],
  ['conv2d', () => conv2d(t(1, 3, 4, 4), t(4, 3, 3, 3), undefined, { dilation: 2 }), '[1, 3, 4, 4]', '[4, 3, 3, 3]'],
  ['conv2d', () => conv2d(t(1, 3, 4, 4), t(4, 3, 3, 3), undefined, { padding: [0, 0, -1, 0] }), '[1, 3, 4, 4]'],
  ['conv2d', () => conv2d(t(1, 3, 4, 4), t(4, 3, 3, 3), undefined, { dilation: 0 }), '[1, 3, 4, 4]'],
  ['conv2d', () => conv2d(t(1, 3, 4, 4), t(4, 3, 3, 3), undefined, { stride: 1.5 }), '[1, 3, 4, 4]'],
  ['conv2d', () => conv2d(t(1, 1, 1, 4), t(1, 1, 3, 3), undefined, { padding: [0, 1, 1, 1] }), '[1, 1, 1, 4]'],
  ['convTranspose2d', () => convTranspose2d(t(1, 1, 1, 1), t(1, 1, 2, 2), undefined, { padding: 1 }), '[1, 1, 1, 1]'],
  ['convTranspose2d', () => convTranspose2d(t(1, 3, 8, 8), t(4, 3, 2, 2)), '[1, 3, 8, 8]', '[4, 3, 2, 2]'],
  ['convTranspose2d', () => convTranspose2d(t(1, 3, 8, 8), t(3, 4, 2, 2), t(3)), '[3, 4, 2, 2]', '[3]'],
  ['conv3x3OfTokens', () => conv3x3OfTokens(t(1, 15, 3), t(2, 3, 3, 3), 4), '[1, 15, 3]', '[2, 3, 3, 3]'],
  ['conv3x3OfTokens', () => conv3x3OfTokens(t(1, 16, 3), t(2, 3, 1, 1), 4), '[1, 16, 3]', '[2, 3, 1, 1]'],
  ['conv3x3OfTokensInt8', () => conv3x3OfTokensInt8(t(15, 3), int8(2, 3, 3, 3), t(2), 4), '[15, 3]'],
  ['layerNorm', () => layerNorm(t(2, 3), t(2), t(2), 1e-6), '[2, 3]', '[2]'],
  ['layerNorm2d', () => layerNorm2d(t(1, 3, 4, 5), t(5), t(5), 1e-6), '[1, 3, 4, 5]', '[5]'],
  ['layerNorm2d', () => layerNorm2d(t(1, 3, 4), t(3), t(3), 1e-6), '[1, 3, 4]'],
  ['batchNorm', () => batchNorm(t(2, 3, 4, 5), t(3), t(4), 1e-5), '[2, 3, 4, 5]', '[4]'],
  ['batchNorm', () => batchNorm(t(3), t(3), t(3), 1e-5), '[3]'],
  ['batchNorm', () => batchNorm(t(1, 3), t(3), t(3), 1e-5), '[1, 3]'],
  ['size', () => batchNorm(t('batch', 3), t(3), t(3), 1e-5), '[batch, 3]'],
  ['batchNormInfer', () => batchNormInfer(t(2, 3), t(3), t(3), t(2), t(3), 1e-5), '[2, 3]', '[2]'],
  ['groupNorm', () => groupNorm(t(2, 6, 4), 4, t(6), t(6), 1e-5), '[2, 6, 4]', '4 groups'],
  ['groupNorm', () => groupNorm(t(2, 6, 4), 0, t(6), t(6), 1e-5), '[2, 6, 4]'],
  ['groupNorm', () => groupNorm(t(2, 6, 4), 3, t(5), t(6), 1e-5), '[2, 6, 4]', '[5]'],
  ['dropout', () => dropout(t(2, 3), t(2), 0.1), '[2, 3]', '[2]'],
  ['dropout', () => dropout(t(2, 3), t(2, 3), 1.5), '1.5', '[2, 3]'],
  ['dropout', () => dropout(t(2, 3), t(2, 3), Number.NaN), 'NaN', '[2, 3]'],
  ['dropout2d', () => dropout2d(t(2, 3, 4, 4), t(2, 3, 4, 4), 0.1), '[2, 3, 4, 4]'],
  ['dropout2d', () => dropout2d(t(2), t(2), 0.1), '[2]'],
  ['dropPath', () => dropPath(t(2, 3), t(3), 0.1), '[2, 3]', '[3]'],
  ['maxPool2d', () => maxPool2d(t(1, 3, 1, 5), { kernel: 2 }), '[1, 3, 1, 5]'],
  ['maxPool2d', () => maxPool2d(t(1, 3, 8, 8), { kernel: 3, padding: 2 }), '[1, 3, 8, 8]'],
  ['maxPool2d', () => maxPool2d(t(1, 3, 1, 8), { kernel: 4, padding: 1 }), '[1, 3, 1, 8]', 'padding of 1'],
  ['avgPool2d', () => avgPool2d(t(1, 3, 8, 8), { kernel: 3, padding: -1 }), '[1, 3, 8, 8]'],
  ['avgPool2d', () => avgPool2d(t(3, 4, 5), { kernel: 2 }), '[3, 4, 5]'],
  ['sum', () => sum(t(2, 3), { axes: [2] }), '[2, 3]'],
  ['mean', () => mean(t(2, 3), { axes: [-3] }), '[2, 3]'],
  ['mean', () => mean(t('batch', 3)), '[batch, 3]'],
  ['max', () => max(t(2, 3), { axes: [5] }), '[2, 3]'],
  ['max', () => max(t(2, 3), { axes: [5], ties: 'first' }), '[2, 3]'],
  ['softmax', () => softmax(t(2, 3), 2), '[2, 3]'],
  ['logSoftmax', () => logSoftmax(t(2, 3), -3), '[2, 3]'],
  ['crossEntropy', () => crossEntropy(t(2, 3, 4, 4), t(2, 1, 4, 4)), '[2, 3, 4, 4]', '[2, 1, 4, 4]'],
  ['crossEntropy', () => crossEntropy(t(3), t()), '[3]', '[]'],
  ['softmax', () => softmax(t()), '[]'],
  ['resizeBilinear', () => resizeBilinear(t(4, 5), 8, 8), '[4, 5]'],
  ['resizeBilinear', () => resizeBilinear(t(1, 1, 4, 5), 0, 8, { alignCorners: true }), '[1, 1, 4, 5]', '0×8'],
  ['resizeBicubic', () => resizeBicubic(t(4, 5), 8, 8), '[4, 5]'],
  ['resizeBicubic', () => resizeBicubic(t(1, 1, 4, 5), 8.5, 8), '8.5×8'],
  ['resizeNearest', () => resizeNearest(t(4, 5), 8, 8), '[4, 5]'],
  ['reshape', () => s.reshape(t(2, 3), [4, 2]), '[2, 3]', '[4, 2]'],
  ['reshape', () => s.reshape(t(2, 3), [4, -1]), '[2, 3]', '[4, -1]'],
  ['reshape', () => s.reshape(t('batch', 'points'), ['points', 'batch']), '[batch, points]', '[points, batch]'],
  ['transpose', () => s.transpose(t(2, 3), [0, 0]), '[2, 3]', '[0, 0]'],
  ['transposeLast', () => s.transposeLast(t(2)), '[2]'],
  ['concat', () => s.concat([t(2, 3), t(3, 3)], 1), '[2, 3]', '[3, 3]'],
  ['stack', () => s.stack([t(2, 3), t(3, 2)], 0), '[2, 3]', '[3, 2]'],
  ['stack', () => s.stack([t(2), t(2)], 3), '[2]'],
  ['slice', () => s.slice(t(2, 3), 1, 0, 4), '[2, 3]'],
  ['split', () => s.split(t(2, 3), 1, [1, 1]), '[2, 3]'],
  ['roll', () => s.roll(t(2, 3), 1, 2), '[2, 3]'],
  ['roll', () => s.roll(t(2, 3), 0.5, 1), '[2, 3]', '0.5'],
  ['pad', () => s.pad(t(2, 3), 0, -1, 0), '[2, 3]'],
  ['pad', () => s.padImage(t(3), [1, 1, 1, 1]), '[3]'],
  ['gather', () => gather(t(2, 3), [3], 1), '[2, 3]'],
  ['lookup', () => lookup(t(2, 3), t(2)), '[2, 3]', '[2]'],
  ['attend', () => attend(t(1, 4, 6), t(1, 5, 8), t(1, 5, 8), { heads: 2 }), '[1, 4, 6]', '[1, 5, 8]'],
  ['attend', () => attend(t(1, 4, 6), t(1, 5, 6), t(1, 4, 6), { heads: 2 }), '[1, 5, 6]', '[1, 4, 6]'],
  ['attend', () => attend(t(1, 4, 6), t(1, 5, 6), t(1, 5, 6), { heads: 4 }), '[1, 5, 6]'],
];

/** Operations on one tensor, element by element: every shape fits. */
const ANY_SHAPE =
  'neg exp log sqrt sin cos tanh abs erf sigmoid relu gelu softplus clip cast stopGradient padImage'.split(' ');

describe('a shape error', () => {
  it.each(CASES)('of %s is thrown when the graph is built (%#)', (operation, build, ...shapes) => {
    expect(build).toThrow(
      expect.objectContaining({ code: 'GRAPH_SHAPE', details: expect.objectContaining({ operation }) }),
    );
    for (const text of [operation, ...shapes]) expect(build).toThrow(text);
  });

  it('is tested for every operation that has one', async () => {
    const covered = CASES.map(([operation]) => operation).filter((operation) => operation !== 'size');
    expect(new Set([...covered, ...ANY_SHAPE])).toEqual(new Set(await operationNames()));
  });
});
