/**
 * Which lines of a list are about the same image, so that it is read and encoded once for all its classes. A few
 * numbers a line: a list of 100,000 lines costs about two megabytes.
 */
import type { SampleList } from '../data/sampleList.js';
import { columnOf, kept, places } from './columns.js';
import { fnv1a } from './promptPlan.js';

/** Gives, image by image in the order of first mention, the places of its lines in the list. */
export function* imageGroups(list: SampleList): Generator<readonly number[]> {
  const next = sameImageChain(list);
  const taken = new Uint8Array(list.length);
  for (let i = 0; i < list.length; i++) {
    if (taken[i] === 1) continue;
    const group: number[] = [];
    for (let j = i; j >= 0; j = next[j]!) {
      taken[j] = 1;
      group.push(j);
    }
    yield group;
  }
}

/** The list without lines that name a sample again, and these. */
export function distinctSamples(list: SampleList): { readonly distinct: SampleList; readonly repeated: SampleList } {
  const first = new Uint8Array(list.length);
  for (const group of imageGroups(list)) {
    const seen = new Set<number>();
    for (const place of group) {
      const { classId } = list.at(place);
      if (!seen.has(classId)) first[place] = 1;
      seen.add(classId);
    }
  }
  const chosen = (mark: number): SampleList => list.select(kept(places(list.length), (place) => first[place] === mark));
  return { distinct: chosen(1), repeated: chosen(0) };
}

/** For each line the next one about the same image, or -1. */
function sameImageChain(list: SampleList): Int32Array {
  const key = (i: number): string => {
    const { dataset, name } = list.at(i);
    return `${dataset}/${name}`;
  };
  const { length } = list;
  // Hash and place in one number: sorting numbers needs no memory, comparing places by their hashes needs much.
  const hashes = Math.min(2 ** 32, Math.floor(Number.MAX_SAFE_INTEGER / length));
  const order = columnOf(length, (i) => (fnv1a(key(i)) % hashes) * length + i).sort();
  const hashAt = (k: number): number => Math.floor(order[k]! / length);
  const next = new Int32Array(length).fill(-1);
  for (let k = 0; k < length; k++) {
    const place = order[k]! % length;
    // Unequal names with one hash may stand between equal ones.
    for (let m = k + 1; m < length && hashAt(m) === hashAt(k); m++) {
      if (key(order[m]! % length) !== key(place)) continue;
      next[place] = order[m]! % length;
      break;
    }
  }
  return next;
}
