import { describe, expect, it } from 'vitest';
import { noisyPrompt, parseNoise, requireNoisy } from './promptNoise.js';
import { parseFirstPrompt } from './promptPlan.js';

const [WIDTH, HEIGHT] = [200, 160];
const sample = { dataset: 'Set', name: 'a', classId: 1 };
/** A disc of radius 30 around 100,80: its diameter is its size. */
const truth = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
  Number(Math.hypot((i % WIDTH) - 100, Math.floor(i / WIDTH) - 80) <= 30),
);
const click = (percent: number, draw: number, at: readonly [number, number] = [100, 80]) =>
  noisyPrompt({ points: [[...at, 1]] }, percent, truth, WIDTH, sample, { seed: 4, draw }).points[0]!;
const box = (percent: number, draw: number, sides: readonly [number, number, number, number] = [70, 50, 130, 110]) =>
  noisyPrompt({ points: [], box: sides }, percent, truth, WIDTH, sample, { seed: 4, draw }).box!;

describe('levels of noise', () => {
  it('are ascending percentages', () => {
    expect(parseNoise('0, 5,12.5,100')).toEqual([0, 5, 12.5, 100]);
  });

  it.each(['', '10', '0,0', '10,5', '-5,5', '0,101', '0,x', '0,,5'])('are not "%s"', (text) => {
    expect(() => parseNoise(text)).toThrow(expect.objectContaining({ code: 'EVALUATE_NOISE', kind: 'usage' }));
  });

  it('are for prompts with a place', () => {
    for (const text of ['point', 'box']) requireNoisy(parseFirstPrompt(text));
    for (const text of ['points:2', 'none', 'auto'])
      expect(() => requireNoisy(parseFirstPrompt(text))).toThrow(expect.objectContaining({ code: 'EVALUATE_NOISE' }));
  });
});

describe('noise', () => {
  const draws = Array.from({ length: 40 }, (_, draw) => draw);

  it('of 0 % changes nothing', () => {
    for (const draw of draws) {
      expect(click(0, draw)).toEqual([100, 80, 1]);
      expect(box(0, draw)).toEqual([70, 50, 130, 110]);
    }
  });

  it('moves a click by this share of the size, in one direction for all levels', () => {
    const quarters = new Set<string>();
    for (const draw of draws) {
      const [[x, y], [far, away]] = [click(30, draw), click(60, draw)];
      // Rounding to whole pixels moves it by up to 0.71.
      expect(Math.abs(Math.hypot(x - 100, y - 80) - 18)).toBeLessThan(0.8);
      expect(Math.hypot(far - 100 - 2 * (x - 100), away - 80 - 2 * (y - 80))).toBeLessThan(2.2);
      quarters.add(`${x > 100} ${y > 80}`);
    }
    expect(quarters.size).toBe(4);
    expect(click(30, 3)).toEqual(click(30, 3));
  });

  it('moves each side of a box by up to this share of its length', () => {
    const sides = draws.map((draw) => box(20, draw));
    for (const [x0, y0, x1, y1] of sides) {
      for (const [side, was] of [
        [x0, 70],
        [x1, 130],
        [y0, 50],
        [y1, 110],
      ] as const)
        expect(Math.abs(side - was)).toBeLessThanOrEqual(12);
    }
    const moves = sides.map(([x0]) => x0 - 70);
    expect([Math.min(...moves) < -8, Math.max(...moves) > 8]).toEqual([true, true]);
    expect(box(10, 5)[0] - 70).toBeCloseTo((box(20, 5)[0] - 70) / 2, 12);
  });

  it('stays in the image, and a box keeps an area', () => {
    for (const draw of draws) {
      const [x, y] = click(100, draw, [195, 155]);
      expect([x >= 0 && x < WIDTH, y >= 0 && y < HEIGHT]).toEqual([true, true]);
      const [x0, y0, x1, y1] = box(100, draw, [180, 150, 199, 159]);
      expect([x0 >= 0, y0 >= 0, x1 > x0, y1 > y0, x1 < WIDTH, y1 < HEIGHT]).toEqual(new Array(6).fill(true));
    }
  });
});
