/**
 * Evaluated images that a model may know from training, and the Dice of the others. Finding them is in
 * data/checkDataset.node.ts.
 */
import type { TrainingOverlap } from '../data/checkLists.js';
import type { SampleList } from '../data/sampleList.js';
import type { Evaluation } from './evaluate.js';
import { summarise } from './statistics.js';

export interface JudgedOverlap extends TrainingOverlap {
  /** Evaluated images of the problems, `Dataset/NAME`. */
  readonly affected: readonly string[];
  readonly models: readonly { readonly model: string; readonly dice: number; readonly diceWithout: number }[];
}

export function judgedOverlap(
  overlap: TrainingOverlap,
  evaluations: readonly Evaluation[],
  list: SampleList,
): JudgedOverlap {
  const named = new Set(overlap.problems.flatMap(({ images }) => images));
  const affected = new Set<string>();
  const clean: boolean[] = [];
  for (const { dataset, name } of list) {
    const image = `${dataset}/${name}`;
    if (named.has(image)) affected.add(image);
    clean.push(!named.has(image));
  }
  const models = evaluations.map(({ model, table }) => {
    const dice = Array.from(clean, (_, i) =>
      table.isDone(i) ? table.meanOverDraws(table.column('dice'), i) : Number.NaN,
    );
    const without = dice.filter((_, i) => clean[i]);
    return { model, dice: summarise(dice).mean, diceWithout: summarise(without).mean };
  });
  return { ...overlap, affected: [...affected], models };
}
