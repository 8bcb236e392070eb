import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mask } from './mask.js';
import { cleanMask, mainPart, Regions, removeSmallRegions } from './maskRegions.js';

/** A drawing, `#` inside. */
function drawn(rows: readonly string[]): Mask {
  const data = Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0));
  return { width: rows[0]!.length, height: rows.length, data };
}

function rowsOf({ width, height, data }: Mask): string[] {
  const text = [...data].map((value) => (value === 1 ? '#' : '.')).join('');
  return Array.from({ length: height }, (_, y) => text.slice(y * width, (y + 1) * width));
}

function cleared(rows: readonly string[], least: number): string[] {
  return rowsOf(removeSmallRegions(drawn(rows), least));
}

/** Flood fill pixel by pixel: the regions by their pixels, in the order of their first. */
function flooded({ width, height, data }: Mask, value: number, neighbours: 4 | 8): number[][] {
  const seen = new Set<number>();
  const regions: number[][] = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] !== value || seen.has(start)) continue;
    const region = [start];
    seen.add(start);
    for (const i of region) {
      const [x, y] = [i % width, Math.floor(i / width)];
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if (neighbours === 4 && dx !== 0 && dy !== 0) continue;
          const k = (y + dy) * width + x + dx;
          if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
          if (data[k] !== value || seen.has(k)) continue;
          seen.add(k);
          region.push(k);
        }
      }
    }
    regions.push(region);
  }
  return regions;
}

describe('the regions of a mask', () => {
  const masks = fc
    .tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 14 }))
    .chain(([width, height]) =>
      fc
        .array(fc.constantFrom(0, 1), { minLength: width * height, maxLength: width * height })
        .map((values): Mask => ({ width, height, data: Uint8Array.from(values) })),
    );

  it.each([
    [true, 4],
    [true, 8],
    [false, 4],
    [false, 8],
  ] as const)('are those of a flood fill (inside: %s, %i neighbours)', (inside, neighbours) => {
    fc.assert(
      fc.property(masks, (mask) => {
        const { width, height } = mask;
        const regions = new Regions(mask, inside, neighbours);
        const expected = flooded(mask, Number(inside), neighbours);
        expect(regions.sizes).toEqual(expected.map(({ length }) => length));
        const edge = (i: number): boolean =>
          i % width === 0 || i % width === width - 1 || i < width || i >= width * (height - 1);
        expect(regions.atEdge()).toEqual(expected.map((region) => region.some(edge)));
        for (const [number, region] of expected.entries()) {
          const painted = regions.paint(new Uint8Array(mask.data.length), 1, (one) => one === number);
          expect(painted).toEqual(painted.map((_, i) => Number(region.includes(i))));
          for (const i of region) expect(regions.at(i % width, Math.floor(i / width))).toBe(number);
        }
        const most = Math.max(...regions.sizes);
        expect(regions.largest).toBe(regions.sizes.indexOf(most));
      }),
    );
  });

  it('of a fine chequerboard are counted, however many they are', () => {
    const side = 700;
    const data = Uint8Array.from({ length: side * side }, (_, i) => (i + Math.floor(i / side)) % 2);
    const mask = { width: side, height: side, data };
    expect(new Regions(mask, true, 4).sizes).toHaveLength((side * side) / 2);
    expect(mainPart(mask)).toEqual({ mask, parts: 1 });
    expect(cleanMask(mask).data.reduce((a, b) => a + b, 0)).toBeGreaterThan(side * side - 4 * side);
  });
});

describe('cleaning a mask', () => {
  const two = drawn(['####....', '#.#...##', '###...##', '........']);

  it('keeps the largest part and fills its holes', () => {
    expect(rowsOf(cleanMask(two))).toEqual(['####....', '###.....', '###.....', '........']);
  });

  it('keeps the parts under positive clicks, in a hole of them too', () => {
    expect(rowsOf(cleanMask(two, { points: [[6, 2]] }))).toEqual(['........', '......##', '......##', '........']);
    expect(rowsOf(cleanMask(two, { points: [[1, 1, 1]] }))).toEqual(['####....', '###.....', '###.....', '........']);
    const both: [number, number][] = [
      [0.4, -0.3],
      [6.6, 1.2],
    ];
    expect(rowsOf(cleanMask(two, { points: both }))).toEqual(['####....', '###...##', '###...##', '........']);
  });

  it('leaves a hole with a negative click', () => {
    const points = [
      [0, 0, 1],
      [1, 1, 0],
    ] as const;
    expect(rowsOf(cleanMask(two, { points }))).toEqual(['####....', '#.#.....', '###.....', '........']);
  });

  it('goes by the box, the first guess and negative clicks where no click is on a part', () => {
    const small = ['........', '......##', '......##', '........'];
    expect(rowsOf(cleanMask(two, { box: [4, 0, 7, 3] }))).toEqual(small);
    expect(rowsOf(cleanMask(two, { points: [[4, 3]], box: [4, 0, 7, 3] }))).toEqual(small);
    expect(rowsOf(cleanMask(two, { points: [[0, 0, 0]] }))).toEqual(small);
    const guess = drawn(['........', '........', '......#.', '........']).data;
    expect(rowsOf(cleanMask(two, { mask: guess }))).toEqual(small);
    const logits = Float32Array.from(guess, (value) => 8 * value - 4);
    expect(rowsOf(cleanMask(two, { mask: logits }))).toEqual(small);
    const everywhere = new Uint8Array(32).fill(1);
    expect(rowsOf(cleanMask(two, { mask: everywhere }))).toEqual(['####....', '###...##', '###...##', '........']);
  });

  it('goes on to the largest part where the prompt is beside all of them', () => {
    const large = ['####....', '###.....', '###.....', '........'];
    expect(rowsOf(cleanMask(two, { points: [[4, 3]] }))).toEqual(large);
    expect(rowsOf(cleanMask(two, { box: [4, 3, 5, 3] }))).toEqual(large);
    const points = [
      [0, 0, 0],
      [6, 1, 0],
    ] as const;
    expect(rowsOf(cleanMask(two, { points }))).toEqual(large);
  });

  it('leaves a gap at the edge of the image and a slanted line as they are', () => {
    const gap = drawn(['#.##', '#..#', '####']);
    expect(cleanMask(gap)).toBe(gap);
    const line = drawn(['#....', '.#...', '..##.', '....#']);
    expect(cleanMask(line)).toBe(line);
  });

  it('leaves an empty mask empty', () => {
    const empty = drawn(['...', '...']);
    expect(cleanMask(empty, { points: [[1, 1]] })).toBe(empty);
    expect(mainPart(empty)).toEqual({ mask: empty, parts: 0 });
  });
});

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

  it('gives back the same mask where nothing is to be done', () => {
    const mask = drawn(['##', '..']);
    expect(removeSmallRegions(mask, 2)).toBe(mask);
  });
});
