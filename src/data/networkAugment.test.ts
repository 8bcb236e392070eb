import { describe, expect, it } from 'vitest';
import { createImage, flipImage, type Image } from '../formats/image.js';
import { architectures } from '../models/registry.js';
import { Random } from '../nn/random.js';
import {
  type AugmentRecipe,
  box3,
  contrastBy,
  flipX,
  move,
  type Scene,
  sharpen,
  shiftHsv,
  zoomAndCrop,
} from './augmentSteps.js';
import { augmentAsPublished, quarterTurns, rotatedNearest, SHARED_AUGMENTATIONS } from './networkAugment.js';
import { makePhantom } from './phantom.js';

/** 7 x 5 levels without a pattern. */
const small = createImage(
  7,
  5,
  1,
  Uint8Array.from({ length: 35 }, (_, i) => (7 * i * i + 31 * i) % 251),
);

describe('the augmentation of TransUNet', () => {
  it('turns as numpy.rot90 and flips as numpy.flip', () => {
    const turned = quarterTurns(small, 1);
    expect([turned.width, turned.height]).toEqual([5, 7]);
    expect([...turned.data.subarray(0, 10)]).toEqual([187, 80, 157, 167, 110, 79, 125, 104, 16, 112]);
    expect([...flipImage(turned, 'vertical').data.subarray(0, 10)]).toEqual([0, 58, 49, 224, 81, 38, 194, 32, 54, 9]);
    expect([...flipImage(small, 'horizontal').data.subarray(0, 7)]).toEqual([187, 79, 236, 156, 90, 38, 0]);
    expect(quarterTurns(small, 4)).toEqual(small);
  });
  it.each([
    [-20, [0, 58, 38, 90, 0, 0, 0, 0, 32, 93, 6, 184, 79, 79, 224, 54, 29, 40, 65, 125, 80]],
    [-7, [0, 38, 90, 156, 0, 0, 0, 0, 194, 93, 6, 184, 125, 80, 49, 32, 29, 40, 65, 104, 157]],
    [13, [0, 0, 0, 156, 236, 125, 0, 0, 194, 93, 6, 184, 125, 0, 58, 32, 29, 40, 65, 104, 167]],
    [19, [0, 0, 0, 236, 79, 80, 0, 0, 38, 93, 6, 184, 104, 0, 58, 194, 29, 40, 65, 16, 167]],
  ])('rotates by %i degrees as scipy.ndimage.rotate', (degrees, expected) => {
    expect([...rotatedNearest(small, degrees).data.subarray(0, 21)]).toEqual(expected);
  });
});

const { image, objects } = makePhantom({ seed: 5, width: 60, height: 48, kind: 'lesion' });
const label = createImage(60, 48, 1, objects[0]!.mask);
const make = (recipe: (typeof SHARED_AUGMENTATIONS)[number] | AugmentRecipe, seed: number, picture: Image = image) =>
  augmentAsPublished(recipe, picture, label, Random.seeded(seed), 32, (given) =>
    createImage(
      32,
      32,
      given.channels,
      Uint8Array.from({ length: 1024 * given.channels }, (_, i) => {
        const pixel = Math.floor(i / given.channels);
        const [x, y] = [pixel % 32, Math.floor(pixel / 32)];
        return given.data[
          (Math.floor((y * 48) / 32) * 60 + Math.floor((x * 60) / 32)) * given.channels + (i % given.channels)
        ]!;
      }),
    ),
  );

const RECIPES = architectures().flatMap(({ id, published: { settings } }) =>
  typeof settings.augment === 'object' ? [[id, settings.augment] as const] : [],
);
it('belongs to eight networks', () => expect(RECIPES).toHaveLength(8));

describe.each([...SHARED_AUGMENTATIONS.map((kind) => [kind, kind] as const), ...RECIPES])('%s', (kind, recipe) => {
  it('follows from the seed alone and changes images', () => {
    const made = Array.from({ length: 24 }, (_, seed) => make(recipe, seed));
    expect(make(recipe, 3)).toEqual(made[3]);
    expect(new Set(made.map(({ image: { data } }) => data.join())).size).toBeGreaterThan(kind === 'mirror' ? 1 : 3);
    for (const one of made) {
      expect([one.label.width, one.label.height]).toEqual([one.image.width, one.image.height]);
      expect([...new Set(one.label.data)].every((value) => value === 0 || value === 1)).toBe(true);
    }
  });
  it('moves the label with the image', () => {
    // An image of its own label: geometry keeps both together, levels keep the object brighter.
    const shown = createImage(
      60,
      48,
      1,
      label.data.map((value) => 60 + 120 * value),
    );
    for (let seed = 0; seed < 12; seed++) {
      const made = make(recipe, seed, shown);
      const mean = (value: number): number => {
        const found = [...made.image.data].filter((_, i) => made.label.data[i] === value);
        return found.reduce((a, b) => a + b, 0) / found.length;
      };
      if (made.label.data.includes(1)) expect(mean(1)).toBeGreaterThan(mean(0) + 40);
    }
  });
});

describe('steps', () => {
  const scene = (data: readonly number[], side = 3): Scene => ({
    side,
    planes: [Float32Array.from(data)],
    label: Uint8Array.from({ length: side * side }, (_, i) => i),
  });
  const nine = [10, 20, 30, 40, 50, 60, 70, 80, 90];
  it('flip, turn and shift image and label alike', () => {
    const flip = scene(nine);
    flipX(flip, Random.seeded(1));
    expect([...flip.planes[0]!]).toEqual([30, 20, 10, 60, 50, 40, 90, 80, 70]);
    expect([...flip.label]).toEqual([2, 1, 0, 5, 4, 3, 8, 7, 6]);
    const still = scene(nine);
    move({})(still, Random.seeded(1));
    zoomAndCrop(1, 1)(still, Random.seeded(1));
    expect([...still.planes[0]!]).toEqual(nine);
  });
  it('enlarges and reduces about a place', () => {
    const smaller = scene(
      Array.from({ length: 64 }, () => 100),
      8,
    );
    smaller.label.fill(1);
    zoomAndCrop(0.5, 0.5)(smaller, Random.seeded(2));
    expect(smaller.label.reduce((a, b) => a + b, 0)).toBe(16);
    const larger = scene(
      Array.from({ length: 64 }, () => 100),
      8,
    );
    larger.label.fill(1);
    move({ scale: [2, 2] })(larger, Random.seeded(2));
    expect(larger.label.reduce((a, b) => a + b, 0)).toBe(64);
  });
  it('averages and sharpens over 3 x 3 pixels', () => {
    const mean = scene(nine);
    box3(mean, Random.seeded(1));
    expect(mean.planes[0]![4]).toBeCloseTo(50, 5);
    // The corner repeats: (4·10 + 2·20 + 2·40 + 50) / 9.
    expect(mean.planes[0]![0]).toBeCloseTo(210 / 9, 4);
    const spot = scene([50, 50, 50, 50, 60, 50, 50, 50, 50]);
    const share = Random.seeded(4).uniform();
    sharpen(spot, Random.seeded(4));
    expect(spot.planes[0]![4]).toBeCloseTo(60 + share * 80, 3);
  });
  it('changes contrast about the mean', () => {
    const one = scene(nine);
    contrastBy(0.5, 0.5)(one, Random.seeded(1));
    expect([...one.planes[0]!]).toEqual([30, 35, 40, 45, 50, 55, 60, 65, 70]);
  });
  it('turns hues: red by 120 degrees is green; grey changes by its value only', () => {
    const red: Scene = { side: 1, planes: [200, 0, 0].map((v) => Float32Array.of(v)), label: new Uint8Array(1) };
    shiftHsv(red, 120, 0, 10);
    expect(red.planes.map(([v]) => v)).toEqual([0, 210, 0]);
    const orange: Scene = { side: 1, planes: [200, 100, 40].map((v) => Float32Array.of(v)), label: new Uint8Array(1) };
    shiftHsv(orange, 0, 0, 0);
    expect(orange.planes.map(([v]) => Math.round(v!))).toEqual([200, 100, 40]);
    const grey: Scene = { side: 1, planes: [90, 90, 90].map((v) => Float32Array.of(v)), label: new Uint8Array(1) };
    shiftHsv(grey, 40, 5, -10);
    expect(grey.planes.map(([v]) => v)).toEqual([80, 80, 80]);
  });
});
