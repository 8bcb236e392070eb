import { describe, expect, it } from 'vitest';
import { TINY, TINY_SAM, TINY_SAMUS } from '../../test/support/tinyModel.js';
import { detectConfig, parseConfig, serialiseConfig } from './configFile.js';
import { inputShape, parametersOf } from './graphs.js';
import { presets } from './registry.js';
import { SAM_VIT_B, SAM_VIT_H, SAM_VIT_L } from './sam/config.js';
import { SAMUS_B, SAMUS_S } from './samus/config.js';

const samus = (change: Record<string, unknown>) => ({ ...JSON.parse(serialiseConfig(SAMUS_B)), ...change });

describe('config.json', () => {
  const int8 = { ...SAMUS_B, quantisation: 'int8' as const };

  it.each([SAM_VIT_B, SAM_VIT_L, SAM_VIT_H, SAMUS_B, SAMUS_S, TINY_SAM, TINY_SAMUS, int8])(
    'survives a round trip',
    (config) => {
      expect(parseConfig(JSON.parse(serialiseConfig(config)))).toEqual({ config, extra: {}, warnings: [] });
    },
  );

  it('keeps unknown fields, with a warning', () => {
    const { extra, warnings } = parseConfig(samus({ trainedOn: ['BUSI'], note: null }));
    expect(extra).toEqual({ trainedOn: ['BUSI'], note: null });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('trainedOn');
    expect(parseConfig(JSON.parse(serialiseConfig(SAMUS_B, extra))).extra).toEqual(extra);
  });

  it('never lets an extra field replace a known one', () => {
    expect(parseConfig(JSON.parse(serialiseConfig(SAMUS_B, { dim: 1 }))).config).toEqual(SAMUS_B);
  });

  it('states the preprocessing as data, and reads the sentences of version 0.1.0', () => {
    expect(samus({}).preprocessing).toEqual({
      channels: 1,
      colour: 'grey',
      fit: 'stretch',
      levels: 'stored',
      mean: [0],
      std: [255],
      padding: 0,
      points: 'centre',
    });
    const sentences = [
      [SAMUS_B, 'grey, stretched to imageSize x imageSize, 0 to 1'],
      [SAM_VIT_B, 'rgb, longest side to imageSize, normalised, padded'],
    ] as const;
    for (const [config, preprocessing] of sentences) {
      const json = JSON.parse(serialiseConfig(config));
      for (const stated of [
        { ...json, preprocessing },
        { ...json, preprocessing: undefined },
      ]) {
        expect(parseConfig(JSON.parse(JSON.stringify(stated)))).toEqual({ config, extra: {}, warnings: [] });
      }
      const { channels, ...rest } = json.preprocessing;
      expect(parseConfig({ ...json, preprocessing: { ...rest, channels } }).config).toEqual(config);
    }
  });

  it.each(['medsam-s', 'transunet-s', 'h2former-s'])(
    'opens older folders of %s with the resizing that they state',
    (name) => {
      const config = presets().get(name)!;
      const json = JSON.parse(serialiseConfig(config));
      expect(json.preprocessing.resize).toBeDefined();
      expect(parseConfig(json).config).toEqual(config);
      const { resize, percentiles, ...plain } = json.preprocessing;
      const older = parseConfig({ ...json, preprocessing: plain }).config;
      expect(older).toEqual({ ...config, resizing: 'plain' });
      expect(inputShape(older).preprocessing).not.toHaveProperty('resize');
      expect(inputShape(older).preprocessing).not.toHaveProperty('percentiles');
      expect(parseConfig(JSON.parse(serialiseConfig(older)))).toEqual({ config: older, extra: {}, warnings: [] });
      expect(() => parseConfig({ ...json, resizing: 'bilinear' })).toThrow(
        expect.objectContaining({ code: 'CONFIG_FIELD' }),
      );
    },
  );

  it('takes eight decoder heads if none are given', () => {
    const { decoderHeads: _, ...rest } = samus({});
    expect(parseConfig(rest).config).toHaveProperty('decoderHeads', 8);
  });

  it.each([null, [], 'samus', 3])('refuses %j', (json) => {
    expect(() => parseConfig(json)).toThrow(expect.objectContaining({ kind: 'input', code: 'CONFIG_INVALID' }));
  });

  it.each([undefined, 'segnet', 3])('refuses the architecture %j', (architecture) => {
    expect(() => parseConfig(samus({ architecture }))).toThrow(
      expect.objectContaining({ code: 'CONFIG_ARCHITECTURE' }),
    );
  });

  it.each([
    ['dim', undefined],
    ['dim', '768'],
    ['dim', 76.5],
    ['dim', 1e9],
    ['depth', 0],
    ['imageSize', -256],
    ['imageSize', 255],
    ['imageSize', 96],
    ['heads', 5],
    ['promptDim', 252],
    ['decoderHeads', 7],
    ['maskChannels', 6],
    ['positionGrid', 48],
    ['positionGrid', 16],
    ['stem', null],
    ['globalBlocks', 'all'],
    ['globalBlocks', [2, 5, 8, 12]],
    ['globalBlocks', [5, 2]],
    ['globalBlocks', [2, 2]],
    ['globalBlocks', [-1]],
    ['globalBlocks', [1.5]],
    ['preprocessing', 'ImageNet'],
    ['preprocessing', 'rgb, longest side to imageSize, normalised, padded'],
    ['preprocessing', null],
    ['preprocessing', ['grey']],
    ['preprocessing', {}],
    ['preprocessing', { ...samus({}).preprocessing, std: [1] }],
    ['preprocessing', { ...samus({}).preprocessing, padding: undefined }],
    ['preprocessing', { ...samus({}).preprocessing, gamma: 2 }],
    ['quantisation', 'int4'],
    ['quantisation', true],
  ])('refuses %s = %j and names the field', (field, value) => {
    expect(() => parseConfig(samus({ [field]: value }))).toThrow(
      expect.objectContaining({
        kind: 'input',
        code: 'CONFIG_FIELD',
        message: expect.stringContaining(field),
        details: expect.objectContaining({ field }),
      }),
    );
  });

  it('refuses 8 bits for a network without weights that can be held in them', () => {
    const json = { ...JSON.parse(serialiseConfig(TINY.unet!)), quantisation: 'int8' };
    const message =
      'quantisation of the model must be left out for U-Net, which has no weights that can be held in 8 bits, not "int8"';
    expect(() => parseConfig(json)).toThrow(expect.objectContaining({ kind: 'input', code: 'CONFIG_FIELD', message }));
  });

  it('refuses patches that overlap in SAM', () => {
    const json = { ...JSON.parse(serialiseConfig(SAM_VIT_B)), patchKernel: 32 };
    expect(() => parseConfig(json)).toThrow(expect.objectContaining({ code: 'CONFIG_FIELD' }));
  });
});

it('explains the four channels of the released H2Former', () => {
  const shapes = parametersOf(presets().get('h2former-s')!).map(({ name, shape }) => [name, { shape }] as const);
  const released = new Map([...shapes, ['conv1.weight', { shape: [16, 4, 7, 7] }] as const]);
  expect(() => detectConfig(released)).toThrow(
    expect.objectContaining({
      code: 'CHECKPOINT_TENSOR_SHAPE',
      message: expect.stringContaining('3 input channels, got 4'),
    }),
  );
  expect(detectConfig(new Map(shapes))).toMatchObject({ architecture: 'h2former' });
});
