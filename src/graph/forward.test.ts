/**
 * The result and the gradients of every operation against PyTorch's, on ONNX Runtime for Node and on wasm. Gradients
 * against finite differences are in gradients.test.ts, shapes that do not fit in shapeErrors.test.ts.
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { run, runtime } from '../../test/support/evaluate.js';
import { operationNames } from '../../test/support/operations.js';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import { webRuntime } from '../runtime/webRuntime.js';
import { differentiate } from './differentiate.js';
import { attend } from './ops/attention.js';
import { expand, sumTo } from './ops/broadcasting.js';
import { conv2d, convTranspose2d } from './ops/convolution.js';
import { dropout, dropout2d, dropPath } from './ops/dropout.js';
import * as e from './ops/elementwise.js';
import { gather, lookup } from './ops/gather.js';
import { gemm, linear, matmul, matmulTransposed } from './ops/matrix.js';
import { batchNorm, batchNormInfer, groupNorm, layerNorm, layerNorm2d } from './ops/normalise.js';
import { avgPool2d, maxPool2d } from './ops/pool.js';
import { crossEntropy, logSoftmax, max, mean, softmax, sum } from './ops/reduce.js';
import { resizeBicubic, resizeBilinear, resizeNearest } from './ops/resize.js';
import * as s from './ops/shape.js';
import { conv3x3OfTokens } from './ops/winograd.js';
import { constant, input, integers, type Tensor } from './tensor.js';
import { float32, type StateDict, type TensorData } from './tensorData.js';
import { toOnnx } from './toOnnx.js';

type Build = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

const normaliseBatch: Build = (x, w, b) => {
  const { y, mean: average, unbiasedVariance } = batchNorm(x, w, b, 1e-5);
  return [y, average, unbiasedVariance];
};
const normaliseStored: Build = (x, w, b, average, variance) => batchNormInfer(x, w, b, average, variance, 1e-3);

/** What test/fixtures/operations/make.py computes with PyTorch, here; keys are its names. */
const CASES: Record<string, Build> = {
  add: e.add,
  sub: e.sub,
  mul: e.mul,
  div: e.div,
  neg: e.neg,
  exp: e.exp,
  log: e.log,
  sqrt: e.sqrt,
  sin: e.sin,
  cos: e.cos,
  tanh: e.tanh,
  abs: e.abs,
  erf: e.erf,
  sigmoid: e.sigmoid,
  relu: e.relu,
  gelu: (x) => e.gelu(x),
  softplus: e.softplus,
  clip: (x) => e.clip(x, -0.5, 0.75),
  greater: e.greater,
  equal: e.equal,
  where: (a, b) => e.where(e.greater(a, 0.1), a, b),
  cast: (x) => e.cast(x, 'int64'),
  stopGradient: e.stopGradient,
  expand: (x) => expand(x, [2, 3, 4]),
  sumTo: (x) => sumTo(x, [3, 1]),
  sum: (x) => sum(x, { axes: [0, 2] }),
  mean: (x) => mean(x, { axes: [1], keepDims: true }),
  max: (x) => max(x, { axes: [-1] }),
  softmax: (x) => softmax(x),
  reshape: (x) => s.reshape(x, [3, -1]),
  transpose: (x) => s.transpose(x, [2, 0, 1]),
  transposeLast: s.transposeLast,
  concat: (a, b) => s.concat([a, b], 1),
  stack: (a, b) => s.stack([a, b], -1),
  slice: (x) => s.slice(x, 1, 1, 7, 2),
  split: (x) => s.split(x, 1, [1, 2, 3])[2]!,
  pad: (x) => s.pad(x, 0, 1, 2, 5),
  padImage: (x) => s.padImage(x, [1, 2, 3, 4]),
  matmul,
  matmulTransposed,
  gemm: (a, b, bias) => gemm(a, b, { transA: true, transB: true, bias }),
  linear,
  conv2d: (x, w, b) => conv2d(x, w, b, { stride: 2, padding: 1, groups: 2 }),
  convTranspose2d: (x, w, b) => convTranspose2d(x, w, b, { stride: 2, padding: 1, outputPadding: [1, 1] }),
  conv3x3OfTokens: (x, w) => conv3x3OfTokens(x, w, 5),
  maxPool2d: (x) => maxPool2d(x, { kernel: 3, stride: 2 }),
  avgPool2d: (x) => avgPool2d(x, { kernel: 2 }),
  layerNorm: (x, w, b) => layerNorm(x, w, b, 1e-6),
  layerNorm2d: (x, w, b) => layerNorm2d(x, w, b, 1e-6),
  gather: (x) => gather(x, [2, 0, 2], 1),
  lookup: (x) => lookup(x, integers([1, 0, 1])),
  resizeBilinear: (x) => resizeBilinear(x, 7, 3),
  resizeNearest: (x) => resizeNearest(x, 7, 3),
  attend: (q, k, v) => attend(q, k, v, { heads: 2 }),
  'attend, biased': (q, k, v, bias) => attend(q, k, v, { heads: 2, bias }),
  batchNorm: normaliseBatch,
  'batchNorm, vectors': normaliseBatch,
  'batchNorm, sequences': normaliseBatch,
  batchNormInfer: normaliseStored,
  'batchNormInfer, vectors': normaliseStored,
  'batchNormInfer, sequences': normaliseStored,
  groupNorm: (x, w, b) => groupNorm(x, 2, w, b, 1e-6),
  'groupNorm, a channel each': (x, w, b) => groupNorm(x, 4, w, b, 1e-5),
  dropout: (x, noise) => dropout(x, noise, 0.3),
  dropout2d: (x, noise) => dropout2d(x, noise, 0.3),
  dropPath: (x, noise) => dropPath(x, noise, 0.3),
  'softmax, over channels': (x) => softmax(x, 1),
  logSoftmax: (x) => logSoftmax(x),
  'logSoftmax, over channels': (x) => logSoftmax(x, 1),
  'max, the first of ties': (x) => max(x, { axes: [2, 3], ties: 'first' }),
  'max, the first of tied channels': (x) => max(x, { axes: [1], keepDims: true, ties: 'first' }),
  'max, shared by ties': (x) => max(x, { axes: [-1, -2] }),
  crossEntropy: (x, t) => crossEntropy(x, t),
  'crossEntropy, labels as floats': (x, t) => crossEntropy(x, t),
  'crossEntropy, ignoring 255': (x, t) => crossEntropy(x, t, { ignore: 255 }),
  'crossEntropy, ignoring class 0': (x, t) => crossEntropy(x, t, { ignore: 0 }),
  'crossEntropy, of vectors': (x, t) => crossEntropy(x, t),
  'conv2d, dilated': (x, w, b) => conv2d(x, w, b, { padding: 3, dilation: 3 }),
  'conv2d, dilated, stride 2': (x, w) => conv2d(x, w, undefined, { stride: 2, padding: 2, dilation: 2 }),
  'conv2d, dilated depthwise': (x, w) => conv2d(x, w, undefined, { padding: 4, dilation: 4, groups: 3 }),
  'conv2d, dilated in groups': (x, w) => conv2d(x, w, undefined, { padding: 2, dilation: 2, groups: 2 }),
  'conv2d, dilated, large kernel': (x, w) => conv2d(x, w, undefined, { padding: 6, dilation: 2 }),
  'conv2d, along one axis': (x, w) => conv2d(x, w, undefined, { padding: [0, 1, 0, 1] }),
  'conv2d, unequal padding': (x, w) => conv2d(x, w, undefined, { padding: [2, 0, 1, 3] }),
  'conv2d, unequal padding, stride 2': (x, w) => conv2d(x, w, undefined, { padding: [2, 0, 1, 3], stride: 2 }),
  'conv2d, padding beyond the kernel': (x, w) => conv2d(x, w, undefined, { padding: 2 }),
  'convTranspose2d, dilated in groups': (x, w, b) =>
    convTranspose2d(x, w, b, { stride: 2, padding: 1, dilation: 2, groups: 2 }),
  'convTranspose2d, unequal padding': (x, w) => convTranspose2d(x, w, undefined, { padding: [1, 0, 0, 2] }),
  'maxPool2d, padded': (x) => maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
  'maxPool2d, first of ties': (x) => maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
  'avgPool2d, padded': (x) => avgPool2d(x, { kernel: 3, stride: 2, padding: 1 }),
  'avgPool2d, padded, padding not counted': (x) =>
    avgPool2d(x, { kernel: 3, stride: 2, padding: 1, countPadding: false }),
  'avgPool2d, stride 1': (x) => avgPool2d(x, { kernel: 5, stride: 1, padding: 2 }),
  'resizeBilinear, corners aligned': (x) => resizeBilinear(x, 9, 11, { alignCorners: true }),
  'resizeBilinear, corners aligned, smaller': (x) => resizeBilinear(x, 3, 4, { alignCorners: true }),
  'resizeBilinear, corners aligned, to one row': (x) => resizeBilinear(x, 1, 8, { alignCorners: true }),
  resizeBicubic: (x) => resizeBicubic(x, 9, 4),
  'resizeBicubic, from one row': (x) => resizeBicubic(x, 3, 5),
  roll: (x) => s.roll(s.roll(x, -2, 1), 3, -1),
};

/** Tested in quantised.test.ts, and against conv2d in depthwise.test.ts. */
const ELSEWHERE = ['linearInt8', 'conv3x3OfTokensInt8', 'depthwiseConv2d'];

it('no operation is left out', async () => {
  const covered = Object.keys(CASES).map((name) => name.split(',')[0]!);
  expect(new Set([...covered, ...ELSEWHERE])).toEqual(new Set(await operationNames()));
});

describe.each([
  ['Node', runtime],
  ['wasm', webRuntime()],
])('on %s', (_, where) => {
  let fixture: StateDict;

  beforeAll(async () => {
    const path = fileURLToPath(new URL('../../test/fixtures/operations/forward.safetensors', import.meta.url));
    fixture = (await readCheckpointFile(path)).tensors;
  });

  it('has a case for each of the fixture', () => {
    expect(new Set([...fixture.keys()].map((key) => key.slice(0, key.lastIndexOf('.'))))).toEqual(
      new Set(Object.keys(CASES)),
    );
  });

  it.each(Object.entries(CASES))('%s and its gradients are what PyTorch computes', async (name, build) => {
    const own = new Map([...fixture].filter(([key]) => key.slice(0, key.lastIndexOf('.')) === name));
    const stored = (suffix: RegExp) => [...own].filter(([key]) => suffix.test(key));
    const keys = stored(/\.\d+$/).map((_, i) => `${name}.${i}`);
    const inputs = keys.map((key) => input(key, own.get(key)!.shape, own.get(key)!.dtype));
    const built = build(...inputs);
    const results = 'shape' in built ? [built] : built;
    const outputs = Object.fromEntries(results.map((y, i) => [i === 0 ? `${name}.y` : `${name}.y${i}`, y]));
    const dy = own.get(`${name}.dy`);
    if (dy) {
      const gradients = differentiate(sum(e.mul(results[0]!, input(`${name}.dy`, dy.shape))), inputs);
      for (const [key] of stored(/\.g\d+$/)) outputs[key] = gradients[Number(key.slice(name.length + 2))]!;
    }
    for (const [key, y] of Object.entries(outputs)) expect([key, y?.shape]).toEqual([key, own.get(key)?.shape]);
    expect(Object.keys(outputs).sort()).toEqual(
      stored(/\.(y|g)\d*$/)
        .map(([key]) => key)
        .sort(),
    );
    const session = await where.createSession(toOnnx(outputs));
    const found = await session.run(Object.fromEntries(stored(/\.(\d+|dy)$/)));
    await session.dispose();
    for (const key of Object.keys(outputs)) expectClose(key, found[key], own.get(key)!);
  });
});

describe.each([
  ['Node', runtime],
  ['wasm', webRuntime()],
])('sums of many elements on %s', (_, where) => {
  const shape = [2, 2, 192, 192];
  const values = Float32Array.from({ length: 2 * 2 * 192 * 192 }, (_, i) => 1 + Math.sin(i * i));
  const exact = values.reduce((total, value) => total + value, 0);
  const ofChannel = (c: number) => values.reduce((t, v, i) => (Math.floor(i / 192 ** 2) % 2 === c ? t + v : t), 0);

  it('are precise where asked, and in the statistics of batchNorm', async () => {
    const x = input('x', shape);
    const ones = constant(float32([1, 1], [2]));
    const outputs = {
      sum: sum(x, { precise: true }),
      mean: mean(x, { axes: [0, 2, 3], precise: true }),
      batch: batchNorm(x, ones, ones, 1e-5).mean,
      gradient: differentiate(sum(e.mul(x, x), { precise: true }), [x])[0]!,
    };
    const session = await where.createSession(toOnnx(outputs));
    const found = await session.run({ x: float32(values, shape) });
    await session.dispose();
    expect(Math.abs(Number(found.sum!.data[0]) / exact - 1)).toBeLessThan(1e-6);
    for (const c of [0, 1]) {
      const wanted = ofChannel(c) / (2 * 192 ** 2);
      for (const name of ['mean', 'batch']) {
        expect(Math.abs(Number(found[name]!.data[c]) / wanted - 1), name).toBeLessThan(1e-6);
      }
    }
    for (const i of [0, 77, 147_455]) expect(Number(found.gradient!.data[i])).toBeCloseTo(2 * values[i]!, 5);
  });
});

describe('limits', () => {
  const logits = float32([1, 2, 3, 4, 5, 6], [1, 2, 3]);
  const lossOf = async (labels: number[], options?: { ignore: number }) => {
    const { y } = await run({ y: crossEntropy(constant(logits), constant(float32(labels, [1, 3])), options) });
    return Number(y!.data[0]);
  };

  it.each([
    ['a label beyond the classes', [0, 1, 2], undefined],
    ['a label between two classes', [0, 0.5, 1], undefined],
    ['a label to ignore, unasked', [0, 255, 1], undefined],
    ['nothing but labels to ignore', [255, 255, 255], { ignore: 255 }],
  ])('crossEntropy is NaN for %s', async (_, labels, options) => {
    expect(await lossOf(labels, options)).toBeNaN();
    expect(await lossOf([0, 1, 1], options)).toBeGreaterThan(0);
  });

  it('crossEntropy stays exact for logits beyond the range of exp', async () => {
    const far = constant(float32([500, -500], [1, 2]));
    const { y } = await run({ y: crossEntropy(far, integers([1], [1])) });
    expect(y).toEqual(float32([1000], []));
  });

  it('dropout of nothing keeps all, of everything leaves zeros', async () => {
    const [x, noise] = [constant(float32([1, -2, 3], [3])), constant(float32([0, 0.5, 0.999], [3]))];
    const { none, all } = await run({ none: dropout(x, noise, 0), all: dropout(x, noise, 1) });
    expect(none).toEqual(float32([1, -2, 3], [3]));
    expect(Array.from(all!.data, (value: unknown) => Number(value) === 0)).toEqual([true, true, true]);
  });

  it('batchNorm cancels a bias before it, so that the gradient of the bias is only rounding', async () => {
    const values = Float32Array.from({ length: 2 * 3 * 16 }, (_, i) => Math.sin(i * i));
    const [x, weights] = [constant(float32(values, [2, 3, 4, 4])), constant(float32(values.slice(0, 3), [3]))];
    const bias = input('bias', [3, 1, 1]);
    const { y } = batchNorm(e.add(x, bias), weights, weights, 1e-5);
    const [gradient] = differentiate(sum(e.mul(y, constant(float32(values.map(Math.cos), [2, 3, 4, 4])))), [bias]);
    const { found } = await run({ found: gradient! }, { bias: float32([0.5, 100, -3], [3, 1, 1]) });
    expect(Math.max(...Array.from(found!.data, Number).map(Math.abs))).toBeLessThan(1e-4);
  });
});

function expectClose(key: string, found: TensorData | undefined, wanted: TensorData): void {
  expect([key, found?.shape]).toEqual([key, wanted.shape]);
  const [actual, expected] = [Array.from(found!.data, Number), Array.from(wanted.data, Number)];
  const largest = Math.max(1, ...expected.map(Math.abs));
  const error = Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value)));
  expect(error, key).toBeLessThan(4e-6 * largest);
}
