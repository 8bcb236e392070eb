/**
 * Draws polygons whose coordinates name pixels into masks: which pixels lie within, by the even-odd rule at pixel
 * centres. COCO's, which lie on the borders between pixels, are filled by formats/polygons.ts.
 */
import type { Image } from '../../formats/image.js';

/** x, y of each corner; the last is joined with the first. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/**
 * Sets the pixels whose centres are in the polygon, or on its left or right line, to `value`.
 * @param mask changed in place
 */
export function fillPolygon(mask: Image, polygon: Polygon, value: number): void {
  const { width, height, data } = mask;
  const crossings: number[] = [];
  for (let y = 0; y < height; y++) {
    crossings.length = 0;
    for (const [i, [x0, y0]] of polygon.entries()) {
      const [x1, y1] = polygon[(i + 1) % polygon.length]!;
      if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) * (x1 - x0)) / (y1 - y0));
    }
    crossings.sort((a, b) => a - b);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      const from = Math.max(0, Math.ceil(crossings[k]!));
      const to = Math.min(width - 1, Math.floor(crossings[k + 1]!));
      if (from <= to) data.fill(value, y * width + from, y * width + to + 1);
    }
  }
}

/** Sets the pixels of the polygon's own line (one pixel wide, eight neighbours), coordinates naming pixels. */
export function drawOutline(mask: Image, polygon: Polygon, value: number): void {
  const { width, height, data } = mask;
  for (const [i, [x0, y0]] of polygon.entries()) {
    const [x1, y1] = polygon[(i + 1) % polygon.length]!;
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
    // A corner far outside would cost endless work for pixels that are not visible.
    if (!(steps <= 1e6)) continue;
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(x0 + ((x1 - x0) * step) / steps);
      const y = Math.round(y0 + ((y1 - y0) * step) / steps);
      if (x >= 0 && y >= 0 && x < width && y < height) data[y * width + x] = value;
    }
  }
}
