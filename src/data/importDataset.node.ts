/**
 * Writes what an importer found into a root of the published layout: images, labels, images.csv, the entries of
 * class.json and dataset.json, and lists. A dataset appears in the root as a whole or not at all. What the sources
 * look like is the business of importers/.
 */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SamusError } from '../errors.js';
import { exists, storedPath } from '../formats/fileSystem.node.js';
import { makeFolder, writeTextFile } from '../formats/fileWrite.node.js';
import { createImage, type Image, toGrey } from '../formats/image.js';
import { writePng } from '../formats/imageWrite.node.js';
import { nameKey } from '../formats/outputNames.js';
import { resizeBilinear, resizeNearest } from '../formats/resize.js';
import { parseClassJson, parseDatasetJson } from './classes.js';
import { groupBy } from './groupBy.js';
import { formatFacts, type ImageRow, patientByName } from './imageFacts.js';
import { type NamedItem, namedItem, saltedHash } from './importers/hashedNames.node.js';
import type { ImportItem, ImportPlan, Skipped } from './importers/importer.js';
import { checkSameSize } from './publishedMasks.js';
import { checkListable, LIST_FOLDER } from './sampleList.js';
import { SIDES } from './splitLists.js';

export interface WriteOptions {
  /** Side of the square that images are stretched to, as the published data are; native size unless given. */
  readonly size?: number;
  /** Replace datasets that are there already. */
  readonly replace?: boolean;
  /** Told before each image. */
  readonly onProgress?: (done: number, name: string) => void;
}

/** What an import wrote. */
export interface ImportResult {
  readonly datasets: readonly {
    readonly dataset: string;
    readonly images: number;
    /** Images whose label holds no object. */
    readonly empty: number;
    /** Images without a label, if any. */
    readonly unlabelled?: number;
    /** Lists that name the dataset, without `.txt`. */
    readonly lists: readonly string[];
  }[];
  /** Annotations that could not be used, of images that are written. */
  readonly skipped: readonly Skipped[];
  /** Images that could not be read or do not fit their label. */
  readonly failed: readonly Skipped[];
  /** The file of each image, relative to the source. */
  readonly originals: readonly { readonly dataset: string; readonly name: string; readonly file: string }[];
}

/** What is known of an image once it is written. */
interface Written {
  readonly item: ImportItem;
  readonly facts: ImageRow;
  /** Classes that the label holds; undefined without a label. */
  readonly classes: readonly number[] | undefined;
  readonly skipped: readonly Skipped[];
}

/**
 * Imports a plan into `root`, which is created if missing. Lists: `all-<Dataset>` names every object of every
 * image, `empty-<Dataset>` images without one (as class 1); `train-`, `val-` and `test-<Dataset>` follow the official
 * split where there is one. An image that cannot be read, named or matched with its label is left out.
 * @throws SamusError DATA_EXISTS, IMPORT_NAMES for the name of the dataset, what is wrong with the first image if none can
 *   be imported, and as writing
 */
export async function importDataset(out: string, plan: ImportPlan, options: WriteOptions = {}): Promise<ImportResult> {
  const { replace = false } = options;
  const root = await storedPath(out);
  for (const dataset of plan.datasets.keys()) {
    checkFolder(dataset);
    await restore(join(root, dataset), asideOf(root, dataset));
    const place = join(root, dataset);
    if (!(await exists(place))) continue;
    if (!replace) {
      const message = `${dataset} exists already in ${root}`;
      throw new SamusError('DATA_EXISTS', message, 'import into another folder, or add --replace', {
        dataset,
      });
    }
    if (!(await exists(join(place, 'img'))) && (await readdir(place).catch(() => [''])).length > 0) {
      // It may even be the folder of masks that this import reads.
      const message = `expected a dataset to replace, but ${place} has no folder img`;
      throw new SamusError('DATA_EXISTS', message, 'import into another folder, or choose another name', { dataset });
    }
  }
  const byDataset = groupBy(plan.items, ({ dataset }) => dataset);
  const results: ImportResult['datasets'][number][] = [];
  const skipped: Skipped[] = [];
  const failed = [...(plan.failed ?? [])];
  const originals: ImportResult['originals'][number][] = [];
  let done = 0;
  for (const [dataset, items] of byDataset) {
    const count = plan.datasets.get(dataset)?.classes.length ?? 2;
    // Beside its place, so that moving it there is one step. What an import that was cut off left is of no use.
    const temporary = join(root, `.importing-${dataset}`);
    await rm(temporary, { recursive: true, force: true });
    const place = join(root, dataset);
    const there = await exists(place);
    try {
      const written: Written[] = [];
      const hash = items.some(({ identity }) => identity) ? await saltedHash(place, temporary) : undefined;
      const errors: { readonly item: ImportItem; readonly error: SamusError }[] = [];
      const taken = new Map<string, string>();
      for (const planned of items) {
        const item = namedItem(planned, hash);
        options.onProgress?.(done++, item.name);
        const result = await attempt(() => {
          takeName(item, taken);
          return writeItem(temporary, item, count, options.size);
        });
        if (result instanceof SamusError) errors.push({ item, error: result });
        else written.push(result);
      }
      if (written.length === 0 && errors[0]) throw errors[0].error;
      failed.push(...errors.map(({ item, error }) => failureOf(item, error)));
      skipped.push(...written.flatMap((one) => one.skipped));
      await writeFile(join(temporary, 'images.csv'), formatFacts(written.map(({ facts }) => facts)));
      await makeFolder(join(root, LIST_FOLDER));
      await addToClassFiles(root, dataset, plan);
      if (there) await removeLists(root, dataset);
      const lists = await writeLists(root, dataset, written);
      // Last: what is cut off before can be imported again, and is not taken for a dataset that is there.
      await moveInto(temporary, place, asideOf(root, dataset));
      const empty = written.filter(({ classes }) => classes?.length === 0).length;
      const unlabelled = written.filter(({ classes }) => !classes).length;
      originals.push(...written.map(({ item, facts: { name } }) => ({ dataset, name, file: item.source })));
      results.push({ dataset, images: written.length, empty, ...(unlabelled > 0 && { unlabelled }), lists });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  return { datasets: results, skipped, failed, originals };
}

/** The error of one image does not end the import; one of the machine, such as a full disk, does. */
async function attempt<T>(work: () => Promise<T>): Promise<T | SamusError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SamusError && error.kind === 'input') return error;
    throw error;
  }
}

/** The error of an image; of an annotation, where that is what cannot be used. */
function failureOf({ source }: ImportItem, { code, message, details }: SamusError): Skipped {
  const { annotation, reason } = details;
  const known = typeof annotation === 'string' || typeof annotation === 'number';
  return known && typeof reason === 'string'
    ? { file: source, annotation, reason }
    : { file: source, reason: message, ...(code.startsWith('DICOM_') && { code }) };
}

/** Where a dataset is while another one takes its place. */
function asideOf(root: string, dataset: string): string {
  return join(root, `.replaced-${dataset}`);
}

/** Puts back what an import that was cut off had moved aside, or removes it if its successor is in its place. */
async function restore(place: string, aside: string): Promise<void> {
  if (!(await exists(aside))) return;
  if (await exists(place)) await rm(aside, { recursive: true, force: true });
  else await rename(aside, place);
}

/** Puts a folder into its place; what is there goes only once the new one is. */
async function moveInto(folder: string, place: string, aside: string): Promise<void> {
  if (await exists(place)) await rename(place, aside);
  await rename(folder, place).catch(async (error: unknown) => {
    await restore(place, aside);
    throw error;
  });
  await rm(aside, { recursive: true, force: true });
}

/** @throws SamusError IMPORT_NAMES for the folder of the lists, in whatever case: some file systems do not distinguish cases */
function checkFolder(dataset: string): void {
  if (dataset.toLowerCase() !== LIST_FOLDER.toLowerCase()) return;
  const message = `expected another name for the dataset than ${LIST_FOLDER}, the folder of the lists`;
  throw new SamusError('IMPORT_NAMES', message, 'name it for example Organ-Source', { dataset });
}

/**
 * Reserves the name of an image.
 * @param taken the sources of the images so far by their names
 * @throws SamusError IMPORT_NAMES for a name that no line of a list can hold, or that an earlier image has
 */
function takeName({ name, source }: ImportItem, taken: Map<string, string>): void {
  checkListable(name, source);
  const other = taken.get(nameKey(name));
  if (other !== undefined) {
    const message = `expected ${other} and ${source} to have different names, both would be ${name}`;
    throw new SamusError('IMPORT_NAMES', message, 'rename one of them', { name });
  }
  taken.set(nameKey(name), source);
}

async function writeItem(folder: string, item: NamedItem, count: number, size: number | undefined): Promise<Written> {
  const { image: picture, label, spacingMm, skipped = [] } = await item.load();
  const image = toGrey(picture);
  const name = nameKey(item.name);
  if (label) checkSameSize(image, label, item.source);
  const highest = (label && heldClasses(label).at(-1)) ?? 0;
  if (highest >= count) {
    const message = `expected classes below ${count} in the label of ${item.source}, got ${highest}`;
    throw new SamusError('DATA_CLASS_RANGE', message, 'correct the label', {
      file: item.source,
      highest,
      count,
    });
  }
  const storedLabel =
    label && (size ? resizeNearest(label, size, size) : createImage(label.width, label.height, 1, label.data));
  const pictures = { img: size ? resizeBilinear(image, size, size) : image, label: storedLabel };
  for (const [part, stored] of Object.entries(pictures)) {
    if (!stored) continue;
    const path = join(folder, part, `${name}.png`);
    await makeFolder(dirname(path));
    await writePng(path, stored);
  }
  const { noted: source, patient = patientByName(item.dataset, name) } = item;
  const facts: ImageRow = {
    name,
    width: image.width,
    height: image.height,
    source,
    ...(patient !== undefined && { patient }),
    ...(spacingMm && { spacingMm }),
  };
  // A small object may vanish when it is made smaller: lists speak of what is stored.
  return { item, facts, classes: storedLabel && heldClasses(storedLabel), skipped };
}

function heldClasses({ data }: Image): number[] {
  const seen = new Uint8Array(256);
  for (const value of data) seen[value] = 1;
  return [...seen.keys()].filter((value) => value > 0 && seen[value] === 1);
}

async function addToClassFiles(root: string, dataset: string, plan: ImportPlan): Promise<void> {
  const entry = plan.datasets.get(dataset);
  if (!entry) return;
  const classFile = join(root, LIST_FOLDER, 'class.json');
  const datasetFile = join(root, LIST_FOLDER, 'dataset.json');
  const counts = parseClassJson(await textOr(classFile, '{}'), classFile);
  const entries = parseDatasetJson(await textOr(datasetFile, '{}'), datasetFile);
  const sorted = <T>(map: ReadonlyMap<string, T>): string =>
    `${JSON.stringify(Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1))), null, 1)}\n`;
  await writeTextFile(classFile, sorted(new Map([...counts, [dataset, entry.classes.length]])));
  await writeTextFile(datasetFile, sorted(new Map([...entries, [dataset, entry]])));
}

async function writeLists(root: string, dataset: string, written: readonly Written[]): Promise<string[]> {
  const lines: { readonly list: string; readonly line: string }[] = [];
  for (const { facts, item, classes } of written) {
    if (!classes) continue;
    if (classes.length === 0) lines.push({ list: 'empty', line: `1/${dataset}/${facts.name}` });
    for (const classId of classes) {
      const line = `${classId}/${dataset}/${facts.name}`;
      lines.push({ list: 'all', line });
      if (item.split) lines.push({ list: item.split, line });
    }
  }
  const names: string[] = [];
  for (const [list, entries] of groupBy(lines, (entry) => entry.list)) {
    names.push(`${list}-${dataset}`);
    const text = entries.map(({ line }) => `${line}\n`).join('');
    await writeTextFile(join(root, LIST_FOLDER, `${list}-${dataset}.txt`), text);
  }
  return names;
}

/** Lists of a dataset that is replaced name images that may not be there any more. */
async function removeLists(root: string, dataset: string): Promise<void> {
  for (const list of ['all', 'empty', ...SIDES]) {
    await rm(join(root, LIST_FOLDER, `${list}-${dataset}.txt`), { force: true });
  }
}

async function textOr(path: string, otherwise: string): Promise<string> {
  return (await exists(path)) ? readFile(path, 'utf8') : otherwise;
}
