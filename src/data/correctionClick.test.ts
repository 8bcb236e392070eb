import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labels, picture } from '../../test/support/labelPictures.js';
import { correctionClick } from './correctionClick.js';

describe('a correction click', () => {
  it('goes to the centre of the largest error', () => {
    const { label, width } = picture(
      '1111111........',
      '1111111........',
      '1111111........',
      '1111111........',
      '1111111........',
      '...............',
    );
    // Nothing found: the middle of the object, the image's edge counting as its border.
    expect(correctionClick(new Uint8Array(label.length), label, width, 1)).toEqual([2, 2, 1]);
    // All of it found and a smaller part too many: a click on what is not the object.
    const mask = label.slice();
    for (let y = 1; y <= 3; y++) mask.fill(1, y * width + 10, y * width + 13);
    expect(correctionClick(mask, label, width, 1)).toEqual([11, 2, 0]);
    expect(correctionClick(label, label, width, 1)).toBeUndefined();
  });
  it('prefers the larger region to the deeper one', () => {
    const { label, width } = picture('111....', '111....', '111....', '.......', '1111111', '1111111');
    expect(correctionClick(new Uint8Array(label.length), label, width, 1)?.[1]).toBeGreaterThanOrEqual(4);
  });
  it('always lies on an error, with its label', () => {
    fc.assert(
      fc.property(labels, ({ label, mask, width }) => {
        const click = correctionClick(mask, label, width, 1);
        const wrong = label.some((value, i) => (value === 1) !== (mask[i] === 1));
        expect(click !== undefined).toBe(wrong);
        if (!click) return;
        const at = click[1] * width + click[0];
        expect(label[at] === 1).toBe(click[2] === 1);
        expect(mask[at] === 1).toBe(click[2] === 0);
      }),
    );
  });
});
