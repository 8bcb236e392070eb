/**
 * Clears a mask of specks and pinholes, as SAM's automatic mask generator does: regions are connected over the eight
 * neighbours. Unlike there, what lies between a mask and the edge of the image is no hole.
 */

/**
 * The mask without holes and without parts of fewer than `least` pixels; if all parts are smaller, the largest stays.
 * @param mask 0 and 1, row-major
 * @returns the same array if nothing had to be changed
 */
export function removeSmallRegions(mask: Uint8Array, width: number, least: number): Uint8Array {
  const filled = without(mask, width, least, 0);
  return without(filled, width, least, 1);
}

/** The mask with the small regions of a value given the other one. */
function without(mask: Uint8Array, width: number, least: number, value: 0 | 1): Uint8Array {
  const found = regions(mask, width, value);
  const height = mask.length / width;
  const small = found.filter(
    (region) => region.length < least && (value === 1 || !region.some((i) => atEdge(i, width, height))),
  );
  if (small.length === 0) return mask;
  if (value === 1 && small.length === found.length) {
    const sizes = small.map(({ length }) => length);
    small.splice(sizes.indexOf(Math.max(...sizes)), 1);
  }
  const cleared = Uint8Array.from(mask);
  for (const region of small) for (const i of region) cleared[i] = 1 - value;
  return cleared;
}

function atEdge(i: number, width: number, height: number): boolean {
  const x = i % width;
  const y = (i - x) / width;
  return x === 0 || y === 0 || x === width - 1 || y === height - 1;
}

/** Pixels of each connected region of a value. */
function regions(mask: Uint8Array, width: number, value: 0 | 1): number[][] {
  const seen = new Uint8Array(mask.length);
  const found: number[][] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] !== value || seen[start] !== 0) continue;
    const region = [start];
    seen[start] = 1;
    for (let next = 0; next < region.length; next++) {
      const i = region[next]!;
      const x = i % width;
      for (let row = i - width; row <= i + width; row += width) {
        for (let k = row - Number(x > 0); k <= row + Number(x < width - 1); k++) {
          // Beyond the first and the last row there is no value.
          if (mask[k] !== value || seen[k] !== 0) continue;
          seen[k] = 1;
          region.push(k);
        }
      }
    }
    found.push(region);
  }
  return found;
}
