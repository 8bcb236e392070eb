/**
 * Products with 8-bit weights against the same arithmetic written out in JavaScript.
 */
import { describe, expect, it } from 'vitest';
import { run, runtime } from '../../../test/support/evaluate.js';
import { webRuntime } from '../../runtime/webRuntime.js';
import { constant, input } from '../tensor.js';
import { asFloat32, float32, type TensorData } from '../tensorData.js';
import { toOnnx } from '../toOnnx.js';
import { conv3x3OfTokensInt8, linearInt8 } from './quantised.js';

/** Reproducible numbers in −1…1. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => 2 * (((i + 1) * 0.7548776662 + seed * 0.569840291) % 1) - 1);
}

function int8(shape: readonly number[], seed: number): TensorData<'int8'> {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'int8', shape, data: Int8Array.from(numbers(count, seed), (value) => Math.round(127 * value)) };
}

/** What ONNX's DynamicQuantizeLinear makes of numbers: 256 steps from the least to the largest, zero among them. */
function quantised(values: readonly number[]) {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const step = Math.fround((high - low) / 255);
  const zero = Math.round(-low / step);
  return { step, zero, codes: values.map((value) => Math.min(255, Math.max(0, Math.round(value / step) + zero))) };
}

function closeTo(actual: TensorData | undefined, expected: readonly number[]): void {
  const { data } = asFloat32(actual!);
  expect(data).toHaveLength(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries()) expect(Math.abs(data[i]! - value)).toBeLessThan(1e-6 * largest);
}

const [ROWS, INPUTS, OUTPUTS] = [5, 7, 3];
const values = numbers(ROWS * INPUTS, 1);
const weight = int8([OUTPUTS, INPUTS], 2);
const scale = float32([0.5, 0.01, 2], [OUTPUTS]);
const bias = float32([0, 10, -3], [OUTPUTS]);

function linearByHand(): number[] {
  const { step, zero, codes } = quantised(values);
  return Array.from({ length: ROWS * OUTPUTS }, (_, place) => {
    const [row, output] = [Math.floor(place / OUTPUTS), place % OUTPUTS];
    let sum = 0;
    for (let i = 0; i < INPUTS; i++) sum += (codes[row * INPUTS + i]! - zero) * weight.data[output * INPUTS + i]!;
    return sum * step * scale.data[output]! + bias.data[output]!;
  });
}

describe('linearInt8', () => {
  const y = linearInt8(input('x', [ROWS, INPUTS]), constant(weight), constant(scale), constant(bias));
  const x = float32(values, [ROWS, INPUTS]);

  it.each([
    ['Node', runtime],
    ['wasm', webRuntime()],
  ])('is the product of whole numbers and the two scales on %s', async (_, where) => {
    const session = await where.createSession(toOnnx({ y }));
    closeTo((await session.run({ x })).y, linearByHand());
    await session.dispose();
  });

  it('refuses weights of another type or width', () => {
    const floats = constant(float32(new Float32Array(21), [OUTPUTS, INPUTS]));
    const wide = constant(int8([OUTPUTS, INPUTS + 1], 1));
    for (const wrong of [floats, wide]) {
      expect(() => linearInt8(input('x', [ROWS, INPUTS]), wrong, constant(scale))).toThrow(
        expect.objectContaining({ code: 'GRAPH_SHAPE', message: expect.stringContaining('linearInt8') }),
      );
    }
  });
});

describe('conv3x3OfTokensInt8', () => {
  const [batch, grid, inputs, outputs] = [2, 4, 3, 2];
  const tokens = numbers(batch * grid * grid * inputs, 3);
  const kernels = int8([outputs, inputs, 3, 3], 4);
  const scales = float32([0.02, 0.1], [outputs]);

  it('is a convolution of each image with zeros around it', async () => {
    const x = input('x', [batch * grid * grid, inputs]);
    const y = conv3x3OfTokensInt8(x, constant(kernels), constant(scales), grid);
    const result = await run({ y }, { x: float32(tokens, [batch * grid * grid, inputs]) });
    const { step, zero, codes } = quantised(tokens);
    const at = (image: number, v: number, u: number, i: number) =>
      v < 0 || v >= grid || u < 0 || u >= grid ? 0 : codes[((image * grid + v) * grid + u) * inputs + i]! - zero;
    const expected: number[] = [];
    for (let place = 0; place < batch * grid * grid; place++) {
      const [image, v, u] = [Math.floor(place / grid ** 2), Math.floor(place / grid) % grid, place % grid];
      for (let output = 0; output < outputs; output++) {
        let sum = 0;
        for (let k = 0; k < inputs * 9; k++) {
          const [i, dy, dx] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3];
          sum += at(image, v + dy - 1, u + dx - 1, i) * kernels.data[output * inputs * 9 + k]!;
        }
        expected.push(sum * step * scales.data[output]!);
      }
    }
    closeTo(result.y, expected);
  });

  it('refuses tokens that are no square grids', () => {
    expect(() => conv3x3OfTokensInt8(input('x', [15, 3]), constant(kernels), constant(scales), grid)).toThrow(
      expect.objectContaining({ code: 'GRAPH_SHAPE', message: expect.stringContaining('conv3x3OfTokensInt8') }),
    );
  });
});
