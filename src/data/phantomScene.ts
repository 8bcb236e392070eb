/**
 * What lies in front of the phantom's probe: layered background tissue, one to four named objects, sometimes a bright
 * interface that casts a shadow. Materials as a function of the place; how echoes become an image is phantomScan.ts.
 */

import type { Random } from '../nn/random.js';
import { collide, longShape, roundShape, type Shape } from './phantomShape.js';
import { type Field, ridge, smoothField } from './smoothField.js';

/** The kinds of objects; each is also the name of its class. */
export type PhantomKind = 'cyst' | 'lesion' | 'vessel' | 'band' | 'organ';

/** What a beam meets at one place. */
export interface Tissue {
  /** Strength of the scatterers in dB; 0 is the background's mean. */
  scatter: number;
  /** Coherent reflection of an interface, as an amplitude in units of the background's mean. */
  echo: number;
  /** Attenuation in dB per millimetre, there and back, beyond the mean that the depth gain makes up for. */
  loss: number;
}

export interface SceneObject {
  readonly name: PhantomKind;
  readonly shape: Shape;
}

export interface Scene {
  readonly objects: readonly SceneObject[];
  /** Writes the tissue at a place into `out`. */
  readonly look: (x: number, z: number, out: Tissue) => void;
}

/** The part of the body in view, in millimetres. */
export interface SceneSize {
  /** Half the width that every beam depth has in view. */
  readonly halfWidth: number;
  readonly depth: number;
}

interface Material {
  readonly scatter: number;
  readonly loss: number;
  /** Amplitude of the wall's reflection where it faces the beam. */
  readonly wall: number;
  /** Thickness of wall and edge in millimetres. */
  readonly edge: number;
  /** Unevenness inside, in dB. */
  readonly texture: number;
  /** Brightness of thin folds inside, in dB. */
  readonly folds: number;
}

/** A scene of the given kinds, drawn from `random`. Later objects keep clear of earlier ones where there is room. */
export function makeScene(random: Random, size: SceneSize, kinds: readonly PhantomKind[]): Scene {
  const placed: { name: PhantomKind; shape: Shape; material: Material }[] = [];
  for (const name of kinds) {
    let shape = drawShape(random, size, name);
    for (
      let tries = 0;
      tries < 30 && placed.some((other) => collide(other.shape, shape, 2 * size.halfWidth));
      tries++
    ) {
      shape = drawShape(random, size, name);
    }
    // No room is left: fewer objects are better than one inside another.
    if (placed.some((other) => collide(other.shape, shape, 2 * size.halfWidth))) continue;
    placed.push({ name, shape, material: drawMaterial(random, size, name) });
  }
  const background = drawBackground(random, size);
  const shadow = random.chance(0.4) ? drawShadow(random, size, placed) : undefined;
  const inner = smoothField(random);
  const grain = 25 / size.depth;
  const look = (x: number, z: number, out: Tissue): void => {
    background(x, z, out);
    for (const { shape, material } of placed) {
      const depth = shape.depth(x, z);
      if (depth > 3 * material.edge) continue;
      const inside = 1 / (1 + Math.exp((4 * depth) / material.edge));
      const patch = inner(x * grain, z * grain);
      const fine = inner(x * grain * 2.7, z * grain * 2.7);
      const folds = material.folds > 0 ? material.folds * ridge(inner(31 + x * grain * 0.5, z * grain * 0.6), 0.05) : 0;
      out.scatter += (material.scatter + material.texture * (patch + 0.6 * fine) + folds - out.scatter) * inside;
      out.echo *= 1 - inside;
      out.loss += (material.loss - out.loss) * inside;
      if (material.wall > 0) {
        // No wall is equally smooth and thick all around.
        const uneven = Math.max(0.15, 0.75 + 0.8 * patch + 0.4 * fine);
        out.echo += material.wall * uneven * wallEcho(shape, depth, material.edge, x, z);
      }
    }
    shadow?.(x, z, out);
  };
  return { objects: placed.map(({ name, shape }) => ({ name, shape })), look };
}

/** How much of a wall's reflection returns: all where it lies across the beam, little where it runs along it. */
function wallEcho(shape: Shape, depth: number, thickness: number, x: number, z: number): number {
  const near = Math.exp(-((depth / thickness) ** 2));
  if (near < 0.02) return 0;
  const step = 0.05;
  const gx = shape.depth(x + step, z) - depth;
  const gz = shape.depth(x, z + step) - depth;
  const facing = (gz * gz) / (gx * gx + gz * gz + 1e-9);
  return near * (0.07 + 0.93 * facing ** 2);
}

function drawShape(random: Random, { halfWidth, depth }: SceneSize, kind: PhantomKind): Shape {
  const place = (radius: number, shallow: number, deep: number): [number, number] => [
    random.uniform(-1, 1) * Math.max(0, halfWidth * 0.85 - radius),
    random.uniform(Math.max(depth * shallow, radius * 1.3), Math.max(depth * shallow, depth * deep - radius)),
  ];
  const unit = Math.min(halfWidth * 2, depth);
  if (kind === 'band') {
    const thickness = depth * random.uniform(0.012, 0.022);
    return longShape(random, depth * random.uniform(0.28, 0.7), thickness, random.uniform(-0.15, 0.15), depth * 0.01);
  }
  if (kind === 'vessel' && random.chance(0.4)) {
    const half = unit * random.uniform(0.06, 0.1);
    return longShape(random, depth * random.uniform(0.3, 0.65), half, random.uniform(-0.12, 0.12), half * 0.25);
  }
  const tilt = random.uniform(-0.5, 0.5);
  const radius =
    unit *
    {
      vessel: random.uniform(0.07, 0.13),
      cyst: random.uniform(0.07, 0.17),
      lesion: random.uniform(0.09, 0.2),
      organ: random.uniform(0.27, 0.35),
    }[kind];
  const flat = kind === 'vessel' ? random.uniform(0.85, 1.05) : random.uniform(0.6, 0.95);
  const wobble = { vessel: 0, cyst: 0.03, lesion: random.uniform(0.05, 0.16), organ: 0.008 }[kind];
  const centre = place(radius, kind === 'organ' ? 0.3 : 0.22, kind === 'organ' ? 0.95 : 0.85);
  return roundShape(random, centre, radius, radius * flat, tilt, wobble);
}

function drawMaterial(random: Random, { depth }: SceneSize, kind: PhantomKind): Material {
  const mm = depth / 100;
  switch (kind) {
    case 'cyst':
      // Fluid scatters and absorbs next to nothing: the tissue behind it appears brighter.
      return {
        scatter: random.uniform(-44, -34),
        loss: -0.25 / mm,
        wall: random.uniform(2.5, 5),
        edge: 0.45 * mm,
        texture: 3,
        folds: 0,
      };
    case 'vessel':
      return {
        scatter: random.uniform(-40, -28),
        loss: -0.15 / mm,
        wall: random.uniform(5, 9),
        edge: 0.6 * mm,
        texture: 3,
        folds: 0,
      };
    case 'lesion':
      return random.chance(0.75)
        ? {
            scatter: random.uniform(-17, -9),
            loss: random.uniform(0, 0.22) / mm,
            wall: 0,
            edge: 1.6 * mm,
            texture: 6,
            folds: 5,
          }
        : { scatter: random.uniform(6, 10), loss: 0.05 / mm, wall: 0, edge: 1.4 * mm, texture: 4, folds: 0 };
    case 'band':
      return { scatter: random.uniform(12, 17), loss: 0.1 / mm, wall: 4, edge: 0.5 * mm, texture: 5, folds: 0 };
    case 'organ':
      // A shell like a skull's: bright, absorbing at its flanks, dim inside.
      return {
        scatter: random.uniform(-18, -11),
        loss: 0,
        wall: random.uniform(9, 15),
        edge: 1.1 * mm,
        texture: 7,
        folds: 16,
      };
  }
}

/** Skin, fat with septa, fasciae, then fibrous or even tissue in layers. */
function drawBackground(random: Random, { depth }: SceneSize): Scene['look'] {
  const broad: Field = smoothField(random);
  const fibres: Field = smoothField(random);
  const bending: Field = smoothField(random);
  // Lengths in hundredths of the depth, so that every depth setting fills the image alike.
  const unit = 100 / depth;
  const skin = random.uniform(1.5, 3.5);
  const fat = random.uniform(10, 30);
  const fatLevel = random.uniform(-10, -2);
  const sheets = Array.from({ length: random.int(1, 4) }, (_, k) => ({
    at: k === 0 ? fat : random.uniform(fat + 5, 90),
    strength: k === 0 ? random.uniform(1.5, 5) : random.uniform(0.8, 3.5),
    width: random.uniform(0.4, 0.9),
  }));
  const stretch = random.uniform(0.05, 0.12);
  const fibrous = random.uniform(3, 15);
  const streaks = random.uniform(2, 6);
  const layers = random.uniform(2, 6);
  const slope = random.uniform(-0.15, 0.15);
  return (x, z, out) => {
    const u = x * unit;
    const w = z * unit;
    // Layers are neither flat nor parallel.
    const v = w + slope * u + 5 * bending(u * 0.025, w * 0.012) + 1.2 * bending(u * 0.09, 7 + w * 0.05);
    const patch = broad(u * 0.06, v * 0.08);
    const line = ridge(fibres(u * stretch, v * 0.32), 0.08) * Math.max(0, patch + 0.35);
    out.scatter =
      5 * patch +
      layers * broad(u * 0.008, 40 + v * 0.09) +
      streaks * fibres(u * stretch * 1.6, 31 + v * 0.7) +
      fibrous * line;
    if (v < fat) out.scatter += fatLevel;
    if (w < skin) out.scatter = 7;
    out.echo = line * fibrous * 0.15;
    for (const { at, strength, width } of sheets) {
      const off = (v - at) / width;
      if (off > -3 && off < 3) out.echo += strength * Math.exp(-off * off) * Math.max(0, 0.6 + broad(u * 0.1, at));
    }
    out.loss = 0.045 * unit * broad(u * 0.05, 17 + v * 0.04);
  };
}

/** A short bright arc (bone, gas, a calcification) that lets little through; it keeps off the objects' middle. */
function drawShadow(
  random: Random,
  { halfWidth, depth }: SceneSize,
  placed: readonly { shape: Shape }[],
): Scene['look'] {
  const half = halfWidth * random.uniform(0.07, 0.16);
  let x0 = 0;
  for (let tries = 0; tries < 20; tries++) {
    x0 = random.uniform(-0.9, 0.9) * halfWidth;
    if (placed.every(({ shape }) => Math.abs(shape.centre[0] - x0) > shape.radius * 0.6 + half)) break;
  }
  const z0 = depth * random.uniform(0.12, 0.4);
  const thick = depth * 0.008;
  const strength = random.uniform(8, 14);
  const block = random.uniform(5, 9);
  return (x, z, out) => {
    const along = (x - x0) / half;
    if (Math.abs(along) > 1) return;
    const top = z0 + 0.25 * half * along * along;
    const near = (z - top) / thick;
    if (near < -3 || near > 6) return;
    const taper = 1 - along * along;
    out.echo += strength * taper * Math.exp(-near * near);
    if (near > 0) out.loss += (block * Math.sqrt(taper)) / (6 * thick);
  };
}
