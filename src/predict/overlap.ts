/**
 * Of boxes that say the same, the best: greedy non-maximum suppression, as torchvision has it.
 */
import type { PixelBox } from '../formats/mask.js';

/** Something found, with the box around it and how much it is preferred. */
interface Scored {
  readonly box: PixelBox;
  readonly score: number;
}

/**
 * The items, best first, without those whose box overlaps that of a better one by more than `most`; of equal scores
 * the earlier item is the better one.
 * @param most largest intersection over union that is kept, 0 to 1
 */
export function withoutOverlaps<T extends Scored>(items: readonly T[], most: number): T[] {
  const kept: T[] = [];
  // Sorting keeps the order of what is equal.
  for (const item of [...items].sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => boxOverlap(better.box, item.box) <= most)) kept.push(item);
  }
  return kept;
}

/**
 * Intersection over union of two boxes. Their sides are taken as lines through the centres of pixels, as the reference
 * does; boxes without any area overlap only if they are equal.
 */
function boxOverlap([ax0, ay0, ax1, ay1]: PixelBox, [bx0, by0, bx1, by1]: PixelBox): number {
  const across = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0));
  const down = Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
  const union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - across * down;
  if (union > 0) return (across * down) / union;
  return ax0 === bx0 && ay0 === by0 && ax1 === bx1 && ay1 === by1 ? 1 : 0;
}
