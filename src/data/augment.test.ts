import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromBase64 } from '../../test/support/imageFixtures.js';
import { createImage } from '../formats/image.js';
import { Random } from '../nn/random.js';
import { augment, makeExample } from './augment.js';

const SIDE = 48;

interface Case {
  readonly seed: number;
  /** What the seed draws, in the published order. */
  readonly drawn: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly image: string;
  readonly label: string;
  readonly expected: { readonly image: string; readonly label: string; readonly low: string };
}
const cases: Case[] = JSON.parse(
  readFileSync(new URL('../../test/fixtures/data/augment.json', import.meta.url), 'utf8'),
);

describe('augmentation and resizing against numpy and Pillow', () => {
  it.each(cases)('seed $seed draws $drawn', ({ seed, width, height, image, label, expected }) => {
    const picture = createImage(width, height, 1, fromBase64(image));
    const mask = createImage(width, height, 1, fromBase64(label));
    const augmented = augment(picture, mask, Random.seeded(seed), SIDE);
    const example = makeExample(augmented.image, augmented.label, { imageSize: SIDE, lowSize: 24 });
    expect([...example.image].map((value) => Math.round(value * 255))).toEqual([...fromBase64(expected.image)]);
    expect(example.label).toEqual(fromBase64(expected.label));
    expect(example.lowLabel).toEqual(fromBase64(expected.low));
  });

  it('covers every operation, together and alone', () => {
    const drawn = new Set(cases.flatMap((one) => one.drawn));
    expect([...drawn].sort()).toEqual(['contrast', 'gamma', 'rotate', 'side']);
  });
});

describe('augmentation', () => {
  const image = createImage(60, 40, 1, new Uint8Array(2400).fill(100));
  const label = createImage(60, 40, 1, new Uint8Array(2400).fill(1));

  it('applies each operation to about half of the images', () => {
    const count = { scaled: 0, turned: 0, same: 0 };
    for (let seed = 0; seed < 400; seed++) {
      const result = augment(image, label, Random.seeded(seed));
      if (result.image.width === 256) count.scaled++;
      if (result.label.data.some((value) => value === 0)) count.turned++;
      if (result.image === image) count.same++;
    }
    expect(count.scaled).toBeGreaterThan(160);
    expect(count.scaled).toBeLessThan(240);
    expect(count.turned).toBeGreaterThan(160);
    expect(count.turned).toBeLessThan(240);
    expect(count.same).toBeGreaterThan(5);
  });

  it('gives values from 0 to 1 in float32, as the reference divides', () => {
    const white = createImage(1, 1, 1, Uint8Array.from([255]));
    const grey = createImage(1, 1, 1, Uint8Array.from([100]));
    const sizes = { imageSize: 1, lowSize: 1 };
    expect(makeExample(white, grey, sizes).image).toEqual(Float32Array.from([1]));
    expect(makeExample(grey, grey, sizes).image).toEqual(Float32Array.from([100 / 255]));
  });

  it('takes low labels from the pixels that the reference takes', () => {
    const data = Uint8Array.from({ length: 65536 }, (_, i) => i % 256);
    const ramp = createImage(256, 256, 1, data);
    const { lowLabel } = makeExample(ramp, ramp, { imageSize: 256, lowSize: 128 });
    expect([...lowLabel.subarray(0, 128)]).toEqual(Array.from({ length: 128 }, (_, i) => 2 * i + 1));
  });

  it('requires grey images', () => {
    const rgb = createImage(1, 1, 3, new Uint8Array(3));
    const refused = expect.objectContaining({ code: 'AUGMENT_PARAMETER' });
    expect(() => makeExample(rgb, rgb, { imageSize: 1, lowSize: 1 })).toThrow(refused);
  });
});
