import { describe, expect, it } from 'vitest';
import {
  clickModeName,
  firstPrompt,
  parseClickMode,
  parseFirstPrompt,
  promptName,
  requireClick,
} from './promptPlan.js';

const WIDTH = 6;
const sample = { dataset: 'Set', name: 'a', classId: 2 };
/** Class 2 is eight pixels in two rows, class 1 a line of pixels, class 3 is absent. */
const label = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 0, 0, 2, 2, 2, 2, 0, 1, 1, 1, 0, 0, 0);

describe('kinds of prompts', () => {
  it('go from words to words', () => {
    for (const text of ['point', 'points:3', 'points:100', 'box', 'none', 'auto'])
      expect(promptName(parseFirstPrompt(text))).toBe(text);
    expect(promptName(parseFirstPrompt('points:1'))).toBe('point');
  });

  it.each(['points', 'points:0', 'points:101', 'points:x', 'Point', ''])('are not "%s"', (text) => {
    expect(() => parseFirstPrompt(text)).toThrow(expect.objectContaining({ code: 'EVALUATE_PROMPT', kind: 'usage' }));
  });
});

describe('click modes', () => {
  it('go from words to words', () => {
    for (const text of ['published', 'centre', 'border', 'worst:2', 'worst:100'])
      expect(clickModeName(parseClickMode(text))).toBe(text);
  });

  it.each(['', 'worst', 'worst:1', 'worst:101', 'middle'])('are not "%s"', (text) => {
    expect(() => parseClickMode(text)).toThrow(expect.objectContaining({ code: 'EVALUATE_CLICK_MODE' }));
  });

  it('are for a single click', () => {
    const refused = expect.objectContaining({ code: 'EVALUATE_CLICK_MODE', kind: 'usage' });
    for (const text of ['box', 'none', 'auto', 'points:2']) {
      expect(() => requireClick(parseFirstPrompt(text), { kind: 'centre' })).toThrow(refused);
      requireClick(parseFirstPrompt(text), { kind: 'published' });
    }
    requireClick(parseFirstPrompt('point'), { kind: 'worst', of: 3 });
  });

  it('click the deepest pixel, or any of the rim', () => {
    // A disc of radius 9 around 12,11, with a hole that is no part of it at 12,11.
    const disc = Uint8Array.from({ length: 24 * 24 }, (_, i) => {
      const far = Math.hypot((i % 24) - 12, Math.floor(i / 24) - 11);
      return far <= 9 && far > 1 ? 2 : 0;
    });
    const click = (kind: 'centre' | 'border', draw?: number) =>
      firstPrompt({ kind: 'points', count: 1 }, disc, 24, sample, draw === undefined ? undefined : { seed: 1, draw }, {
        kind,
      }).points[0]!;
    const [x, y, is] = click('centre');
    // Half way between the hole and the outer border.
    expect(Math.abs(Math.hypot(x - 12, y - 11) - 5.5)).toBeLessThan(1);
    expect(is).toBe(1);
    expect(click('centre', 3)).toEqual(click('centre'));
    const rim = Array.from({ length: 60 }, (_, draw) => click('border', draw));
    for (const [a, b] of rim) {
      const far = Math.hypot(a - 12, b - 11);
      expect(disc[b * 24 + a]).toBe(2);
      expect(far > 8 || far < 2.3).toBe(true);
    }
    expect(new Set(rim.map(String)).size).toBeGreaterThan(20);
    expect(click('border', 7)).toEqual(rim[7]);
  });
});

describe('first prompts', () => {
  const points = (count: number, draw?: number) =>
    firstPrompt({ kind: 'points', count }, label, WIDTH, sample, draw === undefined ? undefined : { seed: 1, draw })
      .points;

  it('are the published click, or points that part the object evenly', () => {
    expect(points(1)).toEqual([[1, 2, 1]]);
    expect(points(2)).toEqual([
      [3, 1, 1],
      [3, 2, 1],
    ]);
    expect(points(20)).toHaveLength(20);
  });

  it('are random pixels of the object, the same for a seed and draw', () => {
    for (let draw = 0; draw < 20; draw++) {
      const clicks = points(3, draw);
      expect(clicks).toEqual(points(3, draw));
      for (const [x, y, kind] of clicks) expect([label[y * WIDTH + x], kind]).toEqual([2, 1]);
    }
    expect(new Set(Array.from({ length: 20 }, (_, draw) => points(1, draw).join())).size).toBeGreaterThan(3);
  });

  it('are tight boxes, with half a pixel more where a line has no area', () => {
    const box = (classId: number) => firstPrompt({ kind: 'box' }, label, WIDTH, { ...sample, classId });
    expect(box(2)).toEqual({ points: [], box: [1, 1, 4, 2] });
    expect(box(1)).toEqual({ points: [], box: [0, 2.5, 2, 3.5] });
    // The published box of an absent class.
    expect(box(3)).toEqual({ points: [], box: [-1, -1, 6, 4] });
  });

  it('say that an absent class is not there', () => {
    const absent = { ...sample, classId: 3 };
    for (const draw of [undefined, { seed: 1, draw: 0 }]) {
      for (const count of [1, 4]) {
        const [click] = firstPrompt({ kind: 'points', count }, label, WIDTH, absent, draw).points;
        expect(click![2]).toBe(0);
      }
    }
  });
});
