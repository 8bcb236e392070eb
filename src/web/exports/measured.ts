/** Measures a packed mask within its bounding box, so that small objects in large images are cheap. */
import { patchOf } from '../../formats/runs.js';
import { type Measurement, measureMask } from '../../predict/measure.js';
import type { PackedMask } from '../document/types.js';

/** Null for an empty mask; ends of diameters are in pixels of the image. */
export function measured(mask: PackedMask, mm: readonly [x: number, y: number] | null): Measurement | null {
  const patch = patchOf(mask);
  if (!patch) return null;
  const { x, y } = patch;
  const found = measureMask(patch, ...(mm ? [mm] : []));
  const moved = (line: Measurement['longest']): Measurement['longest'] =>
    line && [
      [line[0][0] + x, line[0][1] + y],
      [line[1][0] + x, line[1][1] + y],
    ];
  return { ...found, longest: moved(found.longest), shortest: moved(found.shortest) };
}
