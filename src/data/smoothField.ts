/**
 * Smooth random fields: what makes a phantom's tissue uneven on a scale larger than speckle, and bends pictures for
 * training. Not a source of random numbers (random.ts), only a way to spread a few of them over a plane.
 */
import type { Random } from '../nn/random.js';

/** Points of the lattice along each axis; a power of two, so that coordinates wrap by masking. */
const SIZE = 64;

/** A field of mean 0 and values between -1 and 1 that changes over about one unit of length, for each pair of coordinates. */
export type Field = (x: number, y: number) => number;

/** A new field: random values on a lattice, blended smoothly in between; it repeats after 64 units. */
export function smoothField(random: Random): Field {
  const lattice = Float64Array.from({ length: SIZE * SIZE }, () => random.uniform(-1, 1));
  return (x, y) => {
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [ease(x - left), ease(y - top)];
    const row = (top & (SIZE - 1)) * SIZE;
    const below = ((top + 1) & (SIZE - 1)) * SIZE;
    const [a, b] = [left & (SIZE - 1), (left + 1) & (SIZE - 1)];
    const upper = lattice[row + a]! * (1 - fx) + lattice[row + b]! * fx;
    const lower = lattice[below + a]! * (1 - fx) + lattice[below + b]! * fx;
    return upper * (1 - fy) + lower * fy;
  };
}

/** 1 on the lines where `value` crosses 0, falling off over `width`: thin sheets and fibres out of a smooth field. */
export function ridge(value: number, width: number): number {
  return Math.exp(-((value / width) ** 2));
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}
