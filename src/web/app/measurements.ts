/** Measurements of masks, each computed once: of the rectangle around the mask, so that large images cost no more. */
import { type Measurement, measureMask } from '../../predict/measure.js';
import { patchOf } from '../document/runs.js';
import type { PackedMask, Scale } from '../document/types.js';

const known = new WeakMap<PackedMask, { readonly scale: Scale | null; readonly result: Measurement }>();

/** Null for an empty mask; ends of diameters are in pixels of the image. */
export function measurementOf(mask: PackedMask, scale: Scale | null): Measurement | null {
  const before = known.get(mask);
  if (before?.scale === scale) return before.result;
  const patch = patchOf(mask);
  if (!patch) return null;
  const { x, y } = patch;
  const found = measureMask(patch.data, patch.width, patch.height, ...(scale ? [scale.mm] : []));
  const moved = (line: Measurement['longest']): Measurement['longest'] =>
    line && [
      [line[0][0] + x, line[0][1] + y],
      [line[1][0] + x, line[1][1] + y],
    ];
  const result = { ...found, longest: moved(found.longest), shortest: moved(found.shortest) };
  known.set(mask, { scale, result });
  return result;
}
