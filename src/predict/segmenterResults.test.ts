import { describe, expect, it } from 'vitest';
import { TINY_SAMUS } from '../../test/support/tinyModel.js';
import { frameOf } from '../models/graphs.js';
import { candidatesOf, objectResult } from './segmenter.js';

const SIDE = 32;
const frame = frameOf(TINY_SAMUS, SIDE, SIDE);

/** Logits that are positive in a rectangle, both corners in it. */
function rectangle(x0: number, y0: number, x1: number, y1: number): Float32Array {
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    return x >= x0 && x <= x1 && y >= y0 && y <= y1 ? 1 : -1;
  });
}

describe('the result of an object', () => {
  it('has its pixels, their number and the box around them', () => {
    const lowResLogits = rectangle(3, 4, 10, 6);
    const result = objectResult(frame, 'cyst', [{ score: 0.5, lowResLogits }], { logits: true });
    expect(result).toMatchObject({
      name: 'cyst',
      width: SIDE,
      height: SIDE,
      score: 0.5,
      area: 24,
      box: [3, 4, 10, 6],
      parts: 1,
    });
    expect(result.mask).toEqual(Uint8Array.from(lowResLogits, (value) => (value > 0 ? 1 : 0)));
    expect(result.logits).toEqual(lowResLogits);
  });

  it('has no box if it is empty, and no logits unless asked for', () => {
    const lowResLogits = new Float32Array(SIDE * SIDE);
    const result = objectResult(frame, 'none', [{ score: -0.1, lowResLogits }]);
    expect(result).toMatchObject({ area: 0, box: null, parts: 0 });
    expect(result).not.toHaveProperty('logits');
  });

  it('is cleaned by its prompt, or has all parts of the mask', () => {
    const lowResLogits = rectangle(3, 4, 10, 6);
    lowResLogits[5 * SIDE + 5] = -1;
    lowResLogits[20 * SIDE + 20] = 1;
    expect(objectResult(frame, 'a', [{ score: 0.5, lowResLogits }])).toMatchObject({ area: 24, parts: 2 });
    const cleaned = objectResult(frame, 'a', [{ score: 0.5, lowResLogits }], { prompt: { points: [[4, 4]] } });
    expect(cleaned).toMatchObject({ area: 24, parts: 1, box: [3, 4, 10, 6], lowResLogits });
    const speck = objectResult(frame, 'a', [{ score: 0.5, lowResLogits }], { prompt: { points: [[20, 20]] } });
    expect(speck).toMatchObject({ area: 1, parts: 1, box: [20, 20, 20, 20] });
  });

  it('is the candidate with the best predicted IoU', () => {
    const candidates = [0.2, 0.9, -0.4].map((score, i) => ({ score, lowResLogits: rectangle(0, 0, i, 0) }));
    expect(objectResult(frame, 'a', candidates)).toMatchObject({ score: 0.9, area: 2, candidates });
  });
});

describe('the candidates of an object', () => {
  const logits = Float32Array.from({ length: 2 * 4 * SIDE * SIDE }, (_, i) => Math.floor(i / (SIDE * SIDE)));
  const iou = Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]);

  it('are the first mask for a clear prompt', () => {
    const [only, ...others] = candidatesOf(TINY_SAMUS, logits, iou, 1, false);
    expect(others).toEqual([]);
    expect(only?.score).toBe(4);
    expect(new Set(only?.lowResLogits)).toEqual(new Set([4]));
  });

  it('are the other three for an ambiguous one', () => {
    const candidates = candidatesOf(TINY_SAMUS, logits, iou, 1, true);
    expect(candidates.map(({ score, lowResLogits }) => [score, lowResLogits[0]])).toEqual([
      [5, 5],
      [6, 6],
      [7, 7],
    ]);
  });

  it('are refused if the decoder returns NaN', () => {
    const error = expect.objectContaining({ kind: 'input', code: 'MODEL_OUTPUT' });
    const broken = logits.map((value, i) => (i === 5 * SIDE * SIDE + 3 ? Number.NaN : value));
    expect(() => candidatesOf(TINY_SAMUS, broken, iou, 1, true)).toThrow(error);
    expect(candidatesOf(TINY_SAMUS, broken, iou, 1, false)).toHaveLength(1);
    expect(() => candidatesOf(TINY_SAMUS, logits, iou.fill(Number.POSITIVE_INFINITY, 4), 1, false)).toThrow(error);
  });
});
