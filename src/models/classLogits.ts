/**
 * The classes of a network: their names, and the margins of single ones from its logits.
 */
import { SamusError } from '../errors.js';
import type { AnnotationClass } from '../formats/annotation.js';
import type { ModelConfig } from './architecture.js';

/** The classes in a model's configuration, without the background; none if its training did not name them. */
export function namedClasses({ classNames = [], classColors }: ModelConfig): AnnotationClass[] {
  return classNames.slice(1).map((name, i) => {
    const color = classColors?.[i + 1];
    return { id: i + 1, name, ...(color !== undefined && { color }) };
  });
}

/**
 * The margin of a class at each pixel: its logit minus the largest of the other classes, above 0 where the class wins.
 * @param classId of a dataset: a network for two classes has one object, whichever class of the dataset it is
 * @param logits of each class, row-major, the background first; or one map, above 0 where the object is
 * @throws SamusError MODEL_CLASSES if the network does not have the class
 */
export function classMargin(classId: number, logits: readonly Float32Array[]): Float32Array {
  const [only, ...further] = logits;
  if (only && further.length === 0) return only;
  const index = logits.length === 2 ? 1 : classId;
  const own = logits[index];
  if (!own || index === 0) {
    const message = `expected a class from 1 to ${logits.length - 1} of this model, got class ${classId}`;
    throw new SamusError('MODEL_CLASSES', message, 'use a model that was trained on these classes');
  }
  const others = logits.filter((_, other) => other !== index);
  return own.map(
    (value, i) => value - others.reduce((most, other) => Math.max(most, other[i]!), Number.NEGATIVE_INFINITY),
  );
}

/** Splits logits [1, maps, …] by map, without copying. @param pixels of a map */
export function byClass(logits: Float32Array, pixels: number): Float32Array[] {
  return Array.from({ length: logits.length / pixels }, (_, i) => logits.subarray(i * pixels, (i + 1) * pixels));
}
