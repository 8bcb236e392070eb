/**
 * The smallest convex polygon around points (Andrew's monotone chain).
 */

export type Point = readonly [x: number, y: number];

/** Corners of the hull in order around it, none on a line between two others; points that are equal count once. */
export function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (list: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of list) {
      while (chain.length > 1 && turn(chain[chain.length - 2]!, chain[chain.length - 1]!, point) <= 0) chain.pop();
      const last = chain[chain.length - 1];
      if (!last || last[0] !== point[0] || last[1] !== point[1]) chain.push(point);
    }
    return chain;
  };
  const lower = half(sorted);
  if (lower.length < 2) return lower;
  return [...lower.slice(0, -1), ...half(sorted.reverse()).slice(0, -1)];
}

/** Above 0 where the way over three points turns one way, below 0 the other, 0 where it goes straight. */
function turn([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}
