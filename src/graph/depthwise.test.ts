/**
 * Depthwise convolution against conv2d in as many groups, whose gradients are tested against PyTorch.
 */
import { describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { relativeError } from '../../test/support/golden.js';
import { computeConstants } from '../nn/compile.js';
import { Random } from '../nn/random.js';
import { differentiate } from './differentiate.js';
import { conv2d } from './ops/convolution.js';
import { depthwiseConv2d } from './ops/depthwise.js';
import { mul } from './ops/elementwise.js';
import { sum } from './ops/reduce.js';
import { constant, type Tensor } from './tensor.js';
import { asFloat32, float32, sizeOf } from './tensorData.js';

const random = Random.seeded(1);
const noise = (...shape: number[]): Tensor =>
  constant(
    float32(
      Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1)),
      shape,
    ),
  );

describe('depthwiseConv2d', () => {
  it.each([
    [3, 1, [1, 1, 1, 1]],
    [5, 1, [2, 2, 2, 2]],
    [3, 2, [0, 0, 1, 1]],
    [5, 2, [1, 1, 2, 2]],
    // Rows that the stride skips, and sides that differ.
    [3, 2, [0, 1, 0, 0]],
    [3, 1, [0, 2, 1, 0]],
  ] as const)(
    'has the result and the gradients of conv2d: kernel %i, stride %i, padding %o',
    async (k, stride, padding) => {
      const [x, weight, bias] = [noise(2, 3, 8, 10), noise(3, 1, k, k), noise(3)];
      const ways = [
        conv2d(x, weight, bias, { stride, padding, groups: 3 }),
        depthwiseConv2d(x, weight, bias, { stride, padding }),
      ];
      const dy = noise(...ways[0]!.shape.map(Number));
      const all = ways.flatMap((y) => {
        const gradients = differentiate(sum(mul(y, dy)), [x, weight, bias]);
        return [y, ...gradients.map((gradient) => gradient!)];
      });
      const values = (await computeConstants(runtime, all)).map((value) => asFloat32(value).data);
      for (let i = 0; i < 4; i++) expect(relativeError(values[4 + i]!, values[i]!), `${i}`).toBeLessThan(1e-5);
    },
  );
});
