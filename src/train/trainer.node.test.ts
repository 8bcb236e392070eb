import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writePhantomDataset } from '../../test/support/phantomDataset.js';
import { TINY_SAMUS } from '../../test/support/tinyModel.js';
import { openDataset } from '../data/dataset.node.js';
import { SamusError } from '../errors.js';
import { float32 } from '../graph/tensorData.js';
import { parametersOf } from '../models/graphs.js';
import type { Session } from '../runtime/session.js';
import { gradientName } from './gradientGraph.js';
import { ADAM } from './optimizer.js';
import type { PreparedRun } from './prepareRun.node.js';
import { Stepper } from './stepper.js';
import { Trainer } from './trainer.node.js';
import type { TrainingConfig } from './trainingConfig.js';
import { readTrainingState } from './trainingState.node.js';

vi.mock('./validate.node.js', () => ({
  validate: async () => ({ dice: 0.5, classDice: 0.5, parts: {}, pictures: [] }),
}));

const CONFIG: TrainingConfig = {
  data: { root: 'data', train: ['train'], val: ['val'], holdOut: 0 },
  choose: 'samples',
  model: TINY_SAMUS,
  from: null,
  backbone: [],
  beside: 0,
  boxGrowth: null,
  lowestRate: 0,
  drops: [],
  dropFactor: 0.1,
  dropPatience: 5,
  seed: 1,
  steps: 100,
  batch: 1,
  accumulate: 1,
  recipe: { kind: 'published' },
  prompts: 'point',
  middleClicks: 0,
  augment: 'none',
  optimizer: 'adam',
  weightDecay: 0,
  momentum: 0.9,
  learningRate: 1,
  schedule: 'constant',
  warmup: 0,
  clip: null,
  ema: null,
  trained: 'all',
  freeze: [],
  rates: {},
  validateSteps: 100,
  checkpointSteps: 1,
  patience: 0,
  logSteps: 10,
  threads: 1,
  provider: 'cpu',
  repeat: {},
};

const TRAINED = parametersOf(TINY_SAMUS)
  .filter(({ buffer }) => !buffer)
  .slice(0, 1);
const { name } = TRAINED[0]!;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samus-trainer-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A run in which the weights grow by 40 a step, and the loss is e to their power in 32 bits: 1, 2e17, 6e34, infinite. */
async function growingRun(
  config: Partial<TrainingConfig> = {},
  read: (batch: number) => void = () => undefined,
): Promise<PreparedRun> {
  const root = join(folder, 'data');
  await writePhantomDataset(root, { train: 1, val: 1 });
  const dataset = await openDataset(root);
  const length = TRAINED[0]!.shape.reduce((a, b) => a * b);
  const weight = new Float32Array(length);
  const session: Session = {
    inputs: [name],
    outputs: ['loss', gradientName(name)],
    run: async () => ({
      loss: float32([Math.exp(weight[0]!)], []),
      [gradientName(name)]: float32(new Float32Array(length).fill(-1), TRAINED[0]!.shape),
    }),
    dispose: async () => undefined,
  };
  const weights = new Map([[name, float32(weight, TRAINED[0]!.shape)]]);
  const stepper = new Stepper(session, { trained: TRAINED, buffers: [], noise: [] }, weights, {
    optimizer: { rule: { kind: 'adam', ...ADAM }, clip: null, ema: null, rateOf: () => 40 },
    seed: 1,
  });
  return {
    folder,
    config: { ...CONFIG, ...config },
    samples: 1,
    position: { step: 0, validated: -1, best: null, sinceBest: 0, seconds: 0, lists: 'x' },
    stepper,
    loader: {
      get: async (batch) => {
        read(batch);
        return { feeds: {}, origins: () => [`sample of batch ${batch}`] };
      },
    },
    validation: {
      runtime: { name: 'none', createSession: () => Promise.reject(new Error('not asked for')) },
      compute: {},
      config: TINY_SAMUS,
      dataset,
      list: await dataset.lists(['val']),
      pictures: 0,
    },
    card: () => '',
    close: async () => undefined,
  };
}

/** The last checkpoint: its step, and a weight. */
async function last(): Promise<readonly [step: number, weight: number]> {
  const state = await readTrainingState(folder, TRAINED, false);
  return [state!.position.step, Math.round(state!.states.get(name)!.weight[0]!)];
}

describe('a training', () => {
  it('keeps and names the last finite checkpoint if an update leads to NaN', async () => {
    const training = new Trainer(await growingRun(), {}, () => false).train();
    await expect(training).rejects.toMatchObject({
      code: 'TRAIN_NAN',
      message: expect.stringContaining('sample of batch 3'),
      hint: expect.stringContaining(`new run from ${join(folder, 'last')} (step 2)`),
      details: { step: 4 },
    });
    expect(await last()).toEqual([2, 80]);
  });

  it('names the last checkpoint as a possible cause if its weights give NaN', async () => {
    let steps = 0;
    const first = await growingRun();
    expect(await new Trainer(first, { step: () => steps++ }, () => steps === 3).train()).toMatchObject({ step: 3 });
    const state = (await readTrainingState(folder, TRAINED, false))!;
    const run = await growingRun();
    run.stepper.states.get(name)!.weight.set(state.states.get(name)!.weight);
    const resumed = { ...run, position: state.position };
    const hint = expect.stringContaining(`${join(folder, 'last')}, step 3, may be the cause`);
    await expect(new Trainer(resumed, {}, () => false).train()).rejects.toMatchObject({ code: 'TRAIN_NAN', hint });
  });

  it.each([
    ['a sample cannot be read', new SamusError('IMAGE_FORMAT', 'a', 'b')],
    ['a reader dies', new SamusError('TRAIN_WORKER', 'a', 'b')],
    ['the machine gives out', new SamusError('RUNTIME_OUT_OF_MEMORY', 'a', 'b')],
    ['a disk gives errors', Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })],
  ])('loses no step when %s', async (_, error) => {
    const run = await growingRun({ checkpointSteps: 0 }, (batch) => {
      if (batch === 2) throw error;
    });
    await expect(new Trainer(run, {}, () => false).train()).rejects.toBe(error);
    expect(await last()).toEqual([2, 80]);
  });

  it('keeps the last good checkpoint if it is stopped with NaN weights', async () => {
    const run = await growingRun({ checkpointSteps: 2 });
    let steps = 0;
    const step = () => {
      if (++steps === 3) run.stepper.states.get(name)!.weight.fill(Number.POSITIVE_INFINITY);
    };
    await expect(new Trainer(run, { step }, () => steps === 3).train()).rejects.toMatchObject({
      code: 'TRAIN_NAN',
      message: expect.stringMatching(/^a weight of step 3 .*sample of batch 2$/),
      hint: expect.stringContaining('(step 2)'),
    });
    expect(await last()).toEqual([2, 80]);
  });

  it('validates again if the best checkpoint could not be written', async () => {
    const run = await growingRun({ steps: 2, validateSteps: 2, checkpointSteps: 0 });
    let writable = false;
    const card: PreparedRun['card'] = (_, validation) => {
      if (validation && !writable) throw new SamusError('FILE_UNWRITABLE', 'a', 'b');
      return '';
    };
    const training = new Trainer({ ...run, card }, {}, () => false).train();
    await expect(training).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
    writable = true;
    const { position } = (await readTrainingState(folder, TRAINED, false))!;
    expect(position).toMatchObject({ step: 2, validated: -1, best: null });
    const resumed = { ...run, card, position };
    expect(await new Trainer(resumed, {}, () => false).train()).toMatchObject({ best: { dice: 0.5, step: 2 } });
    expect(await readdir(join(folder, 'best'))).toContain('model.safetensors');
  });
});
