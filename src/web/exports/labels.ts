/** Objects as one picture of class indices and back. */
import { rleCounts } from '../../formats/rle.js';
import { maskOfPatch } from '../document/runs.js';
import type { ImageDocument, PackedMask } from '../document/types.js';
import type { LabelClass } from './exportContract.js';

/** A class for each pixel, row-major, 0 being the background; of overlapping objects the later one is on top. */
export function classMap({ width, height, objects }: ImageDocument): Uint8Array {
  const classes = new Uint8Array(width * height);
  for (const { shape, classId } of objects) if (shape) fill(classes, shape, classId);
  return classes;
}

/**
 * The classes of a label picture, each as one object. A picture of 0 and 255 alone is a mask of the first class, as
 * most programs write it.
 */
export function labelClasses(classes: Uint8Array, width: number, height: number): LabelClass[] {
  const values = [...new Set(classes)].filter((value) => value !== 0).sort((a, b) => a - b);
  const only = values.length === 1 && values[0] === 255;
  return values.map((value) => {
    const data = classes.map((one) => (one === value ? 1 : 0));
    return { classId: only ? 1 : value, mask: maskOfPatch({ x: 0, y: 0, width, height, data }, width, height) };
  });
}

function fill(classes: Uint8Array, mask: PackedMask, value: number): void {
  const [height, width] = mask.size;
  let at = 0;
  for (const [k, count] of rleCounts(mask).entries()) {
    if (k % 2 === 1) {
      for (let i = at; i < at + count; i++) classes[(i % height) * width + Math.floor(i / height)] = value;
    }
    at += count;
  }
}
