/**
 * Every gradient rule against finite differences, on ONNX Runtime.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unreached } from '../../test/support/coverage.js';
import { prepared, run } from '../../test/support/evaluate.js';
import { operationNames } from '../../test/support/operations.js';
import { differentiate } from './differentiate.js';
import { attend } from './ops/attention.js';
import { expand, sumTo } from './ops/broadcasting.js';
import { conv2d, convTranspose2d } from './ops/convolution.js';
import { depthwiseConv2d } from './ops/depthwise.js';
import { dropout, dropout2d, dropPath } from './ops/dropout.js';
import * as e from './ops/elementwise.js';
import { gather, lookup, NOWHERE } from './ops/gather.js';
import { gemm, linear, matmul, matmulTransposed } from './ops/matrix.js';
import { batchNorm, batchNormInfer, groupNorm, layerNorm, layerNorm2d } from './ops/normalise.js';
import { avgPool2d, maxPool2d } from './ops/pool.js';
import { crossEntropy, logSoftmax, max, mean, softmax, sum } from './ops/reduce.js';
import { resizeBicubic, resizeBilinear, resizeNearest } from './ops/resize.js';
import { concat, pad, padImage, reshape, roll, slice, split, stack, transpose, transposeLast } from './ops/shape.js';
import { conv3x3OfTokens } from './ops/winograd.js';
import { constant, input, integers, type Tensor } from './tensor.js';
import { asFloat32, float32, sizeOf, type TensorData } from './tensorData.js';

type Build = (...inputs: Tensor[]) => Tensor;

interface Case {
  readonly build: Build;
  readonly shapes: readonly (readonly number[])[];
  /** Where the inputs lie: away from kinks and poles. */
  readonly range?: readonly [number, number];
}

/** Random numbers for dropout: some below and some above the rates of the cases. */
const NOISE = constant(float32([0.1, 0.9, 0.4, 0.35, 0.7, 0], [2, 3]));

const ONES = constant(float32([1, 1, 1], [3]));

const cases: Record<string, Case> = {
  'add, broadcast': { build: (a, b) => e.add(a, b), shapes: [[2, 3], [3]] },
  'sub, broadcast': { build: (a, b) => e.sub(a, b), shapes: [[3], [2, 3]] },
  'mul, broadcast': {
    build: (a, b) => e.mul(a, b),
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
  },
  'div, broadcast': {
    build: (a, b) => e.div(a, b),
    shapes: [
      [2, 3],
      [2, 1],
    ],
    range: [0.5, 2],
  },
  neg: { build: (x) => e.neg(x), shapes: [[4]] },
  exp: { build: (x) => e.exp(x), shapes: [[4]] },
  log: { build: (x) => e.log(x), shapes: [[4]], range: [0.5, 2] },
  sqrt: { build: (x) => e.sqrt(x), shapes: [[4]], range: [0.5, 2] },
  sin: { build: (x) => e.sin(x), shapes: [[4]] },
  cos: { build: (x) => e.cos(x), shapes: [[4]] },
  tanh: { build: (x) => e.tanh(x), shapes: [[4]] },
  abs: { build: (x) => e.abs(x), shapes: [[8]] },
  erf: { build: (x) => e.erf(x), shapes: [[4]] },
  sigmoid: { build: (x) => e.sigmoid(x), shapes: [[4]] },
  relu: { build: (x) => e.relu(x), shapes: [[8]] },
  gelu: { build: (x) => e.gelu(x), shapes: [[8]] },
  'gelu, flat': { build: (x) => e.gelu(x, { flat: true }), shapes: [[2, 2, 2]] },
  softplus: { build: (x) => e.softplus(x), shapes: [[8]] },
  clip: { build: (x) => e.clip(x, -0.4, 0.5), shapes: [[8]] },
  where: { build: (a, b) => e.where(e.greater(a, 0.1), e.mul(a, b), b), shapes: [[8], [8]] },
  'cast to half and back': {
    build: (x) => e.mul(e.cast(e.cast(x, 'float16'), 'float32'), x),
    shapes: [[4]],
    range: [1, 1],
  },
  expand: { build: (x) => expand(x, [2, 3, 4]), shapes: [[3, 1]] },
  sumTo: { build: (x) => e.mul(sumTo(x, [3, 1]), 2), shapes: [[2, 3, 4]] },
  'sumTo over leading axes': { build: (x) => sumTo(x, [4]), shapes: [[2, 3, 4]] },
  'sumTo of a single row': { build: (x) => sumTo(x, [3]), shapes: [[1, 3]] },
  sum: { build: (x) => sum(x, { axes: [0, -1] }), shapes: [[2, 3, 4]] },
  'sum, precise': { build: (x) => sum(x, { axes: [0, -1], precise: true }), shapes: [[2, 3, 4]] },
  mean: { build: (x) => mean(x, { axes: [1], keepDims: true }), shapes: [[2, 3, 4]] },
  max: { build: (x) => max(x, { axes: [-1] }), shapes: [[2, 5]] },
  softmax: { build: (x) => softmax(x), shapes: [[2, 5]] },
  reshape: { build: (x) => e.mul(reshape(x, [3, -1]), 2), shapes: [[2, 6]] },
  transpose: { build: (x) => transpose(x, [2, 0, 1]), shapes: [[2, 3, 4]] },
  transposeLast: { build: (x) => transposeLast(x), shapes: [[2, 3, 4]] },
  concat: {
    build: (a, b) => concat([a, b, a], 1),
    shapes: [
      [2, 3],
      [2, 1],
    ],
  },
  stack: {
    build: (a, b) => stack([a, b], -1),
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  slice: { build: (x) => slice(x, 1, 1, 4), shapes: [[2, 5]] },
  'slice with a step': { build: (x) => slice(x, 0, 1, 8, 3), shapes: [[9]] },
  'slice with a step to the end': { build: (x) => slice(x, 0, 0, 7, 3), shapes: [[7]] },
  split: { build: (x) => e.mul(split(x, 1, [1, 2, 3])[1], split(x, 1, [2, 2, 2])[2]), shapes: [[2, 6]] },
  pad: { build: (x) => pad(x, 0, 1, 2, 5), shapes: [[3, 2]] },
  padImage: { build: (x) => padImage(x, [1, 0, 2, 3]), shapes: [[1, 1, 2, 2]] },
  matmul: {
    build: (a, b) => matmul(a, b),
    shapes: [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
  },
  matmulTransposed: {
    build: (a, b) => matmulTransposed(a, b),
    shapes: [
      [2, 1, 3, 4],
      [5, 2, 4],
    ],
  },
  conv3x3OfTokens: {
    build: (x, w) => conv3x3OfTokens(x, w, 3),
    shapes: [
      [2, 9, 2],
      [3, 2, 3, 3],
    ],
  },
  gemm: { build: (a, b, c) => gemm(a, b, { bias: c }), shapes: [[2, 3], [3, 4], [4]] },
  'gemm, first transposed': {
    build: (a, b) => gemm(a, b, { transA: true }),
    shapes: [
      [3, 2],
      [3, 4],
    ],
  },
  'gemm, second transposed': {
    build: (a, b) => gemm(a, b, { transB: true }),
    shapes: [
      [2, 3],
      [4, 3],
    ],
  },
  'gemm, both transposed': {
    build: (a, b) => gemm(a, b, { transA: true, transB: true }),
    shapes: [
      [3, 2],
      [4, 3],
    ],
  },
  linear: { build: (x, w, b) => linear(x, w, b), shapes: [[2, 2, 3], [4, 3], [4]] },
  conv2d: { build: (x, w, b) => conv2d(x, w, b, { padding: 1 }), shapes: [[2, 3, 4, 5], [2, 3, 3, 3], [2]] },
  'conv2d with stride': {
    build: (x, w) => conv2d(x, w, undefined, { stride: 2, padding: 1 }),
    shapes: [
      [2, 2, 6, 7],
      [3, 2, 3, 3],
    ],
  },
  'conv2d in groups': {
    build: (x, w) => conv2d(x, w, undefined, { groups: 2 }),
    shapes: [
      [2, 4, 4, 4],
      [6, 2, 3, 3],
    ],
  },
  'conv2d of patches': {
    build: (x, w) => conv2d(x, w, undefined, { stride: 6 }),
    shapes: [
      [2, 2, 12, 12],
      [3, 2, 6, 6],
    ],
  },
  'conv2d of overlapping patches': {
    build: (x, w) => conv2d(x, w, undefined, { stride: 3 }),
    shapes: [
      [1, 2, 12, 12],
      [3, 2, 6, 6],
    ],
  },
  'conv2d, dilated': {
    build: (x, w) => conv2d(x, w, undefined, { padding: 2, dilation: 2 }),
    shapes: [
      [2, 2, 5, 4],
      [3, 2, 3, 3],
    ],
  },
  'conv2d, dilated with stride': {
    build: (x, w) => conv2d(x, w, undefined, { stride: 2, padding: 1, dilation: 2 }),
    shapes: [
      [1, 2, 8, 7],
      [2, 2, 3, 3],
    ],
  },
  'conv2d, dilated depthwise': {
    build: (x, w) => conv2d(x, w, undefined, { padding: 3, dilation: 3, groups: 3 }),
    shapes: [
      [1, 3, 7, 7],
      [3, 1, 3, 3],
    ],
  },
  depthwiseConv2d: {
    build: (x, w, b) => depthwiseConv2d(x, w, b, { padding: [1, 0, 1, 2] }),
    shapes: [[2, 3, 5, 4], [3, 1, 3, 3], [3]],
  },
  'depthwiseConv2d, stride 2, no bias': {
    build: (x, w) => depthwiseConv2d(x, w, undefined, { stride: 2, padding: [0, 0, 1, 1] }),
    shapes: [
      [1, 2, 6, 7],
      [2, 1, 3, 3],
    ],
  },
  'conv2d, dilated, large kernel': {
    build: (x, w) => conv2d(x, w, undefined, { padding: 3, dilation: 2 }),
    shapes: [
      [1, 1, 7, 13],
      [2, 1, 3, 9],
    ],
  },
  'conv2d along one axis': {
    build: (x, w) => conv2d(x, w, undefined, { padding: [0, 1, 0, 1] }),
    shapes: [
      [2, 1, 1, 6],
      [1, 1, 1, 3],
    ],
  },
  'conv2d with unequal padding': {
    build: (x, w) => conv2d(x, w, undefined, { padding: [2, 0, 1, 3], stride: 2 }),
    shapes: [
      [1, 2, 6, 5],
      [2, 2, 4, 4],
    ],
  },
  'conv2d with padding beyond the kernel': {
    build: (x, w) => conv2d(x, w, undefined, { padding: 2 }),
    shapes: [
      [1, 2, 3, 3],
      [2, 2, 2, 2],
    ],
  },
  'convTranspose2d, dilated in groups': {
    build: (x, w) => convTranspose2d(x, w, undefined, { stride: 2, padding: 1, dilation: 2, groups: 2 }),
    shapes: [
      [1, 4, 3, 2],
      [4, 1, 2, 3],
    ],
  },
  convTranspose2d: {
    build: (x, w, b) => convTranspose2d(x, w, b, { stride: 2 }),
    shapes: [[2, 3, 3, 4], [3, 2, 2, 2], [2]],
  },
  'convTranspose2d, overlapping': {
    build: (x, w) => convTranspose2d(x, w, undefined, { stride: 2, padding: 1 }),
    shapes: [
      [1, 2, 3, 3],
      [2, 3, 3, 3],
    ],
  },
  maxPool2d: { build: (x) => maxPool2d(x, { kernel: 2 }), shapes: [[2, 2, 4, 5]] },
  'maxPool2d, overlapping': { build: (x) => maxPool2d(x, { kernel: 3, stride: 2 }), shapes: [[1, 2, 7, 7]] },
  'maxPool2d, padded': { build: (x) => maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }), shapes: [[1, 2, 6, 5]] },
  'avgPool2d, padded': { build: (x) => avgPool2d(x, { kernel: 3, stride: 2, padding: 1 }), shapes: [[1, 2, 6, 5]] },
  'avgPool2d, padding not counted': {
    build: (x) => avgPool2d(x, { kernel: 3, stride: 1, padding: 1, countPadding: false }),
    shapes: [[1, 2, 4, 5]],
  },
  avgPool2d: { build: (x) => avgPool2d(x, { kernel: 2 }), shapes: [[2, 2, 4, 5]] },
  layerNorm: { build: (x, w, b) => layerNorm(x, w, b, 1e-6), shapes: [[3, 5], [5], [5]] },
  layerNorm2d: { build: (x, w, b) => layerNorm2d(x, w, b, 1e-6), shapes: [[2, 5, 2, 2], [5], [5]] },
  batchNorm: { build: (x, w, b) => batchNorm(x, w, b, 1e-5).y, shapes: [[2, 3, 2, 2], [3], [3]] },
  'batchNorm of vectors': { build: (x, w, b) => batchNorm(x, w, b, 1e-3).y, shapes: [[4, 3], [3], [3]] },
  'batchNorm of sequences': { build: (x, w, b) => batchNorm(x, w, b, 1e-5).y, shapes: [[2, 3, 3], [3], [3]] },
  'batchNorm, its statistics': {
    build: (x) => {
      const { mean: average, variance, unbiasedVariance } = batchNorm(x, ONES, ONES, 1e-5);
      return stack([average, variance, unbiasedVariance], 0);
    },
    shapes: [[2, 3, 2]],
  },
  batchNormInfer: {
    build: (x, w, b, average, variance) => batchNormInfer(x, w, b, average, variance, 1e-3),
    shapes: [[2, 3, 2, 2], [3], [3], [3], [3]],
    range: [0.3, 1.2],
  },
  'batchNormInfer of vectors': {
    build: (x, w, b, average, variance) => batchNormInfer(x, w, b, average, variance, 1e-3),
    shapes: [[4, 3], [3], [3], [3], [3]],
    range: [0.3, 1.2],
  },
  groupNorm: { build: (x, w, b) => groupNorm(x, 2, w, b, 1e-5), shapes: [[2, 4, 2, 2], [4], [4]] },
  'groupNorm of sequences': { build: (x, w, b) => groupNorm(x, 3, w, b, 1e-5), shapes: [[2, 6, 3], [6], [6]] },
  dropout: { build: (x) => dropout(x, NOISE, 0.4), shapes: [[2, 3]] },
  dropout2d: { build: (x) => dropout2d(x, NOISE, 0.4), shapes: [[2, 3, 2, 2]] },
  dropPath: { build: (x) => dropPath(x, slice(reshape(NOISE, [6]), 0, 0, 4), 0.4), shapes: [[4, 3]] },
  gather: { build: (x) => gather(x, [2, 0, 2, 1, 3], 1), shapes: [[2, 4]] },
  'gather with zeros': { build: (x) => gather(x, [NOWHERE, 2, NOWHERE, 0], 0), shapes: [[3, 2]] },
  'gather of one place often': { build: (x) => gather(x, [...Array(12).fill(1), 0, 2, 2], 0), shapes: [[3, 2]] },
  'gather of many places often': {
    build: (x) =>
      gather(
        x,
        Array.from({ length: 100 }, (_, i) => i % 10),
        1,
      ),
    shapes: [[2, 10]],
  },
  lookup: { build: (x) => lookup(x, integers([1, 0, 1])), shapes: [[3, 2]] },
  resizeBilinear: { build: (x) => resizeBilinear(x, 7, 3), shapes: [[1, 2, 4, 5]] },
  resizeNearest: { build: (x) => resizeNearest(x, 7, 3), shapes: [[1, 2, 4, 5]] },
  'resizeBilinear, corners aligned': {
    build: (x) => resizeBilinear(x, 7, 3, { alignCorners: true }),
    shapes: [[1, 2, 4, 5]],
  },
  resizeBicubic: { build: (x) => resizeBicubic(x, 7, 3), shapes: [[1, 2, 4, 5]] },
  roll: { build: (x) => roll(roll(x, -2, 0), 4, 1), shapes: [[5, 3]] },
  'max, the first of ties': {
    build: (x) => max(x, { axes: [0, 2], ties: 'first' }),
    shapes: [[2, 3, 4]],
  },
  'softmax over channels': { build: (x) => softmax(x, 1), shapes: [[2, 3, 2]] },
  logSoftmax: { build: (x) => logSoftmax(x), shapes: [[2, 5]] },
  'logSoftmax over channels': { build: (x) => logSoftmax(x, 1), shapes: [[2, 3, 2]] },
  crossEntropy: {
    build: (x) => crossEntropy(x, integers([0, 1, 2, 0, 1, 1, 2, 255], [2, 4]), { ignore: 255 }),
    shapes: [[2, 3, 4]],
  },
  attend: {
    build: (q, k, v) => attend(q, k, v, { heads: 2 }),
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 6],
    ],
  },
  'attend with a scale of 1': {
    build: (q, k, v) => attend(q, k, v, { heads: 1, scale: 1 }),
    shapes: [
      [1, 3, 2],
      [1, 4, 2],
      [1, 4, 3],
    ],
  },
  'attend with a bias': {
    build: (q, k, v, b) => attend(q, k, v, { heads: 2, bias: b }),
    shapes: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 6],
      [2, 2, 3, 5],
    ],
  },
};

/** Operations with boolean results, without a gradient by purpose, or with weights that are not trained. */
const WITHOUT_GRADIENT = ['greater', 'equal', 'stopGradient', 'linearInt8', 'conv3x3OfTokensInt8'];

it('no operation is left out', async () => {
  // A case begins with the name of its operation.
  const covered = Object.keys(cases).map((name) => name.split(/[ ,]/)[0]!);
  expect(new Set([...covered, ...WITHOUT_GRADIENT])).toEqual(new Set(await operationNames()));
});

/** The sum of the results of a case with random weights. */
function lossOf({ build, shapes }: Case): { loss: Tensor; inputs: readonly Tensor[] } {
  const inputs = shapes.map((shape, i) => input(`x${i}`, shape));
  const y = build(...inputs);
  const weights = constant(float32(values(sizeOf(y.shape.map(Number)), 9, [-1, 1]), y.shape.map(Number)));
  return { loss: sum(e.mul(y, weights)), inputs };
}

it('no rule and no branch of one is left out', async () => {
  const missed = await unreached('src/graph/ops/', () => {
    for (const one of Object.values(cases)) {
      const { loss, inputs } = lossOf(one);
      differentiate(loss, inputs);
    }
    // Too many elements for finite differences; the stages are the sums above.
    sum(input('large', [200, 100]), { precise: true });
    // Dimensions known only when a graph runs are for inference, without gradients.
    const open = input('open', ['batch', 2, 'n', 4]);
    linear(open, input('weight', [3, 4]), input('bias', [3]));
    conv2d(open, input('weight', [1, 2, 1, 1]));
    reshape(reshape(open, [-1, 4]), [-1, 8]);
    expand(input('x', [1, 4]), open.shape, open);
    reshape(expand(input('x', [1, 4]), ['batch', 4], open), ['batch', 2, -1]);
  });
  expect(missed).toEqual([]);
});

it('rules are in graph/ops only, where the test above sees them', () => {
  const source = fileURLToPath(new URL('../', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).map((path) => path.replaceAll('\\', '/'));
  const others = files.filter((path) => /(?<!\.test)\.tsx?$/.test(path) && !/^graph\/(ops|tensor\.ts)/.test(path));
  const withRules = others.filter((path) =>
    /withGradient\(|gradient: \(/.test(readFileSync(join(source, path), 'utf8')),
  );
  expect(others.length).toBeGreaterThan(100);
  expect(withRules).toEqual([]);
});

/** Distinct, reproducible numbers, none close to another: no ties in maxima, no kink within a step. */
function values(count: number, seed: number, [low, high]: readonly [number, number]): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => low + (high - low) * ((((i + 1) * 0.7548776662 + seed * 0.569840291) % 1) * 0.96 + 0.02),
  );
}

describe('gradient rules agree with finite differences', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    const { shapes, range = [-1, 1] } = one;
    const { loss, inputs } = lossOf(one);
    const gradients = differentiate(loss, inputs);
    const feeds = Object.fromEntries(
      shapes.map((shape, i) => [`x${i}`, float32(values(sizeOf(shape), i, range), shape)]),
    );
    const outputs = Object.fromEntries(gradients.flatMap((g, i) => (g ? [[`g${i}`, g]] : [])));
    const results = await run({ loss, ...outputs }, feeds);
    for (const [i, shape] of shapes.entries()) {
      const found = asFloat32(results[`g${i}`]);
      expect(found.shape).toEqual(shape);
      const expected = await numeric(loss, feeds, `x${i}`, range[0] === range[1] ? 0.0625 : 1 / 256);
      const error = Math.max(...found.data.map((value, j) => Math.abs(value - expected[j])));
      expect(error).toBeLessThan(2e-2 * Math.max(1, ...expected.map(Math.abs)));
    }
  });
});

/** Central differences in one session: the perturbed inputs are all fed to the same graph. */
async function numeric(loss: Tensor, feeds: Record<string, TensorData>, name: string, step: number): Promise<number[]> {
  const base = asFloat32(feeds[name]);
  const session = await prepared({ loss });
  const at = async (i: number, delta: number) => {
    const moved = base.data.slice();
    moved[i] += delta;
    const result = await session.run({ ...feeds, [name]: float32(moved, base.shape) });
    return Number(result.loss.data[0]);
  };
  const differences: number[] = [];
  for (let i = 0; i < base.data.length; i++)
    differences.push(((await at(i, step)) - (await at(i, -step))) / (2 * step));
  await session.dispose();
  return differences;
}
