/**
 * The pixels under a round brush along a path. Used when a stroke ends; until then the screen shows the path itself.
 */
import { maskOfPatch } from '../../formats/runs.js';
import type { PackedMask } from './types.js';

/**
 * Pixels whose middle is at most `radius` from the line through `path`.
 * @param path places in the image; 0.5 is the middle of the first pixel
 * @returns null if none of them lies in the image
 */
export function strokeMask(
  path: readonly (readonly [x: number, y: number])[],
  radius: number,
  width: number,
  height: number,
): PackedMask | null {
  const xs = path.map(([x]) => x);
  const ys = path.map(([, y]) => y);
  const x0 = Math.max(0, Math.floor(Math.min(...xs) - radius));
  const y0 = Math.max(0, Math.floor(Math.min(...ys) - radius));
  const x1 = Math.min(width - 1, Math.ceil(Math.max(...xs) + radius));
  const y1 = Math.min(height - 1, Math.ceil(Math.max(...ys) + radius));
  if (path.length === 0 || x1 < x0 || y1 < y0) return null;
  const patch = { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1 };
  const data = new Uint8Array(patch.width * patch.height);
  for (const [i, to] of path.entries()) fillCapsule(data, patch, path[Math.max(0, i - 1)]!, to, radius);
  return data.includes(1) ? maskOfPatch({ ...patch, data }, width, height) : null;
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type Place = readonly [x: number, y: number];

function fillCapsule(data: Uint8Array, frame: Frame, [ax, ay]: Place, [bx, by]: Place, radius: number): void {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const top = Math.max(0, Math.floor(Math.min(ay, by) - radius) - frame.y);
  const bottom = Math.min(frame.height - 1, Math.ceil(Math.max(ay, by) + radius) - frame.y);
  const left = Math.max(0, Math.floor(Math.min(ax, bx) - radius) - frame.x);
  const right = Math.min(frame.width - 1, Math.ceil(Math.max(ax, bx) + radius) - frame.x);
  for (let row = top; row <= bottom; row++) {
    const y = row + frame.y + 0.5;
    for (let column = left; column <= right; column++) {
      const x = column + frame.x + 0.5;
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
      const [offX, offY] = [x - ax - along * dx, y - ay - along * dy];
      if (offX * offX + offY * offY <= radius * radius) data[row * frame.width + column] = 1;
    }
  }
}
