import { describe, expect, it } from 'vitest';
import { TINY_SAMUS } from '../../test/support/tinyModel.js';
import type { ModelConfig } from '../models/architecture.js';
import { parseConfig, serialiseConfig } from '../models/configFile.js';
import { SAM_VIT_B } from '../models/sam/config.js';
import { SAMUS_B, SAMUS_S } from '../models/samus/config.js';
import { SAMUS_FROM_SAM } from '../models/samus/fromSam.js';
import type { SettingValues } from '../train/trainingConfig.js';
import { type ProfileName, profiled } from './trainProfile.js';
import { configure, NO_BASE } from './trainSettings.js';

const PUBLISHED = { trained: 'published', recipe: { kind: 'published' } } as const;
const ALL = { ...PUBLISHED, trained: 'all' } as const;

describe('a profile', () => {
  it.each<[ProfileName, string, ModelConfig, typeof PUBLISHED | typeof ALL, number, number]>([
    ['8gb', 'samus-b', SAMUS_B, PUBLISHED, 1, 8],
    ['16gb', 'samus-b', SAMUS_B, PUBLISHED, 4, 2],
    ['24gb', 'samus-b', SAMUS_B, PUBLISHED, 8, 1],
    ['8gb', 'samus-b, from random weights', SAMUS_B, ALL, 1, 8],
    ['8gb', 'samus-s', SAMUS_S, ALL, 8, 1],
    ['8gb', 'samus-s, part of it', SAMUS_S, PUBLISHED, 8, 1],
    ['16gb', 'sam-b', SAM_VIT_B, ALL, 1, 8],
    ['24gb', 'sam-b', SAM_VIT_B, PUBLISHED, 1, 8],
  ])('of %s gives %s what fits', (profile, _, model, training, batch, accumulate) => {
    expect(profiled(profile, { model, ...training }, 8)).toEqual({ batch, accumulate });
  });

  it('recognises a model by its sizes, whatever their source', () => {
    const read = parseConfig(JSON.parse(serialiseConfig(SAMUS_B))).config;
    for (const model of [read, SAMUS_FROM_SAM.config(SAM_VIT_B)]) {
      expect(profiled('8gb', { model, ...PUBLISHED }, 8)).toEqual({ batch: 1, accumulate: 8 });
    }
  });

  it('refuses a training that does not fit or was not measured', () => {
    const refusal = (text: string) =>
      expect.objectContaining({ code: 'TRAIN_PROFILE', message: expect.stringContaining(text) });
    expect(() => profiled('8gb', { model: SAM_VIT_B, ...ALL }, 8)).toThrow(refusal('12.7 GB'));
    const unknown = [
      { model: TINY_SAMUS, ...PUBLISHED },
      { model: SAMUS_B, trained: 'all', recipe: { kind: 'multi-prompt', rounds: 2 } } as const,
      { model: SAMUS_S, trained: 'all', recipe: { kind: 'multi-prompt', rounds: 4 } } as const,
    ];
    for (const training of unknown) expect(() => profiled('24gb', training, 8)).toThrow(refusal('was not measured'));
  });

  it('sets the batch of a new run and excludes --batch', async () => {
    const start = { model: SAMUS_S, from: null, weights: new Map() };
    const settings = { 'data.root': 'data', 'data.train': ['train'], 'data.val': ['val'] };
    const configured = (more: SettingValues) =>
      configure({ settings: { ...settings, ...more }, profile: '8gb' }, NO_BASE, start, async () => 80);
    expect(await configured({})).toMatchObject({ batch: 8, accumulate: 1, validateSteps: 10 });
    for (const more of [{ batch: 3 }, { accumulate: 2 }]) {
      await expect(configured(more)).rejects.toMatchObject({ code: 'USAGE_CONFLICT' });
    }
  });
});
