/**
 * State in training: running statistics and random masks of a toy network, alone and in a training that is interrupted.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, runtime } from '../../test/support/evaluate.js';
import { TINY_SAMUS } from '../../test/support/tinyModel.js';
import { readModelFolder } from '../formats/modelFolder.node.js';
import { add, mul, relu, sub } from '../graph/ops/elementwise.js';
import { mean } from '../graph/ops/reduce.js';
import { reshape } from '../graph/ops/shape.js';
import { input, type Tensor } from '../graph/tensor.js';
import { asFloat32, float32, int64, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import { batchNorm1d, batchNorm2d, conv2d, dropout, dropout2d, dropPath, linear } from '../nn/layers.js';
import { initialise, type Mode, Parameters } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import { trainingGraph } from './gradientGraph.js';
import { ADAM } from './optimizer.js';
import { Stepper, type StepperOptions } from './stepper.js';
import { readTrainingState, writeCheckpoint } from './trainingState.node.js';

const BATCH = 3;
const IMAGE = [BATCH, 2, 4, 4];

/** Everything that has state or randomness, and a decoder that is applied twice. */
function network(p: Parameters, image: Tensor): Tensor {
  const features = relu(batchNorm2d(p.at('norm'), conv2d(p.at('conv'), image, 4, { kernel: 3, padding: 1 })));
  const flat = reshape(dropout2d(p.at('drop'), features, 0.25), [BATCH, -1]);
  let x = linear(p.at('head'), flat, 5);
  for (let round = 0; round < 2; round++) {
    const y = dropout(p.at('decoder.drop'), batchNorm1d(p.at('decoder.norm'), x), 0.5);
    x = add(x, dropPath(p.at('decoder.path'), y, 0.3));
  }
  return x;
}

function toy(frozen: readonly string[] = [], mode: Mode = 'train') {
  const p = new Parameters({ mode, frozen });
  const difference = sub(network(p, input('image', IMAGE)), input('target', [BATCH, 5]));
  const loss = mean(mul(difference, difference));
  const graph = trainingGraph({ loss }, p, (name) => !frozen.some((beginning) => name.startsWith(beginning)));
  return { graph, weights: initialise(p.list(), Random.seeded(3)) };
}

function feeds(run: number): Record<string, TensorData> {
  const random = Random.seeded(run, 77);
  const drawn = (shape: readonly number[]) =>
    float32(
      Float32Array.from({ length: sizeOf(shape) }, () => random.normal(1)),
      shape,
    );
  return { image: drawn(IMAGE), target: drawn([BATCH, 5]) };
}

const OPTIONS: StepperOptions = {
  optimizer: { rule: { kind: 'adam', ...ADAM }, clip: 1, ema: 0.9, rateOf: () => 1 },
  seed: 5,
  accumulate: 2,
};

function stepperOf({ graph, weights }: ReturnType<typeof toy>, options: Partial<StepperOptions> = {}) {
  return Stepper.create(runtime, graph, weights, { threads: 1 }, { ...OPTIONS, ...options });
}

async function train(stepper: Stepper, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    for (const i of [0, 1]) losses.push((await stepper.run(feeds(2 * step + i))).loss!);
    stepper.update(1e-2, stepper.norm());
  }
  return losses;
}

describe('a training with running statistics and random masks', () => {
  it('resumes bit for bit from its checkpoint, also from one written within a step', async () => {
    const whole = await stepperOf(toy());
    const losses = await train(whole, 0, 5);

    const first = await stepperOf(toy());
    const before = await train(first, 0, 2);
    const folder = await mkdtemp(join(tmpdir(), 'samus-stepper-'));
    try {
      await first.run(feeds(99));
      const position = { step: 2, validated: -1, best: null, sinceBest: 0, seconds: 0, lists: '' };
      const model = { config: TINY_SAMUS, tensors: first.weights(), card: '' };
      await writeCheckpoint(folder, 'last', model, { position, states: first.states });
      const { graph } = toy();
      const { states } = (await readTrainingState(folder, graph.trained, true))!;
      const { tensors } = await readModelFolder(join(folder, 'last'));
      const resumed = await stepperOf({ graph, weights: new Map(tensors) }, { step: 2, states });
      expect([...before, ...(await train(resumed, 2, 5))]).toEqual(losses);
      const byName = (stepper: Stepper) => new Map([...stepper.weights()].sort(([a], [b]) => (a < b ? -1 : 1)));
      expect(byName(resumed)).toEqual(byName(whole));
      expect(resumed.states).toEqual(whole.states);
      expect(whole.weights().get('norm.num_batches_tracked')).toEqual(int64([10], []));
      expect(whole.weights().get('decoder.norm.num_batches_tracked')).toEqual(int64([20], []));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('discards running statistics of an unfinished or non-finite step', async () => {
    const stepper = await stepperOf(toy());
    const before = statistics(stepper.weights());
    await stepper.run(feeds(0));
    expect(statistics(stepper.weights())).toEqual(before);
    await stepper.run({ ...feeds(1), image: float32(new Float32Array(sizeOf(IMAGE)).fill(3e38), IMAGE) });
    expect(stepper.norm()).toBeNaN();
    stepper.update(1, stepper.norm());
    expect(statistics(stepper.weights())).toEqual(before);
    const losses = await train(stepper, 1, 2);
    const other = await stepperOf(toy(), { step: 1 });
    expect(await train(other, 1, 2)).toEqual(losses);
  });

  it('draws different masks for each seed, step, run and layer', async () => {
    const loss = async (options: Partial<StepperOptions>, runs = 1): Promise<number> => {
      const stepper = await stepperOf(toy(), options);
      let last = 0;
      for (let i = 0; i < runs; i++) last = (await stepper.run(feeds(0))).loss!;
      return last;
    };
    const losses = await Promise.all([loss({}), loss({ seed: 6 }), loss({ step: 1 }), loss({}, 2), loss({})]);
    expect(new Set(losses).size).toBe(4);
    expect(losses[4]).toBe(losses[0]);
    const names = toy().graph.noise.map(({ name }) => name);
    const twice = ['drop', 'path'].map((layer) => `noise.decoder.${layer}`).flatMap((name) => [name, `${name}#2`]);
    expect(names.sort()).toEqual(['noise.drop', ...twice].sort());
  });

  it('keeps frozen modules unchanged: stored statistics, no masks', async () => {
    const model = toy(['norm', 'drop', 'decoder']);
    expect(model.graph.noise).toEqual([]);
    const stepper = await stepperOf(model);
    await train(stepper, 0, 2);
    expect(statistics(stepper.weights())).toEqual(statistics(model.weights));
    const { graph } = toy([], 'infer');
    expect([graph.noise, graph.buffers]).toEqual([[], []]);
    expect(graph.parameters.map(({ name }) => name)).toEqual(toy().graph.parameters.map(({ name }) => name));
  });
});

function statistics(weights: StateDict): StateDict {
  return new Map([...weights].filter(([name]) => /running|num_batches/.test(name)).sort());
}

describe('batch norm', () => {
  // Two channels; in the first 1, 2, 3, 6: mean 3, population variance 3.5, unbiased 14/3.
  const X = float32([1, 10, 2, 10, 3, 10, 6, 14], [4, 2]);

  async function norm(mode: Mode, options = {}): Promise<Record<string, readonly number[]>> {
    const p = new Parameters({ mode });
    const y = batchNorm1d(p.at('n'), input('x', [4, 2]), options);
    const results = await run(
      { y, ...Object.fromEntries(p.updates) },
      { x: X },
      initialise(p.list(), Random.seeded(1)),
    );
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]));
  }

  it("normalises by the batch in a training and records PyTorch's running statistics", async () => {
    const { y, ...updates } = await norm('train');
    expect(y![0]).toBeCloseTo(-2 / Math.sqrt(3.5), 4);
    expect(updates).toEqual({
      'n.running_mean': [expect.closeTo(0.3), expect.closeTo(1.1)],
      'n.running_var': [expect.closeTo(0.9 + 1.4 / 3), expect.closeTo(0.9 + 0.4)],
      'n.num_batches_tracked': [1],
    });
  });

  it("records Keras' if the network asks for them", async () => {
    const updates = await norm('train', { momentum: 0.01, unbiased: false });
    expect(updates['n.running_var']).toEqual([expect.closeTo(0.99 + 0.035), expect.closeTo(0.99 + 0.03)]);
  });

  it('uses the running statistics in inference, and changes nothing', async () => {
    const { y, ...updates } = await norm('infer');
    expect(y).toEqual([...asFloat32(X).data].map((value) => expect.closeTo(value, 3)));
    expect(updates).toEqual({});
  });

  it('refuses a batch of one number for each channel', () => {
    const p = new Parameters({ mode: 'train' });
    expect(() => batchNorm1d(p, input('x', [1, 2]))).toThrow(expect.objectContaining({ code: 'TRAIN_BATCH_NORM' }));
  });
});
