/**
 * The position of the image on the canvas: a scale and the top left corner, in CSS pixels. Pure functions. Pixel x of
 * the image covers x to x + 1, so its centre is at x + 0.5.
 */
export interface Viewport {
  /** CSS pixels per image pixel. */
  readonly scale: number;
  /** Position of the top left corner of the image. */
  readonly left: number;
  readonly top: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

type Place = readonly [x: number, y: number];

const MARGIN = 12;
const LARGEST = 40;

/** The whole image, centred; small images are enlarged. */
export function fitted(image: Size, canvas: Size): Viewport {
  const across = Math.max(1, canvas.width - 2 * MARGIN) / image.width;
  const down = Math.max(1, canvas.height - 2 * MARGIN) / image.height;
  return centred(image, canvas, Math.min(LARGEST, across, down));
}

/** The image, centred at a scale. */
export function centred(image: Size, canvas: Size, scale: number): Viewport {
  return {
    scale,
    left: (canvas.width - image.width * scale) / 2,
    top: (canvas.height - image.height * scale) / 2,
  };
}

/** Zooms around a fixed point of the canvas. */
export function zoomAt(view: Viewport, [x, y]: Place, factor: number, image: Size, canvas: Size): Viewport {
  const least = Math.min(fitted(image, canvas).scale, 1) / 2;
  const scale = Math.min(LARGEST, Math.max(least, view.scale * factor));
  const by = scale / view.scale;
  return keepInSight({ scale, left: x - (x - view.left) * by, top: y - (y - view.top) * by }, image, canvas);
}

export function pan(view: Viewport, dx: number, dy: number, image: Size, canvas: Size): Viewport {
  return keepInSight({ ...view, left: view.left + dx, top: view.top + dy }, image, canvas);
}

/** Shows the same part of the image after the canvas was resized. */
export function resized(view: Viewport, before: Size, after: Size): Viewport {
  return {
    ...view,
    left: view.left + (after.width - before.width) / 2,
    top: view.top + (after.height - before.height) / 2,
  };
}

/** Converts canvas coordinates to image coordinates; 0.5 is the centre of the first pixel. */
export function toImage(view: Viewport, [x, y]: Place): [number, number] {
  return [(x - view.left) / view.scale, (y - view.top) / view.scale];
}

export function toCanvas(view: Viewport, [x, y]: Place): [number, number] {
  return [x * view.scale + view.left, y * view.scale + view.top];
}

/** The image pixel at a point of the canvas; undefined outside the image. */
export function pixelAt(view: Viewport, place: Place, image: Size): [number, number] | undefined {
  const [x, y] = toImage(view, place).map(Math.floor) as [number, number];
  return x >= 0 && y >= 0 && x < image.width && y < image.height ? [x, y] : undefined;
}

/** The image pixel nearest to a point of the canvas, which may be outside the image. */
export function nearestPixel(view: Viewport, place: Place, image: Size): [number, number] {
  const [x, y] = toImage(view, place);
  return [clamp(Math.floor(x), 0, image.width - 1), clamp(Math.floor(y), 0, image.height - 1)];
}

/** Pans just far enough to show a pixel with some margin. */
export function bringIntoSight(view: Viewport, pixel: Place, canvas: Size): Viewport {
  const [x, y] = toCanvas(view, [pixel[0] + 0.5, pixel[1] + 0.5]);
  const shift = (at: number, size: number): number => {
    const room = Math.min(40, size / 4);
    return at < room ? room - at : at > size - room ? size - room - at : 0;
  };
  return { ...view, left: view.left + shift(x, canvas.width), top: view.top + shift(y, canvas.height) };
}

/** Keeps at least a quarter of the canvas covered by the image. */
function keepInSight(view: Viewport, image: Size, canvas: Size): Viewport {
  const hold = (start: number, length: number, room: number): number => {
    const least = Math.min(length, room / 4);
    return clamp(start, least - length, room - least);
  };
  return {
    scale: view.scale,
    left: hold(view.left, image.width * view.scale, canvas.width),
    top: hold(view.top, image.height * view.scale, canvas.height),
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
