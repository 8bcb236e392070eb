/**
 * Sets a part of the training lists aside to validate on, so that validation lists stay unseen until the end. Names in
 * order keep the images of one examination together in most sets, so the part is cut from the end of each dataset.
 */
import type { SampleList } from '../data/sampleList.js';
import { SamusError } from '../errors.js';

/**
 * @param share of the images of each dataset, at least one of each
 * @throws SamusError TRAIN_HOLD_OUT if a dataset has one image only
 */
export function holdOut(list: SampleList, share: number): { readonly train: SampleList; readonly held: SampleList } {
  const names = new Map(list.datasets.map((dataset) => [dataset, new Set<string>()]));
  for (const { dataset, name } of list) names.get(dataset)!.add(name);
  const held = new Map([...names].map(([dataset, all]) => [dataset, tail(dataset, all, share)]));
  const [inTraining, inValidation]: [number[], number[]] = [[], []];
  for (let i = 0; i < list.length; i++) {
    const { dataset, name } = list.at(i);
    (held.get(dataset)!.has(name) ? inValidation : inTraining).push(i);
  }
  return { train: list.select(inTraining), held: list.select(inValidation) };
}

function tail(dataset: string, names: ReadonlySet<string>, share: number): ReadonlySet<string> {
  const count = Math.max(1, Math.round(names.size * share));
  if (count < names.size) return new Set([...names].sort().slice(-count));
  const message = `several images of ${dataset} were expected, to hold some of them out; there is ${names.size}`;
  throw new SamusError('input', 'TRAIN_HOLD_OUT', message, 'name a validation list in place of a share');
}
