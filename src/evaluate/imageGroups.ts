/**
 * Which lines of a list are about the same image, so that it is read and encoded once for all its classes. A few
 * numbers a line: a list of 100,000 lines costs about two megabytes.
 */
import type { SampleList } from '../data/sampleList.js';
import { hashOf } from './promptPlan.js';

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
  const places = [...first.keys()];
  return {
    distinct: list.select(places.filter((place) => first[place] === 1)),
    repeated: list.select(places.filter((place) => first[place] === 0)),
  };
}

/** For each line the next one about the same image, or -1. */
function sameImageChain(list: SampleList): Int32Array {
  const key = (i: number): string => {
    const { dataset, name } = list.at(i);
    return `${dataset}/${name}`;
  };
  const hashes = new Uint32Array(list.length);
  for (let i = 0; i < list.length; i++) hashes[i] = hashOf(key(i));
  const order = new Uint32Array(list.length).map((_, i) => i).sort((a, b) => hashes[a]! - hashes[b]! || a - b);
  const next = new Int32Array(list.length).fill(-1);
  for (let k = 0; k < order.length; k++) {
    // Unequal names with one hash may stand between equal ones.
    for (let m = k + 1; m < order.length && hashes[order[m]!] === hashes[order[k]!]; m++) {
      if (key(order[m]!) !== key(order[k]!)) continue;
      next[order[k]!] = order[m]!;
      break;
    }
  }
  return next;
}
