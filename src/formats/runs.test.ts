import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRle, encodeRle } from './rle.js';
import { contains, maskOfPatch, patchOf, subtract, unite } from './runs.js';

const twoMasks = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })).chain(([width, height]) => {
  const bits = fc
    .array(fc.constantFrom(0, 0, 1), { minLength: width * height, maxLength: width * height })
    .map((values) => Uint8Array.from(values));
  return fc.record({ width: fc.constant(width), height: fc.constant(height), a: bits, b: bits });
});

describe('masks as run lengths', () => {
  it('are united and subtracted as their pixels are', () => {
    fc.assert(
      fc.property(twoMasks, ({ width, height, a, b }) => {
        const [packedA, packedB] = [encodeRle({ width, height, data: a }), encodeRle({ width, height, data: b })];
        const either = a.map((value, i) => value | b[i]!);
        const onlyA = a.map((value, i) => (value === 1 && b[i] === 0 ? 1 : 0));
        expect(unite(packedA, packedB)).toEqual(encodeRle({ width, height, data: either }));
        expect(subtract(packedA, packedB)).toEqual(encodeRle({ width, height, data: onlyA }));
      }),
    );
  });

  it('read back from their bounding rectangle, with each pixel', () => {
    fc.assert(
      fc.property(twoMasks, ({ width, height, a }) => {
        const packed = encodeRle({ width, height, data: a });
        const patch = patchOf(packed);
        if (patch) expect(maskOfPatch(patch, width, height)).toEqual(packed);
        else expect(a.includes(1)).toBe(false);
        const seen = a.map((_, i) => (contains(packed, i % width, Math.floor(i / width)) ? 1 : 0));
        expect(seen).toEqual(decodeRle(packed).data);
      }),
    );
  });

  it('hold no pixel beyond the image', () => {
    const packed = encodeRle({ width: 2, height: 2, data: Uint8Array.of(1, 1, 1, 1) });
    expect([contains(packed, -1, 0), contains(packed, 2, 0), contains(packed, 0, 2)]).toEqual([false, false, false]);
  });
});
