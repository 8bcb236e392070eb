import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { difference, fromBase64, operations, SAME, stored } from '../../test/support/imageFixtures.js';
import { readGolden } from '../../test/support/safetensorsLite.js';
import { createImage, type Image } from '../formats/image.js';
import { resizeBilinear, resizeNearest } from '../formats/resize.js';
import { Random } from '../nn/random.js';
import { augment, contrast, gamma, rotateNearest } from './augment.js';
import { makePhantom } from './phantom.js';

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
    const resized = resizeNearest(augmented.label, SIDE, SIDE);
    expect(resizeBilinear(augmented.image, SIDE, SIDE).data).toEqual(fromBase64(expected.image));
    expect(resized.data).toEqual(fromBase64(expected.label));
    expect(resizeNearest(resized, 24, 24).data).toEqual(fromBase64(expected.low));
  });

  it('covers every operation, together and alone', () => {
    const drawn = new Set(cases.flatMap((one) => one.drawn));
    expect([...drawn].sort()).toEqual(['contrast', 'gamma', 'rotate', 'side']);
  });
});

/** An image of these planes, interleaved. */
function withChannels({ width, height }: Image, planes: readonly Uint8Array[]): Image {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => planes[i % 3]![Math.floor(i / 3)]!);
  return createImage(width, height, 3, data);
}

function channelOf({ channels, data }: Image, channel: number): Uint8Array {
  return data.filter((_, i) => i % channels === channel);
}

function scene(): { readonly image: Image; readonly label: Image } {
  const { image, objects } = makePhantom({ seed: 5, width: 60, height: 44, kind: 'lesion' });
  return { image, label: createImage(60, 44, 1, objects[0]!.mask) };
}

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

  it('applies the same operations to all channels of a colour image', () => {
    const { image: grey, label } = scene();
    const colour = withChannels(grey, [grey.data, grey.data.map((v) => v >> 1), grey.data.map((v) => 255 - v)]);
    for (let seed = 0; seed < 40; seed++) {
      const one = augment(grey, label, Random.seeded(seed), SIDE);
      const same = augment(withChannels(grey, [grey.data, grey.data, grey.data]), label, Random.seeded(seed), SIDE);
      const all = augment(colour, label, Random.seeded(seed), SIDE);
      for (const channel of [0, 1, 2]) expect(channelOf(same.image, channel)).toEqual(one.image.data);
      expect(all.label).toEqual(one.label);
      expect(all.image.channels).toBe(3);
    }
  });
});

describe('augmentation operations against Pillow and numpy', () => {
  const { image, ...results } = operations().augment;
  for (const { degrees, data } of results.rotate) {
    it(`rotation by ${degrees} degrees equals Pillow`, () => {
      expect(difference(rotateNearest(stored(image), degrees).data, fromBase64(data))).toEqual(SAME);
    });
  }
  for (const { factor, data } of results.contrast) {
    it(`contrast ${factor} equals Pillow`, () => {
      expect(difference(contrast(stored(image), factor).data, fromBase64(data))).toEqual(SAME);
    });
  }
  for (const { value, data } of results.gamma) {
    it(`gamma ${value} equals numpy`, () => {
      expect(difference(gamma(stored(image), value).data, fromBase64(data))).toEqual(SAME);
    });
  }
});

const root = process.env.SAMUS_TEST_DATA;
describe.skipIf(!root)('augmentation operations against the golden images (needs SAMUS_TEST_DATA)', () => {
  const golden = () => readGolden(join(root ?? '', 'golden', 'images.safetensors'));
  it('rotation, contrast and gamma equal the reference', () => {
    const file = golden();
    const bytes = (name: string): Uint8Array => file.get(name)!.bytes;
    const image = createImage(256, 256, 1, bytes('image1.to256'));
    const mask = createImage(256, 256, 1, bytes('mask1.to256'));
    for (const angle of [-28.9, 17.3]) {
      expect(difference(rotateNearest(image, angle).data, bytes(`rotate${angle}.image`))).toEqual(SAME);
      expect(difference(rotateNearest(mask, angle).data, bytes(`rotate${angle}.mask`))).toEqual(SAME);
    }
    for (const f of ['0.8', '1.37', '2.0']) {
      expect(difference(contrast(image, Number(f)).data, bytes(`contrast${f}`))).toEqual(SAME);
    }
    for (const g of ['1.0', '1.5', '2.4']) {
      expect(difference(gamma(image, Number(g)).data, bytes(`gamma${g}`))).toEqual(SAME);
    }
  });
});

describe('augmentation operations', () => {
  const rgb = createImage(
    2,
    2,
    3,
    Uint8Array.from({ length: 12 }, (_, i) => i),
  );
  it('rotates every channel alike', () => {
    expect([...rotateNearest(rgb, 180).data]).toEqual([9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2]);
  });
  it('changes the contrast of a colour image about its mean grey, as Pillow does', () => {
    // Grey levels 76 and 29, mean 53.
    const two = createImage(2, 1, 3, Uint8Array.of(255, 0, 0, 0, 0, 255));
    expect([...contrast(two, 0.5).data]).toEqual([154, 26, 26, 26, 26, 154]);
  });
  it('refuses parameters that mean nothing', () => {
    const refused = expect.objectContaining({ code: 'AUGMENT_PARAMETER' });
    expect(() => gamma(rgb, 0)).toThrow(refused);
    expect(() => contrast(createImage(1, 1, 1, Uint8Array.of(1)), -1)).toThrow(refused);
    expect(() => rotateNearest(rgb, Number.NaN)).toThrow(refused);
  });
});
