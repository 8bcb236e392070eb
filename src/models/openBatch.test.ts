import { describe, expect, it } from 'vitest';
import { TINY, tinyWeights } from '../../test/support/tinyModel.js';
import { float32, type TensorData } from '../graph/tensorData.js';
import { exportModel } from '../nn/compile.js';
import { Random } from '../nn/random.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { partsOf } from './graphs.js';

const runtime = nodeRuntime({ worker: false });

async function results(id: string, open: boolean, images: TensorData[]): Promise<number[]> {
  const config = TINY[id]!;
  const [[, graph]] = [...partsOf(config, open ? 'batch' : 1)];
  const { outputs } = graph!();
  const session = await runtime.createSession(await exportModel(runtime, outputs, tinyWeights(config)));
  const values: number[] = [];
  for (const image of images)
    values.push(...Array.from((await session.run({ image }))[Object.keys(outputs)[0]!]!.data, Number));
  await session.dispose();
  return values;
}

describe.each(Object.keys(TINY))('%s', (id) => {
  it('answers any number of images at once as it answers each', async () => {
    const shape = partsOf(TINY[id]!).values().next().value!().inputs.image!.shape.map(Number);
    const random = Random.seeded(1);
    const size = shape.reduce((a, b) => a * b, 1);
    const all = Float32Array.from({ length: 3 * size }, () => random.uniform());
    const one = await results(
      id,
      false,
      [0, 1, 2].map((i) => float32(all.slice(i * size, (i + 1) * size), shape)),
    );
    const batched = await results(id, true, [float32(all, [3, ...shape.slice(1)])]);
    const largest = Math.max(...one.map(Math.abs));
    expect(batched.length).toBe(one.length);
    for (let i = 0; i < one.length; i++)
      expect(Math.abs(batched[i]! - one[i]!)).toBeLessThan(5e-5 * Math.max(1, largest));
  });
});
