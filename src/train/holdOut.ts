/**
 * Sets a part of the training lists aside to validate on, so that validation lists stay unseen until the end. What is
 * drawn are groups, the images of a patient where patients are known: images of one patient resemble each other, and
 * on both sides they would make the validation too good. Which groups hangs on their names alone and not on the seed
 * of the run, so that a run that goes on from another one's weights never trains on what chose them.
 */
import type { SampleList } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { Random } from '../nn/random.js';

/** Keeps these draws apart from all that are seeded by a run. */
const HOLD_OUT_STREAM = 0x486f6c64;

/**
 * @param share of the images of each dataset; as near to it as whole groups come, at least one of each dataset
 * @param patientOf the patient of an image, if it is known
 * @throws SamusError TRAIN_HOLD_OUT if a dataset has one group only
 */
export function holdOut(
  list: SampleList,
  share: number,
  patientOf: (dataset: string, name: string) => string | undefined,
): { readonly train: SampleList; readonly held: SampleList } {
  const names = new Map<string, Set<string>>();
  for (const { dataset, name } of list) names.set(dataset, (names.get(dataset) ?? new Set()).add(name));
  const held = new Map(
    [...names].map(([dataset, all]) => [dataset, drawn(dataset, all, share, (name) => patientOf(dataset, name))]),
  );
  const [inTraining, inValidation]: [number[], number[]] = [[], []];
  for (let i = 0; i < list.length; i++) {
    const { dataset, name } = list.at(i);
    (held.get(dataset)!.has(name) ? inValidation : inTraining).push(i);
  }
  return { train: list.select(inTraining), held: list.select(inValidation) };
}

function drawn(
  dataset: string,
  names: ReadonlySet<string>,
  share: number,
  patientOf: (name: string) => string | undefined,
): ReadonlySet<string> {
  const groups = new Map<string, string[]>();
  // Sorted, so that the order of the list changes nothing.
  for (const name of [...names].sort()) {
    const patient = patientOf(name);
    const key = patient === undefined ? `image/${name}` : `patient/${patient}`;
    const group = groups.get(key) ?? [];
    group.push(name);
    groups.set(key, group);
  }
  if (groups.size < 2) {
    const message = `expected images of several patients in ${dataset} to hold some of them out, but all ${names.size} are of one`;
    throw new SamusError('TRAIN_HOLD_OUT', message, 'name a validation list in place of a share', {
      dataset,
      images: names.size,
    });
  }
  const random = Random.seeded(HOLD_OUT_STREAM, ...new TextEncoder().encode(dataset));
  const shuffled = random.shuffle([...groups.values()]);
  const wanted = names.size * share;
  const held = new Set<string>();
  for (const group of shuffled) {
    // What would lead farther past the share than it now is short of it stays.
    if (held.size + group.length / 2 < wanted) for (const name of group) held.add(name);
  }
  if (held.size > 0) return held;
  const smallest = shuffled.reduce((least, group) => (group.length < least.length ? group : least));
  return new Set(smallest);
}
