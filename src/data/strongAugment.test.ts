import { describe, expect, it } from 'vitest';
import { createImage, type Image } from '../formats/image.js';
import { Random } from '../nn/random.js';
import { makePhantom } from './phantom.js';
import { augmentStrongly } from './strongAugment.js';

const SIDE = 64;
const BACKGROUND = 60;
const OBJECT = 200;

/** A bright disc on grey tissue, and its label. */
function disc(width: number, height: number): { image: Image; label: Image } {
  const label = new Uint8Array(width * height);
  for (let i = 0; i < label.length; i++) {
    const [x, y] = [(i % width) / width - 0.5, Math.floor(i / width) / height - 0.5];
    if (x * x + y * y < 0.04) label[i] = 2;
  }
  const image = label.map((value) => (value === 2 ? OBJECT : BACKGROUND));
  return { image: createImage(width, height, 1, image), label: createImage(width, height, 1, label) };
}

const pixels = (label: Image): number => label.data.reduce((count, value) => count + (value === 2 ? 1 : 0), 0);

function augmented(seeds: number, { image, label } = disc(SIDE, SIDE)): { image: Image; label: Image }[] {
  return Array.from({ length: seeds }, (_, seed) => augmentStrongly(image, label, Random.seeded(seed), SIDE));
}

describe('augmentStrongly', () => {
  it('follows from the generator alone', () => {
    const { image, objects } = makePhantom({ seed: 3, width: 90, height: 70, kind: 'lesion' });
    const label = createImage(90, 70, 1, objects[0]!.mask);
    const made = (seed: number) => augmentStrongly(image, label, Random.seeded(seed), SIDE);
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
  });

  it('gives the side asked for, from any form, and no class that was not there', () => {
    for (const { image, label } of augmented(20, disc(50, 90))) {
      expect([image.width, image.height, label.width, label.height]).toEqual([SIDE, SIDE, SIDE, SIDE]);
      expect([...new Set(label.data)].every((value) => value === 0 || value === 2)).toBe(true);
    }
  });

  it('moves image and label together', () => {
    let [pairs, darker] = [0, 0];
    for (const { image, label } of augmented(60)) {
      for (let i = 3; i < label.data.length; i++) {
        if (i % SIDE < 3 || (label.data[i] === 2) === (label.data[i - 3] === 2)) continue;
        const [within, beside] = label.data[i] === 2 ? [i, i - 3] : [i - 3, i];
        pairs++;
        if (image.data[within]! < image.data[beside]!) darker++;
      }
    }
    // Across the border the object is brighter, but for speckle and for pixels that are as bright as they can be.
    expect(pairs).toBeGreaterThan(5000);
    expect(darker / pairs).toBeLessThan(0.01);
  });

  it('makes objects larger and smaller, and seldom loses one', () => {
    const before = pixels(disc(SIDE, SIDE).label);
    const ratios = augmented(300).map(({ label }) => pixels(label) / before);
    expect(ratios.filter((ratio) => ratio < 0.6).length).toBeGreaterThan(15);
    expect(ratios.filter((ratio) => ratio > 1.6).length).toBeGreaterThan(15);
    expect(ratios.filter((ratio) => ratio < 0.2).length).toBeLessThan(3);
  });

  it('makes pictures brighter and darker', () => {
    const means = augmented(200).map(({ image }) => image.data[(SIDE / 2) * (SIDE + 1)]!);
    expect(means.filter((value) => value < OBJECT - 25).length).toBeGreaterThan(20);
    expect(means.filter((value) => value > OBJECT + 25).length).toBeGreaterThan(20);
  });

  it('leaves every pixel where it was when it draws nothing', () => {
    const { image, objects } = makePhantom({ seed: 4, width: 64, height: 64, kind: 'lesion' });
    const label = createImage(64, 64, 1, objects[0]!.mask);
    /** Draws nothing that has a chance: chances ask for numbers below theirs. */
    const never = Random.seeded(1);
    never.chance = () => false;
    expect(augmentStrongly(image, label, never, 64)).toEqual({ image, label });
  });

  it('makes the gain uneven and adds speckle, but not always', () => {
    const { label } = disc(SIDE, SIDE);
    const flat = createImage(SIDE, SIDE, 1, new Uint8Array(SIDE * SIDE).fill(100));
    const levels = Array.from({ length: 80 }, (_, seed) => {
      const middle = augmentStrongly(flat, label, Random.seeded(seed), SIDE).image.data.filter(
        (_, i) => Math.abs((i % SIDE) - 32) < 8 && Math.abs(Math.floor(i / SIDE) - 32) < 8,
      );
      return new Set(middle).size;
    });
    // A flat picture stays flat, unless its gain is uneven or speckle comes.
    expect(levels.filter((count) => count === 1).length).toBeGreaterThan(15);
    expect(levels.filter((count) => count > 1).length).toBeGreaterThan(30);
  });

  it('applies the same operations to all channels of a colour image', () => {
    const { image, label } = disc(SIDE, SIDE);
    const data = Uint8Array.from({ length: 3 * image.data.length }, (_, i) => {
      const level = image.data[Math.floor(i / 3)]!;
      return i % 3 === 1 ? level >> 1 : level;
    });
    const colour = createImage(SIDE, SIDE, 3, data);
    let darker = 0;
    for (let seed = 0; seed < 20; seed++) {
      const grey = augmentStrongly(image, label, Random.seeded(seed), SIDE);
      const made = augmentStrongly(colour, label, Random.seeded(seed), SIDE);
      expect(made.label).toEqual(grey.label);
      const [red, green, blue] = [0, 1, 2].map((channel) => made.image.data.filter((_, i) => i % 3 === channel));
      expect(blue).toEqual(red);
      darker += green!.filter((value, i) => value < red![i]!).length;
    }
    expect(darker).toBeGreaterThan(10 * SIDE * SIDE);
  });
});
