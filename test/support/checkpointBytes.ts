/**
 * Little-endian bytes for made-up checkpoints: joined from numbers, texts and arrays.
 */

export type Part = number | string | ArrayLike<number>;

/** Joins bytes, UTF-8 texts and arrays of bytes. */
export function bytes(...parts: Part[]): Uint8Array<ArrayBuffer> {
  const arrays = parts.map((part) => {
    if (typeof part === 'number') return [part];
    return typeof part === 'string' ? new TextEncoder().encode(part) : part;
  });
  const joined = new Uint8Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    joined.set(array, at);
    at += array.length;
  }
  return joined;
}

export function u16(value: number): Uint8Array {
  return u64(BigInt(value)).subarray(0, 2);
}

export function u32(value: number): Uint8Array {
  return u64(BigInt(value)).subarray(0, 4);
}

/** Negative numbers in two's complement. */
export function u64(value: bigint | number): Uint8Array {
  const array = new Uint8Array(8);
  new DataView(array.buffer).setBigInt64(0, BigInt(value), true);
  return array;
}

/** The bytes of float32 numbers. */
export function f32(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
