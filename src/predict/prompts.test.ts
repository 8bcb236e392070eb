import { describe, expect, it } from 'vitest';
import { TINY_SAM, TINY_SAMUS } from '../../test/support/tinyModel.js';
import { frameOf } from '../models/graphs.js';
import { promptFeeds } from './prompts.js';
import type { ObjectPrompt } from './types.js';

/** An image of the model's size: coordinates stay what they are. */
const SQUARE = frameOf(TINY_SAMUS, 32, 32);
const WIDE = frameOf(TINY_SAMUS, 64, 48);

const values = (tensor: { data: ArrayLike<number> | BigInt64Array }) => Array.from(tensor.data, Number);

describe('the decoder gets', () => {
  it("points with SAM's padding point", () => {
    const feeds = promptFeeds(SQUARE, [
      {
        points: [
          [3, 4],
          [5, 6, 0],
        ],
      },
    ]);
    expect(feeds.point_coords.shape).toEqual([1, 3, 2]);
    expect(values(feeds.point_coords)).toEqual([3, 4, 5, 6, 0, 0]);
    expect(values(feeds.point_labels)).toEqual([1, 0, -1]);
    expect(values(feeds.has_mask_input)).toEqual([0]);
  });

  it('a box as two labelled corners after the points, without padding point', () => {
    const feeds = promptFeeds(SQUARE, [{ points: [[3, 4]], box: [1, 2, 20, 30] }]);
    expect(values(feeds.point_coords)).toEqual([3, 4, 1, 2, 20, 30]);
    expect(values(feeds.point_labels)).toEqual([1, 2, 3]);
  });

  it('points and corners in its own pixels', () => {
    const feeds = promptFeeds(WIDE, [{ points: [[63, 47]], box: [0, 0, 63, 47] }]);
    const [right, lower] = [31.25, 47.5 / 1.5 - 0.5];
    const expected = [right, lower, -0.25, 0.5 / 1.5 - 0.5, right, lower];
    expect(values(feeds.point_coords)).toEqual(expected.map(Math.fround));
  });

  it('objects of unequal length padded with absent points', () => {
    const objects: ObjectPrompt[] = [
      { points: [[1, 1]] },
      {
        box: [1, 2, 3, 4],
        points: [
          [2, 3],
          [2, 2, 0],
        ],
      },
      { lowResLogits: new Float32Array(32 * 32).fill(4) },
    ];
    const feeds = promptFeeds(SQUARE, objects);
    expect(feeds.point_labels.shape).toEqual([3, 4]);
    expect(values(feeds.point_labels)).toEqual([1, -1, -2, -2, 1, 0, 2, 3, -2, -2, -2, -2]);
    expect(values(feeds.has_mask_input)).toEqual([0, 0, 1]);
    expect(feeds.mask_input.shape).toEqual([3, 1, 32, 32]);
    expect(
      values(feeds.mask_input)
        .slice(0, 2048)
        .every((value) => value === 0),
    ).toBe(true);
    expect(
      values(feeds.mask_input)
        .slice(2048)
        .every((value) => value === 4),
    ).toBe(true);
  });

  it('pixels at the very edge, and boxes with exclusive upper limits', () => {
    expect(() =>
      promptFeeds(WIDE, [
        {
          points: [
            [0, 0],
            [63, 47],
            [-0.5, 47.5],
          ],
          box: [0, 0, 64, 48],
        },
      ]),
    ).not.toThrow();
  });

  it('no prompt at all only if that is allowed', () => {
    const feeds = promptFeeds(SQUARE, [{}], true);
    expect(values(feeds.point_labels)).toEqual([-2]);
  });
});

describe('a prompt is refused', () => {
  const cases: [code: string, prompt: ObjectPrompt][] = [
    ['PROMPT_EMPTY', {}],
    ['PROMPT_EMPTY', { points: [] }],
    ['PROMPT_POINT_OUTSIDE', { points: [[64, 10]] }],
    ['PROMPT_POINT_OUTSIDE', { points: [[10, 48]] }],
    [
      'PROMPT_POINT_OUTSIDE',
      {
        points: [
          [10, 10],
          [-1, 10],
        ],
      },
    ],
    ['PROMPT_POINT_OUTSIDE', { points: [[Number.NaN, 10]] }],
    // As a program without types gives them.
    ['PROMPT_POINT_OUTSIDE', JSON.parse('{"points": [["10", "10"]]}')],
    ['PROMPT_BOX_EMPTY', JSON.parse('{"box": ["10", "10", "20", "20"]}')],
    ['PROMPT_POINTS', { points: Array.from({ length: 4097 }, () => [1, 1] as const) }],
    ['PROMPT_LABEL', { points: [[10, 10, 2]] }],
    ['PROMPT_LABEL', { points: [[10, 10, -1]] }],
    ['PROMPT_BOX_EMPTY', { box: [10, 10, 10, 20] }],
    ['PROMPT_BOX_EMPTY', { box: [10, 20, 20, 10] }],
    ['PROMPT_BOX_EMPTY', { box: [Number.NaN, 10, 20, 20] }],
    ['PROMPT_BOX_OUTSIDE', { box: [10, 10, 70, 20] }],
    ['PROMPT_BOX_OUTSIDE', { box: [-5, 10, 20, 20] }],
    ['PROMPT_MASK_SIZE', { mask: new Uint8Array(32 * 32) }],
    ['PROMPT_MASK_SIZE', { mask: new Float32Array(0) }],
    ['PROMPT_MASK_SIZE', { lowResLogits: new Float32Array(64 * 48) }],
    ['PROMPT_MASK_VALUE', { lowResLogits: new Float32Array(32 * 32).fill(Number.NaN) }],
    ['PROMPT_MASK_VALUE', { mask: new Float32Array(64 * 48).fill(Number.POSITIVE_INFINITY) }],
    ['PROMPT_MASK_TWICE', { mask: new Uint8Array(64 * 48), lowResLogits: new Float32Array(32 * 32) }],
  ];

  it.each(cases)('as %s: %o', (code, prompt) => {
    expect(() => promptFeeds(WIDE, [{ points: [[1, 1]] }, { name: 'cyst', ...prompt }])).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ object: 'cyst' }) }),
    );
  });

  it('by the number of the object if it has no name', () => {
    expect(() => promptFeeds(frameOf(TINY_SAM, 64, 48), [{ points: [[1, 1]] }, {}])).toThrow(/^object-2 /);
  });
});
