/**
 * The outline of a mask as an SVG path along pixel edges: exact at any size, and small enough to stand in a page.
 */

/** Directions of an edge in turning order: right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * Closed loops around all regions and holes, the object to the right of each edge; regions that touch at a corner
 * only have outlines of their own.
 * @param mask not 0 inside; row-major, width · height values
 * @returns path data in pixels, 0,0 being the upper left corner of the first pixel; empty for an empty mask
 */
export function outlinePath(mask: Uint8Array, width: number, height: number): string {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  // One bit for each direction in which an edge leaves a corner of the grid.
  const stride = width + 1;
  const edges = new Uint8Array(stride * (height + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      if (!inside(x, y - 1)) edges[y * stride + x]! |= 1;
      if (!inside(x + 1, y)) edges[y * stride + x + 1]! |= 2;
      if (!inside(x, y + 1)) edges[(y + 1) * stride + x + 1]! |= 4;
      if (!inside(x - 1, y)) edges[(y + 1) * stride + x]! |= 8;
    }
  }
  let path = '';
  for (let start = 0; start < edges.length; start++) {
    while (edges[start] !== 0) path += loopFrom(start, edges, stride);
  }
  return path;
}

/** Follows edges until the loop closes, taking them away. */
function loopFrom(start: number, edges: Uint8Array, stride: number): string {
  let path = `M${start % stride} ${Math.floor(start / stride)}`;
  let direction = [0, 1, 2, 3].find((d) => edges[start]! & (1 << d))!;
  let run = 0;
  let at = start;
  do {
    edges[at]! &= ~(1 << direction);
    const [dx, dy] = STEPS[direction]!;
    at += dx + dy * stride;
    run++;
    // Where two regions touch at a corner, the right turn stays with the region.
    const turns = [1, 0, 3].map((turn) => (direction + turn) % 4);
    const next = turns.find((d) => edges[at]! & (1 << d)) ?? direction;
    if (next === direction && at !== start) continue;
    path += direction % 2 === 0 ? `h${dx * run}` : `v${dy * run}`;
    run = 0;
    direction = next;
  } while (at !== start);
  return `${path}z`;
}
