import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makePhantom } from '../data/phantom.js';
import { evaluationClick } from '../data/prompts.js';
import { createImage } from '../formats/image.js';
import { frameOf, inputShape } from '../models/graphs.js';
import { prepareImage } from '../models/imageFrame.js';
import { GREY_STRETCHED } from '../models/preprocessing.js';
import { architectureOf, presets } from '../models/registry.js';
import { SAM_PREPROCESSING, SAM_VIT_B } from '../models/sam/config.js';
import { augmentationFor } from './augmentations.js';
import { BatchFeeds } from './gradientGraph.js';
import { makeTrainingSample, SampleOrder, type SampleShape, validationExample } from './trainingSample.js';

const { image, objects } = makePhantom({ seed: 3, width: 64, height: 64, kind: 'lesion' });
const label = objects[0]!.mask;
const SAM_INPUT = { preprocessing: SAM_PREPROCESSING, imageSize: 64 };
const SHAPE: SampleShape = {
  preprocessing: GREY_STRETCHED,
  imageSize: 64,
  targetSide: 32,
  target: 'nearest',
  prompts: 'point',
  middleClicks: 0,
  augment: 'none',
  clickNoise: 2 * 32 * 32,
  seed: 1,
};
const sample = (shape: Partial<SampleShape>, epoch = 0, index = 0) =>
  makeTrainingSample(image, label, 1, { epoch, index }, { ...SHAPE, ...shape });

const sum = (values: Float32Array) => values.reduce((a, b) => a + b, 0);

/** Of the pixels, targets and prompts of twelve samples. */
function digest(shape: Partial<SampleShape>): string {
  const hash = createHash('sha256');
  for (let index = 0; index < 12; index++) {
    for (const values of Object.values(sample(shape, 1, index))) hash.update(values);
  }
  return hash.digest('hex').slice(0, 16);
}

it('takes the augmentation that each network is published with', () => {
  const kindOf = (name: string) => augmentationFor('published', architectureOf(presets().get(name)!));
  const names = ['samus-s', 'sam-s', 'fatnet-s', 'unet-s', 'medsam-s', 'samed-s', 'samadapter-s', 'setr-s'];
  const kinds = ['samus', 'samus', 'samus', 'none', 'none', 'synapse', 'mirror', 'setr'];
  expect(names.map(kindOf)).toEqual(kinds);
  expect(augmentationFor('flip', architectureOf(presets().get('setr-s')!))).toBe('flip');
});

it.each(['medsam-s', 'transunet-s', 'h2former-s', 'samed-s', 'canet-s'])(
  'trains %s on what it predicts from',
  (name) => {
    const config = presets().get(name)!;
    const shape = { ...inputShape(config), imageSize: 96 };
    const wide = makePhantom({ seed: 4, width: 50, height: 90, kind: 'lesion' });
    const example = validationExample(wide.image, wide.objects[0]!.mask, shape);
    const { data } = prepareImage(frameOf({ ...config, imageSize: 96 }, 50, 90), wide.image);
    const most = Math.max(...example.image.map((value, i) => Math.abs(value - data[i]!)));
    expect(most).toBeLessThan(1e-4);
  },
);

describe('makeTrainingSample', () => {
  it.each([
    ['SAMUS', 'none', '9f2b9d759a4d24eb'],
    ['SAMUS', 'samus', '3369754e24f994ce'],
    ['SAMUS', 'flip', '403399c833ceeff0'],
    ['SAMUS', 'strong', '0ac5551a71aaf694'],
    ['SAM', 'samus', '26c81145030c63ef'],
    ['SAM', 'strong', '9e7ee164b3d66d15'],
  ] as const)('makes the same samples as every version before (%s, %s)', (model, augment, expected) => {
    expect(digest({ augment, ...(model === 'SAM' && SAM_INPUT) })).toBe(expected);
  });

  it.each(['none', 'samus', 'flip', 'strong'] as const)(
    'changes all channels of a colour image alike (%s)',
    (augment) => {
      const planes = [image.data, image.data.map((v) => v >> 1), image.data];
      const data = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => planes[i % 3]![Math.floor(i / 3)]!);
      const colour = createImage(64, 64, 3, data);
      const preprocessing = { ...GREY_STRETCHED, channels: 3, mean: [0, 0, 0], std: [255, 255, 255] } as const;
      for (let index = 0; index < 8; index++) {
        const make = (shape: SampleShape) => makeTrainingSample(colour, label, 1, { epoch: 0, index }, shape);
        const made = make({ ...SHAPE, augment, preprocessing });
        const grey = make({ ...SHAPE, augment });
        const [red, green, blue] = [0, 1, 2].map((c) => made.image.subarray(c * 64 * 64, (c + 1) * 64 * 64));
        expect(blue).toEqual(red);
        expect(sum(green!)).toBeLessThan(sum(red!));
        expect(made.target).toEqual(grey.target);
        expect(made.point_coords).toEqual(grey.point_coords);
      }
    },
  );

  it('divides levels in float32, as the reference does', () => {
    const grey = createImage(1, 1, 1, Uint8Array.of(100));
    const shape = { ...SHAPE, imageSize: 1 };
    expect(validationExample(grey, Uint8Array.of(1), shape).image).toEqual(Float32Array.of(100 / 255));
  });

  it('takes targets from the pixels that the reference takes', () => {
    const side = 256;
    const ramp = Uint8Array.from({ length: side * side }, (_, i) => i % 255);
    const shape = { ...SHAPE, imageSize: side, targetSide: 128, target: 'classes' } as const;
    const { target } = makeTrainingSample(createImage(side, side, 1, ramp), ramp, 1, { epoch: 0, index: 0 }, shape);
    expect([...target.subarray(0, 127)]).toEqual(Array.from({ length: 127 }, (_, i) => ramp[256 + 2 * i + 1]));
  });

  it('knows the augmentations of the registry only', () => {
    expect(() => sample({ augment: 'flop' })).toThrow(expect.objectContaining({ code: 'TRAIN_AUGMENT' }));
  });

  it('fills the inputs of the graph', () => {
    for (const prompts of ['point', 'points', 'box', 'mixed'] as const) {
      const made = sample({ prompts });
      const feeds = new BatchFeeds({ ...SHAPE, prompts }, 2, 16);
      feeds.place(made, 1);
      for (const [name, values] of Object.entries(made)) {
        const { data } = feeds.tensors[name]!;
        expect([name, data.subarray(data.length / 2)]).toEqual([name, values]);
      }
      const { mask_input, has_mask_input } = feeds.tensors;
      expect([mask_input?.shape, has_mask_input?.shape]).toEqual([[2, 1, 16, 16], [2]]);
    }
  });

  it.each(['flip', 'strong', 'synapse', 'cenet', 'missformer'] as const)(
    'depends on seed, epoch and index alone (%s)',
    (augment) => {
      const shape = { augment, prompts: 'mixed' } as const;
      expect(sample(shape, 1, 2)).toEqual(sample(shape, 1, 2));
      expect(sample(shape, 1, 2)).not.toEqual(sample(shape, 2, 1));
      expect(sample({ ...shape, seed: 2 }, 1, 2)).not.toEqual(sample(shape, 1, 2));
    },
  );

  it('clicks on the object, one click and one padding point', () => {
    for (let index = 0; index < 20; index++) {
      const { point_coords: coords, point_labels: labels } = sample({}, 0, index);
      expect([...labels]).toEqual([1, -1]);
      expect(label[coords[1]! * 64 + coords[0]!]).toBe(1);
    }
  });

  it('uses the published evaluation click with the given probability', () => {
    const [x, y] = evaluationClick(label, 64, 1);
    const middles = (middleClicks: number) =>
      Array.from({ length: 40 }, (_, index) => sample({ middleClicks }, 0, index).point_coords).filter(
        (coords) => coords[0] === x && coords[1] === y,
      ).length;
    expect([middles(0), middles(1)]).toEqual([0, 40]);
    expect(middles(0.5)).toBeGreaterThan(10);
    expect(middles(0.5)).toBeLessThan(30);
  });

  it('asks a model with an object score for objects that are not there, with an empty target', () => {
    const nothing = new Uint8Array(64 * 64);
    const shape = { ...SHAPE, prompts: 'mixed', beside: 0.5 } as const;
    const [onObject, beside]: [number[], number[]] = [[], []];
    for (let index = 0; index < 60; index++) {
      const {
        target,
        point_coords: [x, y],
        point_labels: labels,
      } = sample(shape, 0, index);
      const inside = label[Math.round(y!) * 64 + Math.round(x!)];
      if (sum(target) > 0) onObject.push(labels[0]!);
      else {
        beside.push(labels[0]!);
        expect(inside).toBe(0);
      }
      const absent = makeTrainingSample(image, nothing, 1, { epoch: 0, index }, shape);
      expect(sum(absent.target)).toBe(0);
      // A click for an object, or a box.
      expect([1, 2]).toContain(absent.point_labels[0]);
    }
    expect(new Set(beside)).toEqual(new Set([1]));
    expect(new Set(onObject)).toEqual(new Set([1, 2]));
    expect(beside.length).toBeGreaterThan(15);
    expect(beside.length).toBeLessThan(45);
    // As published, a click says that there is none.
    expect(makeTrainingSample(image, nothing, 1, { epoch: 0, index: 0 }, SHAPE).point_labels[0]).toBe(0);
  });

  it('mixes clicks and boxes', () => {
    const kinds = Array.from({ length: 40 }, (_, index) => sample({ prompts: 'mixed' }, 0, index).point_labels.join());
    expect(new Set(kinds)).toEqual(new Set(['1,-1', '2,3']));
  });

  it('preserves the area of the object in a target of shares', () => {
    const pixels = objects[0]!.mask.reduce((a, b) => a + b, 0);
    expect(sum(sample({ target: 'share' }).target) * 4).toBeCloseTo(pixels, 3);
    expect([...sample({}).target].every((value) => value === 0 || value === 1)).toBe(true);
  });

  it('mirrors half of the images', () => {
    const row = (made: { image: Float32Array }) => [...made.image.subarray(40 * 64, 41 * 64)];
    // Nothing but the mirror is left of `flip` where the other operations are not drawn.
    const rows = new Set(Array.from({ length: 60 }, (_, index) => row(sample({ augment: 'flip' }, 0, index)).join()));
    const plain = row(sample({}));
    expect(rows).toContain(plain.join());
    expect(rows).toContain(plain.toReversed().join());
  });

  it('normalises for SAM and keeps the aspect ratio', () => {
    const wide = createImage(64, 32, 1, image.data.slice(0, 64 * 32));
    const mask = label.slice(0, 64 * 32);
    const { image: input } = validationExample(wide, mask, SAM_INPUT);
    expect(input).toHaveLength(3 * 64 * 64);
    expect(input[50 * 64 + 5]).toBe(0);
    expect(input[10 * 64 + 30]).toBeCloseTo((wide.data[10 * 64 + 30]! - 123.675) / 58.395, 4);
  });

  it('mirrors a tall image for SAM without its padding', () => {
    const tall = createImage(32, 64, 1, image.data.slice(0, 32 * 64));
    const mask = label.slice(0, 32 * 64);
    const row = (index: number): number[] => {
      const shape = { ...SHAPE, ...SAM_INPUT, augment: 'flip' } as const;
      return [...makeTrainingSample(tall, mask, 1, { epoch: 0, index }, shape).image.subarray(40 * 64, 41 * 64)];
    };
    const plain = [...validationExample(tall, mask, SAM_INPUT).image.subarray(40 * 64, 41 * 64)];
    expect(plain.slice(32)).toEqual(Array.from({ length: 32 }, () => 0));
    const rows = new Set(Array.from({ length: 60 }, (_, index) => row(index).join()));
    expect(rows).toContain(plain.join());
    expect(rows).toContain([...plain.slice(0, 32).toReversed(), ...plain.slice(32)].join());
  });

  it('frames images for SAM like the segmenter', () => {
    const config = { ...SAM_VIT_B, imageSize: 64, tokenGrid: 4 };
    const { image: seen, objects: shapes } = makePhantom({ seed: 4, width: 50, height: 90, kind: 'lesion' });
    const mask = shapes[0]!.mask;
    const example = validationExample(seen, mask, SAM_INPUT);
    const { data } = prepareImage(frameOf(config, 50, 90), seen);
    expect(example.image).toHaveLength(data.length);
    expect(Math.max(...example.image.map((value, i) => Math.abs(value - data[i]!)))).toBeLessThan(1e-5);
    expect(Math.max(...example.label.data)).toBe(1);
    const augmented = makeTrainingSample(
      seen,
      mask,
      1,
      { epoch: 0, index: 3 },
      { ...SHAPE, ...SAM_INPUT, augment: 'flip' },
    );
    expect(augmented.image.every(Number.isFinite)).toBe(true);
    expect(new Set(augmented.target)).toEqual(new Set([0, 1]));
  });
});

describe('SampleOrder', () => {
  it('yields every sample once per epoch, for any batch size', () => {
    const order = new SampleOrder(10, 1);
    const draws = Array.from({ length: 10 }, (_, i) => order.batch(i, 4)).flat();
    for (const epoch of [0, 1, 2, 3]) {
      const indices = draws.filter((draw) => draw.epoch === epoch).map(({ index }) => index);
      expect(indices.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  it('keeps the order of every version before', () => {
    const [first, second] = [0, 1].map((i) => new SampleOrder(10, 1).batch(i, 10).map(({ index }) => index));
    expect(first).toEqual([5, 0, 8, 6, 3, 7, 9, 4, 2, 1]);
    expect(second).toEqual([5, 6, 4, 8, 3, 0, 2, 7, 9, 1]);
  });

  it('shuffles each epoch anew, reproducibly for a seed in any order of calls', () => {
    const epoch = (order: SampleOrder, number: number) => order.batch(number, 50).map(({ index }) => index);
    const [a, b] = [new SampleOrder(50, 1), new SampleOrder(50, 1)];
    expect(epoch(a, 0)).not.toEqual(epoch(a, 1));
    expect(epoch(b, 7)).toEqual(epoch(a, 7));
    expect(epoch(b, 1)).toEqual(epoch(a, 1));
    expect(epoch(new SampleOrder(50, 2), 0)).not.toEqual(epoch(a, 0));
  });

  it('serves lists shorter than a batch', () => {
    const draws = new SampleOrder(1, 1).batch(1, 3);
    expect(draws).toEqual([
      { epoch: 3, index: 0 },
      { epoch: 4, index: 0 },
      { epoch: 5, index: 0 },
    ]);
  });
});
