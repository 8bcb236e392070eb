import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labels, picture } from '../../test/support/labelPictures.js';
import { Random } from '../nn/random.js';
import {
  correctionClick,
  evaluationClick,
  grownBox,
  jitteredBox,
  randomClick,
  randomClicks,
  tightBox,
} from './prompts.js';

describe('the published evaluation click', () => {
  it('is the middle one of the pixels of the class, row by row', () => {
    const { label, width } = picture('.1..', '.12.', '1..2');
    // Pixels 1, 5, 8: number 3 / 2 rounded down is the second.
    expect(evaluationClick(label, width, 1)).toEqual([1, 1, 1]);
    // Two pixels: the second.
    expect(evaluationClick(label, width, 2)).toEqual([3, 2, 1]);
  });
  it('is the middle of everything, as no object, where the class is absent', () => {
    expect(evaluationClick(picture('....', '.1..').label, 4, 2)).toEqual([0, 1, 0]);
  });
});

describe('random prompts', () => {
  it('click a pixel of the object, or any where there is none, and nothing else', () => {
    fc.assert(
      fc.property(labels, ({ label, width, seed }) => {
        const [x, y, wanted] = randomClick(label, width, 1, Random.seeded(seed));
        expect(wanted).toBe(label.includes(1) ? 1 : 0);
        expect(label[y * width + x] === 1).toBe(wanted === 1);
        const clicks = randomClicks(label, width, 1, { positive: 3, negative: 2 }, Random.seeded(seed));
        const [inside, outside] = [label.includes(1) ? 3 : 0, label.some((value) => value !== 1) ? 2 : 0];
        expect(clicks.map(([, , one]) => one)).toEqual([...Array(inside).fill(1), ...Array(outside).fill(0)]);
        for (const [u, v, one] of clicks) expect(label[v * width + u] === 1).toBe(one === 1);
      }),
    );
  });
  it('reach every pixel of the object about equally often', () => {
    const { label, width } = picture('1..1', '.11.');
    const counts = new Map<string, number>();
    const random = Random.seeded(4);
    for (let i = 0; i < 4000; i++) {
      const key = randomClick(label, width, 1, random).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['0,0,1', '1,1,1', '2,1,1', '3,0,1']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe('boxes', () => {
  it('are tight around the object, both corners in it', () => {
    expect(tightBox(picture('....', '.1..', '..1.', '2...').label, 4, 1)).toEqual([1, 1, 2, 2]);
    expect(tightBox(picture('....').label, 4, 1)).toBeUndefined();
  });
  it('stray by up to five percent and stay in the image', () => {
    const side = 256;
    const label = new Uint8Array(side * side);
    for (let y = 100; y <= 180; y++) label.fill(1, y * side + 20, y * side + 221);
    const seen = { x0: new Set<number>(), x1: new Set<number>() };
    const random = Random.seeded(1);
    for (let i = 0; i < 2000; i++) {
      const [x0, y0, x1, y1] = jitteredBox(label, side, 1, random);
      seen.x0.add(x0);
      seen.x1.add(x1);
      // Width 200: 190 to 210 wide, centre 120 moved by up to 10; height 80: 76 to 84, centre 140 by up to 4.
      expect(x1 - x0).toBeGreaterThanOrEqual(190);
      expect(x1 - x0).toBeLessThanOrEqual(210);
      expect(Math.abs((x0 + x1) / 2 - 120)).toBeLessThanOrEqual(10);
      expect(y1 - y0).toBeGreaterThanOrEqual(76);
      expect(y1 - y0).toBeLessThanOrEqual(84);
      expect(Math.abs((y0 + y1) / 2 - 140)).toBeLessThanOrEqual(4);
    }
    expect(Math.min(...seen.x0)).toBeLessThan(10);
    expect(Math.max(...seen.x1)).toBeGreaterThan(230);
  });
  it('are cut at the edge, and the whole image where the class is absent', () => {
    const label = new Uint8Array(100 * 100).fill(1);
    const random = Random.seeded(2);
    for (let i = 0; i < 100; i++) {
      const [x0, y0, x1, y1] = jitteredBox(label, 100, 1, random);
      expect(Math.min(x0, y0)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x1, y1)).toBeLessThanOrEqual(99);
    }
    expect(jitteredBox(label, 100, 2, random)).toEqual([-1, -1, 100, 100]);
  });
});

describe("MedSAM's training boxes", () => {
  it('hold the object, with up to so many pixels more on each side, within the image', () => {
    const side = 60;
    const label = Uint8Array.from({ length: side * side }, (_, i) =>
      Number(i % side >= 5 && i % side <= 20 && Math.floor(i / side) >= 30 && Math.floor(i / side) <= 55),
    );
    const random = Random.seeded(4);
    const boxes = Array.from({ length: 400 }, () => grownBox(label, side, 1, 20, random));
    const range = (corner: number) => [
      Math.min(...boxes.map((box) => box[corner]!)),
      Math.max(...boxes.map((box) => box[corner]!)),
    ];
    expect([0, 1, 2, 3].map(range)).toEqual([
      [0, 5],
      [10, 30],
      [20, 40],
      [55, 59],
    ]);
    expect(grownBox(label, side, 1, 0, random)).toEqual(tightBox(label, side, 1));
    expect(grownBox(label, side, 2, 0, random)).toEqual([0, 0, side - 1, side - 1]);
  });
});

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
