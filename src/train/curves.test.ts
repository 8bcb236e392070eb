import { describe, expect, it } from 'vitest';
import { curvesSvg } from './curves.js';

describe('curvesSvg', () => {
  it('draws loss and the Dice of every part, with names escaped for XML', () => {
    const svg = curvesSvg([
      { step: 10, loss: 0.8 },
      { step: 20, loss: 0.4 },
      { step: 20, val_dice: 0.7, val_dice_classes: 0.6, 'val_dice/A & B/1': 0.5 },
      { step: 40, val_dice: 0.9, val_dice_classes: 0.8, 'val_dice/A & B/1': 0.75 },
    ]);
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    for (const text of ['>optimizer steps<', '>loss<', '>Dice<', '>0.4<', '>40<']) expect(svg).toContain(text);
    expect(svg).toContain('all samples 0.900');
    expect(svg).toContain('A &amp; B/1 0.750');
    expect(svg).not.toContain('NaN');
  });

  it('prints class names, and draws every part in a different style', () => {
    const parts = Array.from({ length: 16 }, (_, i) => [`val_dice/Set/${i + 1}`, i / 20] as const);
    const svg = curvesSvg([{ step: 2, val_dice: 0.5, ...Object.fromEntries(parts) }], (part) => `organ ${part}`);
    expect(svg).toContain('organ Set/16 0.750');
    const strokes = [...svg.matchAll(/<polyline[^>]*(stroke="#.*)\/>/g)].map(([, stroke]) => stroke);
    expect(new Set(strokes).size).toBe(17);
  });

  it('draws no lines without metrics, and thins long series', () => {
    expect(curvesSvg([])).not.toContain('<polyline');
    const long = Array.from({ length: 50_000 }, (_, i) => ({ step: i + 1, loss: 1 / (i + 1) }));
    expect(curvesSvg(long).length).toBeLessThan(40_000);
  });
});
