/**
 * What a configuration's lists come to: the samples to train on, held out images taken away and data sets repeated, and
 * those to validate on.
 */
import { createHash } from 'node:crypto';
import { type Dataset, openDataset } from '../data/dataset.node.js';
import type { SampleList } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { holdOut } from './holdOut.js';
import type { TrainingConfig } from './trainingConfig.js';

/** How many samples an epoch has. @throws SamusError DATA_…, TRAIN_HOLD_OUT, TRAIN_REPEAT */
export async function epochSamples(data: TrainingConfig['data'], repeat: TrainingConfig['repeat']): Promise<number> {
  return (await readLists(data, repeat)).train.length;
}

/**
 * The samples that are trained on and those that are validated on, and where they come from.
 * @throws SamusError DATA_…, DATA_LIST_EMPTY also where nothing is left of a list, TRAIN_HOLD_OUT, TRAIN_REPEAT
 */
export async function readLists(
  data: TrainingConfig['data'],
  repeat: TrainingConfig['repeat'],
): Promise<{ readonly dataset: Dataset; readonly train: SampleList; readonly val: SampleList }> {
  const dataset = await openDataset(data.root);
  const listed = await dataset.lists(data.train);
  checkRepeat(listed, repeat);
  // What is left out of the training is not held out of it either.
  const wanted = repeated(listed, Object.fromEntries(Object.entries(repeat).filter(([, times]) => times === 0)));
  const names = listed.datasets.filter((name) => repeat[name] !== 0);
  const parts = data.holdOut > 0 ? holdOut(wanted, data.holdOut, await patientsIn(dataset, names)) : undefined;
  const train = repeated(parts?.train ?? wanted, repeat);
  if (train.length === 0) throw emptyList('train on', data.train);
  const val = parts?.held ?? (await dataset.lists(data.val));
  if (val.length === 0) throw emptyList('validate on', data.val);
  return { dataset, train, val };
}

/** The patients of images, by their data set and name. */
async function patientsIn(dataset: Dataset, names: readonly string[]) {
  const known = new Map(await Promise.all(names.map(async (name) => [name, await dataset.patients(name)] as const)));
  return (name: string, image: string): string | undefined => known.get(name)?.(image);
}

function emptyList(purpose: string, lists: readonly string[]): SamusError {
  const message = `expected samples to ${purpose}, but the lists (${lists.join(', ')}) leave none`;
  return new SamusError('DATA_LIST_EMPTY', message, 'name other lists, or repeat less often with 0', {
    lists: [...lists],
  });
}

function checkRepeat(list: SampleList, repeat: TrainingConfig['repeat']): void {
  const unknown = Object.keys(repeat).filter((name) => !list.datasets.includes(name));
  if (unknown.length === 0) return;
  const message = `expected datasets of the lists to repeat, got ${unknown.join(', ')}`;
  throw new SamusError('TRAIN_REPEAT', message, `they hold ${list.datasets.join(', ')}`);
}

/** The list with some datasets more than once, or not at all. */
function repeated(list: SampleList, repeat: TrainingConfig['repeat']): SampleList {
  if (Object.keys(repeat).length === 0) return list;
  const indices: number[] = [];
  for (let i = 0; i < list.length; i++) {
    for (let n = repeat[list.at(i).dataset] ?? 1; n > 0; n--) indices.push(i);
  }
  return list.select(indices);
}

/** Tells whether lists name the same samples in the same order. */
export function fingerprint(...lists: readonly SampleList[]): string {
  const hash = createHash('sha256');
  for (const list of lists) {
    hash.update(`${list.length}\n`);
    for (const { dataset, name, classId } of list) hash.update(`${classId}/${dataset}/${name}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
