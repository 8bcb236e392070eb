/**
 * One label map of an image whose classes were segmented one by one: a pixel belongs to the class whose logit is
 * highest, and to the background where none is above 0. The published multi-class evaluation takes the largest of a
 * single channel instead, which is always the background (spec 4.7): its Dice is frozen at 2/3 for three classes.
 */

/** Pixels by true class (row) and predicted class (column), for datasets of several classes. */
export class ConfusionMatrix {
  readonly counts: Float64Array;

  /** @param classes their number, background included */
  constructor(readonly classes: number) {
    this.counts = new Float64Array(classes * classes);
  }

  /** Adds an image. @param label class indices below `classes`, as is `predicted` */
  add(label: Uint8Array, predicted: Uint8Array): void {
    for (let i = 0; i < label.length; i++) this.counts[label[i]! * this.classes + predicted[i]!]!++;
  }

  /** For JSON: a row for each true class. */
  rows(): number[][] {
    return Array.from({ length: this.classes }, (_, row) => [
      ...this.counts.subarray(row * this.classes, (row + 1) * this.classes),
    ]);
  }
}

/**
 * @param classIds of the logits
 * @param logits of each class, all of one length
 * @returns class indices, 0 where no logit is above 0; of equals the first
 */
export function combineClasses(classIds: readonly number[], logits: readonly Float32Array[]): Uint8Array {
  const length = logits[0]?.length ?? 0;
  const combined = new Uint8Array(length);
  const best = new Float32Array(length);
  for (const [c, map] of logits.entries()) {
    for (let i = 0; i < length; i++) {
      if (map[i]! <= best[i]!) continue;
      best[i] = map[i]!;
      combined[i] = classIds[c]!;
    }
  }
  return combined;
}
