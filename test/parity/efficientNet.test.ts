/**
 * EfficientNet-Lite0 against the PyTorch package that its names are of: maps, gradients and running statistics, with weights
 * from the formula in test/fixtures/efficientnet/README.md.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { differentiate } from '../../src/graph/differentiate.js';
import { add, mul } from '../../src/graph/ops/elementwise.js';
import { sum } from '../../src/graph/ops/reduce.js';
import { constant, type Tensor } from '../../src/graph/tensor.js';
import { float32, int64, type StateDict, sizeOf, type TensorData } from '../../src/graph/tensorData.js';
import { computeConstants } from '../../src/nn/compile.js';
import { efficientNetLite0 } from '../../src/nn/efficientNet.js';
import { type ParameterInfo, Parameters } from '../../src/nn/parameters.js';
import { runtime } from '../support/evaluate.js';
import { expectParity, numbers } from '../support/golden.js';

/** Of sums over maps of up to 10⁶ elements. */
const ROUNDING = 5e-3;

let wanted: StateDict;
beforeAll(async () => {
  const file = new URL('../fixtures/efficientnet/lite0.safetensors', import.meta.url).pathname;
  wanted = (await readCheckpointFile(file)).tensors;
});

function formula(t: number, shape: readonly number[], change = (u: number) => u): TensorData<'float32'> {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const value = Math.sin(i * 12.9898 + t * 78.233) * 43758.5453;
    return change(value - Math.floor(value));
  });
  return float32(data, shape);
}

function weightOf({ name, shape, dtype }: ParameterInfo, t: number): TensorData {
  if (dtype === 'int64') return int64([0], []);
  if (name.endsWith('running_var')) return formula(t, shape, (u) => 0.5 + u);
  if (name.endsWith('running_mean') || name.endsWith('bias')) return formula(t, shape, (u) => 0.4 * u - 0.2);
  if (shape.length === 1) return formula(t, shape, (u) => 0.75 + 0.5 * u);
  const bound = 0.7 * Math.sqrt(6 / sizeOf(shape.slice(1)));
  return formula(t, shape, (u) => (2 * u - 1) * bound);
}

describe.each([
  ['stored statistics', ''],
  ['those of the batch', 'batch.'],
])('EfficientNet-Lite0 with %s', (_, at) => {
  it('has the maps and the gradients of the reference', async () => {
    const p = new Parameters({ mode: 'train' });
    const maps = efficientNetLite0(p, constant(formula(1000, [2, 1, 64, 64])), at !== '');
    const weights = new Map(p.list().map((info, t) => [info.name, weightOf(info, t)]));
    const named = Object.entries(maps);
    const terms = named.map(([, map], i) =>
      sum(mul(map, constant(formula(1001 + i, map.shape.map(Number), (u) => u - 0.5))), { precise: true }),
    );
    const loss = terms.reduce((total, term) => add(total, term));
    const trained = p.list().filter(({ buffer }) => !buffer);
    const gradients = differentiate(
      loss,
      trained.map(({ tensor }) => tensor),
    );
    const updates = [...p.updates].filter(([name]) => wanted.has(`after.${name}`));
    expect(updates.length).toBe(at === '' ? 0 : 4);
    const asked: (readonly [string, Tensor])[] = [
      ...named.map(([name, map]) => [at + name, map] as const),
      ...trained.map(({ name }, i) => [name, gradients[i]!] as const),
      ...updates.map(([name, value]) => [`after.${name}`, value] as const),
    ];
    const values = await computeConstants(
      runtime,
      asked.map(([, tensor]) => tensor),
      weights,
    );
    for (const [i, [name]] of asked.entries()) {
      const got = numbers(new Map([[name, values[i]!]]), name).data;
      if (wanted.has(name)) {
        expectParity(got, numbers(wanted, name).data, name);
        continue;
      }
      const expected = numbers(wanted, `${at}grad.${name}`).data;
      const same = got.length === expected.length ? got : got.filter((_, place) => place % 101 === 0);
      // The gradient of a shift that the next batch norm removes is rounding alone.
      const difference = Math.hypot(...same.map((value, place) => value - expected[place]!));
      expect(difference, name).toBeLessThan(5e-4 * Math.hypot(...expected) + ROUNDING);
    }
  });
});
