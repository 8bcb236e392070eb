/**
 * Draws the image on one canvas and everything over it on another. Stateless. Masks are drawn in image coordinates;
 * marks are drawn in screen coordinates and keep their size.
 */
import { traceOutlines } from '../../formats/outline.js';
import { patchOf } from '../../formats/runs.js';
import type { PackedMask } from '../document/types.js';
import { toCanvas, type Viewport } from './viewport.js';

type Place = readonly [x: number, y: number];

interface DrawnObject {
  readonly mask: PackedMask | null;
  readonly color: string;
  readonly active: boolean;
}

interface DrawnClick {
  readonly at: Place;
  readonly positive: boolean;
}

export interface Scene {
  readonly objects: readonly DrawnObject[];
  /** Of the active object. */
  readonly clicks: readonly DrawnClick[];
  /** In pixels of the image, both corners in it. */
  readonly box: readonly [number, number, number, number] | null;
  readonly color: string;
  /** Masks that wait to be accepted. */
  readonly proposals: readonly { readonly mask: PackedMask; readonly hovered: boolean }[];
  readonly hover: PackedMask | null;
  /** Centre of the brush, in image coordinates. */
  readonly brush: { readonly at: Place; readonly radius: number } | null;
  readonly stroke: { readonly path: readonly Place[]; readonly radius: number; readonly erase: boolean } | null;
  readonly crosshair: Place | null;
  readonly marks: readonly Place[];
  readonly lines: readonly (readonly [Place, Place])[];
}

/** Opacity of the fill of masks. */
const FILL = 0.22;
const FILL_ACTIVE = 0.34;
const DARK = 'rgba(0, 0, 0, 0.75)';
/** From this scale on, pixels are shown as squares. */
const SQUARES_FROM = 4;

export function drawPicture(
  context: CanvasRenderingContext2D,
  picture: OffscreenCanvas | null,
  { scale, left, top }: Viewport,
): void {
  const ratio = cleared(context);
  if (!picture) return;
  context.setTransform(scale * ratio, 0, 0, scale * ratio, left * ratio, top * ratio);
  context.imageSmoothingEnabled = scale < SQUARES_FROM;
  context.imageSmoothingQuality = scale < 1 ? 'high' : 'low';
  context.drawImage(picture, 0, 0);
}

export function drawScene(context: CanvasRenderingContext2D, scene: Scene, view: Viewport): void {
  const ratio = cleared(context);
  context.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, view.left * ratio, view.top * ratio);
  for (const object of scene.objects) if (object.mask) drawMask(context, object, view.scale);
  for (const { mask, hovered } of scene.proposals) drawProposal(context, mask, hovered, scene.color, view.scale);
  if (scene.stroke) drawStroke(context, scene.stroke, scene.color);
  if (scene.hover) drawHover(context, scene.hover, view.scale);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (scene.box) drawBox(context, scene.box, scene.color, view);
  for (const [from, to] of scene.lines) drawLine(context, toCanvas(view, from), toCanvas(view, to));
  for (const { at, positive } of scene.clicks) drawClick(context, middleOf(at, view), positive, scene.color);
  for (const mark of scene.marks) drawMark(context, middleOf(mark, view));
  if (scene.brush) drawBrush(context, toCanvas(view, scene.brush.at), scene.brush.radius * view.scale);
  if (scene.crosshair) drawCrosshair(context, middleOf(scene.crosshair, view));
}

/**
 * Clears the canvas.
 * @returns canvas pixels per CSS pixel, from the actual sizes: `devicePixelRatio` may already belong to another
 *   screen
 */
function cleared(context: CanvasRenderingContext2D): number {
  const { width, height, clientWidth } = context.canvas;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  return width / clientWidth;
}

const middleOf = ([x, y]: Place, view: Viewport): Place => toCanvas(view, [x + 0.5, y + 0.5]);

function drawMask(context: CanvasRenderingContext2D, { mask, color, active }: DrawnObject, scale: number): void {
  const path = maskPath(mask!);
  context.globalAlpha = active ? FILL_ACTIVE : FILL;
  context.fillStyle = color;
  context.fill(path, 'evenodd');
  context.globalAlpha = 1;
  context.lineJoin = 'round';
  // A dark line under the coloured one keeps it visible on bright echoes.
  context.lineWidth = (active ? 3.5 : 2.5) / scale;
  context.strokeStyle = 'rgba(0, 0, 0, 0.45)';
  context.stroke(path);
  context.lineWidth = (active ? 2 : 1.25) / scale;
  context.strokeStyle = color;
  context.stroke(path);
}

function drawHover(context: CanvasRenderingContext2D, mask: PackedMask, scale: number): void {
  const path = maskPath(mask);
  context.globalAlpha = 0.12;
  context.fillStyle = '#ffffff';
  context.fill(path, 'evenodd');
  context.globalAlpha = 1;
  context.lineWidth = 1.25 / scale;
  context.setLineDash([4 / scale, 3 / scale]);
  context.strokeStyle = '#ffffff';
  context.stroke(path);
  context.setLineDash([]);
}

/** Dashed, to distinguish it from an object. */
function drawProposal(
  context: CanvasRenderingContext2D,
  mask: PackedMask,
  hovered: boolean,
  color: string,
  scale: number,
): void {
  const path = maskPath(mask);
  context.globalAlpha = hovered ? FILL_ACTIVE : FILL / 3;
  context.fillStyle = color;
  context.fill(path, 'evenodd');
  context.globalAlpha = 1;
  context.lineWidth = (hovered ? 3 : 2.5) / scale;
  context.strokeStyle = 'rgba(0, 0, 0, 0.45)';
  context.stroke(path);
  context.lineWidth = (hovered ? 2 : 1.25) / scale;
  context.setLineDash([6 / scale, 4 / scale]);
  context.strokeStyle = color;
  context.stroke(path);
  context.setLineDash([]);
}

function drawStroke(
  context: CanvasRenderingContext2D,
  { path, radius, erase }: NonNullable<Scene['stroke']>,
  color: string,
): void {
  context.globalAlpha = 0.5;
  context.strokeStyle = erase ? '#000000' : color;
  context.lineWidth = radius * 2;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  for (const [i, [x, y]] of path.entries()) {
    if (i === 0) context.moveTo(x, y);
    // A single dab is a line of zero length, which round caps turn into a disc.
    context.lineTo(x, y);
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawBox(
  context: CanvasRenderingContext2D,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  color: string,
  view: Viewport,
): void {
  const [left, top] = toCanvas(view, [x0, y0]);
  const [right, bottom] = toCanvas(view, [x1 + 1, y1 + 1]);
  twice(context, color, () => context.strokeRect(left, top, right - left, bottom - top), [6, 4]);
}

function drawLine(context: CanvasRenderingContext2D, [x0, y0]: Place, [x1, y1]: Place): void {
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [acrossX, acrossY] = [(-(y1 - y0) / length) * 5, ((x1 - x0) / length) * 5];
  twice(context, '#ffffff', () => {
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    for (const [x, y] of [
      [x0, y0],
      [x1, y1],
    ] as const) {
      context.moveTo(x - acrossX, y - acrossY);
      context.lineTo(x + acrossX, y + acrossY);
    }
    context.stroke();
  });
}

/** A disc with a plus or minus sign, so that its kind does not depend on colour alone. */
function drawClick(context: CanvasRenderingContext2D, [x, y]: Place, positive: boolean, color: string): void {
  context.beginPath();
  context.arc(x, y, 7, 0, 2 * Math.PI);
  context.fillStyle = positive ? color : '#1b1b1b';
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = positive ? '#ffffff' : color;
  context.stroke();
  context.beginPath();
  context.moveTo(x - 3.5, y);
  context.lineTo(x + 3.5, y);
  if (positive) {
    context.moveTo(x, y - 3.5);
    context.lineTo(x, y + 3.5);
  }
  context.lineWidth = 2;
  context.strokeStyle = positive ? '#000000' : '#ffffff';
  context.stroke();
}

function drawMark(context: CanvasRenderingContext2D, [x, y]: Place): void {
  twice(context, '#ffffff', () => {
    context.beginPath();
    context.moveTo(x - 10, y);
    context.lineTo(x + 10, y);
    context.moveTo(x, y - 4);
    context.lineTo(x, y + 4);
    context.stroke();
  });
}

function drawBrush(context: CanvasRenderingContext2D, [x, y]: Place, radius: number): void {
  twice(context, '#ffffff', () => {
    context.beginPath();
    context.arc(x, y, Math.max(1, radius), 0, 2 * Math.PI);
    context.stroke();
  });
}

function drawCrosshair(context: CanvasRenderingContext2D, [x, y]: Place): void {
  twice(context, '#ffffff', () => {
    context.beginPath();
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      context.moveTo(x + 5 * dx, y + 5 * dy);
      context.lineTo(x + 18 * dx, y + 18 * dy);
    }
    context.stroke();
  });
}

/** A dark wide line under a light narrow one is visible on any background. */
function twice(context: CanvasRenderingContext2D, color: string, stroke: () => void, dash: number[] = []): void {
  context.lineWidth = 3.5;
  context.strokeStyle = DARK;
  stroke();
  context.setLineDash(dash);
  context.lineWidth = 1.5;
  context.strokeStyle = color;
  stroke();
  context.setLineDash([]);
}

/** Masks as paths, exact along pixel borders at every magnification; each is made once. */
const paths = new WeakMap<PackedMask, Path2D>();

/** In pixels of the image; to be filled by the even-odd rule. */
function maskPath(mask: PackedMask): Path2D {
  let path = paths.get(mask);
  if (!path) {
    path = makePath(mask);
    paths.set(mask, path);
  }
  return path;
}

function makePath(mask: PackedMask): Path2D {
  const path = new Path2D();
  const patch = patchOf(mask);
  if (!patch) return path;
  for (const { corners } of traceOutlines(patch)) {
    for (let i = 0; i < corners.length; i += 2) {
      const [x, y] = [corners[i]! + patch.x, corners[i + 1]! + patch.y];
      if (i === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    }
    path.closePath();
  }
  return path;
}
