import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { difference, fromBase64, operations, SAME, stored } from '../../test/support/imageFixtures.js';
import { readGolden } from '../../test/support/safetensorsLite.js';
import { createImage } from '../formats/image.js';
import { contrast, gamma, rotateNearest } from './augmentOps.js';

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
  it('refuses parameters that mean nothing', () => {
    const refused = expect.objectContaining({ code: 'AUGMENT_PARAMETER' });
    expect(() => gamma(rgb, 0)).toThrow(refused);
    expect(() => contrast(rgb, 1)).toThrow(refused);
    expect(() => contrast(createImage(1, 1, 1, Uint8Array.of(1)), -1)).toThrow(refused);
    expect(() => rotateNearest(rgb, Number.NaN)).toThrow(refused);
  });
});
