/**
 * The steps of the augmentations that networks are published with: each changes a square image and its label in place. Geometry interpolates the
 * image bilinearly, takes the nearest label and fills with 0; levels change in the image only.
 */
import type { Random } from '../nn/random.js';
import { smoothed } from './strongAugment.js';

/** A square image while it is augmented. */
export interface Scene {
  readonly side: number;
  /** One for each channel, levels 0 to 255. */
  planes: Float32Array[];
  /** Class indices */
  label: Uint8Array;
}

export type Step = (scene: Scene, random: Random) => void;

/** An augmentation that a network is published with. Ranges that the authors leave open are marked "ours". */
export interface AugmentRecipe {
  readonly steps: readonly Step[];
  /**
   * `each`: every step for half of the images, in this order; `all`: every step; `shuffled`: for half of the images every
   * step, in random order; `one`: one of the steps or none, all equally likely; [least, most]: so many steps in random order.
   */
  readonly choose: 'each' | 'all' | 'shuffled' | 'one' | readonly [least: number, most: number];
}

/** A step for half of the images. */
export function half(step: Step): Step {
  return (scene, random) => {
    if (random.chance(0.5)) step(scene, random);
  };
}

/** Ranges of an affine map about the centre. */
interface Moves {
  readonly degrees?: number;
  /** Share of the side, along each axis. */
  readonly shift?: number;
  readonly scale?: readonly [least: number, most: number];
  /** Width times 1 + a, height divided by it. */
  readonly aspect?: number;
  /** Degrees by which columns lean. */
  readonly shear?: number;
}

/** Where in the input a pixel comes from, both in pixels. */
type Source = (x: number, y: number) => readonly [x: number, y: number];

function warp(scene: Scene, source: Source): void {
  const { side, planes, label } = scene;
  const inside = (x: number, y: number): boolean => x >= 0 && x < side && y >= 0 && y < side;
  const moved = planes.map(() => new Float32Array(side * side));
  const classes = new Uint8Array(side * side);
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) {
      const [fromX, fromY] = source(x, y);
      const [nearX, nearY] = [Math.round(fromX), Math.round(fromY)];
      if (inside(nearX, nearY)) classes[i] = label[nearY * side + nearX]!;
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      if (left < -1 || left >= side || top < -1 || top >= side) continue;
      const [right, low] = [fromX - left, fromY - top];
      for (const [c, plane] of planes.entries()) {
        const at = (u: number, v: number): number => (inside(u, v) ? plane[v * side + u]! : 0);
        const upper = at(left, top) * (1 - right) + at(left + 1, top) * right;
        const lower = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
        moved[c]![i] = upper + (lower - upper) * low;
      }
    }
  }
  [scene.planes, scene.label] = [moved, classes];
}

/** Rotation, scale, aspect, shear and shift drawn evenly from their ranges. */
export function move({ degrees = 0, shift = 0, scale = [1, 1], aspect = 0, shear = 0 }: Moves): Step {
  return (scene, random) => {
    const radians = (random.uniform(-degrees, degrees) * Math.PI) / 180;
    const lean = Math.tan((random.uniform(-shear, shear) * Math.PI) / 180);
    const size = random.uniform(...scale);
    const wide = 1 + random.uniform(-aspect, aspect);
    const [dx, dy] = [random.uniform(-shift, shift) * scene.side, random.uniform(-shift, shift) * scene.side];
    const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
    const middle = (scene.side - 1) / 2;
    warp(scene, (x, y) => {
      const [u, v] = [x - middle - dx, y - middle - dy];
      const across = (cos * u - sin * v) / (size * wide);
      const down = ((sin * u + cos * v) * wide) / size;
      return [across + lean * down + middle, down + middle];
    });
  };
}

/** Enlarges by a factor from the range, then cuts a random square of the old side; a smaller image lies somewhere in it. */
export function zoomAndCrop(least: number, most: number): Step {
  return (scene, random) => {
    const factor = random.uniform(least, most);
    const spare = scene.side * (factor - 1);
    const [left, top] = [random.uniform() * spare, random.uniform() * spare];
    warp(scene, (x, y) => [(x + 0.5 + left) / factor - 0.5, (y + 0.5 + top) / factor - 0.5]);
  };
}

export const flipX: Step = (scene) => warp(scene, (x, y) => [scene.side - 1 - x, y]);
export const flipY: Step = (scene) => warp(scene, (x, y) => [x, scene.side - 1 - y]);
/** A quarter turn. */
export const turn: Step = (scene) => warp(scene, (x, y) => [scene.side - 1 - y, x]);

/** Random displacements, smoothed. @param size side of the image that both numbers, in pixels, refer to */
export function elastic(strength: number, deviation: number, size: number): Step {
  return (scene, random) => {
    const { side } = scene;
    const share = side / size;
    const field = (): Float32Array => {
      const values = Float32Array.from({ length: side * side }, () => random.uniform(-1, 1));
      smoothed(values, side, deviation * share);
      // A narrower filter leaves larger values: the displacement stays the same share of the side.
      return values.map((value) => value * strength * share * share);
    };
    const [dx, dy] = [field(), field()];
    warp(scene, (x, y) => [x + dx[y * side + x]!, y + dy[y * side + x]!]);
  };
}

/** Points of the coarse grid along a side. */
const GRID = 4;

/** Displaces the points of a coarse grid and what lies between them. @param deviation share of the side */
export function piecewise(deviation: number): Step {
  return (scene, random) => {
    const { side } = scene;
    const shifts = () => Float64Array.from({ length: GRID * GRID }, () => random.normal(0, deviation * side));
    const between = (values: Float64Array, x: number, y: number): number => {
      const [u, v] = [(x / side) * (GRID - 1), (y / side) * (GRID - 1)];
      const [left, top] = [Math.floor(u), Math.floor(v)];
      const at = (column: number, row: number): number => values[row * GRID + column]!;
      const upper = at(left, top) * (left + 1 - u) + at(left + 1, top) * (u - left);
      const lower = at(left, top + 1) * (left + 1 - u) + at(left + 1, top + 1) * (u - left);
      return upper + (lower - upper) * (v - top);
    };
    const [dx, dy] = [shifts(), shifts()];
    warp(scene, (x, y) => [x + between(dx, x, y), y + between(dy, x, y)]);
  };
}

/** Changes every level of every channel. */
function levels({ planes }: Scene, change: (level: number) => number): void {
  for (const plane of planes) for (let i = 0; i < plane.length; i++) plane[i] = bounded(change(plane[i]!));
}

function bounded(level: number): number {
  return Math.max(0, Math.min(255, level));
}

/** v → 255 (v / 255)^γ */
export function gammaBy(least: number, most: number): Step {
  return (scene, random) => {
    const gamma = least * (most / least) ** random.uniform();
    levels(scene, (level) => 255 * (level / 255) ** gamma);
  };
}

/** Adds a number from the range to all levels, or multiplies them by it. */
export function brighten(least: number, most: number, by: 'plus' | 'times' = 'plus'): Step {
  return (scene, random) => {
    const amount = random.uniform(least, most);
    levels(scene, (level) => (by === 'plus' ? level + amount : level * amount));
  };
}

/** About the mean level. */
export function contrastBy(least: number, most: number): Step {
  return (scene, random) => {
    const factor = random.uniform(least, most);
    let sum = 0;
    for (const plane of scene.planes) for (const level of plane) sum += level;
    const mean = sum / (scene.planes.length * scene.side ** 2);
    levels(scene, (level) => mean + factor * (level - mean));
  };
}

/** Normal noise, the same in all channels; its deviation is drawn from a range of levels. */
export function noise(least: number, most: number): Step {
  return (scene, random) => {
    const deviation = random.uniform(least, most);
    const added = Float32Array.from({ length: scene.side ** 2 }, () => random.normal(0, deviation));
    for (const plane of scene.planes) for (let i = 0; i < plane.length; i++) plane[i] = bounded(plane[i]! + added[i]!);
  };
}

/** Gaussian. @param size side of the image that the deviation, in pixels, refers to */
export function blur(deviation: number, size: number): Step {
  return ({ planes, side }) => {
    for (const plane of planes) smoothed(plane, side, (deviation * side) / size);
  };
}

/** The mean of 3 x 3 pixels. */
export const box3: Step = (scene) => neighbours(scene, (level, sum) => (level + sum) / 9);

/** A share from 0 to 1 of the image sharpened by the kernel of 9 in the middle and −1 around it. */
export const sharpen: Step = (scene, random) => {
  const share = random.uniform();
  neighbours(scene, (level, sum) => level + share * (8 * level - sum));
};

/** Changes levels by the sum of their eight neighbours; the outer pixels repeat beyond the image. */
function neighbours(scene: Scene, change: (level: number, sum: number) => number): void {
  const { side } = scene;
  const clamp = (at: number): number => Math.max(0, Math.min(side - 1, at));
  scene.planes = scene.planes.map((plane) =>
    plane.map((level, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      let sum = -level;
      for (let v = y - 1; v <= y + 1; v++) {
        for (let u = x - 1; u <= x + 1; u++) sum += plane[clamp(v) * side + clamp(u)]!;
      }
      return bounded(change(level, sum));
    }),
  );
}

/** Colours nearer to grey (factor below 1) or farther from it. A grey image stays. */
export function saturate(least: number, most: number): Step {
  return ({ planes }, random) => {
    const factor = random.uniform(least, most);
    const [red, green, blue] = planes;
    if (!red || !green || !blue) return;
    for (let i = 0; i < red.length; i++) {
      const grey = 0.299 * red[i]! + 0.587 * green[i]! + 0.114 * blue[i]!;
      for (const plane of planes) plane[i] = bounded(grey + factor * (plane[i]! - grey));
    }
  };
}

/** Adds to hue (degrees), saturation and value (of 255). In a grey image only the value changes. */
export function shiftHsv({ planes }: Scene, hue: number, saturation: number, value: number): void {
  const [red, green, blue] = planes;
  if (!red || !green || !blue) {
    for (const plane of planes) for (let i = 0; i < plane.length; i++) plane[i] = bounded(plane[i]! + value);
    return;
  }
  for (let i = 0; i < red.length; i++) {
    const [r, g, b] = [red[i]!, green[i]!, blue[i]!];
    const most = Math.max(r, g, b);
    const spread = most - Math.min(r, g, b);
    const sector =
      spread === 0 ? 0 : most === r ? (g - b) / spread : most === g ? 2 + (b - r) / spread : 4 + (r - g) / spread;
    const top = bounded(most + value);
    const share = most === 0 ? 0 : bounded((255 * spread) / most + (spread === 0 ? 0 : saturation)) / 255;
    // The three channels are one curve over the hue, shifted by two sectors.
    const channel = (offset: number): number => {
      const k = (((offset + sector + hue / 60) % 6) + 6) % 6;
      return top * (1 - share * Math.max(0, Math.min(k, 4 - k, 1)));
    };
    [red[i], green[i], blue[i]] = [channel(5), channel(3), channel(1)];
  }
}
