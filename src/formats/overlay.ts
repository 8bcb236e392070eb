/**
 * Draws results over an image for people to look at: a tint and an outline for each mask, a mark for each click.
 * Only pixels, no text; what it makes is for display, never for measuring.
 */
import { SamusError } from '../errors.js';
import { type Image, toRgb } from './image.js';

/** Distinguishable with most kinds of colour blindness (Okabe and Ito, without black and grey). */
export const OVERLAY_COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const;

/** One thing to draw. */
export interface OverlayObject {
  /** Not 0 where the object is; row-major, of the image's size. */
  readonly mask?: Uint8Array;
  /** `#rrggbb`. */
  readonly color: string;
  /** Clicks as x, y in pixels; `positive` false draws a minus in place of a plus. */
  readonly clicks?: readonly { readonly x: number; readonly y: number; readonly positive: boolean }[];
}

/** How to draw. */
export interface OverlayOptions {
  /** Share of the colour inside a mask, 0 to 1; 0.35 unless given. */
  readonly opacity?: number;
  /** Width of outlines in pixels; one for each 256 pixels of the shorter side unless given, at least 1. */
  readonly lineWidth?: number;
}

type Colour = readonly [number, number, number];

const WHITE: Colour = [255, 255, 255];
const BLACK: Colour = [0, 0, 0];

/**
 * A new RGB image: `image` with the objects over it, in their order; clicks come last, above every mask.
 * @throws SamusError OVERLAY_MASK if a mask has not the size of the image, OVERLAY_COLOR for what is not `#rrggbb`
 */
export function drawOverlay(
  image: Image,
  objects: readonly OverlayObject[],
  options: OverlayOptions = {},
): Image & { readonly channels: 3 } {
  const { width, height } = image;
  const opacity = options.opacity ?? 0.35;
  const unit = Math.max(1, Math.round(Math.min(width, height) / 256));
  const canvas = { width, height, channels: 3, data: Uint8Array.from(toRgb(image).data) } as const;
  for (const { mask, color } of objects) {
    const colour = parseColour(color);
    if (!mask) continue;
    if (mask.length !== width * height) {
      throw new SamusError(
        'OVERLAY_MASK',
        `expected a mask of ${width}x${height} pixels, got ${mask.length} values`,
        'resize the mask to the image first',
        { width, height, values: mask.length },
      );
    }
    drawMask(canvas, mask, colour, opacity, options.lineWidth ?? unit);
  }
  for (const { clicks = [], color } of objects) {
    for (const { x, y, positive } of clicks) {
      drawClick(canvas, Math.round(x), Math.round(y), parseColour(color), positive, unit);
    }
  }
  return canvas;
}

/** Red, green, blue of `#rrggbb`. @throws SamusError OVERLAY_COLOR */
function parseColour(text: string): Colour {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (!match) {
    throw new SamusError(
      'OVERLAY_COLOR',
      `expected a colour as #rrggbb, got ${JSON.stringify(text)}`,
      'write it as #e4572e',
    );
  }
  const [red, green, blue] = match.slice(1).map((hex) => Number.parseInt(hex, 16));
  return [red!, green!, blue!];
}

function drawMask(canvas: Image, mask: Uint8Array, colour: Colour, opacity: number, lineWidth: number): void {
  const { width, height } = canvas;
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  const edge: [number, number][] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      blend(canvas, x, y, colour, opacity);
      if (!(inside(x - 1, y) && inside(x + 1, y) && inside(x, y - 1) && inside(x, y + 1))) edge.push([x, y]);
    }
  }
  // The line grows inwards only: what lies outside the mask stays as it is.
  const reach = lineWidth - 1;
  for (const [x, y] of edge) {
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        if (dx * dx + dy * dy <= reach * reach && inside(x + dx, y + dy)) blend(canvas, x + dx, y + dy, colour, 1);
      }
    }
  }
}

/** A disc with a white rim and a plus or minus in it, so that the kind of a click does not hang on its colour. */
function drawClick(canvas: Image, x: number, y: number, colour: Colour, positive: boolean, unit: number): void {
  const radius = 4 * unit;
  const half = Math.floor(unit / 2);
  const luma = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
  const sign = luma > 140 ? BLACK : WHITE;
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      const distance = dx * dx + dy * dy;
      if (distance > radius * radius) continue;
      const across = Math.abs(dy) <= half && Math.abs(dx) <= 2 * unit;
      const down = positive && Math.abs(dx) <= half && Math.abs(dy) <= 2 * unit;
      const rim = distance > (radius - unit) * (radius - unit);
      blend(canvas, x + dx, y + dy, rim ? WHITE : across || down ? sign : colour, 1);
    }
  }
}

function blend(canvas: Image, x: number, y: number, colour: Colour, share: number): void {
  if (x < 0 || y < 0 || x >= canvas.width || y >= canvas.height) return;
  const at = (y * canvas.width + x) * 3;
  for (let c = 0; c < 3; c++) {
    const old = canvas.data[at + c]!;
    canvas.data[at + c] = Math.round(old + (colour[c]! - old) * share);
  }
}
