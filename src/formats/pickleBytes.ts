/**
 * The bytes of a pickle, taken front to back: numbers, text, lines. Every length is checked against what is there
 * before anything is made of it.
 */
import { checkpointError } from './checkpointError.js';

export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  // The mark at the front of a text belongs to it; bytes that are no UTF-8 are an error.
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** The one number of a pickle that is big-endian. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A whole number of `length` bytes, two's complement; a bigint only where a number would not be exact. */
  long(length: number): number | bigint {
    const start = this.#skip(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[start + i]!);
    const signed = BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  /** @throws SamusError CHECKPOINT_PICKLE_TEXT if the bytes are not UTF-8; Python also writes lone surrogates */
  text(length: number): string {
    const start = this.#skip(length);
    const bytes = this.#bytes.subarray(start, start + length);
    try {
      return this.#utf8.decode(bytes);
    } catch {
      try {
        return this.#utf8.decode(withoutSurrogates(bytes));
      } catch {
        throw checkpointError(
          'CHECKPOINT_PICKLE_TEXT',
          `expected UTF-8 text at byte ${start} of the pickle, got other bytes`,
        );
      }
    }
  }

  /** Text up to a line feed, at most `most` bytes of it; undefined if it is longer. */
  line(most: number): string | undefined {
    const end = this.#bytes.subarray(this.position, this.position + most + 1).indexOf(10);
    if (end < 0) {
      if (this.position + most + 1 <= this.#bytes.byteLength) return undefined;
      this.#skip(most + 1);
    }
    const text = this.text(end);
    this.position += 1;
    return text;
  }

  /** Steps over `length` bytes and gives where they start. */
  #skip(length: number): number {
    const start = this.position;
    if (start + length > this.#bytes.byteLength) {
      throw checkpointError(
        'CHECKPOINT_TRUNCATED',
        `expected ${length} bytes at byte ${start} of the pickle, got its end at ${this.#bytes.byteLength}`,
      );
    }
    this.position = start + length;
    return start;
  }
}

/** A text with U+FFFD for each half of a surrogate pair, which UTF-8 does not have. */
function withoutSurrogates(bytes: Uint8Array): Uint8Array {
  const clean = bytes.slice();
  for (let at = 0; at < clean.length; at++) {
    const [a, b = 0, c = 0] = clean.subarray(at, at + 3);
    if (a === 0xed && (b & 0xe0) === 0xa0 && (c & 0xc0) === 0x80) clean.set([0xef, 0xbf, 0xbd], at);
  }
  return clean;
}
