/**
 * Seeded random numbers whose state can be saved: what makes a training resume to the same bits and a phantom come
 * out the same again. Not for secrets.
 *
 * The generator is xoshiro128** of Blackman and Vigna (period 2^128 - 1, 32-bit integer arithmetic, which JavaScript
 * does exactly), its state filled from the seeds by a 32-bit mixing function.
 */
import { SamusError } from '../errors.js';

/** All that a generator remembers; plain numbers, so that it goes through JSON unchanged. */
export interface RandomState {
  readonly words: readonly [number, number, number, number];
  /** The second number of the last normal pair, if it is not used yet. */
  readonly spare: number | null;
}

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare: number | null;

  /** Goes on exactly where {@link state} was taken. @throws SamusError RANDOM_STATE for what cannot be a state */
  constructor(state: RandomState) {
    const word = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
    if (state.words.length !== 4 || !state.words.every(word) || state.words.every((w) => w === 0)) {
      throw new SamusError(
        'RANDOM_STATE',
        'the state of a random generator was expected: four 32-bit words, not all of them 0',
        'use a state that this generator gave',
      );
    }
    [this.#a, this.#b, this.#c, this.#d] = state.words;
    this.#spare = state.spare;
  }

  /**
   * A generator of its own for each list of seeds, for example (seed, epoch, index of the image): then no order of
   * work changes what an image gets.
   * @param seeds integers; of each the low 53 bits count
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

  /** The present state, to be saved. */
  get state(): RandomState {
    return { words: [this.#a, this.#b, this.#c, this.#d], spare: this.#spare };
  }

  /** A whole number of 32 bits, 0 to 2^32 - 1. */
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

  /** A number from `low` (included) to `high` (excluded), of 53 random bits. */
  uniform(low = 0, high = 1): number {
    const bits = (this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6);
    return low + (high - low) * (bits / 2 ** 53);
  }

  /** A whole number from `low` (included) to `high` (excluded), each equally likely; the range is at most 2^32. */
  int(low: number, high: number): number {
    const range = high - low;
    // Draws beyond the last whole multiple of the range would favour small numbers.
    const limit = 2 ** 32 - (2 ** 32 % range);
    let draw = this.uint32();
    while (draw >= limit) draw = this.uint32();
    return low + (draw % range);
  }

  /** A normally distributed number (Box and Muller; two for each pair of draws). */
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

  /** Puts the items in random order, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(0, i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Spreads every bit of a 32-bit word over all of them (the finaliser of MurmurHash3). */
function mix(word: number): number {
  let h = word >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
