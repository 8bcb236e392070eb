/**
 * Makes phantoms: ultrasound-like images from a seed, with the exact mask of every object. They replace patients
 * in tests, examples, demonstrations and benchmarks. They do not replace data: nothing trained on them alone has
 * been shown to work on patients.
 */
import { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import { Random } from '../nn/random.js';
import { type Probe, type ScanSettings, scan, toBeam, toScene } from './phantomScan.js';
import { makeScene, type PhantomKind, type SceneObject, type SceneSize } from './phantomScene.js';

export type { PhantomKind } from './phantomScene.js';

/** Every kind of object, in the order of class indices from 1 on. */
export const PHANTOM_KINDS: readonly [PhantomKind, ...PhantomKind[]] = ['cyst', 'lesion', 'vessel', 'band', 'organ'];

export interface PhantomOptions {
  /** The same seed and size give the same phantom. */
  readonly seed: number;
  /** Pixels, at least 32. */
  readonly width: number;
  readonly height: number;
  /** One object of this kind; without it one to four of any kind. */
  readonly kind?: PhantomKind;
}

export interface PhantomObject {
  readonly name: PhantomKind;
  /** 1 inside and 0 outside, row-major, of the image's size; only what lies in the field of view. */
  readonly mask: Uint8Array;
  /** The pixel x, y deepest inside the mask. */
  readonly click: readonly [number, number];
}

export interface Phantom {
  readonly image: Image & { readonly channels: 1 };
  readonly objects: readonly PhantomObject[];
  /** Size of a pixel in millimetres, the same across and down. */
  readonly spacingMm: number;
}

/** Objects smaller than this many pixels are omitted, because they are too small to click. */
const LEAST_PIXELS = 12;

/**
 * The phantom of a seed: a linear or convex field of view, speckle, attenuation and depth gain, shadows, and the
 * exact masks of its objects. About 50 ms for 256 x 256 pixels. Bits are pinned on V8 (Node, Chrome); an engine whose
 * sine, exponential or logarithm rounds otherwise may differ in single grey levels.
 * @throws SamusError PHANTOM_SIZE if a side is not a whole number from 32 to 4096
 */
export function makePhantom({ seed, width, height, kind }: PhantomOptions): Phantom {
  const side = (n: number): boolean => Number.isInteger(n) && n >= 32 && n <= 4096;
  if (!side(width) || !side(height)) {
    throw new SamusError(
      'PHANTOM_SIZE',
      `expected sides of 32 to 4096 pixels, got ${width}x${height}`,
      'ask for 256x256, the size that SAMUS sees',
      { width, height },
    );
  }
  // A scene may turn out to have none of its objects in view; the next attempt of the seed then takes its place.
  for (let attempt = 0; ; attempt++) {
    const random = Random.seeded(seed, attempt);
    const kinds = kind ? [kind] : drawKinds(random);
    const { probe, size } = drawProbe(random, kinds, width, height);
    const scene = makeScene(random, size, kinds);
    const objects = scene.objects.flatMap((object) => outline(object, probe, width, height));
    if (objects.length === 0) continue;
    const data = scan(random, scene, probe, drawSettings(random), width, height);
    return { image: { width, height, channels: 1, data }, objects, spacingMm: probe.spacing };
  }
}

function drawKinds(random: Random): readonly PhantomKind[] {
  const count = random.pick([1, 1, 2, 2, 3, 4]);
  // The largest first, while there is room.
  const order: readonly PhantomKind[] = ['organ', 'band', 'lesion', 'vessel', 'cyst'];
  const drawn = Array.from({ length: count }, () => random.pick(PHANTOM_KINDS));
  const once = drawn.filter((kind, i) => (kind !== 'organ' && kind !== 'band') || drawn.indexOf(kind) === i);
  return once.sort((a, b) => order.indexOf(a) - order.indexOf(b));
}

/** Convex for what lies deep, linear for what lies under the skin; the field of view fills the image. */
function drawProbe(
  random: Random,
  kinds: readonly PhantomKind[],
  width: number,
  height: number,
): { probe: Probe; size: SceneSize } {
  const convex = random.chance(kinds.includes('organ') ? 0.75 : kinds.includes('band') ? 0 : 0.3);
  if (!convex) {
    const depth = random.uniform(32, 55);
    const spacing = depth / height;
    const halfWidth = (width * spacing) / 2;
    return {
      probe: { kind: 'linear', depth, halfWidth, radius: 0, halfAngle: 0, spacing },
      size: { halfWidth, depth },
    };
  }
  const depth = random.uniform(90, 160);
  const radius = random.pick([2, 40, 55]);
  const halfAngle = radius < 10 ? random.uniform(0.6, 0.75) : random.uniform(0.48, 0.62);
  const tall = depth + radius * (1 - Math.cos(halfAngle));
  const wide = 2 * (radius + depth) * Math.sin(halfAngle);
  const spacing = Math.max(tall / height, wide / width) * 1.01;
  const halfWidth = (radius + depth * 0.6) * Math.sin(halfAngle) * 0.9;
  return { probe: { kind: 'convex', depth, halfWidth: 0, radius, halfAngle, spacing }, size: { halfWidth, depth } };
}

function drawSettings(random: Random): ScanSettings {
  return {
    gain: random.uniform(0.3, 0.48),
    range: random.uniform(48, 64),
    slope: random.uniform(-22, 0),
    noise: [random.uniform(-40, -30), random.uniform(-30, -16)],
    blur: [random.uniform(1, 1.5), random.uniform(1, 1.7)],
  };
}

/** The mask of an object by the same outline that the scan saw; nothing if too little of it is in view. */
function outline({ name, shape }: SceneObject, probe: Probe, width: number, height: number): PhantomObject[] {
  const mask = new Uint8Array(width * height);
  let pixels = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sceneX, sceneZ] = toScene(probe, width, x, y);
      if (shape.depth(sceneX, sceneZ) > 0) continue;
      const [line, along] = toBeam(probe, width, x, y);
      if (line < 0 || line > 1 || along < 0 || along > 1) continue;
      mask[y * width + x] = 1;
      pixels++;
    }
  }
  return pixels < LEAST_PIXELS ? [] : [{ name, mask, click: deepest(mask, width, height) }];
}

/** The first of the pixels that are farthest from the outside, in steps of 3 along and 4 across the grid. */
function deepest(mask: Uint8Array, width: number, height: number): [number, number] {
  const stride = width + 2;
  const distance = new Int32Array(stride * (height + 2));
  const at = (x: number, y: number): number => (y + 1) * stride + x + 1;
  const relax = (i: number, row: number, before: number): void => {
    const closest = Math.min(
      distance[i + before]! + 3,
      distance[i + row]! + 3,
      distance[i + row - 1]! + 4,
      distance[i + row + 1]! + 4,
    );
    distance[i] = Math.min(distance[i]!, closest);
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      distance[at(x, y)] = 1 << 30;
      relax(at(x, y), -stride, -1);
    }
  }
  let best: [number, number] = [0, 0];
  let most = 0;
  for (let y = height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--) {
      if (mask[y * width + x] === 0) continue;
      relax(at(x, y), stride, 1);
      if (distance[at(x, y)]! >= most) {
        most = distance[at(x, y)]!;
        best = [x, y];
      }
    }
  }
  return best;
}
