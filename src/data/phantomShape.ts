/**
 * Outlines of the phantom's objects in millimetres: round ones with a wobble, and long ones across the image. A shape
 * only says what is inside; phantomScene.ts defines its material.
 */
import type { Random } from '../nn/random.js';

/** An outline in the plane of the image; x to the right from the centre line, z down from the probe. */
export interface Shape {
  /** Below 0 inside, above 0 outside, about the distance to the outline in millimetres. */
  readonly depth: (x: number, z: number) => number;
  /** A circle around the shape; for long ones the middle of their line, and half their thickness at most. */
  readonly centre: readonly [x: number, z: number];
  readonly radius: number;
  /** Where the middle of a long shape runs; round ones have none. */
  readonly middle?: (x: number) => number;
}

/**
 * An ellipse with an uneven edge.
 * @param wobble how far the edge strays, as a share of the radius; 0 for a true ellipse
 */
export function roundShape(
  random: Random,
  centre: readonly [number, number],
  halfWidth: number,
  halfHeight: number,
  tilt: number,
  wobble: number,
): Shape {
  // Low harmonics make lobes, high ones a rough edge; falling amplitudes keep the outline in one piece.
  const waves = [2, 3, 4, 5, 7, 9].map((order) => ({
    order,
    amplitude: (wobble * random.uniform(0.3, 1)) / order ** 0.7,
    phase: random.uniform(0, 2 * Math.PI),
  }));
  const [cos, sin] = [Math.cos(tilt), Math.sin(tilt)];
  const scale = Math.sqrt(halfWidth * halfHeight);
  return {
    centre,
    radius: Math.max(halfWidth, halfHeight) * (1 + wobble * 1.5),
    depth: (x, z) => {
      const [dx, dz] = [x - centre[0], z - centre[1]];
      const u = (dx * cos + dz * sin) / halfWidth;
      const v = (dz * cos - dx * sin) / halfHeight;
      const rho = Math.sqrt(u * u + v * v);
      let edge = 1;
      // Far away the wobble does not matter, and the arc tangent is most of the cost.
      if (wobble > 0 && rho < 2) {
        const angle = Math.atan2(v, u);
        for (const { order, amplitude, phase } of waves) edge += amplitude * Math.cos(order * angle + phase);
      }
      return (rho - edge) * scale;
    },
  };
}

/** A strip across the whole image: a vessel along its length, a fascia, an aponeurosis. */
export function longShape(random: Random, z: number, halfHeight: number, slope: number, bend: number): Shape {
  const phase = random.uniform(0, 2 * Math.PI);
  const wave = random.uniform(0.04, 0.09);
  const taper = random.uniform(-0.15, 0.15);
  const middle = (x: number): number => z + slope * x + bend * Math.sin(wave * x + phase);
  return {
    centre: [0, z],
    radius: halfHeight * (1 + Math.abs(taper)),
    middle,
    depth: (x, at) => Math.abs(at - middle(x)) - halfHeight * (1 + taper * Math.sin(2 * wave * x)),
  };
}

/** Whether two shapes come too close to each other anywhere from -halfWidth to halfWidth. */
export function collide(a: Shape, b: Shape, halfWidth: number): boolean {
  const room = (a.radius + b.radius) * 1.05;
  const [first, second] = [a.middle, b.middle];
  if (!first && !second) return Math.hypot(a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]) < room;
  const round = first ? b : a;
  const from = first && second ? -halfWidth : round.centre[0] - round.radius;
  const to = first && second ? halfWidth : round.centre[0] + round.radius;
  for (let k = 0; k <= 8; k++) {
    const x = from + ((to - from) * k) / 8;
    const apart = (first ? first(x) : a.centre[1]) - (second ? second(x) : b.centre[1]);
    if (Math.abs(apart) < room) return true;
  }
  return false;
}
