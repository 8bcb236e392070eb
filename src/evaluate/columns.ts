/**
 * Long columns of numbers, made and thinned out without a JavaScript array in between: `Float64Array.from` and
 * `.filter` collect their values in one first, which costs more than everything else that is held of 100,000 images.
 */

/** @param valueAt the value of each place */
export function columnOf(length: number, valueAt: (place: number) => number): Float64Array {
  const column = new Float64Array(length);
  for (let i = 0; i < length; i++) column[i] = valueAt(i);
  return column;
}

/** The values that are wanted, in their order. */
export function kept(values: ArrayLike<number>, wanted: (value: number, place: number) => boolean): Float64Array {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (wanted(values[i]!, i)) count++;
  const column = new Float64Array(count);
  for (let i = 0, next = 0; next < count; i++) if (wanted(values[i]!, i)) column[next++] = values[i]!;
  return column;
}

/** What is no NaN. */
export function defined(values: ArrayLike<number>): Float64Array {
  return kept(values, (value) => !Number.isNaN(value));
}

/** 0, 1, 2, … */
export function places(length: number): Uint32Array<ArrayBuffer> {
  const column = new Uint32Array(length);
  for (let i = 0; i < length; i++) column[i] = i;
  return column;
}
