import { describe, expect, it } from 'vitest';
import { run } from '../../test/support/evaluate.js';
import { readOnnx } from '../../test/support/onnxReader.js';
import { add, cast, exp, mul, relu } from './ops/elementwise.js';
import { gather } from './ops/gather.js';
import { linear, matmul } from './ops/matrix.js';
import { maxPool2d } from './ops/pool.js';
import { split } from './ops/shape.js';
import { constant, input, parameter, type Tensor, withGradient } from './tensor.js';
import { float32, type StateDict } from './tensorData.js';
import { toOnnx } from './toOnnx.js';

const x = input('x', [2, 4]);

const opTypes = (outputs: Record<string, Tensor>, parameters?: StateDict) =>
  readOnnx(toOnnx(outputs, parameters && { parameters }).bytes)
    .nodes.map(({ opType }) => opType)
    .filter((opType) => opType !== 'Identity');

describe('a written graph', () => {
  it('contains only what its outputs need', () => {
    exp(x);
    const [left] = split(relu(x), 1, [1, 3]);
    expect(opTypes({ left: left! })).toEqual(['Relu', 'Split']);
    expect(readOnnx(toOnnx({ y: mul(input('used', [1]), 2) }).bytes).inputs).toEqual(['used']);
  });

  it('leaves out unused results', async () => {
    const image = input('image', [1, 1, 2, 2]);
    const y = maxPool2d(image, { kernel: 2 });
    const [pool] = readOnnx(toOnnx({ y }).bytes).nodes;
    expect(pool?.outputs.filter((name) => name !== '')).toHaveLength(1);
    const result = await run({ y }, { image: float32([1, 5, 2, 3], [1, 1, 2, 2]) });
    expect(result.y).toEqual(float32([5], [1, 1, 1, 1]));
  });

  it('contains equal nodes and equal tables of indices once', () => {
    expect(opTypes({ y: add(exp(x), exp(x)) })).toEqual(['Exp', 'Add']);
    const indices = Array.from({ length: 300 }, (_, i) => i % 4);
    const picked = add(gather(x, indices, 1), gather(relu(x), indices, 1));
    const { initializers } = readOnnx(toOnnx({ picked }).bytes);
    expect(initializers).toHaveLength(1);
    expect(opTypes({ y: add(gather(x, [1, 0], 1), gather(x, [0, 1], 1)) })).toEqual(['Gather', 'Gather', 'Add']);
  });

  it('keeps large weights outside and small ones inside', () => {
    const large = constant(float32(new Float32Array(4 * 300), [300, 4]));
    const { bytes, external } = toOnnx({ y: linear(x, large, constant(float32(new Float32Array(300), [300]))) });
    expect(external.map(({ data }) => data.byteLength).sort()).toEqual([1200, 4800]);
    expect(bytes.byteLength).toBeLessThan(1000);
    const { initializers } = readOnnx(bytes);
    expect(initializers.filter(({ inline }) => !inline).map(({ name }) => name)).toEqual(
      external.map(({ path }) => path),
    );
    const small = toOnnx({ y: matmul(x, constant(float32(new Float32Array(4), [4, 1]))) });
    expect([small.external, readOnnx(small.bytes).initializers[0]?.inline]).toEqual([[], true]);
  });

  it('passes weights without copying them', () => {
    const value = float32(new Float32Array(4 * 300), [300, 4]);
    const { external } = toOnnx({ y: linear(x, constant(value)) });
    expect(external[0]?.data.buffer).toBe(value.data.buffer);
  });

  it('has internal names that differ from those of the outputs', async () => {
    const outputs = { v1: exp(x), v2: relu(x), Exp_1: add(x, 1) };
    const results = await run(outputs, { x: float32(new Float32Array(8), [2, 4]) });
    expect(Object.keys(results).sort()).toEqual(Object.keys(outputs).sort());
  });

  it('says whether it has 8-bit numbers', () => {
    expect(toOnnx({ y: relu(x) }).int8).toBe(false);
    expect(toOnnx({ y: cast(x, 'uint8') }).int8).toBe(true);
  });

  it('leaves out what only a gradient needs', () => {
    const y = withGradient(exp(x), [relu(x)], (dy) => [dy]);
    expect(opTypes({ y })).toEqual(['Exp']);
  });
});

describe('parameters', () => {
  const y = mul(x, parameter('scale', [4]));

  it('become inputs if they have no value, once each', () => {
    expect(readOnnx(toOnnx({ y: add(y, parameter('scale', [4])) }).bytes).inputs).toEqual(['scale', 'x']);
    const { inputs, initializers } = readOnnx(
      toOnnx({ y }, { parameters: new Map([['scale', float32([1, 2, 3, 4], [4])]]) }).bytes,
    );
    expect([inputs, initializers.length]).toEqual([['x'], 1]);
  });

  it.each([
    ['another shape', float32([1, 2], [2])],
    ['another type', { dtype: 'int8', shape: [4], data: new Int8Array(4) } as const],
  ])('refuse values of %s', (_, value) => {
    expect(() => toOnnx({ y }, { parameters: new Map([['scale', value]]) })).toThrow(
      expect.objectContaining({ code: 'GRAPH_PARAMETER', details: { name: 'scale' } }),
    );
  });
});
