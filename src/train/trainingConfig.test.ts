import { describe, expect, it } from 'vitest';
import { SAMUS_S } from '../models/samus/config.js';
import { differences, parseTrainingConfig, serialiseTrainingConfig, type TrainingConfig } from './trainingConfig.js';

const CONFIG: TrainingConfig = {
  data: { root: 'data', train: ['train'], val: ['val'], holdOut: 0 },
  choose: 'samples',
  model: SAMUS_S,
  from: null,
  backbone: [],
  beside: 0,
  boxGrowth: null,
  lowestRate: 0,
  drops: [],
  dropFactor: 0.1,
  dropPatience: 5,
  seed: 1,
  steps: 10,
  batch: 8,
  accumulate: 1,
  recipe: { kind: 'multi-prompt', rounds: 3 },
  prompts: 'mixed',
  middleClicks: 0.5,
  augment: 'published',
  optimizer: 'adamw',
  weightDecay: 0.1,
  momentum: 0.9,
  learningRate: 5e-4,
  schedule: 'cosine',
  warmup: 0,
  clip: null,
  ema: 0.999,
  trained: 'all',
  freeze: [],
  rates: { image_encoder: 0.5 },
  validateSteps: 5,
  checkpointSteps: 0,
  patience: 0,
  logSteps: 10,
  threads: 2,
  provider: 'webgpu',
  repeat: {},
};

describe('the configuration of a training', () => {
  it('survives a round trip through its file', () => {
    expect(parseTrainingConfig(JSON.parse(serialiseTrainingConfig(CONFIG)))).toEqual(CONFIG);
  });

  it('defaults to the CPU and random clicks, as in older versions', () => {
    const { provider, middleClicks, ...older } = CONFIG;
    expect([provider, middleClicks]).toEqual(['webgpu', 0.5]);
    expect(parseTrainingConfig(older)).toEqual({ ...older, provider: 'cpu', middleClicks: 0 });
  });

  it.each<[string, unknown]>([
    ['steps', 0],
    ['steps', 1.5],
    ['batch', '8'],
    ['schedule', 'linear'],
    ['learningRate', -1],
    ['ema', 1],
    ['middleClicks', 1.5],
    ['provider', 'wasm'],
    ['freeze', 'all'],
    ['rates', { a: 'b' }],
    ['rates', { a: 1000.5 }],
    ['rates', { a: -1 }],
    ['recipe', { kind: 'multi-prompt', rounds: 0 }],
    ['data', { root: 'data', train: 'train', val: [], holdOut: 0 }],
    ['data', { root: 'data', train: ['train'], val: ['val'], holdOut: 0.1 }],
  ])('is refused with a wrong %s: %j', (field, value) => {
    const wrong = { ...CONFIG, [field]: value };
    expect(() => parseTrainingConfig(wrong)).toThrow(expect.objectContaining({ code: 'TRAIN_CONFIG_INVALID' }));
  });

  it('is compared setting by setting, except for the data path', () => {
    const moved = { ...CONFIG, data: { ...CONFIG.data, root: 'elsewhere' } };
    expect(differences(CONFIG, moved)).toEqual([]);
    const reordered = { ...CONFIG, recipe: { rounds: 3, kind: 'multi-prompt' } as const };
    expect(differences(CONFIG, reordered)).toEqual([]);
    const other = { ...CONFIG, ema: null, data: { ...CONFIG.data, train: ['other'] } };
    expect(differences(CONFIG, other)).toEqual(['data.train', 'ema']);
  });
});
