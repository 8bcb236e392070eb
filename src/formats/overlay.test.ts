import { describe, expect, it } from 'vitest';
import { createImage, type Image } from './image.js';
import { drawOverlay } from './overlay.js';

const black = createImage(40, 30, 1, new Uint8Array(1200));
const square = Uint8Array.from({ length: 1200 }, (_, i) =>
  i % 40 >= 10 && i % 40 < 20 && i >= 400 && i < 800 ? 1 : 0,
);
const at = (image: Image, x: number, y: number): number[] => [
  ...image.data.slice((y * 40 + x) * 3, (y * 40 + x) * 3 + 3),
];

describe('drawOverlay', () => {
  it('tints the inside, draws the edge in full colour and leaves the rest', () => {
    const out = drawOverlay(black, [{ mask: square, color: '#ff8000' }], { opacity: 0.5 });
    expect(out.channels).toBe(3);
    expect(at(out, 15, 15)).toEqual([128, 64, 0]);
    expect(at(out, 10, 15)).toEqual([255, 128, 0]);
    expect(at(out, 9, 15)).toEqual([0, 0, 0]);
    expect(black.data.every((v) => v === 0)).toBe(true);
  });

  it('widens the edge inwards only', () => {
    const out = drawOverlay(black, [{ mask: square, color: '#00ff00' }], { lineWidth: 3 });
    expect(at(out, 12, 15)).toEqual([0, 255, 0]);
    expect(at(out, 13, 15)).not.toEqual([0, 255, 0]);
    expect(at(out, 9, 15)).toEqual([0, 0, 0]);
  });

  it('marks positive and negative clicks with different signs, also at the border', () => {
    const click = (positive: boolean): Image =>
      drawOverlay(black, [{ color: '#0000ff', clicks: [{ x: 20, y: 10, positive }] }]);
    expect(at(click(true), 20, 12)).toEqual([255, 255, 255]);
    expect(at(click(false), 20, 12)).toEqual([0, 0, 255]);
    expect(at(click(false), 22, 10)).toEqual([255, 255, 255]);
    expect(() =>
      drawOverlay(black, [{ color: '#0000ff', clicks: [{ x: -0.4, y: 29.6, positive: true }] }]),
    ).not.toThrow();
  });

  it('refuses a mask of another size and colours it cannot read', () => {
    expect(() => drawOverlay(black, [{ mask: new Uint8Array(5), color: '#000000' }])).toThrow(
      expect.objectContaining({ code: 'OVERLAY_MASK' }),
    );
    expect(() => drawOverlay(black, [{ color: 'red' }])).toThrow(expect.objectContaining({ code: 'OVERLAY_COLOR' }));
  });
});
