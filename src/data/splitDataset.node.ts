/**
 * Makes the lists of a split for a data set folder: looks up patients and classes, divides each data set on its own,
 * writes `MainPatient/*.txt`. How images are divided is the business of splitLists.ts.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { writeTextFile } from '../formats/fileWrite.node.js';
import { Random } from '../nn/random.js';
import type { Dataset } from './dataset.node.js';
import { groupBy } from './groupBy.js';
import { LIST_FOLDER } from './sampleList.js';
import { divide, SIDES } from './splitLists.js';

export interface SplitOptions {
  readonly seed: number;
  /** Training, validation, test; ignored where there are folds. */
  readonly ratios: readonly number[];
  /** Number of folds, each of them once the validation side. */
  readonly folds?: number;
  /** Data sets to divide; all unless given. */
  readonly datasets?: readonly string[];
  /** Lists whose images are divided; every labelled image unless given. */
  readonly from?: readonly string[];
  /** Ending of the lists' names, `train-NAME`. */
  readonly name?: string;
  /** Whether images without an object are taken too, as class 1. */
  readonly withEmpty?: boolean;
  readonly replace?: boolean;
  /** Told before each label is read. */
  readonly onProgress?: (done: number, total: number, image: string) => void;
}

export interface SplitResult {
  readonly lists: readonly { readonly list: string; readonly images: number; readonly samples: number }[];
  /** Images of which no patient is known: each was divided on its own. */
  readonly withoutPatient: readonly { readonly dataset: string; readonly images: number }[];
  /** Images whose labels hold no object and that were left out. */
  readonly empty: number;
}

/** An image with the lines that it gives. */
interface Entry {
  readonly dataset: string;
  readonly name: string;
  readonly classes: readonly number[];
  readonly patient?: string;
}

/**
 * Writes the lists: `train`, `val` and `test`, and each of them for each data set (`train-<Dataset>`); with a name
 * `train-NAME` and so on alone; with folds `train-fold1`, `val-fold1`, …. The same seed gives the same lists.
 * @throws SamusError DATA_LIST_EXISTS, DATA_LAYOUT (nothing to divide), SPLIT_SHARES, and what reading labels throws
 */
export async function splitDataset(data: Dataset, options: SplitOptions): Promise<SplitResult> {
  const { seed, folds, ratios, name } = options;
  const { entries, empty } = await gather(data, options);
  if (entries.length === 0) {
    const message = `${data.root} was expected to hold labelled images to divide, it holds none`;
    throw new SamusError('input', 'DATA_LAYOUT', message, 'import a data set first', { root: data.root });
  }
  const lists = new Map<string, Entry[]>();
  const put = (list: string, part: readonly Entry[]): void => {
    if (part.length > 0) lists.set(list, [...(lists.get(list) ?? []), ...part]);
  };
  for (const [dataset, own] of groupBy(entries, (entry) => entry.dataset)) {
    // A data set is divided alike whichever others are there.
    const random = Random.seeded(seed, ...new TextEncoder().encode(dataset));
    const groupOf = (entry: Entry, index: number): string => (entry.patient ? `p${entry.patient}` : `i${index}`);
    if (folds === undefined) {
      for (const [i, part] of divide(own, groupOf, ratios, random).entries()) {
        const side = SIDES[i] ?? `part${i + 1}`;
        put(name ? `${side}-${name}` : side, part);
        if (!name) put(`${side}-${dataset}`, part);
      }
      continue;
    }
    const parts = divide(own, groupOf, new Array<number>(folds).fill(1), random);
    const ending = (fold: number): string => `${name ? `${name}-` : ''}fold${fold + 1}`;
    for (const fold of parts.keys()) {
      put(`train-${ending(fold)}`, parts.filter((_, i) => i !== fold).flat());
      put(`val-${ending(fold)}`, parts[fold]!);
    }
  }
  return {
    lists: await writeLists(data.root, lists, options.replace ?? false),
    withoutPatient: [
      ...groupBy(
        entries.filter(({ patient }) => !patient),
        ({ dataset }) => dataset,
      ),
    ].map(([dataset, images]) => ({ dataset, images: images.length })),
    empty,
  };
}

async function gather(data: Dataset, options: SplitOptions): Promise<{ entries: Entry[]; empty: number }> {
  const images = options.from ? await fromLists(data, options.from) : await fromFolders(data);
  const wanted = images.filter(({ dataset }) => options.datasets?.includes(dataset) ?? true);
  const entries: Entry[] = [];
  let empty = 0;
  for (const [i, { dataset, name, classes }] of wanted.entries()) {
    options.onProgress?.(i, wanted.length, name);
    const held = classes ?? (await heldClasses(data, dataset, name));
    const patient = (await data.patients(dataset))(name);
    const known = { dataset, name, ...(patient !== undefined && { patient }) };
    if (held.length > 0) entries.push({ ...known, classes: held });
    else if (options.withEmpty) entries.push({ ...known, classes: [1] });
    else empty++;
  }
  return { entries, empty };
}

type Candidate = { readonly dataset: string; readonly name: string; readonly classes?: readonly number[] };

async function fromFolders(data: Dataset): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const dataset of await data.datasets()) {
    const { images, labels } = await data.names(dataset);
    // Sorted, so that the order in which a file system names its files changes nothing.
    for (const name of [...images].sort()) if (labels.has(name)) found.push({ dataset, name });
  }
  return found;
}

async function fromLists(data: Dataset, names: readonly string[]): Promise<Candidate[]> {
  const samples = [...(await data.lists(names))];
  return [...groupBy(samples, ({ dataset, name }) => `${dataset}/${name}`).values()].map((group) => ({
    dataset: group[0]!.dataset,
    name: group[0]!.name,
    classes: [...new Set(group.map(({ classId }) => classId))],
  }));
}

async function heldClasses(data: Dataset, dataset: string, name: string): Promise<number[]> {
  const label = await data.readLabel({ dataset, name });
  return [...new Set(label.data)].filter((value) => value > 0).sort((a, b) => a - b);
}

async function writeLists(root: string, lists: ReadonlyMap<string, readonly Entry[]>, replace: boolean) {
  const path = (list: string): string => join(root, LIST_FOLDER, `${list}.txt`);
  for (const list of lists.keys()) {
    const there = await stat(path(list)).catch(() => undefined);
    if (!there || replace) continue;
    const message = `the list ${list} was expected to be new in ${root}, it is there already`;
    throw new SamusError('input', 'DATA_LIST_EXISTS', message, 'add --replace, or give the lists a --name', { list });
  }
  const written: SplitResult['lists'][number][] = [];
  for (const [list, entries] of lists) {
    const lines = entries.flatMap(({ dataset, name, classes }) => classes.map((id) => `${id}/${dataset}/${name}\n`));
    await writeTextFile(path(list), lines.join(''));
    written.push({ list, images: entries.length, samples: lines.length });
  }
  return written;
}
