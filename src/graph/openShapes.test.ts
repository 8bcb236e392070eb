/**
 * Graphs with open shapes: the same results, and shapes that ONNX Runtime cannot know before a run.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { readOnnx } from '../../test/support/onnxReader.js';
import { differentiate } from './differentiate.js';
import { mul, relu } from './ops/elementwise.js';
import { matmul } from './ops/matrix.js';
import { maxPool2d } from './ops/pool.js';
import { sum } from './ops/reduce.js';
import { reshape } from './ops/shape.js';
import { input, parameter, type Tensor } from './tensor.js';
import { float32, type TensorData } from './tensorData.js';
import { toOnnx } from './toOnnx.js';

const image = input('image', [1, 2, 4, 4]);
const weight = parameter('weight', [8, 3]);
const pooled = reshape(maxPool2d(relu(image), { kernel: 2 }), [1, 8]);
const loss = sum(mul(matmul(pooled, weight), input('scale', [])));
const [gradient, slope] = differentiate(loss, [weight, image]);
const OUTPUTS: Record<string, Tensor> = { loss, gradient: gradient!, slope: slope! };

const ramp = (shape: readonly number[], from: number): TensorData<'float32'> => {
  const count = shape.reduce((a, b) => a * b, 1);
  return float32(
    Float32Array.from({ length: count }, (_, i) => from + ((7 * i) % 11)),
    shape,
  );
};
const FEEDS = { image: ramp([1, 2, 4, 4], -4), weight: ramp([8, 3], 0) };

async function resultsOf(feeds: Record<string, TensorData>, openShapes: boolean): Promise<Record<string, TensorData>> {
  const session = await runtime.createSession(toOnnx(OUTPUTS, { openShapes }));
  const results = await session.run(feeds);
  await session.dispose();
  return results;
}

it.each([0.5, Number.NaN])('gives the same results, with an input of %f', async (scale) => {
  const feeds = { ...FEEDS, scale: float32([scale], []) };
  expect(await resultsOf(feeds, true)).toEqual(await resultsOf(feeds, false));
});

it('leaves no reshape and no zeros that ONNX Runtime can compute beforehand', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'samus-open-'));
  const constants = async (openShapes: boolean): Promise<number> => {
    const path = join(folder, `${openShapes}.onnx`);
    const session = await runtime.createSession(toOnnx(OUTPUTS, { openShapes }), { optimizedModelPath: path });
    await session.dispose();
    const { nodes, initializers } = readOnnx(await readFile(path));
    const known = new Set(initializers.map(({ name }) => name));
    const shapes = nodes.filter(({ opType }) => opType === 'Reshape').map(({ inputs }) => inputs[1] ?? '');
    expect(shapes.length).toBeGreaterThan(0);
    return shapes.filter((name) => known.has(name)).length;
  };
  expect(await constants(false)).toBeGreaterThan(0);
  expect(await constants(true)).toBe(0);
  await rm(folder, { recursive: true });
});

it('leaves a graph without floating-point inputs as it is', () => {
  const y = reshape(input('n', [2, 3], 'int64'), [6]);
  expect(readOnnx(toOnnx({ y }, { openShapes: true }).bytes).nodes).toEqual(readOnnx(toOnnx({ y }).bytes).nodes);
});
