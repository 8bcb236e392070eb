/**
 * What `samus evaluate` reads beside models and lists: columns of images.csv, a second rater's labels, and the training
 * lists that the evaluated images should have nothing in common with.
 */
import { trainingOverlap } from '../data/checkDataset.node.js';
import type { TrainingOverlap } from '../data/checkLists.js';
import { type Dataset, openLabels, type SecondLabels } from '../data/dataset.node.js';
import type { SampleList } from '../data/sampleList.js';
import { splitFamilies } from '../data/splitLists.js';
import { listed, SamusError } from '../errors.js';
import { type Labelling, labelSamples } from '../evaluate/strata.js';
import { Progress } from './progress.js';

/** The strata of each sample. @throws SamusError EVALUATE_STRATA for a column that no dataset has, or of too many values */
export async function readStrata(
  dataset: Dataset,
  list: SampleList,
  columns: readonly string[],
): Promise<readonly Labelling[]> {
  if (columns.length === 0) return [];
  const tables = new Map(
    await Promise.all(list.datasets.map(async (name) => [name, await dataset.facts(name)] as const)),
  );
  const known = new Set([...tables.values()].flatMap((table) => [...(table?.columns ?? [])]));
  known.delete('name');
  return columns.map((column) => {
    if (known.has(column)) {
      const texts = Array.from(list, ({ dataset: set, name }) => tables.get(set)?.value(name, column));
      return labelSamples(column, texts);
    }
    const message = `expected a column of images.csv for --strata, got ${column}`;
    const hint =
      known.size > 0 ? `columns there: ${listed([...known], 20)}` : 'no dataset of the lists has an images.csv';
    throw new SamusError('EVALUATE_STRATA', message, hint, { column });
  });
}

/** @throws SamusError EVALUATE_RATER if the folder has no label of the list */
export async function openRater(path: string, dataset: Dataset, list: SampleList): Promise<SecondLabels> {
  const rater = await openLabels(path, dataset);
  const labels = new Map(
    await Promise.all(list.datasets.map(async (name) => [name, (await rater.names(name)).labels] as const)),
  );
  for (const { dataset: set, name } of list) if (labels.get(set)?.has(name)) return rater;
  const message = `expected labels of the evaluated images in ${path}, got none`;
  const hint = `name a folder with ${list.datasets[0] ?? 'Dataset'}/label/NAME.png`;
  throw new SamusError('EVALUATE_RATER', message, hint, { path });
}

/** The training lists of the splits that the evaluated lists belong to. */
export async function trainingLists(dataset: Dataset, lists: readonly string[]): Promise<readonly string[]> {
  const families = splitFamilies(await dataset.listNames());
  return families
    .filter((family) => family.some(({ list }) => lists.includes(list)))
    .flatMap((family) => family.flatMap(({ list, side }) => (side === 'train' ? [list] : [])))
    .filter((list) => !lists.includes(list));
}

/** @throws SamusError as trainingOverlap */
export async function readOverlap(
  dataset: Dataset,
  list: SampleList,
  training: readonly string[],
): Promise<TrainingOverlap | undefined> {
  if (training.length === 0) return undefined;
  const progress = new Progress('comparing with training images');
  try {
    return await trainingOverlap(dataset, list, training, (done, total) => progress.update(done, `of ${total}`));
  } finally {
    progress.end();
  }
}
