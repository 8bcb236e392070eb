/**
 * The outlines of a mask on the borders between pixels: rings of horizontal and vertical steps, the object always on
 * the right. Polygons, lengths and SVG paths are made of them.
 */
import type { Mask } from './mask.js';

/** A closed line along pixel borders. */
export interface OutlineRing {
  /**
   * Its corners as x, y, x, y, …: pixel (0, 0) reaches from 0, 0 to 1, 1. Clockwise on the screen around an object,
   * the other way around a hole. The first corner is not repeated at the end.
   */
  readonly corners: readonly number[];
  /** Whether it goes around a hole. */
  readonly hole: boolean;
}

/** Steps to the right, down, left, up: turning right is the next one. */
const STEP_X = [1, 0, -1, 0] as const;
const STEP_Y = [0, 1, 0, -1] as const;

/**
 * All outlines of a mask, in the order of their upper sides from the top left on. Pixels that touch at a corner only
 * belong to different objects, so an outline is cut apart there; holes are one where they touch at a corner.
 */
export function traceOutlines({ width, height, data: mask }: Mask): OutlineRing[] {
  // A border of nothing around the mask, so that no neighbour has to be looked for beyond it.
  const stride = width + 2;
  const padded = new Uint8Array(stride * (height + 2));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (mask[y * width + x] !== 0) padded[(y + 1) * stride + x + 1] = 1;
  }
  // Every ring has an upper side of a pixel somewhere; those that were walked along are marked.
  const walked = new Uint8Array(padded.length);
  const rings: OutlineRing[] = [];
  for (let at = stride; at < padded.length; at++) {
    if (padded[at] !== 0 && padded[at - stride] === 0 && walked[at] === 0)
      rings.push(follow(padded, stride, at, walked));
  }
  return rings;
}

/** All outlines of a mask as the data of one SVG path, for the even-odd rule; empty for an empty mask. */
export function outlinePath(mask: Mask): string {
  const rings = traceOutlines(mask).map(({ corners }) => {
    let path = `M${corners[0]} ${corners[1]}`;
    for (let i = 0; i < corners.length; i += 2) {
      const next = (i + 2) % corners.length;
      const [dx, dy] = [corners[next]! - corners[i]!, corners[next + 1]! - corners[i + 1]!];
      path += dx !== 0 ? `h${dx}` : `v${dy}`;
    }
    return `${path}z`;
  });
  return rings.join('');
}

/** Walks a ring once around, from the upper side of a pixel. */
function follow(padded: Uint8Array, stride: number, start: number, walked: Uint8Array): OutlineRing {
  const corners: number[] = [];
  // The corner between pixels x-1 and x, y-1 and y has the place of pixel (x, y).
  let at = start;
  let direction = 0;
  let area = 0;
  do {
    if (direction === 0) walked[at] = 1;
    // Twice the area, by strips below the horizontal steps.
    area -= STEP_X[direction]! * Math.floor(at / stride);
    at += STEP_X[direction]! + STEP_Y[direction]! * stride;
    const [left, right] = ahead(at, direction, stride);
    const turn = padded[right] === 0 ? 1 : padded[left] !== 0 ? 3 : 0;
    if (turn === 0) continue;
    corners.push((at % stride) - 1, Math.floor(at / stride) - 1);
    direction = (direction + turn) % 4;
  } while (at !== start || direction !== 0);
  return { corners, hole: area < 0 };
}

/** The pixels to the left and to the right of the next step in a direction. */
function ahead(at: number, direction: number, stride: number): [left: number, right: number] {
  if (direction === 0) return [at - stride, at];
  if (direction === 1) return [at, at - 1];
  if (direction === 2) return [at - 1, at - 1 - stride];
  return [at - 1 - stride, at - stride];
}
