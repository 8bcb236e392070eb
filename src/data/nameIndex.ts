import { nameKey } from '../formats/outputNames.js';

/**
 * Finds names among very many without keeping their texts: a table of 52-bit hashes and one number for each. Two
 * different names have the same hash about once in a million sets of 100,000 names, so what is found still has to be
 * looked at. Names that differ in their Unicode normal form only are one.
 */
export class NameIndex {
  /** Hashes by place, 0 where none is; never more than half full. */
  #hashes: Float64Array;
  #values: Uint32Array;
  #length = 0;

  /** @param expected number of names, so that the table need not grow; more are allowed */
  constructor(expected = 0) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1024, 2 * expected + 1)));
    this.#hashes = new Float64Array(size);
    this.#values = new Uint32Array(size);
  }

  /** Notes a name; of equal names the last one counts. @param value from 0 to 2^32 - 1, given back by `get` */
  add(name: string, value = 0): void {
    if (2 * this.#length >= this.#hashes.length) this.#grow();
    this.#put(hashName(name), value);
  }

  /** The number of a name, or undefined if it was not added. */
  get(name: string): number | undefined {
    const hash = hashName(name);
    const place = this.#placeOf(hash);
    return this.#hashes[place] === hash ? this.#values[place] : undefined;
  }

  #put(hash: number, value: number): void {
    const place = this.#placeOf(hash);
    if (this.#hashes[place] === 0) this.#length++;
    this.#hashes[place] = hash;
    this.#values[place] = value;
  }

  /** Where a hash is, or the free place where it belongs. */
  #placeOf(hash: number): number {
    const last = this.#hashes.length - 1;
    let place = hash % this.#hashes.length;
    while (this.#hashes[place] !== 0 && this.#hashes[place] !== hash) place = place === last ? 0 : place + 1;
    return place;
  }

  #grow(): void {
    const [hashes, values] = [this.#hashes, this.#values];
    this.#hashes = new Float64Array(hashes.length * 2);
    this.#values = new Uint32Array(hashes.length * 2);
    this.#length = 0;
    for (let i = 0; i < hashes.length; i++) if (hashes[i] !== 0) this.#put(hashes[i]!, values[i]!);
  }
}

/** Two multiplicative hashes of 26 bits in one number, never 0. */
function hashName(text: string): number {
  const name = nameKey(text);
  let [a, b] = [0x811c9dc5, 0x2545f491];
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b + code, 0x5bd1e995) ^ (b >>> 15);
  }
  a ^= a >>> 16;
  b ^= b >>> 13;
  return (a >>> 6) * 2 ** 26 + (b >>> 6) + 1;
}
