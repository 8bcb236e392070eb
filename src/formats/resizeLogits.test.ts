import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, floats, operations } from '../../test/support/imageFixtures.js';
import { readGolden } from '../../test/support/safetensorsLite.js';
import { resizeLogits, resizeToMask } from './resizeLogits.js';

describe('resizeLogits', () => {
  const { width, height, data, results } = operations().logits;
  for (const result of results) {
    it(`${width}x${height} to ${result.width}x${result.height} equals PyTorch`, () => {
      const out = resizeLogits(floats(data), width, height, result.width, result.height);
      expect(difference(out, floats(result.data)).most).toBeLessThan(2e-6);
      expect(out).toHaveLength(result.width * result.height);
    });
  }

  it('stays within the values of the source', () => {
    const size = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(size, size, size, size, fc.integer(), (w, h, W, H, seed) => {
        const source = Float32Array.from({ length: w * h }, (_, i) => Math.sin(i * 12.9898 + (seed % 1000)) * 8);
        for (const v of resizeLogits(source, w, h, W, H)) {
          expect(v).toBeGreaterThanOrEqual(Math.min(...source) - 1e-5);
          expect(v).toBeLessThanOrEqual(Math.max(...source) + 1e-5);
        }
      }),
    );
  });

  it('refuses a map that has not the size it is said to have', () => {
    expect(() => resizeLogits(new Float32Array(5), 2, 3, 4, 4)).toThrow(
      expect.objectContaining({ code: 'RESIZE_SIZE' }),
    );
    expect(() => resizeLogits(new Float32Array(6), 2, 3, 0, 4)).toThrow(
      expect.objectContaining({ code: 'RESIZE_SIZE' }),
    );
  });
});

describe('resizeToMask', () => {
  const size = fc.integer({ min: 1, max: 12 });
  // Mostly negative, as logits of one object are, with what rounding could make of them: zeros and the smallest number.
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constant(-1) },
    fc.constantFrom(0, -0, 1e-45, Number.NaN, 2),
    fc.float(),
  );

  it('is where the resized map is above 0', () => {
    const maps = fc
      .tuple(size, size, size, size)
      .chain(([w, h, W, H]) =>
        fc.tuple(fc.constant([w, h, W, H] as const), fc.array(value, { minLength: w * h, maxLength: w * h })),
      );
    fc.assert(
      fc.property(maps, ([sizes, values]) => {
        const map = Float32Array.from(values);
        const expected = Uint8Array.from(resizeLogits(map, ...sizes), (logit) => (logit > 0 ? 1 : 0));
        expect(resizeToMask(map, ...sizes)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a map that has not the size it is said to have', () => {
    expect(() => resizeToMask(new Float32Array(5), 2, 3, 4, 4)).toThrow(
      expect.objectContaining({ code: 'RESIZE_SIZE' }),
    );
  });
});

const root = process.env.SAMUS_TEST_DATA;
describe.skipIf(!root)('resizeLogits against the golden tensors (needs SAMUS_TEST_DATA)', () => {
  const cases = [
    ['image1.to256', 256, 256, 'interpolate264', 264, 264, 5e-6],
    ['logits128', 128, 128, 'logits256', 256, 256, 5e-6],
    // The golden positions are those of an older build; PyTorch 2.13 itself is as far from them (values up to 3.7).
    ['relpos127', 64, 127, 'relpos63', 64, 63, 1.2e-5],
  ] as const;
  for (const [from, w, h, to, W, H, most] of cases) {
    it(`${from} to ${to} equals PyTorch`, () => {
      const golden = readGolden(join(root ?? '', 'golden', 'images.safetensors'));
      const { dtype, bytes } = golden.get(from)!;
      const source = dtype === 'U8' ? Float32Array.from(bytes, (v) => v / 255) : new Float32Array(bytes.buffer);
      const expected = new Float32Array(golden.get(to)!.bytes.buffer);
      expect(difference(resizeLogits(source, w, h, W, H), expected).most).toBeLessThan(most);
    });
  }
});
