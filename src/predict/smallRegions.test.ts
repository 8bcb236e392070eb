import { describe, expect, it } from 'vitest';
import { removeSmallRegions } from './smallRegions.js';

/** Clears a drawing, `#` inside. */
function cleared(rows: readonly string[], least: number): string[] {
  const width = rows[0]!.length;
  const mask = Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0));
  const result = [...removeSmallRegions(mask, width, least)].map((value) => (value === 1 ? '#' : '.')).join('');
  return rows.map((_, y) => result.slice(y * width, (y + 1) * width));
}

describe('clearing a mask of small regions', () => {
  it('fills holes and takes specks away', () => {
    const drawing = ['####....', '#.##..#.', '####....', '####....'];
    expect(cleared(drawing, 2)).toEqual(['####....', '####....', '####....', '####....']);
  });

  it('takes what touches at a corner as one, in the mask and beside it', () => {
    expect(cleared(['#...', '.#..', '....'], 2)).toEqual(['#...', '.#..', '....']);
    const hole = ['#####', '#.###', '##.##', '#####'];
    expect(cleared(hole, 2)).toEqual(hole);
    expect(cleared(hole, 3)).toEqual(['#####', '#####', '#####', '#####']);
  });

  it('does not connect the end of a row with the next one', () => {
    expect(cleared(['...#', '#...', '....', '.##.'], 2)).toEqual(['....', '....', '....', '.##.']);
  });

  it('keeps the largest part if all are small', () => {
    expect(cleared(['#..##', '.....', '##...'], 9)).toEqual(['...##', '.....', '.....']);
  });

  it('leaves what lies between the mask and the edge of the image', () => {
    expect(cleared(['.##', '###', '###'], 2)).toEqual(['.##', '###', '###']);
  });

  it('gives back the same array where nothing is to be done', () => {
    const mask = Uint8Array.from([1, 1, 0, 0]);
    expect(removeSmallRegions(mask, 2, 2)).toBe(mask);
  });
});
