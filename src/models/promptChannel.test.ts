import { describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { TINY, tinyWeights } from '../../test/support/tinyModel.js';
import { createImage } from '../formats/image.js';
import { sizeOf } from '../graph/tensorData.js';
import { ClassNetwork } from '../predict/classNetwork.js';
import { Segmenter } from '../predict/segmenter.js';
import type { ObjectPrompt } from '../predict/types.js';
import type { ModelConfig } from './architecture.js';
import { channelledConfig, parseConfig, serialiseConfig } from './configFile.js';
import { parametersOf } from './graphs.js';
import { extendedByChannel } from './promptChannel.js';
import { architectureOf } from './registry.js';

const NETWORKS = Object.values(TINY).filter((config) => {
  const architecture = architectureOf(config);
  return architecture.task === 'classes' && architecture.promptChannel;
});
/** A gradient with a bright square. */
const IMAGE = createImage(
  32,
  32,
  1,
  Uint8Array.from({ length: 32 * 32 }, (_, i) => {
    const [x, y] = [i % 32, Math.floor(i / 32)];
    return x > 8 && x < 20 && y > 10 && y < 22 ? 220 : 3 * x + 2 * y;
  }),
);
const CLICK: ObjectPrompt = { points: [[14, 16]] };
const BOX: ObjectPrompt = { box: [9, 11, 19, 21] };

const sizes = (config: ModelConfig) => new Map(parametersOf(config).map(({ name, shape }) => [name, sizeOf(shape)]));

describe('a prompt channel', () => {
  it('is for all twelve networks', () => {
    expect(NETWORKS).toHaveLength(12);
  });

  it.each(NETWORKS)(
    'of $architecture: a start that answers as before, weights of first convolutions only',
    async (plain) => {
      const config = channelledConfig(plain, 'point');
      const [before, after] = [sizes(plain), sizes(config)];
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
      const grown = parametersOf(config).filter(({ name, shape }) => sizeOf(shape) !== before.get(name));
      expect(grown.length).toBeGreaterThan(0);
      for (const { name, shape } of grown) {
        const [outputs = 0, , height = 0, width = 0] = shape;
        expect(sizeOf(shape) - (before.get(name) ?? 0), name).toBe(outputs * height * width);
      }
      const weights = tinyWeights(plain);
      const tensors = extendedByChannel(parametersOf(config), weights);
      const network = ClassNetwork.create({ name: 'plain', config: plain, tensors: weights }, runtime);
      const segmenter = Segmenter.create({ name: 'channel', config, tensors }, runtime);
      const [expected] = await network.segment(await network.encode(IMAGE), [{ classId: 1 }]);
      const encoding = await segmenter.encode(IMAGE);
      const { logits } = await segmenter.segment(encoding, CLICK, { logits: true });
      for (const [i, value] of logits!.entries()) expect(Math.abs(value - expected!.logits[i]!)).toBeLessThan(1e-4);
      await Promise.all([network.dispose(), segmenter.dispose()]);
    },
  );

  it.each([
    ['point', CLICK, { points: [[3, 28]] }, BOX],
    ['box', BOX, { box: [0, 20, 8, 31] }, CLICK],
  ] as const)('answers another %s otherwise, and takes no other prompt', async (kind, one, other, strange) => {
    const config = channelledConfig(TINY.unet!, kind);
    const segmenter = Segmenter.create({ name: 'channel', config, tensors: tinyWeights(config) }, runtime);
    const encoding = await segmenter.encode(IMAGE);
    // Several objects go through the network one by one.
    const [first, second, again] = await segmenter.segment(encoding, [one, other, one], { logits: true });
    expect(second!.logits).not.toEqual(first!.logits);
    expect(again!.logits).toEqual(first!.logits);
    for (const { score } of [first!, second!]) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
    await expect(segmenter.segment(encoding, strange)).rejects.toMatchObject({ code: 'MODEL_PROMPTS' });
    await segmenter.dispose();
  });

  it('is kept in the configuration', () => {
    const config = channelledConfig(TINY.setr!, 'box');
    expect(parseConfig(JSON.parse(serialiseConfig(config))).config).toEqual(config);
  });

  it.each([
    ['a model that takes prompts', { ...TINY.samus, promptChannel: 'point' }],
    ['a model built on SAM', { ...TINY.samadapter, promptChannel: 'point' }],
    ['several classes', { ...TINY.unet, classes: 3, promptChannel: 'box' }],
    ['an unknown kind', { ...TINY.unet, promptChannel: 'mask' }],
  ])('is refused for %s', (_, json) => {
    expect(() => parseConfig(json)).toThrow(expect.objectContaining({ code: 'CONFIG_FIELD' }));
  });
});
