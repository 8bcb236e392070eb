import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32, int64, type TensorData } from '../graph/tensorData.js';
import { toFloat16, toFloat32 } from './halfFloat.js';

const half = (...bits: number[]): TensorData<'float16'> => ({
  dtype: 'float16',
  shape: [bits.length],
  data: Uint16Array.from(bits),
});
const brain = (...bits: number[]): TensorData<'bfloat16'> => ({ ...half(...bits), dtype: 'bfloat16' });
const wide = (...values: number[]): TensorData<'float64'> => ({
  dtype: 'float64',
  shape: [values.length],
  data: Float64Array.from(values),
});
const bitsOf = (data: Float32Array) => [...new Uint32Array(data.buffer, data.byteOffset, data.length)];

/** The value of a binary16 by its definition: sign, exponent, fraction. */
function definition(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The nearest binary16 by search among all of them; 65536 stands for infinity, as IEEE 754 rounds. */
function nearest(value: number): number {
  const size = Math.abs(value);
  const step = (bits: number) => (bits === 0x7c00 ? 65_536 : definition(bits));
  let best = 0;
  for (let low = 0, high = 0x7c00; low <= high; ) {
    const middle = (low + high) >> 1;
    if (step(middle) <= size) {
      best = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  const above = Math.min(best + 1, 0x7c00);
  const [down, up] = [size - step(best), step(above) - size];
  const bits = up < down || (up === down && above % 2 === 0) ? above : best;
  return bits | (value < 0 || Object.is(value, -0) ? 0x8000 : 0);
}

describe('toFloat32', () => {
  it('gives every float16 its exact value', () => {
    const all = half(...Array.from({ length: 65_536 }, (_, bits) => bits));
    const { data } = toFloat32(all);
    for (let bits = 0; bits < 65_536; bits++) {
      if (!Object.is(data[bits], definition(bits))) expect([bits, data[bits]]).toEqual([bits, definition(bits)]);
    }
  });

  it('keeps sign and fraction of a float16 NaN', () => {
    expect(bitsOf(toFloat32(half(0x7c01, 0xfe00, 0x7fff)).data)).toEqual([0x7f802000, 0xffc00000, 0x7fffe000]);
  });

  it('gives every bfloat16 as the upper half of a float32', () => {
    const halves = [0x0000, 0x8000, 0x3f80, 0xc000, 0x0001, 0x807f, 0x7f80, 0xff80, 0x7fc1, 0x7f81];
    expect(bitsOf(toFloat32(brain(...halves)).data)).toEqual(halves.map((bits) => bits * 65_536));
    expect([...toFloat32(brain(0x3e20, 0x4049)).data]).toEqual([0.15625, 3.140625]);
  });

  it('converts the whole numbers and keeps the shape', () => {
    const i8: TensorData = { dtype: 'int8', shape: [1, 2], data: Int8Array.of(-128, 127) };
    expect(toFloat32(i8)).toEqual(float32([-128, 127], [1, 2]));
    const bool: TensorData = { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) };
    expect(toFloat32(bool)).toEqual(float32([0, 1], [2]));
    expect(toFloat32(int64([-3, 16_777_217]))).toEqual(float32([-3, 16_777_216], [2]));
  });

  it('rounds an int64 once, not by way of a rounded double', () => {
    const at = (value: bigint): TensorData => ({ dtype: 'int64', shape: [1], data: BigInt64Array.of(value) });
    // Just above, at and just below a tie between two float32; as doubles all three are the tie.
    const tie = 2n ** 62n + 2n ** 38n;
    expect(toFloat32(at(tie + 1n)).data[0]).toBe(2 ** 62 + 2 ** 39);
    expect(toFloat32(at(tie)).data[0]).toBe(2 ** 62);
    expect(toFloat32(at(tie - 1n)).data[0]).toBe(2 ** 62);
    expect(toFloat32(at(-tie - 1n)).data[0]).toBe(-(2 ** 62) - 2 ** 39);
    expect(toFloat32(at(2n ** 63n - 1n)).data[0]).toBe(2 ** 63);
  });

  it('gives a float32 tensor back as it is', () => {
    const tensor = float32([1], [1]);
    expect(toFloat32(tensor)).toBe(tensor);
  });
});

describe('toFloat16', () => {
  it('undoes toFloat32 for every float16 that is a number', () => {
    const numbers = Array.from({ length: 65_536 }, (_, bits) => bits).filter((bits) => (bits & 0x7fff) <= 0x7c00);
    expect(toFloat16(toFloat32(half(...numbers))).data).toEqual(Uint16Array.from(numbers));
  });

  it('makes every NaN a NaN', () => {
    const { data } = toFloat16(toFloat32(half(0x7c01, 0xfe00)));
    expect([...data].map((bits) => bits & 0x7fff)).toEqual([0x7e00, 0x7e00]);
  });

  it('rounds ties to even, overflows from 65520 on and underflows to 2^-25', () => {
    const values = [
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      65_519.99,
      65_520,
      -1e300,
      2 ** -25,
      2 ** -25 * 1.0001,
      -(2 ** -26),
      5e-324,
    ];
    const expected = [0x3c00, 0x3c02, 0x7bff, 0x7c00, 0xfc00, 0, 1, 0x8000, 0];
    expect([...toFloat16(wide(...values)).data]).toEqual(expected);
  });

  it('rounds a double once, not by way of float32', () => {
    // Just above a tie, by less than float32 can tell.
    expect([...toFloat16(wide(1 + 2 ** -11 + 2 ** -40)).data]).toEqual([0x3c01]);
  });

  it('gives the nearest float16 of any number', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true }),
      fc.double({ noNaN: true, min: -70_000, max: 70_000 }),
      fc.double({ noNaN: true, min: -1e-4, max: 1e-4 }),
      fc.tuple(fc.integer({ min: 0, max: 0x7bfe }), fc.boolean()).map(([bits, down]) => {
        const middle = (definition(bits) + definition(bits + 1)) / 2;
        return down ? -middle : middle;
      }),
    );
    fc.assert(
      fc.property(value, (x) => {
        expect(toFloat16(wide(x)).data[0]).toBe(nearest(x));
        expect(toFloat16(float32([x], [1])).data[0]).toBe(nearest(Math.fround(x)));
      }),
      { numRuns: 2000 },
    );
  });

  it('converts bfloat16 and whole numbers', () => {
    expect([...toFloat16(brain(0x3f80, 0x7f80)).data]).toEqual([0x3c00, 0x7c00]);
    expect([...toFloat16(int64([2049, -70_000])).data]).toEqual([0x6800, 0xfc00]);
  });
});
