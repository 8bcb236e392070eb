/**
 * Resolves the lists of a configuration: the samples to train on, without held-out images and with datasets repeated,
 * and the samples to validate on.
 */
import { createHash } from 'node:crypto';
import { type Dataset, openDataset } from '../data/dataset.node.js';
import type { SampleList } from '../data/sampleList.js';
import { listed, SamusError } from '../errors.js';
import type { ModelConfig } from '../models/architecture.js';
import { Random } from '../nn/random.js';
import { type Fold, parseFold } from './settingKinds.js';
import type { TrainingConfig } from './trainingConfig.js';

/** The number of samples in an epoch. @throws SamusError DATA_…, TRAIN_HOLD_OUT, TRAIN_REPEAT */
export async function epochSamples(data: TrainingConfig['data'], repeat: TrainingConfig['repeat']): Promise<number> {
  return (await readLists(data, repeat)).train.length;
}

/**
 * The samples to train and validate on, and their dataset folder.
 * @throws SamusError DATA_…, DATA_LIST_EMPTY also if nothing is left of a list, TRAIN_HOLD_OUT, TRAIN_REPEAT
 */
export async function readLists(
  data: TrainingConfig['data'],
  repeat: TrainingConfig['repeat'],
): Promise<{ readonly dataset: Dataset; readonly train: SampleList; readonly val: SampleList }> {
  const dataset = await openDataset(data.root);
  const listed = await dataset.lists(data.train);
  checkRepeat(listed, repeat);
  // Datasets excluded from the training are not held out either.
  const wanted = repeated(listed, Object.fromEntries(Object.entries(repeat).filter(([, times]) => times === 0)));
  const names = listed.datasets.filter((name) => repeat[name] !== 0);
  const parts = data.holdOut === 0 ? undefined : holdOut(wanted, data.holdOut, await patientsIn(dataset, names));
  const train = repeated(parts?.train ?? wanted, repeat);
  if (train.length === 0) throw emptyList('train on', data.train);
  const val = parts?.held ?? (await dataset.lists(data.val));
  if (val.length === 0) throw emptyList('validate on', data.val);
  return { dataset, train, val };
}

/** The patients of images, by dataset and name. */
async function patientsIn(dataset: Dataset, names: readonly string[]) {
  const known = new Map(await Promise.all(names.map(async (name) => [name, await dataset.patients(name)] as const)));
  return (name: string, image: string): string | undefined => known.get(name)?.(image);
}

function emptyList(purpose: string, lists: readonly string[]): SamusError {
  const message = `expected samples to ${purpose}, got none from the lists (${listed(lists)})`;
  return new SamusError('DATA_LIST_EMPTY', message, 'name other lists, or repeat fewer datasets 0 times', {
    lists: [...lists],
  });
}

function checkRepeat(list: SampleList, repeat: TrainingConfig['repeat']): void {
  const unknown = Object.keys(repeat).filter((name) => !list.datasets.includes(name));
  if (unknown.length === 0) return;
  const message = `expected datasets of the lists to repeat, got ${listed(unknown)}`;
  throw new SamusError('TRAIN_REPEAT', message, `choose from ${listed(list.datasets, 20)}`);
}

/**
 * Names and colours of a network's classes. One that learns a single object has the class of all samples.
 * @param count the classes of the network, the background included
 * @returns nothing where the datasets disagree
 */
export function classesOfLists(
  dataset: Pick<Dataset, 'classes'>,
  list: SampleList,
  count: number,
): Pick<ModelConfig, 'classNames' | 'classColors'> {
  const found = new Map<string, Required<Pick<ModelConfig, 'classNames' | 'classColors'>>>();
  for (const { dataset: name, classId } of list) {
    const { names, colors } = dataset.classes(name);
    const of = (values: readonly string[]) => (count === 2 ? [values[0]!, values[classId]!] : values.slice(0, count));
    found.set(of(names).join('\n'), { classNames: of(names), classColors: of(colors) });
  }
  const [classes] = found.values();
  return found.size === 1 && classes?.classNames.length === count ? classes : {};
}

/** The list with some datasets repeated or omitted. */
function repeated(list: SampleList, repeat: TrainingConfig['repeat']): SampleList {
  if (Object.keys(repeat).length === 0) return list;
  const indices: number[] = [];
  for (let i = 0; i < list.length; i++) {
    for (let n = repeat[list.at(i).dataset] ?? 1; n > 0; n--) indices.push(i);
  }
  return list.select(indices);
}

/** A hash that is equal for lists with the same samples in the same order. */
export function listsFingerprint(...lists: readonly SampleList[]): string {
  const hash = createHash('sha256');
  for (const list of lists) {
    hash.update(`${list.length}\n`);
    for (const { dataset, name, classId } of list) hash.update(`${classId}/${dataset}/${name}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Separates these draws from those seeded by a run. */
const HOLD_OUT_STREAM = 0x486f6c64;

/**
 * Holds out part of the training lists for validation, so that validation lists stay unseen until the end. It draws
 * groups: all images of a patient, where patients are known, because similar images on both sides would inflate the
 * validation Dice. The choice depends on the names alone and not on the run's seed, so that a run started from another
 * run's weights never trains on the images that selected them.
 * @param share of the images of each dataset, as close as whole groups allow, at least one group per dataset; or a fold of a
 *   cross-validation, whose parts hold every image once
 * @param patientOf the patient of an image, if known
 * @throws SamusError TRAIN_HOLD_OUT if a dataset has only one group
 */
export function holdOut(
  list: SampleList,
  share: number | Fold,
  patientOf: (dataset: string, name: string) => string | undefined,
): { readonly train: SampleList; readonly held: SampleList } {
  const names = new Map<string, Set<string>>();
  for (const { dataset, name } of list) names.set(dataset, (names.get(dataset) ?? new Set()).add(name));
  const held = new Map(
    [...names].map(([dataset, all]) => [dataset, drawnGroups(dataset, all, share, (name) => patientOf(dataset, name))]),
  );
  const [inTraining, inValidation]: [number[], number[]] = [[], []];
  for (let i = 0; i < list.length; i++) {
    const { dataset, name } = list.at(i);
    (held.get(dataset)!.has(name) ? inValidation : inTraining).push(i);
  }
  return { train: list.select(inTraining), held: list.select(inValidation) };
}

function drawnGroups(
  dataset: string,
  names: ReadonlySet<string>,
  share: number | Fold,
  patientOf: (name: string) => string | undefined,
): ReadonlySet<string> {
  const groups = new Map<string, string[]>();
  // Sorted, so that the order of the list does not matter.
  for (const name of [...names].sort()) {
    const patient = patientOf(name);
    const key = patient === undefined ? `image/${name}` : `patient/${patient}`;
    const group = groups.get(key) ?? [];
    group.push(name);
    groups.set(key, group);
  }
  const part = typeof share === 'string' ? parseFold(share) : undefined;
  const least = part?.folds ?? 2;
  if (groups.size < least) {
    const message = `expected at least ${least} patients in ${dataset} to hold some out, got ${groups.size} for ${names.size} images`;
    throw new SamusError('TRAIN_HOLD_OUT', message, 'name a validation list instead of a share', {
      dataset,
      images: names.size,
    });
  }
  const random = Random.seeded(HOLD_OUT_STREAM, ...new TextEncoder().encode(dataset));
  const shuffled = random.shuffle([...groups.values()]);
  if (part) return foldOf(shuffled, part);
  const wanted = names.size * Number(share);
  const held = new Set<string>();
  for (const group of shuffled) {
    // Skip a group that would overshoot the share by more than it is now short.
    if (held.size + group.length / 2 < wanted) for (const name of group) held.add(name);
  }
  if (held.size > 0) return held;
  const smallest = shuffled.reduce((least, group) => (group.length < least.length ? group : least));
  return new Set(smallest);
}

/** Deals the groups to the folds, each to the one with the fewest images so far. */
function foldOf(
  groups: readonly (readonly string[])[],
  { fold, folds }: NonNullable<ReturnType<typeof parseFold>>,
): ReadonlySet<string> {
  const parts = Array.from({ length: folds }, (): string[] => []);
  for (const group of groups) parts.reduce((least, one) => (one.length < least.length ? one : least)).push(...group);
  return new Set(parts[fold - 1]);
}
