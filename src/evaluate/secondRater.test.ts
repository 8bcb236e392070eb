import { expect, it } from 'vitest';
import { type Sample, SampleList } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { createImage } from '../formats/image.js';
import { raterDocument } from './document.js';
import { evaluate } from './evaluate.js';
import { DEFAULT_TOLERANCES } from './metrics.js';
import { judgedOverlap } from './overlap.js';
import { evaluateRater, judgedRater } from './secondRater.js';
import { labelSamples, stratify } from './strata.js';
import { summariseEvaluation } from './summary.js';

const SIDE = 20;
const square = (shift: number, side = SIDE) =>
  createImage(
    side,
    side,
    1,
    Uint8Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return Number(x >= 5 + shift && x < 15 + shift && y >= 5 && y < 15);
    }),
  );

const source = {
  classes: () => ({ count: 2, names: ['background', 'object'] }),
  read: async () => ({ image: square(0), label: square(0).data, width: SIDE, height: SIDE }),
  readLabel: async () => square(0),
};
/** Labels that are moved by the name of the image; `none` has no second label, `small` one of another size. */
const rater = {
  async readLabel({ name }: Sample) {
    if (name === 'none') throw new SamusError('DATA_FILE_MISSING', 'it is missing', 'add it');
    return name === 'small' ? square(0, 10) : square(Number(name));
  },
};
/** Answers with the label moved by 3 pixels. */
const model = {
  name: 'moved',
  look: async () => async (prompts: readonly unknown[]) =>
    prompts.map(() => ({ mask: square(3).data, score: 0.5, lowResLogits: new Float32Array(1) })),
};
const options = {
  ...({ prompt: { kind: 'points', count: 1 }, clicks: 1, draws: 2, seed: 1, native: true } as const),
  ...DEFAULT_TOLERANCES,
};
const list = SampleList.parse([
  { name: 'test', text: ['0', '1', '2', 'none', 'small', '1b', '2b'].map((name) => `1/Set/${name}`).join('\n') },
]);
const numbered = { readLabel: (sample: Sample) => rater.readLabel({ ...sample, name: sample.name.replace('b', '') }) };

it('a second rater is measured like a model, on the images that have a second label', async () => {
  const found = await evaluateRater(numbered, source, list, options);
  // A square of 10 by 10 that is moved by 1 or 2: Dice 0.9 and 0.8.
  const { table } = found.evaluation;
  expect([0, 1, 2, 5, 6].map((i) => table.column('dice')[i]!.toFixed(4))).toEqual([
    '1.0000',
    '0.9000',
    '0.8000',
    '0.9000',
    '0.8000',
  ]);
  expect(found.missing).toBe(1);
  expect(found.evaluation.failures.map(({ sample, error }) => [sample.name, error.code])).toEqual([
    ['small', 'DATA_SIZE_MISMATCH'],
  ]);
  const evaluation = await evaluate(model, source, list, options);
  const document = raterDocument(judgedRater(found, [evaluation], list, 1));
  expect(document).toMatchObject({
    missing: 1,
    datasets: [{ images: 5, failed: 1, dice: { mean: expect.closeTo(0.88, 5) } }],
    comparisons: [
      {
        first: 'second rater',
        second: 'moved',
        datasets: [{ images: 5, dice: { mean: expect.closeTo(0.7 - 0.88, 5) } }],
      },
    ],
    failures: [{ image: 'small' }],
  });
});

it('strata and overlap are of the samples that were measured', async () => {
  const evaluation = await evaluate(
    {
      ...model,
      look: async () => async () => [{ mask: square(0).data, score: 0.5, lowResLogits: new Float32Array(1) }],
    },
    source,
    list,
    { ...options, draws: 0, clicks: 0 },
  );
  const summary = summariseEvaluation(evaluation, list, source, 1);
  const labelling = labelSamples('scanner', ['a', 'a', 'a', 'a', 'a', 'a', undefined]);
  const { groups, overall } = stratify(evaluation.table, summary, labelling, 1);
  expect(groups).toEqual([overall]);
  expect(overall.map(({ value, images, dice }) => [value, images, dice.mean.toFixed(3)])).toEqual([
    ['a', 6, '1.000'],
    ['unknown', 1, '1.000'],
  ]);
  const problem = {
    severity: 'error',
    code: 'SPLIT_DUPLICATE',
    message: 'equal',
    images: ['Set/0', 'Set/train'],
  } as const;
  const overlap = judgedOverlap({ lists: ['train'], images: 3, problems: [problem] }, [evaluation], list);
  expect(overlap).toMatchObject({ affected: ['Set/0'], models: [{ model: 'moved', dice: expect.closeTo(1, 6) }] });
});
