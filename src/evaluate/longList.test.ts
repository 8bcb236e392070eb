/**
 * What an evaluation of 100,000 lines holds at its end: images stream, so that only numbers are left of them.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { SampleList } from '../data/sampleList.js';
import { createImage } from '../formats/image.js';
import { type CaseSource, evaluate } from './evaluate.js';
import type { PromptableModel } from './promptableModel.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SIDE = 16;
const LABEL = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE > 2 && i > 2 * SIDE ? 1 : 0));

/** Every image has an array of its own, of a patient of its own: kept images would be seen. */
const source: CaseSource = {
  classes: () => ({ count: 2, names: ['background', 'object'] }),
  read: async ({ name }) => {
    const image = createImage(SIDE, SIDE, 1, LABEL.slice());
    return { image, label: LABEL.slice(), width: SIDE, height: SIDE, spacingMm: [0.5, 0.5], patient: name };
  },
};

const model: PromptableModel = {
  name: 'knows it',
  look:
    async ({ data }) =>
    async (prompts) =>
      prompts.map(() => ({ mask: Uint8Array.from(data), score: 1, lowResLogits: Float32Array.from(data) })),
};

const used = (): number => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** Bytes that the list and its results take at the end of the evaluation. */
async function heldBy(lines: number): Promise<number> {
  const before = used();
  const text = Array.from({ length: lines }, (_, i) => `1/Set/image-${i}`).join('\n');
  const list = SampleList.parse([{ name: 'test', text }]);
  const { table } = await evaluate(model, source, list, {
    ...{ prompt: { kind: 'points', count: 1 }, clicks: 0, draws: 0, seed: 1, native: true },
    ...{ tolerancePx: 2, toleranceMm: 1 },
  });
  const held = used() - before;
  expect([list.length, table.column('dice').every((dice) => dice === 1)]).toEqual([lines, true]);
  return held;
}

it('holds less than 50 MB more for 100,000 lines than for 1,000', async () => {
  await heldBy(100);
  const short = await heldBy(1000);
  const long = await heldBy(100_000);
  expect(long - short).toBeLessThan(50e6);
});
