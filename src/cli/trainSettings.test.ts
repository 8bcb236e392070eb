import { resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { TINY_SAMUS } from '../../test/support/tinyModel.js';
import { presets } from '../models/registry.js';
import { type SettingValues, settingValues } from '../train/trainingConfig.js';
import { trainCommand } from './train.js';
import { type Base, configure, NO_BASE, readBase, type TrainOptions } from './trainSettings.js';

const DATA = { 'data.root': 'data', 'data.train': ['train'], 'data.val': ['val'] };
const SCRATCH = { model: TINY_SAMUS, from: null };

/** An epoch of 20 samples. */
function configured(settings: SettingValues, more: Omit<TrainOptions, 'settings'> = {}, base: Base = NO_BASE) {
  return configure({ ...more, settings }, base, { model: TINY_SAMUS, from: base.from }, async () => 20);
}

async function baseOf(settings: SettingValues): Promise<Base> {
  const config = await configured({ ...DATA, ...settings });
  return { ...config, values: settingValues(config) };
}

describe('the recipes in docs/recipes', () => {
  it('samus-s2 is a whole configuration', async () => {
    const base = await readBase(new URL('../../docs/recipes/samus-s2.json', import.meta.url).pathname);
    expect(base.model).toEqual(presets().get('samus-s2'));
    const config = await configure({ settings: {} }, base, { model: base.model!, from: null }, async () => 20);
    expect(config).toMatchObject({ trained: 'all', beside: 0.1, rates: { 'image_encoder.cnn_embed.backbone': 0.5 } });
  });

  it('have clicks beside objects only for a model with an object score', async () => {
    await expect(configured({ ...DATA, beside: 0.1 })).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
  });
});

describe('the settings of a training', () => {
  it('default to the published recipe', async () => {
    const { threads, ...config } = await configured(DATA);
    expect(threads).toBeGreaterThan(0);
    expect(config).toEqual({
      ...SCRATCH,
      data: { root: resolve('data'), train: ['train'], val: ['val'], holdOut: 0 },
      seed: 1234,
      backbone: [],
      batch: 8,
      accumulate: 1,
      steps: 500,
      recipe: { kind: 'published' },
      prompts: 'point',
      middleClicks: 0,
      beside: 0,
      boxGrowth: null,
      augment: 'published',
      optimizer: 'adam',
      weightDecay: 0,
      momentum: 0.9,
      learningRate: 5e-4,
      schedule: 'constant',
      warmup: 0,
      lowestRate: 0,
      drops: [],
      dropFactor: 0.1,
      dropPatience: 5,
      clip: null,
      ema: null,
      trained: 'all',
      freeze: [],
      rates: {},
      validateSteps: 3,
      checkpointSteps: 500,
      patience: 0,
      choose: 'samples',
      logSteps: 10,
      provider: 'cpu',
      repeat: {},
    });
  });

  it('depend on each other', async () => {
    const config = await configured({
      ...DATA,
      'recipe.kind': 'multi-prompt',
      optimizer: 'adamw',
      batch: 2,
      accumulate: 3,
    });
    expect(config).toMatchObject({ prompts: 'mixed', recipe: { rounds: 3 }, weightDecay: 0.1, validateSteps: 4 });
    expect(await configured(DATA, {}, { values: {}, from: 'samus.pth' })).toMatchObject({ trained: 'published' });
    expect(await configured({ ...DATA, batch: 3 }, { epochs: 2 })).toMatchObject({ steps: 14, validateSteps: 7 });
  });

  it('of another run apply, and options override them', async () => {
    const base = await baseOf({ 'recipe.kind': 'multi-prompt', 'recipe.rounds': 2, seed: 9, clip: 1, steps: 77 });
    expect(settingValues(await configured({}, {}, base))).toEqual(base.values);
    const other = { seed: 10, clip: null, 'data.holdOut': 0.1, 'recipe.kind': 'published' };
    const expected = { data: { train: ['train'], val: [], holdOut: 0.1 }, seed: 10, clip: null, steps: 77 };
    const config = await configured(other, {}, base);
    expect(config).toMatchObject(expected);
    expect(config.recipe).toEqual({ kind: 'published' });
    expect(await configured({}, { epochs: 1 }, base)).toMatchObject({ steps: 3, validateSteps: 3 });
    const held = await baseOf({ 'data.val': [], 'data.holdOut': 0.1 });
    const data = async (settings: SettingValues) => (await configured(settings, {}, held)).data;
    expect(await data({ 'data.val': ['other'] })).toMatchObject({ val: ['other'], holdOut: 0 });
    expect(await data({ 'data.val': ['other'], 'data.holdOut': 0 })).toMatchObject({ val: ['other'], holdOut: 0 });
    await expect(data({ 'data.holdOut': 0 })).rejects.toMatchObject({
      message: 'missing required option --val-list or --hold-out',
    });
  });

  it.each<[string, SettingValues, Omit<TrainOptions, 'settings'>, string]>([
    ['no data', {}, {}, '--data, --train-list, --val-list or --hold-out'],
    ['two ways of validating', { ...DATA, 'data.holdOut': 0.1 }, {}, 'expected one of --val-list and --hold-out'],
    ['two lengths', { ...DATA, steps: 3 }, { epochs: 3 }, 'expected one of --epochs and --steps'],
    ['rounds of one prompt', { ...DATA, 'recipe.rounds': 3 }, {}, '--rounds needs --recipe multi-prompt'],
    [
      'the decay of another optimizer',
      { ...DATA, weightDecay: 0.1 },
      {},
      '--weight-decay needs --optimizer adamw, sgd or rmsprop',
    ],
    ['clicks in boxes', { ...DATA, prompts: 'box', middleClicks: 1 }, {}, '--middle-clicks needs --prompts point'],
  ])('are refused with %s', async (_, settings, more, message) => {
    await expect(configured(settings, more)).rejects.toMatchObject({
      code: expect.stringMatching(/^USAGE_(MISSING_OPTION|CONFLICT)$/),
      message: expect.stringContaining(message),
    });
  });
});

describe('the options', () => {
  const run = vi.fn(async (_: TrainOptions) => ({ document: {}, lines: [] }));
  vi.doMock('./trainRun.js', () => ({ train: run }));

  it('become settings', async () => {
    const options =
      '--clip off --ema 0.9 --lr-scale a=0.5 --lr-scale b=1000 --batch 3 --augment flip --out run --epochs 2';
    await trainCommand().parseAsync([...options.split(' '), '--freeze', 'x, y'], { from: 'user' });
    const rates = { a: 0.5, b: 1000 };
    const settings = { clip: null, ema: 0.9, rates, batch: 3, augment: 'flip', freeze: ['x', 'y'] };
    expect(run.mock.calls[0]![0]).toMatchObject({ settings, out: 'run', epochs: 2 });
  });

  it.each([
    ['--clip', '0'],
    ['--lr', ''],
    ['--batch', '1e3'],
    ['--batch', '1025'],
    ['--repeat', 'a=0.5'],
    ['--lr-scale', '=1'],
    ['--lr-scale', 'a=1000.5'],
    ['--lr-scale', 'a=-1'],
    ['--augment', 'all'],
  ])('refuse %s %s', async (...args) => {
    const refusal = { kind: 'usage', message: expect.stringMatching(`^expected .* as ${args[0]}, got "${args[1]}"$`) };
    await expect(trainCommand().parseAsync(args, { from: 'user' })).rejects.toMatchObject(refusal);
  });
});

it('takes schedule, drops and rates of parts from the publication', async () => {
  const of = (name: string, settings: SettingValues = {}) => {
    const model = presets().get(name)!;
    return configure({ settings: { ...DATA, ...settings } }, NO_BASE, { model, from: null }, async () => 20);
  };
  expect(await of('cenet-s')).toMatchObject({ schedule: 'step', drops: [90 / 140, 120 / 140], dropFactor: 0.1 });
  expect(await of('canet-s')).toMatchObject({ schedule: 'step', drops: [256 / 300], dropFactor: 0.5 });
  expect(await of('medsam-s', { prompts: 'box' })).toMatchObject({ boxGrowth: 20 });
  expect(await of('unet-s')).toMatchObject({ schedule: 'plateau', dropPatience: 5 });
  expect(await of('samadapter-256')).toMatchObject({ schedule: 'cosine', lowestRate: 1e-7 });
  expect(await of('setr-s')).toMatchObject({ lowestRate: 1e-4, rates: { decode_head: 10, auxiliary_head: 10 } });
  expect(await of('setr-s', { schedule: 'cosine' })).toMatchObject({ lowestRate: 0 });
  await expect(of('setr-s', { drops: [0.5] })).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
});
