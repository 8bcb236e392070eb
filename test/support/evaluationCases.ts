/**
 * A dataset of two squares for tests of evaluation, and a model that answers from its labels.
 */
import { type Sample, SampleList } from '../../src/data/sampleList.js';
import { SamusError } from '../../src/errors.js';
import type { CaseSource, EvaluateOptions } from '../../src/evaluate/evaluate.js';
import type { LabelledCase } from '../../src/evaluate/evaluationCase.js';
import { DEFAULT_TOLERANCES } from '../../src/evaluate/metrics.js';
import type { PromptableModel } from '../../src/evaluate/promptableModel.js';
import { createImage } from '../../src/formats/image.js';

export const OPTIONS: EvaluateOptions = {
  prompt: { kind: 'points', count: 1 },
  clicks: 0,
  draws: 0,
  seed: 1,
  native: false,
  ...DEFAULT_TOLERANCES,
};

export const SIDE = 64;
export const CLASSES = ['background', 'left', 'right'];

/** Two squares, class 1 and class 2; grey values tell the class, so that a model in a test can know the truth. */
export function twoSquares(shift: number): LabelledCase {
  const label = new Uint8Array(SIDE * SIDE);
  for (let y = 20; y < 40; y++) {
    label.fill(1, y * SIDE + 8 + shift, y * SIDE + 28 + shift);
    label.fill(2, y * SIDE + 36, y * SIDE + 56);
  }
  const image = createImage(
    SIDE,
    SIDE,
    1,
    label.map((value) => value * 100),
  );
  return { image, label, width: SIDE, height: SIDE, spacingMm: [0.5, 0.5], patient: shift < 4 ? 'a' : `p${shift}` };
}

/** Reads are counted; names that begin with `bad` cannot be read. */
export function squares(patients = true): CaseSource & { readonly reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    classes: () => ({ count: CLASSES.length, names: CLASSES }),
    async read({ name }: Sample) {
      reads.push(name);
      if (name.startsWith('bad')) throw new SamusError('IMAGE_CORRUPT', `${name} is broken`, 'mend it');
      const { patient, ...rest } = twoSquares(Number(name));
      return { ...rest, ...(patients && patient && { patient }) };
    },
  };
}

/** Answers with the object that was clicked, `missing` of its rows left out at the first click, half at each further one. */
export function oracle(
  missing: (x: number) => number,
  name = 'oracle',
): PromptableModel & { readonly looks: () => number } {
  let looks = 0;
  return {
    name,
    looks: () => looks,
    async look({ data, width }) {
      looks++;
      return async (prompts) =>
        prompts.map(({ points, box }) => {
          const [x, y] = points[0] ?? [Math.round((box![0] + box![2]) / 2), Math.round((box![1] + box![3]) / 2)];
          const rows = Math.floor(missing(x) / 2 ** Math.max(0, points.length - 1));
          const inside = data[y * width + x]!;
          const first = Math.floor(data.indexOf(inside) / width);
          const logits = Float32Array.from(data, (value, i) =>
            value === inside && Math.floor(i / width) >= first + rows ? 5 : -5,
          );
          const mask = Uint8Array.from(logits, (value) => (value > 0 ? 1 : 0));
          return { mask, score: 0.75, lowResLogits: logits, logits };
        });
    },
  };
}

export const native = { ...OPTIONS, native: true };

/** Dice of a square of 20 by 20 of which some rows are missing. */
export function diceWithout(rows: number): number {
  return (2 * (20 - rows)) / (40 - rows);
}

export function listOf(...lines: readonly string[]): SampleList {
  return SampleList.parse([{ name: 'test', text: lines.join('\n') }]);
}
