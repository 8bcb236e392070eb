import { describe, expect, it } from 'vitest';
import { attend } from '../graph/ops/attention.js';
import { conv2d, convTranspose2d } from '../graph/ops/convolution.js';
import { add } from '../graph/ops/elementwise.js';
import { gemm, matmul } from '../graph/ops/matrix.js';
import { linearInt8 } from '../graph/ops/quantised.js';
import { input, parameter } from '../graph/tensor.js';
import { multiplyAdds } from './cost.js';
import { encoderGraph } from './graphs.js';
import { SAM_VIT_B } from './sam/config.js';
import { SAMUS_B } from './samus/config.js';

describe('multiplyAdds', () => {
  it('counts matrix products, transposed or batched', () => {
    expect(multiplyAdds([matmul(input('a', [5, 2, 3]), parameter('b', [3, 4]))])).toBe(5 * 2 * 3 * 4);
    expect(multiplyAdds([gemm(input('a', [3, 2]), parameter('b', [4, 3]), { transA: true, transB: true })])).toBe(24);
  });

  it('counts convolutions, grouped or transposed', () => {
    const x = input('x', [2, 4, 8, 8]);
    expect(multiplyAdds([conv2d(x, parameter('w', [6, 2, 3, 3]), undefined, { padding: 1, groups: 2 })])).toBe(
      2 * 6 * 64 * 2 * 9,
    );
    expect(multiplyAdds([convTranspose2d(x, parameter('w', [4, 3, 2, 2]), undefined, { stride: 2 })])).toBe(
      2 * 4 * 64 * 3 * 4,
    );
  });

  it('counts both products of attention', () => {
    const [q, k, v] = [input('q', [1, 10, 8]), input('k', [1, 7, 8]), input('v', [1, 7, 6])];
    expect(multiplyAdds([attend(q, k, v, { heads: 2 })])).toBe(10 * 7 * 8 + 10 * 7 * 6);
  });

  it('counts what is shared once and what depends on no input not at all', () => {
    const product = matmul(input('a', [2, 3]), parameter('b', [3, 4]));
    const table = matmul(parameter('c', [2, 3]), parameter('d', [3, 4]));
    expect(multiplyAdds([add(product, product), add(product, table)])).toBe(24);
  });

  it('counts 8-bit products as what they stand for', () => {
    const weight = parameter('w', [4, 3], 'int8');
    expect(multiplyAdds([linearInt8(input('x', [2, 3]), weight, parameter('s', [4]))])).toBe(2 * 3 * 4);
  });

  it('gives the sizes that are known of the published encoders', () => {
    const gflop = (config: typeof SAMUS_B | typeof SAM_VIT_B) =>
      (2 * multiplyAdds(Object.values(encoderGraph(config).outputs))) / 1e9;
    // The reference's SAMUS takes 315 with the position adapter cached; without padded tokens and with cheaper
    // convolutions it is less.
    expect(gflop(SAMUS_B)).toBeGreaterThan(230);
    expect(gflop(SAMUS_B)).toBeLessThan(315);
    // SAM at 1024 pixels: 12 · 12·768² · 4096 for the blocks, 4 · 2·768 · 4096² for attention over all tokens, 2.4 %
    // for the rest; relative positions written as longer queries and keys come on top, at most the same as attention.
    expect(gflop(SAM_VIT_B)).toBeGreaterThan(920);
    expect(gflop(SAM_VIT_B)).toBeLessThan(1160);
  });
});
