import { describe, expect, it } from 'vitest';
import { grey, texture } from '../../test/support/dataFolder.js';
import { resizeBilinear } from '../formats/resize.js';
import { findNearDuplicates, imageFingerprint } from './nearDuplicates.js';

describe('images that look alike', () => {
  const original = texture(200, 150, 1);
  const brighter = grey(
    200,
    original.data.map((value) => Math.min(255, value + 9)),
  );
  const smaller = resizeBilinear(original, 128, 128);
  const noisy = grey(
    200,
    original.data.map((value, i) => Math.max(0, Math.min(255, value + ((i * 7919) % 7) - 3))),
  );
  const others = Array.from({ length: 30 }, (_, i) => texture(200, 150, i + 2));
  const images = [original, brighter, smaller, noisy, ...others];
  const prints = images.map(imageFingerprint);
  const pairs = (sides: readonly string[]) => findNearDuplicates(prints, sides).map(({ a, b }) => [a, b]);
  const rest = others.map(() => 'train');

  it('are found though brighter, resized or noisy, others are not', () => {
    expect(pairs(['val', 'train', 'train', 'train', ...rest])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
    ]);
  });
  it('do not count on one side', () => {
    expect(pairs(images.map(() => 'train'))).toEqual([]);
  });
  it('are equal when both are even', () => {
    const even = [grey(4, new Uint8Array(16)), grey(8, new Uint8Array(64)), grey(4, new Uint8Array(16).fill(9))];
    const found = findNearDuplicates(even.map(imageFingerprint), ['train', 'val', 'test']);
    expect(found).toEqual([{ a: 0, b: 1, correlation: 1 }]);
  });
});
