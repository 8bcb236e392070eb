/**
 * The result of every operation against PyTorch's, on ONNX Runtime for Node and on wasm. Gradients are in
 * gradients.test.ts, shapes that do not fit in shapeErrors.test.ts.
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { operationNames } from '../../test/support/operations.js';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import { webRuntime } from '../runtime/webRuntime.js';
import { attend } from './ops/attention.js';
import { expand, sumTo } from './ops/broadcasting.js';
import { conv2d, convTranspose2d } from './ops/convolution.js';
import * as e from './ops/elementwise.js';
import { gather, lookup } from './ops/gather.js';
import { gemm, linear, matmul, matmulTransposed } from './ops/matrix.js';
import { layerNorm, layerNorm2d } from './ops/normalise.js';
import { avgPool2d, maxPool2d } from './ops/pool.js';
import { max, mean, softmax, sum } from './ops/reduce.js';
import { resizeBilinear, resizeNearest } from './ops/resize.js';
import * as s from './ops/shape.js';
import { conv3x3OfTokens } from './ops/winograd.js';
import { input, integers, type Tensor } from './tensor.js';
import type { StateDict } from './tensorData.js';
import { toOnnx } from './toOnnx.js';

/** What the fixture's README computes with PyTorch, here; keys are its names. */
const CASES: Record<string, (...inputs: Tensor[]) => Tensor> = {
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
  gelu: e.gelu,
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
  softmax,
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
};

/** In quantised.test.ts. */
const ELSEWHERE = ['linearInt8', 'conv3x3OfTokensInt8'];

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

  it.each(Object.entries(CASES))('%s is what PyTorch computes', async (name, build) => {
    const feeds = Object.fromEntries([...fixture].filter(([key]) => key.startsWith(`${name}.`) && !key.endsWith('.y')));
    const inputs = Object.keys(feeds).map((key) => input(key, feeds[key]!.shape));
    const y = build(...inputs);
    const expected = fixture.get(`${name}.y`)!;
    expect(y.shape).toEqual(expected.shape);
    const session = await where.createSession(toOnnx({ y }));
    const { y: actual } = await session.run(feeds);
    await session.dispose();
    expect(actual?.shape).toEqual(expected.shape);
    const [found, wanted] = [Array.from(actual!.data, Number), Array.from(expected.data, Number)];
    const largest = Math.max(1, ...wanted.map(Math.abs));
    for (const [i, value] of wanted.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(4e-6 * largest);
  });
});
