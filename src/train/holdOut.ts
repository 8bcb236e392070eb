/**
 * Holds out part of the training lists for validation, so that validation lists stay unseen until the end. It draws
 * groups: all images of a patient, where patients are known, because similar images on both sides would inflate the
 * validation Dice. The choice depends on the names alone and not on the run's seed, so that a run started from another
 * run's weights never trains on the images that selected them.
 */
import type { SampleList } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { Random } from '../nn/random.js';

/** Separates these draws from those seeded by a run. */
const HOLD_OUT_STREAM = 0x486f6c64;

/**
 * @param share of the images of each dataset, as close as whole groups allow, at least one group per dataset
 * @param patientOf the patient of an image, if known
 * @throws SamusError TRAIN_HOLD_OUT if a dataset has only one group
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
  // Sorted, so that the order of the list does not matter.
  for (const name of [...names].sort()) {
    const patient = patientOf(name);
    const key = patient === undefined ? `image/${name}` : `patient/${patient}`;
    const group = groups.get(key) ?? [];
    group.push(name);
    groups.set(key, group);
  }
  if (groups.size < 2) {
    const message = `expected several patients in ${dataset} to hold some out, got one for all ${names.size} images`;
    throw new SamusError('TRAIN_HOLD_OUT', message, 'name a validation list instead of a share', {
      dataset,
      images: names.size,
    });
  }
  const random = Random.seeded(HOLD_OUT_STREAM, ...new TextEncoder().encode(dataset));
  const shuffled = random.shuffle([...groups.values()]);
  const wanted = names.size * share;
  const held = new Set<string>();
  for (const group of shuffled) {
    // Skip a group that would overshoot the share by more than it is now short.
    if (held.size + group.length / 2 < wanted) for (const name of group) held.add(name);
  }
  if (held.size > 0) return held;
  const smallest = shuffled.reduce((least, group) => (group.length < least.length ? group : least));
  return new Set(smallest);
}
