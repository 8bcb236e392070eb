import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { writeSafetensorsFile } from '../formats/checkpointFile.node.js';
import { linear } from '../graph/ops/matrix.js';
import { mean } from '../graph/ops/reduce.js';
import { input } from '../graph/tensor.js';
import { asFloat32, float32, int64, type StateDict, type TensorData } from '../graph/tensorData.js';
import { exportModel } from '../nn/compile.js';
import { Parameters } from '../nn/parameters.js';
import { mappingRuntime, moveToFile } from './frozenFile.node.js';
import { trainingGraph } from './gradientGraph.js';
import { ADAM } from './optimizer.js';
import { frozenOf, Stepper } from './stepper.js';

/** Enough for a weight outside the graph's file. */
const WIDTH = 64;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samus-frozen-'));
});
afterAll(() => rm(folder, { recursive: true }));

const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(seed + i));

/** Two layers, the first frozen. */
function toy() {
  const p = new Parameters({ mode: 'train' });
  const weight = (name: string) => p.get(name, [WIDTH, WIDTH], { kind: 'constant', value: 0 });
  const hidden = linear(input('x', [2, WIDTH]), weight('frozen'));
  const loss = mean(linear(hidden, weight('trained')));
  const graph = trainingGraph({ loss }, p, (name) => name === 'trained');
  const weights = new Map(
    ['frozen', 'trained'].map((name, i) => [name, float32(values(WIDTH * WIDTH, i), [WIDTH, WIDTH])] as const),
  );
  return { graph, weights };
}

const OPTIONS = {
  optimizer: { rule: { kind: 'adam', ...ADAM }, clip: null, ema: null, rateOf: () => 1 },
  seed: 1,
} as const;

async function trained(stepper: Stepper): Promise<StateDict> {
  for (let step = 0; step < 3; step++) {
    await stepper.run({ x: float32(values(2 * WIDTH, step), [2, WIDTH]) });
    stepper.update(1e-2, stepper.norm());
  }
  return stepper.weights();
}

describe('frozen weights in files', () => {
  it('are read when asked for, from a file without a name', async () => {
    const tensors: StateDict = new Map<string, TensorData>([
      ['a', float32(values(6, 0), [2, 3])],
      ['count', int64([3], [])],
      ['b', float32(values(5, 1), [5])],
    ]);
    const file = await moveToFile(tensors, folder);
    expect(await readdir(folder)).toEqual([]);
    for (const [name, { dtype, shape, data }] of tensors) {
      const moved = file.tensors.get(name)!;
      expect([moved.dtype, moved.shape, moved.data]).toEqual([dtype, shape, data]);
    }
    const a = file.tensors.get('a')!;
    expect(a.data).not.toBe(a.data);
    expect([...file.tensors.keys()]).toEqual([...tensors.keys()]);
    file.close();
  });

  it('train to the same weights and leave nothing in the folder or in the model', async () => {
    const plain = toy();
    const expected = await trained(await Stepper.create(runtime, plain.graph, plain.weights, { threads: 1 }, OPTIONS));

    const { graph, weights } = toy();
    const frozen = await moveToFile(frozenOf(graph, weights), folder);
    expect([...frozen.tensors.keys()]).toEqual(['frozen']);
    const mapping = mappingRuntime(runtime, folder);
    const parts = new Map([...weights, ...frozen.tensors]);
    const stepper = await Stepper.create(mapping, graph, parts, { threads: 1 }, OPTIONS);
    const result = await trained(stepper);
    expect(await readdir(folder)).toEqual([]);
    for (const [name, { data }] of expected) expect(result.get(name)!.data).toEqual(data);
    // The stepper reads it each time and keeps no copy.
    expect(result.get('frozen')!.data).not.toBe(stepper.weights().get('frozen')!.data);
    await writeSafetensorsFile(join(folder, 'all.safetensors'), result);
    await rm(join(folder, 'all.safetensors'));

    const model = await exportModel(runtime, graph.outputs, frozenOf(graph, plain.weights));
    expect(model.external.length).toBeGreaterThan(0);
    await (await mapping.createSession(model)).dispose();
    expect(model.external).toEqual([]);
    frozen.close();
  });

  it('report a folder that takes no file', async () => {
    const tensors = new Map([['a', asFloat32(float32([1], [1]))]]);
    await expect(moveToFile(tensors, join(folder, 'absent'))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });
});
