import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { TINY_SAM, TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { encodeRle } from '../formats/rle.js';
import { asFloat32, float32 } from '../graph/tensorData.js';
import type { SamSizes } from '../models/sam/config.js';
import type { Runtime } from '../runtime/session.js';
import { type AutomaticOptions, segmentEverything } from './automatic.js';
import { Segmenter } from './segmenter.js';
import type { Encoding } from './types.js';

interface Reference {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly (readonly [cx: number, cy: number, a: number, b: number, k: number])[];
  readonly factors: readonly number[];
  readonly losses: readonly number[];
  readonly cases: readonly {
    readonly options: AutomaticOptions;
    readonly objects: readonly {
      readonly point: [number, number];
      readonly score: number;
      readonly stability: number;
      readonly area: number;
      readonly box: number[];
      readonly counts: string;
    }[];
  }[];
}

const reference: Reference = JSON.parse(
  readFileSync(new URL('../../test/fixtures/automatic/reference.json', import.meta.url), 'utf8'),
);
const { width, height, shapes, factors, losses } = reference;

/** Side of the model's square, and of the decoder's logits. */
const SIDE = 32;

/** The four masks and their scores for a click, as the reference's decoder drew them. */
function draw(x: number, y: number): { masks: Float32Array; iou: number[] } {
  const distances = shapes.map(([cx, cy]) => (x - cx) * (x - cx) + (y - cy) * (y - cy));
  const nearest = distances.indexOf(Math.min(...distances));
  const [cx0, cy0, a, b, k] = shapes[nearest]!;
  const [cx, cy] = [cx0 + 0.05 * (x - cx0), cy0 + 0.05 * (y - cy0)];
  const masks = new Float32Array(4 * SIDE * SIDE);
  for (let i = 0; i < masks.length; i++) {
    const factor = factors[Math.floor(i / SIDE ** 2)]!;
    const p = ((i % SIDE) + 0.5 - cx) / (a * factor);
    const q = ((Math.floor(i / SIDE) % SIDE) + 0.5 - cy) / (b * factor);
    masks[i] = k * (1 - p * p - q * q);
  }
  return { masks, iou: losses.map((loss) => 1 - loss - 0.002 * distances[nearest]!) };
}

/** Runs of the decoder, by their number of clicks. */
const runs: number[] = [];

/** A runtime whose decoder draws; constants are computed as they are. */
const drawing: Runtime = {
  name: 'drawing',
  async createSession(model, options) {
    const session = await runtime.createSession(model, options);
    if (session.inputs.length === 0) return session;
    return {
      inputs: session.inputs,
      outputs: session.outputs,
      dispose: () => session.dispose(),
      async run({ point_coords: points }) {
        const { data, shape } = asFloat32(points!, 'point_coords');
        const [count = 0, tokens = 0] = shape;
        runs.push(count);
        const drawn = Array.from({ length: count }, (_, o) => draw(data[2 * o * tokens]!, data[2 * o * tokens + 1]!));
        const masks = new Float32Array(count * 4 * SIDE * SIDE);
        for (const [o, one] of drawn.entries()) masks.set(one.masks, o * one.masks.length);
        return {
          low_res_masks: float32(masks, [count, 4, SIDE, SIDE]),
          iou_predictions: float32(
            drawn.flatMap(({ iou }) => iou),
            [count, 4],
          ),
        };
      },
    };
  },
};

function segmenterOf(config: SamSizes): { segmenter: Segmenter; encoding: Encoding } {
  const { promptDim, tokenGrid } = config;
  const embedding = float32(new Float32Array(promptDim * tokenGrid ** 2), [1, promptDim, tokenGrid, tokenGrid]);
  return { segmenter: Segmenter.create(tinyModel(config), drawing), encoding: { embedding, width, height } };
}

const sam = segmenterOf(TINY_SAM);
const samus = segmenterOf(TINY_SAMUS);
afterAll(() => Promise.all([sam.segmenter.dispose(), samus.segmenter.dispose()]));

const everything = (options?: AutomaticOptions) => segmentEverything(sam.segmenter, sam.encoding, options);

describe("everything in a picture, against SAM's automatic mask generator", () => {
  it.each(reference.cases)('keeps the same masks with $options', async ({ options, objects }) => {
    const found = await everything(options);
    expect(found).toHaveLength(objects.length);
    for (const [i, object] of objects.entries()) {
      const { point, score, stability, area, box, mask } = found[i]!;
      expect(point[0]).toBeCloseTo(object.point[0], 9);
      expect(point[1]).toBeCloseTo(object.point[1], 9);
      expect(score).toBeCloseTo(object.score, 6);
      expect(stability).toBeCloseTo(object.stability, 6);
      expect({ area, box }).toEqual({ area: object.area, box: object.box });
      expect(encodeRle({ width, height, data: mask }).counts).toBe(object.counts);
    }
  });
});

describe('everything in a picture', () => {
  it('uses full runs of the decoder, and reports progress', async () => {
    runs.length = 0;
    const reported: number[][] = [];
    await everything({ pointsPerSide: 9, progress: (done, total) => reported.push([done, total]) });
    expect(runs).toEqual([32, 32, 17]);
    expect(reported).toEqual([
      [32, 81],
      [64, 81],
      [81, 81],
    ]);
  });

  it('clicks the centres of cells, in the pixel convention of the model', async () => {
    const all = { pointsPerSide: 1, scoreThreshold: 0, stabilityThreshold: 0, overlapThreshold: 1 };
    const [bySam] = await everything(all);
    const [bySamus] = await segmentEverything(samus.segmenter, samus.encoding, all);
    expect(bySam?.point).toEqual([110, 75]);
    // The centre of a picture of 220 pixels lies between the pixels 109 and 110.
    expect(bySamus?.point).toEqual([109.5, 74.5]);
  });

  it('returns names by rank and results like those of a prompt', async () => {
    const found = await everything(reference.cases[1]!.options);
    expect(found.map(({ name }) => name)).toEqual(found.map((_, i) => `object-${i + 1}`));
    expect(found[0]).toMatchObject({ width, height, candidates: [{ score: found[0]!.score }] });
    expect(found[0]!.lowResLogits).toHaveLength(SIDE * SIDE);
  });

  it('drops small masks', async () => {
    const options = reference.cases[1]!.options;
    const all = await everything(options);
    const large = await everything({ ...options, minArea: 2000 });
    expect(large.map(({ area }) => area)).toEqual(all.map(({ area }) => area).filter((area) => area >= 2000));
  });

  it('returns nothing for an image without objects', async () => {
    expect(await everything({ scoreThreshold: 1 })).toEqual([]);
  });

  it('stops on abort, and yields the thread', async () => {
    const stop = new AbortController();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const done = everything({
      pointsPerSide: 32,
      signal: stop.signal,
      progress: (clicks) => clicks >= 96 && stop.abort(new Error('enough')),
    });
    await expect(done).rejects.toThrow('enough');
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(2);
    await expect(everything({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each([
    { pointsPerSide: 0 },
    { pointsPerSide: 129 },
    { pointsPerSide: 2.5 },
    { scoreThreshold: -0.1 },
    { stabilityThreshold: 1.1 },
    { overlapThreshold: Number.NaN },
    { minArea: -1 },
    { stabilityOffset: Number.POSITIVE_INFINITY },
  ])('refuses %j', async (options) => {
    await expect(everything(options)).rejects.toMatchObject({
      kind: 'usage',
      code: 'AUTOMATIC_OPTION',
      details: { option: Object.keys(options)[0] },
    });
  });
});
