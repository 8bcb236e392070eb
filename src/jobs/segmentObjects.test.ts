import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { makePhantom } from '../data/phantom.js';
import { encodeRle, type Rle } from '../formats/rle.js';
import { Segmenter } from '../predict/segmenter.js';
import type { Encoding, ObjectPrompt, SegmentOptions } from '../predict/types.js';
import type { JobObject, SegmentJob } from './segmentJob.js';
import { annotated, segmentObjects } from './segmentObjects.js';

const [WIDTH, HEIGHT] = [48, 40];
const POINTS = [
  [20, 15, 1],
  [30, 20, 0],
  [10, 30, 1],
] as const;

const rows = (from: number, to: number): Uint8Array => new Uint8Array(WIDTH * HEIGHT).fill(1, from * WIDTH, to * WIDTH);
const packed = (mask: Uint8Array): Rle => encodeRle({ width: WIDTH, height: HEIGHT, data: mask });

let segmenter: Segmenter;
let encoding: Encoding;

beforeAll(async () => {
  segmenter = Segmenter.create(tinyModel(TINY_SAMUS), runtime);
  encoding = await segmenter.encode(makePhantom({ seed: 3, width: WIDTH, height: HEIGHT }).image);
});
afterAll(() => segmenter.dispose());

const ask = async (spec: Partial<JobObject>, guess?: Uint8Array, multimask = false) => {
  const object = { name: 'a', points: [], ...(guess && { guess: { rle: packed(guess) } }), ...spec };
  for await (const found of segmentObjects(segmenter, encoding, { objects: [object], multimask })) return found;
  throw new Error('expected the object back');
};
const logitsOf = ({ candidates }: Awaited<ReturnType<typeof ask>>) => candidates.map((one) => one.lowResLogits);
const single = (prompt: ObjectPrompt, options?: SegmentOptions) => segmenter.segment(encoding, prompt, options);

describe('the objects of an image', () => {
  it('are asked all at once by default', async () => {
    expect((await ask({ points: POINTS })).mask).toEqual((await single({ points: POINTS })).mask);
  });

  it('are asked prompt by prompt, each with the previous answer, the first as ambiguous', async () => {
    const box = [5, 5, 40, 35] as const;
    const guess = rows(10, 20);
    for (const multimask of [false, true]) {
      let answer = await single({ box, mask: guess }, { multimask });
      for (const count of [1, 2, 3]) {
        answer = await single({ box, points: POINTS.slice(0, count), lowResLogits: answer.lowResLogits });
      }
      const found = await ask({ points: POINTS, box, oneByOne: true, multimask }, guess, !multimask);
      expect(logitsOf(found)).toEqual([answer.lowResLogits]);
      expect(found).toMatchObject({ mask: answer.mask, area: answer.area, box: answer.box, score: answer.score });
    }
  });

  it('get three candidates if the object or the call asks for them', async () => {
    const points = [POINTS[0]];
    expect(logitsOf(await ask({ points }, undefined, true))).toHaveLength(3);
    expect(logitsOf(await ask({ points, multimask: false, oneByOne: true }, undefined, true))).toHaveLength(1);
    expect(logitsOf(await ask({ points, multimask: true }))).toHaveLength(3);
  });

  it('are cleaned unless the object or the call opts out', async () => {
    const points = [POINTS[0]];
    const [raw, cleaned] = [await single({ points }, { clean: false }), await single({ points })];
    expect(raw.parts).toBeGreaterThan(cleaned.parts);
    const task = (spec: Partial<JobObject>, clean?: boolean) => ({
      objects: [{ name: 'a', points, ...spec }],
      ...(clean !== undefined && { clean }),
    });
    const maskOf = async (asked: Pick<SegmentJob, 'objects' | 'clean'>) => {
      for await (const { object, mask } of segmentObjects(segmenter, encoding, asked)) return [mask, object.clean];
      return [];
    };
    expect(await maskOf(task({}))).toEqual([cleaned.mask, undefined]);
    expect(await maskOf(task({}, false))).toEqual([raw.mask, false]);
    expect(await maskOf(task({ clean: true }, false))).toEqual([cleaned.mask, true]);
    expect(await maskOf(task({ clean: false, oneByOne: true }))).toEqual([raw.mask, false]);
  });

  it('have strokes over the answer, or over the first guess without questions', async () => {
    const strokes = { added: packed(rows(0, 10)), erased: packed(rows(5, 8)) };
    const points = [POINTS[0]];
    const answer = (await single({ points })).mask;
    const over = await ask({ points, ...strokes });
    expect(over.modelMask).toEqual(answer);
    const expected = answer.map((value, i) => {
      const row = Math.floor(i / WIDTH);
      return row < 10 ? Number(row < 5 || row >= 8) : value;
    });
    expect(over.mask).toEqual(expected);
    expect(over.area).toBe(expected.filter((value) => value === 1).length);
    const drawn = await ask({ added: packed(rows(0, 2)) });
    expect(drawn).toMatchObject({ score: null, area: 2 * WIDTH, box: [0, 0, WIDTH - 1, 1], candidates: [] });
    const begun = await ask({ oneByOne: true, erased: packed(rows(0, 1)) }, rows(0, 2));
    expect(begun.mask).toEqual(rows(1, 2));
  });

  it('are absent only where nobody has drawn them', async () => {
    const model = tinyModel({ ...TINY_SAMUS, objectScore: true, minPresence: 1 });
    const strict = Segmenter.create(model, runtime);
    const own = await strict.encode(makePhantom({ seed: 3, width: WIDTH, height: HEIGHT }).image);
    const found = async (spec: Partial<JobObject>, minPresence?: number) => {
      const objects = [{ name: 'a', points: [POINTS[0]], ...spec }];
      const job = { objects, ...(minPresence !== undefined && { minPresence }) };
      for await (const one of segmentObjects(strict, own, job)) return annotated(one);
      throw new Error('expected the object back');
    };
    expect(await found({})).toMatchObject({ absent: true, presence: expect.any(Number) });
    expect(await found({ erased: packed(rows(0, 2)) })).toMatchObject({ absent: true });
    expect(await found({ added: packed(rows(0, 2)) })).not.toHaveProperty('absent');
    expect(await found({}, 0)).not.toHaveProperty('absent');
    await strict.dispose();
  });

  it('are no longer asked about once nobody waits, even between the clicks of one', async () => {
    const controller = new AbortController();
    const object = { name: 'a', points: POINTS, oneByOne: true, guess: { path: 'guess.png' } };
    const readMask = async () => {
      controller.abort();
      return { width: WIDTH, height: HEIGHT, data: rows(0, 2) };
    };
    const options = { signal: controller.signal, readMask };
    const objects = segmentObjects(segmenter, encoding, { objects: [object] }, options);
    await expect(objects.next()).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('are refused with strokes of another image', async () => {
    const added = encodeRle({ width: 3, height: 2, data: new Uint8Array(6) });
    await expect(ask({ added })).rejects.toMatchObject({ code: 'PROMPT_MASK_SIZE' });
  });
});
