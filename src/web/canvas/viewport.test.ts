import { describe, expect, it } from 'vitest';
import { bringIntoSight, fitted, nearestPixel, pan, pixelAt, toCanvas, toImage, zoomAt } from './viewport.js';

const image = { width: 200, height: 100 };
const canvas = { width: 424, height: 424 };

describe('the view', () => {
  it('fits the image into the canvas with a margin', () => {
    expect(fitted(image, canvas)).toEqual({ scale: 2, left: 12, top: 112 });
  });

  it('zooms around a place that stays where it is', () => {
    const view = fitted(image, canvas);
    const before = toImage(view, [100, 200]);
    const after = zoomAt(view, [100, 200], 3, image, canvas);
    expect(after.scale).toBe(6);
    expect(toImage(after, [100, 200])[0]).toBeCloseTo(before[0]);
    expect(toImage(after, [100, 200])[1]).toBeCloseTo(before[1]);
  });

  it('never loses the image, however far it is pushed', () => {
    const view = pan(fitted(image, canvas), 1e6, -1e6, image, canvas);
    const [left, top] = toCanvas(view, [0, 0]);
    expect(left).toBeLessThan(canvas.width);
    expect(top + image.height * view.scale).toBeGreaterThan(0);
  });

  it('names the pixel under the pointer, the nearest one from beside the image', () => {
    const view = fitted(image, canvas);
    expect(pixelAt(view, [12, 112], image)).toEqual([0, 0]);
    expect(pixelAt(view, [13.9, 112], image)).toEqual([0, 0]);
    expect(pixelAt(view, [14, 112], image)).toEqual([1, 0]);
    expect(pixelAt(view, [11, 112], image)).toBeUndefined();
    expect(nearestPixel(view, [-50, 900], image)).toEqual([0, 99]);
  });

  it('follows a crosshair that leaves the canvas', () => {
    const view = { scale: 10, left: 0, top: 0 };
    const moved = bringIntoSight(view, [100, 5], canvas);
    expect(toCanvas(moved, [100.5, 5.5])[0]).toBe(canvas.width - 40);
    expect(moved.top).toBe(0);
  });
});
