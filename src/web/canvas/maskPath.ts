/** Masks as paths for drawing, exact along pixel borders at every magnification; each is made once. */
import { traceOutlines } from '../../formats/outline.js';
import { patchOf } from '../../formats/runs.js';
import type { PackedMask } from '../document/types.js';

const paths = new WeakMap<PackedMask, Path2D>();

/** In pixels of the image; to be filled by the even-odd rule. */
export function maskPath(mask: PackedMask): Path2D {
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
  for (const { corners } of traceOutlines(patch.data, patch.width, patch.height)) {
    for (let i = 0; i < corners.length; i += 2) {
      const [x, y] = [corners[i]! + patch.x, corners[i + 1]! + patch.y];
      if (i === 0) path.moveTo(x, y);
      else path.lineTo(x, y);
    }
    path.closePath();
  }
  return path;
}
