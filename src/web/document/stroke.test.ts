import { describe, expect, it } from 'vitest';
import { decodeRle, rleArea } from '../../formats/rle.js';
import { strokeMask } from './stroke.js';

const rows = (mask: ReturnType<typeof strokeMask>): string[] => {
  const { data, width, height } = decodeRle(mask!);
  return Array.from({ length: height }, (_, y) => [...data.subarray(y * width, (y + 1) * width)].join(''));
};

describe('a stroke', () => {
  it('of half a pixel draws the pixel it is in', () => {
    expect(rows(strokeMask([[1.5, 0.5]], 0.5, 3, 2))).toEqual(['010', '000']);
  });

  it('joins its places, so that a fast hand leaves no gap', () => {
    const mask = strokeMask(
      [
        [0.5, 0.5],
        [4.5, 0.5],
      ],
      0.5,
      5,
      1,
    );
    expect(rows(mask)).toEqual(['11111']);
  });

  it('is cut off at the border of the image, and is nothing beside it', () => {
    expect(rleArea(strokeMask([[0, 0]], 2, 8, 8)!)).toBe(3);
    expect(strokeMask([[-9, 4]], 2, 8, 8)).toBeNull();
    expect(strokeMask([], 2, 8, 8)).toBeNull();
  });
});
