import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { relativeError } from '../../test/support/golden.js';
import { TINY_SAM, TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { createImage } from '../formats/image.js';
import { extentOf } from '../formats/mask.js';
import { cleanMask } from '../formats/maskRegions.js';
import { Random } from '../nn/random.js';
import type { Runtime } from '../runtime/session.js';
import { Segmenter } from './segmenter.js';
import type { Encoding, ObjectPrompt } from './types.js';

const [WIDTH, HEIGHT] = [48, 40];

/** Smooth noise, so that masks have some shape. */
function picture(seed = 1) {
  const random = Random.seeded(seed);
  const waves = Array.from({ length: 6 }, () => [random.uniform(-0.4, 0.4), random.uniform(-0.4, 0.4)] as const);
  const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return 128 + 20 * waves.reduce((sum, [a, b]) => sum + Math.sin(a * x + b * y), 0);
  });
  return createImage(WIDTH, HEIGHT, 1, data);
}

/** Counts the sessions that are made and not yet disposed of; the first `failing` cannot be made. */
function counting(failing = 0): { runtime: Runtime; made: () => number; open: () => number } {
  let [made, open, left] = [0, 0, failing];
  return {
    made: () => made,
    open: () => open,
    runtime: {
      name: 'counting',
      async createSession(model, options) {
        // Folding computes constants in sessions of its own, without inputs.
        const session = await runtime.createSession(model, options);
        if (session.inputs.length === 0) return session;
        if (left-- > 0) {
          await session.dispose();
          throw new Error('no memory');
        }
        made++;
        open++;
        return {
          inputs: session.inputs,
          outputs: session.outputs,
          run: (feeds, runOptions) => session.run(feeds, runOptions),
          dispose: () => {
            open--;
            return session.dispose();
          },
        };
      },
    },
  };
}

const mask = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i % WIDTH > 20 ? 1 : 0));

const OBJECTS: readonly ObjectPrompt[] = [
  { name: 'one', points: [[10, 12]] },
  {
    points: [
      [10, 12],
      [30, 9, 0],
      [20, 35],
      [1, 2],
      [47, 39, 0],
    ],
  },
  { box: [5, 6, 30, 31] },
  {
    box: [5, 6, 30, 31],
    points: [
      [12, 20, 0],
      [13, 21],
    ],
  },
  { mask },
  { mask: Float32Array.from(mask, (value) => 4 * value - 2), points: [[40, 20]] },
  { lowResLogits: new Float32Array(32 * 32).fill(1), box: [0, 0, 47, 39] },
];

describe.each([
  ['SAMUS', TINY_SAMUS],
  ['SAM', TINY_SAM],
])('a segmenter of %s', (_, config) => {
  let segmenter: Segmenter;
  let encoding: Encoding;

  beforeAll(async () => {
    segmenter = Segmenter.create(tinyModel(config), runtime);
    encoding = await segmenter.encode(picture());
  });

  afterAll(() => segmenter.dispose());

  it('answers with masks at the size of the image', async () => {
    const result = await segmenter.segment(encoding, OBJECTS[0]!, { logits: true, clean: false });
    expect(result).toMatchObject({ name: 'one', width: WIDTH, height: HEIGHT });
    expect(result.mask).toEqual(Uint8Array.from(result.logits!, (logit) => (logit > 0 ? 1 : 0)));
    expect(result.area).toBe(result.mask.reduce((sum, value) => sum + value, 0));
    expect(result.lowResLogits).toHaveLength(32 * 32);
    expect(result.candidates).toHaveLength(1);
  });

  it('cleans masks by default; scores and logits stay those of the model', async () => {
    const raw = await segmenter.segment(encoding, OBJECTS[0]!, { clean: false, logits: true });
    const { mask, area, box, parts, ...rest } = await segmenter.segment(encoding, OBJECTS[0]!, { logits: true });
    const cleaned = cleanMask({ width: WIDTH, height: HEIGHT, data: raw.mask }, OBJECTS[0]!);
    expect(mask).toEqual(cleaned.data);
    expect(mask).not.toEqual(raw.mask);
    expect({ area, box, parts }).toEqual({ ...extentOf(cleaned.data, WIDTH), parts: 1 });
    expect({ ...raw, ...rest }).toEqual(raw);
  });

  it.each([false, true])(
    'gives objects of unequal prompts in one run what each gets alone (multimask %s)',
    async (multimask) => {
      const together = await segmenter.segment(encoding, OBJECTS, { multimask });
      for (const [i, object] of OBJECTS.entries()) {
        const alone = await segmenter.segment(encoding, object, { multimask });
        expect(relativeError(together[i]!.lowResLogits, alone.lowResLogits), `object ${i}`).toBeLessThan(1e-5);
        expect(together[i]!.score).toBeCloseTo(alone.score, 5);
      }
    },
  );

  it('returns many objects in order', async () => {
    const many = Array.from({ length: 70 }, (__, i): ObjectPrompt => ({ points: [[i % WIDTH, i % HEIGHT]] }));
    const results = await segmenter.segment(encoding, many);
    expect(results.map(({ name }) => name)).toEqual(many.map((__, i) => `object-${i + 1}`));
    const last = await segmenter.segment(encoding, many[69]!);
    expect(relativeError(results[69]!.lowResLogits, last.lowResLogits)).toBeLessThan(1e-5);
    expect(await segmenter.segment(encoding, [])).toEqual([]);
  });

  it('picks the ambiguous mask with the best predicted IoU', async () => {
    const result = await segmenter.segment(encoding, OBJECTS[0]!, { multimask: true });
    expect(result.candidates).toHaveLength(3);
    expect(result.score).toBe(Math.max(...result.candidates.map(({ score }) => score)));
  });

  it('answers differently to a click elsewhere, a negative click and a first guess', async () => {
    const answers = await segmenter.segment(encoding, [
      { points: [[10, 12]] },
      { points: [[40, 30]] },
      { points: [[10, 12, 0]] },
      { points: [[10, 12]], mask },
    ]);
    for (const other of answers.slice(1)) {
      expect(relativeError(other.lowResLogits, answers[0]!.lowResLogits)).toBeGreaterThan(1e-4);
    }
  });

  it('accepts the result of one click as the first guess of the next', async () => {
    const { lowResLogits } = await segmenter.segment(encoding, OBJECTS[0]!);
    const next = await segmenter.segment(encoding, { points: [[10, 12]], lowResLogits });
    expect(next.mask).toHaveLength(WIDTH * HEIGHT);
  });

  it('reuses an encoding, also a stored one', async () => {
    const { embedding, width, height } = encoding;
    const stored: Encoding = { embedding: { ...embedding, data: embedding.data.slice() }, width, height };
    const before = await segmenter.segment(encoding, OBJECTS[0]!);
    const other = await segmenter.encode(picture(2));
    await segmenter.segment(other, OBJECTS[0]!);
    expect(await segmenter.segment(stored, OBJECTS[0]!)).toEqual(before);
  });

  it('works without a prompt only on request', async () => {
    await expect(segmenter.segment(encoding, {})).rejects.toMatchObject({ code: 'PROMPT_EMPTY' });
    expect((await segmenter.segment(encoding, {}, { allowEmpty: true })).mask).toHaveLength(WIDTH * HEIGHT);
  });

  it('refuses the encoding of another model', async () => {
    const embedding = { ...encoding.embedding, shape: [1, 8, 16, 8] };
    await expect(segmenter.segment({ ...encoding, embedding }, OBJECTS[0]!)).rejects.toMatchObject({
      kind: 'usage',
      code: 'ENCODING_SHAPE',
    });
  });
});

describe('a segmenter of a model with an object score', () => {
  const model = tinyModel({ ...TINY_SAMUS, objectScore: true });

  it('says how likely the object is there, and leaves the mask empty below the least presence', async () => {
    const segmenter = Segmenter.create(model, runtime);
    const encoding = await segmenter.encode(picture());
    const ask = (minPresence: number) => segmenter.segment(encoding, OBJECTS, { minPresence, logits: true });
    const [all, none] = [await ask(0), await ask(1)];
    for (const [i, there] of all.entries()) {
      expect(there.presence).toBeGreaterThan(0);
      expect(there.presence).toBeLessThan(1);
      expect(there).not.toHaveProperty('absent');
      const { presence, score, candidates } = there;
      expect(none[i]).toMatchObject({ presence, score, candidates, absent: true, area: 0, box: null, parts: 0 });
      expect(none[i]!.mask.some((value) => value !== 0)).toBe(false);
      expect(none[i]!.logits!.every((value) => value < 0)).toBe(true);
    }
    expect(all.some(({ area }) => area > 0)).toBe(true);
    expect((await segmenter.propose(encoding, OBJECTS, { minPresence: 1 })).flat()).toEqual([]);
    await segmenter.dispose();
    const strict = Segmenter.create({ ...model, config: { ...model.config, minPresence: 1 } }, runtime);
    expect(await strict.segment(encoding, OBJECTS[0]!)).toMatchObject({ absent: true });
    await strict.dispose();
  });

  it('alone takes a least presence', async () => {
    const segmenter = Segmenter.create(tinyModel(TINY_SAMUS), runtime);
    const encoding = await segmenter.encode(picture());
    expect(await segmenter.segment(encoding, OBJECTS[0]!)).not.toHaveProperty('presence');
    await expect(segmenter.segment(encoding, OBJECTS[0]!, { minPresence: 0.5 })).rejects.toMatchObject({
      code: 'MODEL_PRESENCE',
    });
    await segmenter.dispose();
  });
});

describe('the sessions of a segmenter', () => {
  it('are created once, on first use', async () => {
    const { runtime: counted, made, open } = counting();
    const segmenter = Segmenter.create(tinyModel(), counted);
    expect(made()).toBe(0);
    const [encoding] = await Promise.all([segmenter.encode(picture()), segmenter.encode(picture(2))]);
    expect(made()).toBe(1);
    await Promise.all([segmenter.segment(encoding, OBJECTS[0]!), segmenter.segment(encoding, OBJECTS)]);
    expect(made()).toBe(2);
    await segmenter.dispose();
    await segmenter.dispose();
    expect(open()).toBe(0);
  });

  it('are not created for refused prompts', async () => {
    const { runtime: counted, made } = counting();
    const segmenter = Segmenter.create(tinyModel(), counted);
    const encoding = await segmenter.encode(picture());
    await expect(segmenter.segment(encoding, { points: [[-5, 0]] })).rejects.toMatchObject({
      code: 'PROMPT_POINT_OUTSIDE',
    });
    expect(made()).toBe(1);
    await segmenter.dispose();
  });

  it('are retried after a failure', async () => {
    const segmenter = Segmenter.create(tinyModel(), counting(1).runtime);
    await expect(segmenter.encode(picture())).rejects.toThrow('no memory');
    expect((await segmenter.encode(picture())).embedding.shape).toEqual([1, 16, 8, 8]);
    await segmenter.dispose();
  });

  it('end with the segmenter, also during creation', async () => {
    const { runtime: counted, open } = counting();
    const segmenter = Segmenter.create(tinyModel(), counted);
    const encoding = segmenter.encode(picture());
    const outcome = encoding.catch((error: unknown) => error);
    await segmenter.dispose();
    await outcome;
    expect(open()).toBe(0);
    const gone = { kind: 'usage', code: 'SEGMENTER_DISPOSED' };
    await expect(segmenter.encode(picture())).rejects.toMatchObject(gone);
  });
});
