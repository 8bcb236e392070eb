/** Pans, zooms and fits the open image. The geometry is in canvas/viewport.ts. */
import { bringIntoSight, centred, fitted, pan, resized, type Size, zoomAt } from '../canvas/viewport.js';
import { canvasSize, shownPicture, view } from './state.js';

export function fitView(): void {
  const image = shownPicture.peek();
  if (image) view.value = fitted(image, canvasSize.peek());
}

/** One image pixel per CSS pixel. */
export function actualSize(): void {
  const image = shownPicture.peek();
  if (image) view.value = centred(image, canvasSize.peek(), 1);
}

/** @param place on the canvas; default its centre */
export function zoom(factor: number, place?: readonly [number, number]): void {
  const image = shownPicture.peek();
  const size = canvasSize.peek();
  if (image) view.value = zoomAt(view.peek(), place ?? [size.width / 2, size.height / 2], factor, image, size);
}

export function panBy(dx: number, dy: number): void {
  const image = shownPicture.peek();
  if (image) view.value = pan(view.peek(), dx, dy, image, canvasSize.peek());
}

export function follow(pixel: readonly [number, number]): void {
  view.value = bringIntoSight(view.peek(), pixel, canvasSize.peek());
}

/** Keeps the visible part of the image, or fits the image if it was fitted before. */
export function resizeCanvas(size: Size): void {
  const before = canvasSize.peek();
  const image = shownPicture.peek();
  const whole = image && view.peek().scale === fitted(image, before).scale;
  canvasSize.value = size;
  if (whole || before.width === 0) fitView();
  else view.value = resized(view.peek(), before, size);
}
