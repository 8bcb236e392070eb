/**
 * Surveys a folder of datasets for a comparison: which datasets are trained on, which are kept unseen, and the lists
 * that each is measured on.
 */
import type { Dataset } from '../data/dataset.js';
import { listed, SamusError } from '../errors.js';

export interface SurveyedDataset {
  readonly name: string;
  /** Classes, background included. */
  readonly classes: number;
  readonly classNames: readonly string[];
  /** Whether models are trained on it. */
  readonly seen: boolean;
  /** Samples in the training, validation and test lists. */
  readonly samples: Readonly<Record<'train' | 'val' | 'test', number>>;
  /** The list that it is measured on; without one it is only trained on. */
  readonly measuredOn?: string;
}

export interface Survey {
  readonly root: string;
  readonly trainList: string;
  /** A validation list without unseen datasets; without one, a part of the training list is held out. */
  readonly valList?: string;
  readonly datasets: readonly SurveyedDataset[];
}

export interface SurveyOptions {
  /** The list of everything to train on, such as `train`. */
  readonly trainList: string;
  /** Datasets to leave out of the training though the list has them. */
  readonly unseen: readonly string[];
}

/**
 * Looks through the lists. A dataset is measured on its test list, else on its validation list; the largest lists are not
 * needed, because each dataset's own list has priority.
 * @throws SamusError REPRODUCE_DATA if nothing is left to train or to measure, and what reading lists throws
 */
export async function surveyData(data: Dataset, { trainList, unseen }: SurveyOptions): Promise<Survey> {
  const names = await data.listNames();
  const counts = new Map<string, Map<string, number>>();
  for (const name of names) {
    if (!/^(train|val|test)(-|$)/.test(name) && name !== trainList) continue;
    const perDataset = new Map<string, number>();
    for (const { dataset } of await data.listed(name)) perDataset.set(dataset, (perDataset.get(dataset) ?? 0) + 1);
    counts.set(name, perDataset);
  }
  const trained = counts.get(trainList) ?? (await emptyCounts(data, trainList));
  const strange = unseen.filter((name) => !trained.has(name));
  if (strange.length > 0) {
    const message = `expected datasets of the list ${trainList} as --unseen, got ${listed(strange)}`;
    throw new SamusError('REPRODUCE_DATA', message, `choose from ${listed([...trained.keys()], 20)}`);
  }
  const all = [...new Set([...counts.values()].flatMap((perDataset) => [...perDataset.keys()]))].sort();
  const datasets = all.map((name): SurveyedDataset => {
    const in_ = (kind: string): number => counts.get(`${kind}-${name}`)?.get(name) ?? counts.get(kind)?.get(name) ?? 0;
    const lists = [`test-${name}`, 'test', `val-${name}`, 'val'];
    const measuredOn = lists.find((list) => (counts.get(list)?.get(name) ?? 0) > 0);
    const { count, names: classNames } = data.classes(name);
    return {
      name,
      classes: count,
      classNames,
      seen: trained.has(name) && !unseen.includes(name),
      samples: { train: trained.get(name) ?? 0, val: in_('val'), test: in_('test') },
      ...(measuredOn !== undefined && { measuredOn }),
    };
  });
  const valList = smallestValidation(counts, datasets);
  if (!datasets.some(({ seen, measuredOn }) => seen && measuredOn !== undefined)) {
    const message = `expected a dataset of the list ${trainList} with a validation or test list, found none in ${data.root}`;
    throw new SamusError('REPRODUCE_DATA', message, 'make lists with "samus data split"');
  }
  return { root: data.root, trainList, ...(valList !== undefined && { valList }), datasets };
}

/** Nothing is selected by validating once at the end, so the shortest list of seen datasets will do. */
function smallestValidation(
  counts: ReadonlyMap<string, ReadonlyMap<string, number>>,
  datasets: readonly SurveyedDataset[],
): string | undefined {
  const seen = new Set(datasets.flatMap(({ name, seen }) => (seen ? [name] : [])));
  const total = (perDataset: ReadonlyMap<string, number>) => [...perDataset.values()].reduce((a, b) => a + b, 0);
  return [...counts]
    .filter(([name, perDataset]) => /^val(-|$)/.test(name) && [...perDataset.keys()].every((one) => seen.has(one)))
    .sort(([, a], [, b]) => total(a) - total(b))[0]?.[0];
}

async function emptyCounts(data: Dataset, list: string): Promise<Map<string, number>> {
  // Says which lists there are.
  await data.listed(list);
  return new Map();
}
