import { describe, expect, it } from 'vitest';
import { columns, HEIGHT, WIDTH, worked } from '../../../test/support/exportDocuments.js';
import { classMap, labelClasses } from './labels.js';

describe('label pictures', () => {
  it('have the later object on top, and read back as one object for each class', () => {
    const classes = classMap(worked());
    expect([...classes.subarray(0, WIDTH)]).toEqual([0, 1, 3, 3, 0, 0]);
    expect(labelClasses(classes, WIDTH, HEIGHT)).toEqual([
      { classId: 1, mask: columns(1) },
      { classId: 3, mask: columns(2, 3) },
    ]);
  });

  it('of black and white are masks of the first class', () => {
    expect(labelClasses(Uint8Array.of(0, 255), 2, 1).map(({ classId }) => classId)).toEqual([1]);
  });
});
