/**
 * Divides images over the sides of a split, all images of a patient on one side: training, validation and test by
 * ratios, or folds. Also finds by the names of lists which of them belong together. Reading images and writing lists
 * is not here.
 */
import { SamusError } from '../errors.js';
import type { Random } from '../nn/random.js';
import { groupBy } from './groupBy.js';

export const SIDES = ['train', 'val', 'test'] as const;
type Side = (typeof SIDES)[number];

/** A list of a split, by its name: `val-fold2` is the side `val` of the family `fold2`. */
export interface SplitList {
  readonly side: Side;
  readonly family: string;
  readonly list: string;
}

/** The lists of each split among these. */
export function splitFamilies(lists: readonly string[]): SplitList[][] {
  const parsed = lists.flatMap((list): SplitList[] => {
    const [head = '', ...rest] = list.split('-');
    const side = SIDES.find((known) => known === head);
    return side ? [{ side, family: rest.join('-'), list }] : [];
  });
  return [...groupBy(parsed, ({ family }) => family).values()];
}

/**
 * What hangs together: items that share a key, directly or through others, get the same number.
 * @param keysOf may be none: the item stands for itself
 */
export function linked<T>(items: readonly T[], keysOf: (item: T) => readonly string[]): number[] {
  const above = items.map((_, i) => i);
  const top = (i: number): number => {
    let at = i;
    while (above[at] !== at) at = above[at]!;
    above[i] = at;
    return at;
  };
  const firstWith = new Map<string, number>();
  for (const [i, item] of items.entries()) {
    for (const key of keysOf(item)) {
      const first = firstWith.get(key);
      if (first === undefined) firstWith.set(key, i);
      else above[top(i)] = top(first);
    }
  }
  return items.map((_, i) => top(i));
}

/**
 * Divides items into parts of about the given shares. Groups stay whole; they are taken in random order, and each goes where
 * most is missing, so that parts are as near to their shares as whole groups allow.
 * @param groupOf items with the same answer stay together
 * @param shares of each part; only their ratios count, none is negative
 * @param placeOf the part that an item must go to, if it must; its group goes there with it
 * @returns as many lists as there are shares, items in their given order
 * @throws SamusError SPLIT_SHARES
 */
export function divide<T>(
  items: readonly T[],
  groupOf: (item: T, index: number) => string,
  shares: readonly number[],
  random: Random,
  placeOf: (item: T) => number | undefined = () => undefined,
): T[][] {
  const sum = shares.reduce((a, b) => a + b, 0);
  if (!(sum > 0 && Number.isFinite(sum)) || shares.some((share) => !(share >= 0))) {
    const message = `expected shares of a split from 0 on, got ${shares.join(',')}`;
    throw new SamusError('SPLIT_SHARES', message, 'give for example 7,1,2', {});
  }
  const places = items.map((_, index) => index);
  const groups = random.shuffle([...groupBy(places, (index) => groupOf(items[index]!, index)).values()]);
  const parts: number[][] = shares.map(() => []);
  const bound = (group: readonly number[]): number | undefined =>
    group.map((index) => placeOf(items[index]!)).find((place) => place !== undefined);
  // Those that have no choice first, so that the others even out what they leave.
  const [fixed, free] = [
    groups.filter((group) => bound(group) !== undefined),
    groups.filter((group) => bound(group) === undefined),
  ];
  for (const group of fixed) parts[bound(group)!]!.push(...group);
  for (const group of free) {
    const missing = shares.map((share, i) => (share / sum) * items.length - parts[i]!.length);
    parts[missing.indexOf(Math.max(...missing))]!.push(...group);
  }
  return parts.map((part) => part.sort((a, b) => a - b).map((index) => items[index]!));
}
