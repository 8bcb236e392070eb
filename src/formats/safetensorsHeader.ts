/**
 * The JSON header of a safetensors file, parsed strictly. Not JSON.parse: it hides a key given twice, moves keys that
 * look like numbers to the front, and gives `__proto__` a meaning. Knows the header's structure and no other.
 * Source: the format description in the README of safetensors.
 */
import { checkpointError, quoted } from './checkpointError.js';

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the header. */
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A whole number as JSON writes it, without sign, fraction or exponent. */
const COUNT = /(?:0|[1-9][0-9]*)(?![0-9.eE])/y;
/** A JSON text that ends on its line; JSON.parse checks its content. */
const TEXT = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /[ \t\n\r]*/y;
/** With the flag, only unpaired surrogates, which are not valid in UTF-8. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** More dimensions than any tensor library has. */
const MAX_RANK = 64;

/**
 * @param text the header without its length
 * @throws SamusError SAFETENSORS_HEADER if it is not JSON of the expected structure, SAFETENSORS_DUPLICATE_KEY,
 *   SAFETENSORS_METADATA if a value of `__metadata__` is not text
 */
export function parseSafetensorsHeader(text: string): SafetensorsHeader {
  return new HeaderParser(text).parse();
}

class HeaderParser {
  #at = 0;

  constructor(readonly text: string) {}

  parse(): SafetensorsHeader {
    const entries = new Map<string, HeaderEntry>();
    let metadata: ReadonlyMap<string, string> = new Map();
    this.#object((name) => {
      if (name === '__metadata__') metadata = this.#metadata();
      else entries.set(name, this.#entry(name));
    });
    if (this.#at !== this.text.length) throw this.#bad('its end');
    return { entries, metadata };
  }

  #metadata(): ReadonlyMap<string, string> {
    const metadata = new Map<string, string>();
    this.#object((key) => {
      if (this.text[this.#at] !== '"') {
        throw checkpointError(
          'SAFETENSORS_METADATA',
          `expected a text in __metadata__ under ${quoted(key)}, got something else`,
        );
      }
      metadata.set(key, this.#string());
    });
    return metadata;
  }

  #entry(name: string): HeaderEntry {
    let dtype: string | undefined;
    let shape: readonly number[] | undefined;
    let offsets: readonly number[] | undefined;
    this.#object((field) => {
      if (field === 'dtype') dtype = this.#string();
      else if (field === 'shape') shape = this.#counts();
      else if (field === 'data_offsets') offsets = this.#counts();
      else throw this.#bad(`dtype, shape or data_offsets of ${quoted(name)}`);
    });
    const [begin, end] = offsets ?? [];
    if (dtype === undefined || shape === undefined || begin === undefined || end === undefined) {
      throw this.#bad(`dtype, shape and two data_offsets of ${quoted(name)}`);
    }
    if (offsets?.length !== 2) throw this.#bad(`two data_offsets of ${quoted(name)}`);
    return { dtype, shape, begin, end };
  }

  /** An object whose values `value` reads, each from its first character on. */
  #object(value: (key: string) => void): void {
    const seen = new Set<string>();
    this.#token('{');
    for (let first = true; !this.#ends('}'); first = false) {
      if (!first) this.#token(',');
      const key = this.#string();
      if (seen.has(key)) {
        throw checkpointError(
          'SAFETENSORS_DUPLICATE_KEY',
          `expected each key once in the safetensors header, got ${quoted(key)} twice`,
        );
      }
      seen.add(key);
      this.#token(':');
      value(key);
      this.#match(SPACE);
    }
    this.#token('}');
  }

  #counts(): number[] {
    const counts: number[] = [];
    this.#token('[');
    while (!this.#ends(']')) {
      if (counts.length > 0) this.#token(',');
      const count = Number(this.#match(COUNT) || Number.NaN);
      if (!Number.isSafeInteger(count) || counts.length === MAX_RANK) throw this.#bad('a count');
      counts.push(count);
      this.#match(SPACE);
    }
    this.#token(']');
    return counts;
  }

  /** A text and the space after it. */
  #string(): string {
    let value: unknown;
    try {
      value = JSON.parse(this.#match(TEXT));
    } catch {
      throw this.#bad('a text');
    }
    if (typeof value !== 'string' || LONE_SURROGATE.test(value)) throw this.#bad('a text');
    this.#match(SPACE);
    return value;
  }

  /** One character of structure and the space after it. */
  #token(token: string): void {
    if (this.text[this.#at] !== token) throw this.#bad(token);
    this.#at += 1;
    this.#match(SPACE);
  }

  #ends(token: string): boolean {
    if (this.#at >= this.text.length) throw this.#bad(token);
    return this.text[this.#at] === token;
  }

  /** What `pattern` matches here, which is stepped over; empty if it does not. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #bad(expected: string): Error {
    return checkpointError(
      'SAFETENSORS_HEADER',
      `expected ${expected} at character ${this.#at} of the header, got something else`,
    );
  }
}
