import { describe, expect, it } from 'vitest';
import { TINY_SAM, TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { float32, type Shapes } from '../graph/tensorData.js';
import { findModel } from './findModel.js';

const SAMUS = tinyWeights(TINY_SAMUS);
const NAMES = [...SAMUS.keys()];
const OTHER = new Map([['conv.weight', float32([1], [1])]]);

const named = (tensors: Shapes, name: (name: string) => string): Shapes =>
  new Map([...tensors].map(([from, tensor]) => [name(from), tensor]));
const prefixed = (prefix: string, tensors: Shapes = SAMUS) => named(tensors, (name) => prefix + name);
const dict = (key: string, tensors: Shapes) => ({ key, tensors });

describe('the names of a model', () => {
  it.each([
    ['as they are', (name: string) => name],
    ['of DataParallel', (name: string) => `module.${name}`],
    ['of DataParallel twice', (name: string) => `module.module.${name}`],
    ['of torch.compile in DataParallel', (name: string) => `module._orig_mod.${name}`],
    ['of Lightning', (name: string) => `model.${name}`],
    ['of a module around it', (name: string) => `net.sam_model.${name}`],
    ['of a compiled encoder', (name: string) => name.replace('image_encoder.', 'image_encoder._orig_mod.')],
    ['of which some are wrapped', (name: string) => (name.startsWith('mask_decoder.') ? `module.${name}` : name)],
  ])('%s are its own afterwards', (_, name) => {
    const found = findModel([dict('', new Map([...named(SAMUS, name), ...OTHER]))]);
    const names = [...(found?.names ?? [])].filter(([from]) => from !== 'conv.weight');
    expect(names).toEqual(NAMES.map((own) => [name(own), own]));
  });

  it('keep what distinguishes two models', () => {
    const both = [dict('', new Map([...prefixed('module.'), ...prefixed('_orig_mod.')]))];
    expect(() => findModel(both)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_AMBIGUOUS' }));
    expect([...findModel(both, 'module')!.names.values()]).toEqual(NAMES);
    expect(findModel([dict('', OTHER)])).toBeUndefined();
  });
});

describe('the dict of a model', () => {
  it('is the only one that holds a model', () => {
    expect(findModel([dict('', OTHER), dict('a', OTHER), dict('net', SAMUS)])?.key).toBe('net');
  });

  it('is the one of a usual name, where there are several', () => {
    expect(findModel([dict('model', tinyWeights(TINY_SAM)), dict('ema', SAMUS)])?.key).toBe('model');
    const lightning = new Map([...prefixed('model.'), ...prefixed('ema_model.')]);
    expect(findModel([dict('state_dict', lightning)])?.names.get(`model.${NAMES[0]}`)).toBe(NAMES[0]);
  });

  it('has to be named where none is usual', () => {
    const dicts = [dict('student', SAMUS), dict('nets', prefixed('teacher.'))];
    expect(() => findModel(dicts)).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_AMBIGUOUS', details: { keys: ['student', 'nets.teacher'] } }),
    );
    expect(findModel(dicts, 'student')?.key).toBe('student');
    expect(findModel(dicts, 'teacher')?.key).toBe('nets');
    expect(() => findModel(dicts, 'ema')).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_KEY', details: { keys: ['student', 'nets.teacher'] } }),
    );
  });

  it('is a whole model rather than a part of one', () => {
    const part = new Map([...SAMUS].filter(([name]) => !name.endsWith('pos_embed')));
    expect(findModel([dict('model', part), dict('net', SAMUS)])?.key).toBe('net');
    // Its error names what is missing.
    expect(findModel([dict('model', part)])?.key).toBe('model');
  });
});
