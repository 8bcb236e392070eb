/**
 * Seeded random numbers with a state that can be saved, so that a training resumes to the same bits and phantoms are
 * reproducible. Not for secrets.
 *
 * The generator is xoshiro128** by Blackman and Vigna (period 2^128 - 1, 32-bit integer arithmetic, which is exact in
 * JavaScript). A 32-bit mixing function fills its state from the seeds.
 */
import { SamusError } from '../errors.js';

/** The whole state of a generator, in plain numbers that JSON keeps unchanged. */
export interface RandomState {
  readonly words: readonly [number, number, number, number];
  /** The second number of the last pair of normal numbers, if not used yet. */
  readonly spare: number | null;
}

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare: number | null;

  /** Continues from a saved {@link state}. @throws SamusError RANDOM_STATE for an invalid state */
  constructor(state: RandomState) {
    const word = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
    if (state.words.length !== 4 || !state.words.every(word) || state.words.every((w) => w === 0)) {
      throw new SamusError(
        'RANDOM_STATE',
        'expected the state of a random generator, four 32-bit words that are not all 0',
        'use a state saved from this generator',
      );
    }
    [this.#a, this.#b, this.#c, this.#d] = state.words;
    this.#spare = state.spare;
  }

  /**
   * A separate generator for each list of seeds, for example (seed, epoch, index of the image): then the random numbers
   * of an image do not depend on the order of work.
   * @param seeds integers of up to 53 bits
   */
  static seeded(...seeds: readonly number[]): Random {
    let hash = 0x9e3779b9;
    const absorb = (word: number): number => {
      hash = mix((hash ^ word) + 0x9e3779b9);
      return hash;
    };
    for (const seed of seeds) {
      absorb(seed >>> 0);
      absorb(Math.floor(seed / 2 ** 32) >>> 0);
    }
    const words: [number, number, number, number] = [absorb(1), absorb(2), absorb(3), absorb(4)];
    return new Random({ words: words.every((w) => w === 0) ? [1, 0, 0, 0] : words, spare: null });
  }

  /** The current state, for saving. */
  get state(): RandomState {
    return { words: [this.#a, this.#b, this.#c, this.#d], spare: this.#spare };
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b = (this.#b ^ this.#c) >>> 0;
    this.#a = (this.#a ^ this.#d) >>> 0;
    this.#c = (this.#c ^ t) >>> 0;
    this.#d = rotateLeft(this.#d, 11) >>> 0;
    return result;
  }

  /** A number in [low, high) with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const bits = (this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6);
    return low + (high - low) * (bits / 2 ** 53);
  }

  /** Fills an array with numbers from 0 up to 1, of 24 random bits: what a float32 holds exactly. */
  fill(values: Float32Array): void {
    // In local variables this takes a third of the time of a call for each number.
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    for (let i = 0; i < values.length; i++) {
      values[i] = (Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 8) / 2 ** 24;
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotateLeft(d, 11);
    }
    [this.#a, this.#b, this.#c, this.#d] = [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
  }

  /** An integer in [low, high), all equally likely; the range is at most 2^32. */
  int(low: number, high: number): number {
    const range = high - low;
    // Draws beyond the last multiple of the range would favour small numbers.
    const limit = 2 ** 32 - (2 ** 32 % range);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return low + (draw % range);
  }

  /** A normally distributed number (Box–Muller transform, two numbers per pair of draws). */
  normal(mean = 0, deviation = 1): number {
    let value = this.#spare;
    this.#spare = null;
    if (value === null) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      value = radius * Math.cos(angle);
      this.#spare = radius * Math.sin(angle);
    }
    return mean + deviation * value;
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** One of the items. */
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.int(0, items.length)]!;
  }

  /** Shuffles an array or typed array in place. */
  shuffle<A extends { readonly length: number; [at: number]: unknown }>(items: A): A {
    const slots: { [at: number]: unknown } = items;
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(0, i + 1);
      [slots[i], slots[j]] = [slots[j], slots[i]];
    }
    return items;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Mixes all bits of a 32-bit word (the finaliser of MurmurHash3). */
function mix(word: number): number {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
