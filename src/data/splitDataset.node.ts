/**
 * Makes the lists of a split for a dataset folder: looks up patients, classes and equal pictures, divides each dataset
 * on its own, writes `MainPatient/*.txt`. How images are divided is the business of splitLists.ts.
 */
import { join } from 'node:path';
import { listed, SamusError } from '../errors.js';
import { writeTextFile } from '../formats/fileWrite.node.js';
import { Random } from '../nn/random.js';
import { digestOf } from './checkDataset.node.js';
import type { LabelledImage } from './dataset.js';
import type { Dataset } from './dataset.node.js';
import { groupBy } from './groupBy.js';
import { checkListable, LIST_FOLDER } from './sampleList.js';
import { divide, linked, SIDES, splitFamilies } from './splitLists.js';

export interface SplitOptions {
  readonly seed: number;
  /** Training, validation, test; ignored where there are folds. */
  readonly ratios: readonly number[];
  /** Number of folds, each of them once the validation side. */
  readonly folds?: number;
  /** Datasets to divide; all unless given. */
  readonly datasets?: readonly string[];
  /** Lists whose images are divided; every labelled image unless given. */
  readonly from?: readonly string[];
  /** Ending of the lists' names, `train-NAME`. */
  readonly name?: string;
  /** Whether images without an object are taken too, as class 1. */
  readonly withEmpty?: boolean;
  readonly replace?: boolean;
  /** Told before each image is read. */
  readonly onProgress?: (done: number, total: number, image: string) => void;
}

export interface SplitResult {
  readonly lists: readonly { readonly list: string; readonly images: number; readonly samples: number }[];
  /** Images of which no patient is known: each was divided on its own. */
  readonly withoutPatient: readonly { readonly dataset: string; readonly images: number }[];
  /** Images whose labels hold no object and that were left out. */
  readonly empty: number;
  /** Images that cannot be read or listed, and are in no list. */
  readonly failed: readonly Unusable[];
}

interface Unusable {
  /** `Dataset/NAME` */
  readonly image: string;
  readonly error: SamusError;
}

/** An image with the lines that it gives. */
interface Entry {
  readonly dataset: string;
  readonly name: string;
  readonly classes: readonly number[];
  readonly patient?: string;
  /** Of the pixels. */
  readonly digest: string;
}

/**
 * Writes the lists: `train`, `val` and `test`, and each of them for each dataset (`train-<Dataset>`); with a name
 * `train-NAME` and so on alone; with folds `train-fold1`, `val-fold1`, …. The same seed gives the same lists. An image that
 * cannot be read is left out.
 * @throws SamusError DATA_LIST_EXISTS, DATA_LAYOUT (nothing to divide, or a missing dataset), SPLIT_FOLDS,
 *   SPLIT_SHARES, and what is wrong with the first image if none can be used
 */
export async function splitDataset(data: Dataset, options: SplitOptions): Promise<SplitResult> {
  const { seed, folds, ratios, name } = options;
  const { entries, empty, failed } = await gather(data, options);
  if (entries.length === 0) {
    if (failed[0]) throw failed[0].error;
    const message = `expected labelled images to divide in ${data.root}, got none`;
    throw new SamusError('DATA_LAYOUT', message, 'import a dataset first', { root: data.root });
  }
  const lists = new Map<string, Entry[]>();
  const put = (list: string, part: readonly Entry[]): void => {
    if (part.length > 0) lists.set(list, [...(lists.get(list) ?? []), ...part]);
  };
  /** The part that each picture went to: the same one may be in two datasets, as in those of DL_Track. */
  const places = new Map<string, number>();
  for (const [dataset, own] of groupBy(entries, (entry) => entry.dataset)) {
    // But for pictures that others have too, a dataset is divided alike whichever others are there.
    const random = Random.seeded(seed, ...new TextEncoder().encode(dataset));
    const groups = linked(own, ({ patient, digest }) => [`d${digest}`, ...(patient ? [`p${patient}`] : [])]);
    if (folds !== undefined && new Set(groups).size < folds) throw tooFewGroups(dataset, new Set(groups).size, folds);
    const shares = folds === undefined ? ratios : new Array<number>(folds).fill(1);
    const parts = divide(
      own,
      (_, index) => String(groups[index]),
      shares,
      random,
      ({ digest }) => places.get(digest),
    );
    for (const [i, part] of parts.entries()) for (const { digest } of part) places.set(digest, i);
    if (folds === undefined) {
      for (const [i, part] of parts.entries()) {
        const side = SIDES[i] ?? `part${i + 1}`;
        put(name ? `${side}-${name}` : side, part);
        if (!name) put(`${side}-${dataset}`, part);
      }
      continue;
    }
    const ending = (fold: number): string => `${name ? `${name}-` : ''}fold${fold + 1}`;
    for (const fold of parts.keys()) {
      put(`train-${ending(fold)}`, parts.filter((_, i) => i !== fold).flat());
      put(`val-${ending(fold)}`, parts[fold]!);
    }
  }
  return {
    lists: await writeLists(data, lists, options.replace ?? false),
    withoutPatient: [
      ...groupBy(
        entries.filter(({ patient }) => !patient),
        ({ dataset }) => dataset,
      ),
    ].map(([dataset, images]) => ({ dataset, images: images.length })),
    empty,
    failed,
  };
}

async function gather(
  data: Dataset,
  options: SplitOptions,
): Promise<{ readonly entries: Entry[]; readonly empty: number; readonly failed: Unusable[] }> {
  await checkWanted(data, options.datasets ?? []);
  const images = options.from ? await fromLists(data, options.from) : await fromFolders(data);
  const wanted = images.filter(({ dataset }) => options.datasets?.includes(dataset) ?? true);
  const entries: Entry[] = [];
  const failed: Unusable[] = [];
  let empty = 0;
  for (const [i, { dataset, name, classes }] of wanted.entries()) {
    options.onProgress?.(i, wanted.length, name);
    const read = await readListable(data, dataset, name);
    if (read instanceof SamusError) {
      failed.push({ image: `${dataset}/${name}`, error: read });
      continue;
    }
    const { image, label } = read;
    const held = classes ?? [...new Set(label)].filter((value) => value > 0).sort((a, b) => a - b);
    const patient = (await data.patients(dataset))(name);
    const known = { dataset, name, digest: digestOf(image), ...(patient !== undefined && { patient }) };
    if (held.length > 0) entries.push({ ...known, classes: held });
    else if (options.withEmpty) entries.push({ ...known, classes: [1] });
    else empty++;
  }
  return { entries, empty, failed };
}

/** The image and its label, or the error of this image; errors of the machine are thrown. */
async function readListable(data: Dataset, dataset: string, name: string): Promise<LabelledImage | SamusError> {
  try {
    checkListable(name, `${dataset}/${name}`);
    return await data.read({ dataset, name });
  } catch (error) {
    if (error instanceof SamusError && error.kind === 'input') return error;
    throw error;
  }
}

type Candidate = { readonly dataset: string; readonly name: string; readonly classes?: readonly number[] };

async function fromFolders(data: Dataset): Promise<Candidate[]> {
  const found: Candidate[] = [];
  for (const dataset of await data.datasets()) {
    const { images, labels } = await data.names(dataset);
    // Sorted, so that the order in which a file system names its files changes nothing.
    for (const name of [...images].sort()) {
      if (labels.has(name)) found.push({ dataset, name });
    }
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

/** @throws SamusError DATA_LAYOUT for a missing dataset */
async function checkWanted(data: Dataset, wanted: readonly string[]): Promise<void> {
  const there = await data.datasets();
  const missing = wanted.filter((name) => !there.includes(name));
  if (missing.length === 0) return;
  const message = `expected the datasets to divide in ${data.root}, ${listed(missing)} is missing`;
  throw new SamusError('DATA_LAYOUT', message, `datasets there: ${listed(there, 20) || 'none'}`, {
    root: data.root,
    missing,
  });
}

function tooFewGroups(dataset: string, groups: number, folds: number): SamusError {
  const message = `expected at least one patient or single image for each of ${folds} folds, ${dataset} has ${groups}`;
  return new SamusError('SPLIT_FOLDS', message, `take at most ${groups} folds`, { dataset, groups, folds });
}

async function writeLists(data: Dataset, lists: ReadonlyMap<string, readonly Entry[]>, replace: boolean) {
  const path = (list: string): string => join(data.root, LIST_FOLDER, `${list}.txt`);
  const there = await data.listNames();
  for (const list of lists.keys()) {
    if (!there.includes(list) || replace) continue;
    const message = `the list ${list} exists already in ${data.root}`;
    throw new SamusError('DATA_LIST_EXISTS', message, 'add --replace, or give the lists a --name', { list });
  }
  await checkOthers(data, lists, there);
  const written: SplitResult['lists'][number][] = [];
  for (const [list, entries] of lists) {
    const lines = entries.flatMap(({ dataset, name, classes }) => classes.map((id) => `${id}/${dataset}/${name}\n`));
    await writeTextFile(path(list), lines.join(''));
    written.push({ list, images: entries.length, samples: lines.length });
  }
  return written;
}

/**
 * A list that stays beside the new ones as another side of the same split must not name their images: a `test` of an
 * earlier split beside new `train` and `val`. It is not removed, somebody may have made it with care.
 * @throws SamusError DATA_LIST_EXISTS
 */
async function checkOthers(
  data: Dataset,
  lists: ReadonlyMap<string, readonly Entry[]>,
  there: readonly string[],
): Promise<void> {
  const others = there.filter((list) => !lists.has(list));
  for (const family of splitFamilies([...lists.keys(), ...others])) {
    const isNew = new Set(
      family.flatMap(({ list }) => (lists.get(list) ?? []).map(({ dataset, name }) => `${dataset}/${name}`)),
    );
    if (isNew.size === 0) continue;
    for (const { list } of family.filter(({ list }) => !lists.has(list))) {
      const shared = [...(await data.listed(list, () => {}))].filter(({ dataset, name }) =>
        isNew.has(`${dataset}/${name}`),
      );
      if (shared.length === 0) continue;
      const message = `the list ${list} stays and names ${shared.length} images of the new lists beside it`;
      const hint = `remove ${list}.txt if it is of an earlier split, or give the new lists a --name`;
      throw new SamusError('DATA_LIST_EXISTS', message, hint, { list, images: shared.length });
    }
  }
}
