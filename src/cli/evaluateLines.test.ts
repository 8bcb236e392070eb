import { expect, it } from 'vitest';
import { SampleList } from '../data/sampleList.js';
import { type CaseSource, evaluate } from '../evaluate/evaluate.js';
import { summariseEvaluation } from '../evaluate/summary.js';
import { createImage } from '../formats/image.js';
import { evaluationLines } from './evaluateLines.js';

const SIDE = 12;
const LABEL = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE > 4 ? 1 : 0));

/** Images whose names begin with `mm` have a known spacing. */
const source: CaseSource = {
  classes: () => ({ count: 2, names: ['background', 'object'] }),
  read: async ({ name }) => ({
    image: createImage(SIDE, SIDE, 1, LABEL.slice()),
    label: LABEL,
    width: SIDE,
    height: SIDE,
    ...(name.startsWith('mm') && { spacingMm: [0.5, 0.5] as const }),
  }),
};

/** Says that the object begins a column further to the right. */
const model = {
  name: 'near',
  look: async () => async (prompts: readonly unknown[]) => {
    const mask = Uint8Array.from(LABEL, (_, i) => (i % SIDE > 5 ? 1 : 0));
    return prompts.map(() => ({ mask, score: 0.5, lowResLogits: Float32Array.from(mask) }));
  },
};

async function tableOf(...lines: readonly string[]): Promise<string[][]> {
  const list = SampleList.parse([{ name: 'test', text: lines.join('\n') }]);
  const evaluation = await evaluate(model, source, list, {
    ...{ prompt: { kind: 'points', count: 1 }, clicks: 0, draws: 0, seed: 1, native: true },
    ...{ tolerancePx: 2, toleranceMm: 1 },
  });
  const summary = summariseEvaluation(evaluation, list, source, 1);
  return evaluationLines({ results: [{ evaluation, summary }], comparisons: [], published: [] }).map((line) =>
    line.split(/ {2,}/),
  );
}

it('prints distances in millimetres if all are known, else in pixels', async () => {
  const known = await tableOf('1/Known/mm-1', '1/Known/mm-2');
  expect([known[0], known[1]]).toEqual([
    expect.arrayContaining(['HD95 mm', 'ASSD mm']),
    expect.arrayContaining(['0.50']),
  ]);
  const mixed = await tableOf('1/Known/mm-1', '1/Unknown/1');
  expect(mixed[0]).toEqual(expect.arrayContaining(['HD95 px', 'ASSD px']));
  for (const row of [mixed[1], mixed[2]]) expect(row).toEqual(expect.arrayContaining(['1.00']));
});
