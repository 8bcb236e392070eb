import { describe, expect, it } from 'vitest';
import { TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { toFloat16 } from '../formats/halfFloat.js';
import { float32, int64, type TensorData } from '../graph/tensorData.js';
import { parametersOf } from './graphs.js';
import { checkStateDict } from './model.js';

const NECK = 'image_encoder.neck.1.bias';
const QUERY = 'image_encoder.blocks.1.Space_Adapter.q.weight';

describe('checking a state dict', () => {
  it('returns the weights unchanged, in the order of the model', () => {
    const weights = tinyWeights(TINY_SAMUS);
    const shuffled = new Map([...weights].reverse());
    const { tensors, unexpected } = checkStateDict(TINY_SAMUS, shuffled);
    expect([...tensors.keys()]).toEqual(parametersOf(TINY_SAMUS).map(({ name }) => name));
    expect(tensors.get(NECK)).toBe(weights.get(NECK));
    expect(unexpected).toEqual([]);
  });

  it('drops and reports unknown tensors', () => {
    const weights = tinyWeights(TINY_SAMUS).set('optimizer.step', float32([1], [1]));
    const { tensors, unexpected } = checkStateDict(TINY_SAMUS, weights);
    expect(unexpected).toEqual(['optimizer.step']);
    expect(tensors.has('optimizer.step')).toBe(false);
  });

  it('reports every missing tensor', () => {
    const weights = tinyWeights(TINY_SAMUS);
    weights.delete(NECK);
    weights.delete(QUERY);
    expect(() => checkStateDict(TINY_SAMUS, weights)).toThrow(
      expect.objectContaining({
        kind: 'input',
        code: 'CHECKPOINT_TENSOR_MISSING',
        message: expect.stringContaining(QUERY),
        details: { missing: [QUERY, NECK], misshapen: [], mistyped: [] },
      }),
    );
  });

  it('reports every misshapen tensor, also a transposed one', () => {
    const weights = tinyWeights(TINY_SAMUS)
      .set(NECK, float32(new Float32Array(17), [17]))
      .set('mask_decoder.iou_token.weight', float32(new Float32Array(16), [16, 1]));
    const misshapen = [
      { name: NECK, expected: [16], came: [17] },
      { name: 'mask_decoder.iou_token.weight', expected: [1, 16], came: [16, 1] },
    ];
    expect(() => checkStateDict(TINY_SAMUS, weights)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_TENSOR_SHAPE',
        message: `expected ${NECK} of shape [16], got [17] (and 1 more do not fit)`,
        details: { missing: [], misshapen, mistyped: [] },
      }),
    );
  });

  it('converts other floating-point types to float32', () => {
    const values = [0.5, -1.25, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const expected = float32(values, [16]);
    const others: TensorData[] = [
      toFloat16(expected),
      { dtype: 'float64', shape: [16], data: Float64Array.from(values) },
      {
        dtype: 'bfloat16',
        shape: [16],
        data: Uint16Array.from(new Uint32Array(expected.data.buffer), (v) => v >>> 16),
      },
    ];
    for (const other of others) {
      const { tensors } = checkStateDict(TINY_SAMUS, tinyWeights(TINY_SAMUS).set(NECK, other));
      expect(tensors.get(NECK)).toEqual(expected);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d in a weight', (value) => {
    for (const place of [0, 7, 15]) {
      const values = Float32Array.from({ length: 16 }, (_, i) => (i === place ? value : 1));
      const weights = tinyWeights(TINY_SAMUS).set(NECK, toFloat16(float32(values, [16])));
      const message = `expected finite numbers in ${NECK}, got ${value}`;
      const error = { kind: 'input', code: 'CHECKPOINT_NAN', message, details: { tensors: [NECK] } };
      expect(() => checkStateDict(TINY_SAMUS, weights)).toThrow(expect.objectContaining(error));
    }
    const elsewhere = tinyWeights(TINY_SAMUS).set('optimizer.step', float32([value], [1]));
    expect(checkStateDict(TINY_SAMUS, elsewhere).unexpected).toEqual(['optimizer.step']);
  });

  it('refuses weights that are not floating-point numbers', () => {
    const weights = tinyWeights(TINY_SAMUS).set(NECK, int64(Array.from({ length: 16 }, () => 1)));
    expect(() => checkStateDict(TINY_SAMUS, weights)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_TENSOR_DTYPE',
        details: { missing: [], misshapen: [], mistyped: [{ name: NECK, dtype: 'int64' }] },
      }),
    );
  });
});
