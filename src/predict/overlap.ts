/**
 * Greedy non-maximum suppression of boxes, equal to torchvision's.
 */
import type { PixelBox } from '../formats/mask.js';

/** A candidate with its box and score. */
interface Scored {
  readonly box: PixelBox;
  readonly score: number;
}

/**
 * The items, best first, without those whose box overlaps that of a better one by more than `most`; among equal scores,
 * the earlier item is better.
 * @param most maximum intersection over union, 0 to 1
 */
export function withoutOverlaps<T extends Scored>(items: readonly T[], most: number): T[] {
  const kept: T[] = [];
  // Sorting is stable.
  for (const item of [...items].sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => boxOverlap(better.box, item.box) <= most)) kept.push(item);
  }
  return kept;
}

/**
 * Intersection over union of two boxes. Sides run through pixel centres, as in the reference; boxes without area overlap
 * only if they are equal.
 */
function boxOverlap([ax0, ay0, ax1, ay1]: PixelBox, [bx0, by0, bx1, by1]: PixelBox): number {
  const across = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0));
  const down = Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
  const union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - across * down;
  if (union > 0) return (across * down) / union;
  return ax0 === bx0 && ay0 === by0 && ax1 === bx1 && ay1 === by1 ? 1 : 0;
}
