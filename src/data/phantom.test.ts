import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePhantom, PHANTOM_KINDS } from './phantom.js';

const sha = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
};
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('makePhantom', () => {
  it('gives the pinned images and masks, so that no change of them goes unnoticed', () => {
    const pinned = [1, 2, 3].map((seed) => {
      const { image, objects } = makePhantom({ seed, width: 128, height: 96 });
      return [objects.map(({ name }) => name).join(), sha(image.data), sha(...objects.map(({ mask }) => mask))];
    });
    expect(pinned).toEqual([
      ['organ,vessel', '5395a1c723567b29', '074525f78a722b5f'],
      ['organ,band', '3e9e36071a3e0210', 'd5deba03193b399b'],
      ['organ,cyst', '3338996b6e223f25', '5d1740ebad6a3c0b'],
    ]);
  });

  it('is the same for the same seed and another for another', () => {
    const of = (seed: number): string => sha(makePhantom({ seed, width: 64, height: 64 }).image.data);
    expect(of(7)).toBe(of(7));
    expect(of(7)).not.toBe(of(8));
  });

  it('gives one to four objects with masks apart from each other, and clicks inside them', () => {
    const side = fc.integer({ min: 32, max: 120 });
    fc.assert(
      fc.property(fc.integer(), side, side, (seed, width, height) => {
        const { image, objects, spacingMm } = makePhantom({ seed, width, height });
        expect(image.data).toHaveLength(width * height);
        expect(spacingMm).toBeGreaterThan(0);
        expect(objects.length).toBeGreaterThanOrEqual(1);
        expect(objects.length).toBeLessThanOrEqual(4);
        for (const { mask, click } of objects) {
          expect(mask).toHaveLength(width * height);
          expect(mask.every((v) => v === 0 || v === 1)).toBe(true);
          expect(mask[click[1] * width + click[0]]).toBe(1);
        }
        const covered = Array.from(
          { length: width * height },
          (_, i) => objects.filter(({ mask }) => mask[i] === 1).length,
        );
        expect(Math.max(...covered)).toBe(1);
      }),
      { numRuns: 40 },
    );
  });

  it('makes one object of the kind that is asked for', () => {
    for (const kind of PHANTOM_KINDS) {
      const { objects } = makePhantom({ seed: 5, width: 96, height: 96, kind });
      expect(objects.map(({ name }) => name)).toEqual([kind]);
    }
  });

  it('shows objects as their kind should look: fluid dark, bands bright', () => {
    const contrast = (kind: 'cyst' | 'band'): number =>
      mean(
        Array.from({ length: 12 }, (_, seed) => {
          const { image, objects } = makePhantom({ seed, width: 128, height: 128, kind });
          const { mask } = objects[0]!;
          const inside = [...image.data].filter((_, i) => mask[i] === 1);
          const outside = [...image.data].filter((v, i) => mask[i] === 0 && v > 0);
          return mean(inside) - mean(outside);
        }),
      );
    expect(contrast('cyst')).toBeLessThan(-40);
    expect(contrast('band')).toBeGreaterThan(15);
  });

  it('has speckle as wide as ultrasound has it: neighbours alike, four pixels on not', () => {
    const { image } = makePhantom({ seed: 3, width: 256, height: 256, kind: 'lesion' });
    const at = (x: number, y: number): number => image.data[y * 256 + x]!;
    const step = (n: number): number => {
      let sum = 0;
      for (let y = 60; y < 200; y++) for (let x = 60; x < 190; x++) sum += Math.abs(at(x, y) - at(x + n, y));
      return sum;
    };
    expect(step(1)).toBeLessThan(0.6 * step(6));
  });

  it('refuses sizes it cannot draw', () => {
    for (const width of [0, 31, 4097, 64.5, Number.NaN]) {
      expect(() => makePhantom({ seed: 1, width, height: 64 })).toThrow(
        expect.objectContaining({ code: 'PHANTOM_SIZE' }),
      );
    }
  });
});
