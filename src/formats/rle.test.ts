import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, operations } from '../../test/support/imageFixtures.js';
import { decodeRle, encodeRle, rleArea, rleBox } from './rle.js';

const unpackBits = (text: string, length: number): Uint8Array => {
  const bytes = fromBase64(text);
  return Uint8Array.from({ length }, (_, i) => (bytes[i >> 3]! >> (7 - (i & 7))) & 1);
};
const anyMask = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
  .chain(([width, height]) =>
    fc
      .array(fc.constantFrom(0, 0, 0, 1), { minLength: width * height, maxLength: width * height })
      .map((values) => ({ width, height, data: Uint8Array.from(values) })),
  );

describe('run lengths against pycocotools', () => {
  operations().rle.forEach(({ size, counts, bits, area, box }, n) => {
    it(`mask ${n} of ${size.join('x')} gives the same text, area and box, and comes back`, () => {
      const [height, width] = size;
      const mask = unpackBits(bits, width * height);
      const rle = encodeRle({ width, height, data: mask });
      expect(rle).toEqual({ size, counts });
      expect(decodeRle({ size, counts }).data).toEqual(mask);
      expect(rleArea(rle)).toBe(area);
      const found = rleBox(rle);
      expect(found ? [found[0], found[1], found[2] - found[0] + 1, found[3] - found[1] + 1] : [0, 0, 0, 0]).toEqual(
        box,
      );
    });
  });
});

describe('run lengths', () => {
  it('read back unchanged, with the area and box of the mask', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const rle = encodeRle(mask);
        expect(decodeRle(rle)).toEqual(mask);
        const set = [...mask.data.keys()].filter((i) => mask.data[i]);
        expect(rleArea(rle)).toBe(set.length);
        const [xs, ys] = [set.map((i) => i % mask.width), set.map((i) => Math.floor(i / mask.width))];
        const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
        expect(rleBox(rle)).toEqual(set.length > 0 ? box : undefined);
      }),
    );
  });

  it('are read as plain counts too', () => {
    expect([...decodeRle({ size: [2, 3], counts: [1, 2, 3] }).data]).toEqual([0, 1, 0, 1, 0, 0]);
  });

  it('give the box of a mask with both corners inside', () => {
    const mask = new Uint8Array(20);
    mask[1 * 5 + 2] = 1;
    expect(rleBox(encodeRle({ width: 5, height: 4, data: mask }))).toEqual([2, 1, 2, 1]);
  });

  it('are refused with a code when malformed, whatever the text', () => {
    const refused = expect.objectContaining({ code: 'RLE_INVALID' });
    for (const counts of ['', 'o', ' ', '\u00ff', 'oooooooooo0', [1, 2], [-1, 7], [1.5, 4.5]]) {
      expect(() => decodeRle({ size: [2, 3], counts })).toThrow(refused);
    }
    for (const size of [
      [-1, 3],
      [1e5, 1e5],
      [1.5, 2],
      [Number.NaN, 1],
    ] as [number, number][]) {
      expect(() => decodeRle({ size, counts: [6] })).toThrow(refused);
    }
    fc.assert(
      fc.property(fc.string(), (counts) => {
        try {
          expect(decodeRle({ size: [4, 5], counts }).data).toHaveLength(20);
        } catch (error) {
          expect(error).toEqual(refused);
        }
      }),
    );
  });

  it('refuses a mask that has not the size it is said to have', () => {
    expect(() => encodeRle({ width: 2, height: 3, data: new Uint8Array(5) })).toThrow(
      expect.objectContaining({ code: 'RLE_SIZE' }),
    );
  });
});
