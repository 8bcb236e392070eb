import { describe, expect, it } from 'vitest';
import { drawPicture } from './painter.js';

/** A context that writes down what matters of where things are drawn. */
function recorder(canvas: { readonly width: number; readonly height: number; readonly clientWidth: number }) {
  const transforms: number[][] = [];
  const context = {
    canvas: canvas as HTMLCanvasElement,
    clearRect: () => undefined,
    drawImage: () => undefined,
    setTransform: (...values: number[]) => transforms.push(values),
  };
  return { context: context as Partial<CanvasRenderingContext2D> as CanvasRenderingContext2D, transforms };
}

describe('the picture', () => {
  it('is drawn where clicks are read: by the size of the canvas, whatever screen the page is on', () => {
    const { context, transforms } = recorder({ width: 300, height: 150, clientWidth: 200 });
    drawPicture(context, {} as OffscreenCanvas, { scale: 4, left: 10, top: 20 });
    expect(transforms.at(-1)).toEqual([6, 0, 0, 6, 15, 30]);
  });
});
