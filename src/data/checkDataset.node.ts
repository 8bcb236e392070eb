/**
 * Looks a dataset folder through for what spoils a training or an evaluation: files that are missing or do not fit,
 * labels that are empty or hold unknown classes, images that are there twice, and lists that put the same image, the
 * same patient or nearly the same picture on both sides of a split. It changes nothing.
 */
import { createHash } from 'node:crypto';
import { listed, SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import { checkLines, leaks, type Problem, type Seen, type TrainingOverlap } from './checkLists.js';
import type { Dataset } from './dataset.node.js';
import { groupBy } from './groupBy.js';
import { imageFingerprint } from './nearDuplicates.js';
import type { SampleList } from './sampleList.js';
import { splitFamilies } from './splitLists.js';

export interface CheckReport {
  readonly datasets: readonly { readonly dataset: string; readonly images: number; readonly labels: number }[];
  readonly lists: readonly { readonly list: string; readonly samples: number }[];
  readonly problems: readonly Problem[];
}

export interface CheckOptions {
  /** Lists that are the sides of one split, whatever their names; those alone are checked then. */
  readonly together?: readonly string[];
  /** Told before each image. */
  readonly onProgress?: (done: number, total: number, image: string) => void;
}

/** Checks every image and every list. @throws what reading the folder itself throws; problems are reported, not thrown */
export async function checkDataset(data: Dataset, { onProgress, together }: CheckOptions = {}): Promise<CheckReport> {
  const problems: Problem[] = [];
  const datasets: CheckReport['datasets'][number][] = [];
  const seen = new Map<string, Seen>();
  const names = await data.datasets();
  const folders = await Promise.all(names.map(async (dataset) => ({ dataset, ...(await data.names(dataset)) })));
  const total = folders.reduce((sum, { images }) => sum + images.size, 0);
  let done = 0;
  for (const { dataset, images, labels } of folders) {
    datasets.push({ dataset, images: images.size, labels: labels.size });
    for (const name of labels) {
      if (!images.has(name)) problems.push(problem('warning', 'IMAGE_MISSING', 'a label has no image', dataset, name));
    }
    for (const name of images) {
      onProgress?.(done++, total, name);
      if (!labels.has(name)) {
        problems.push(problem('warning', 'LABEL_MISSING', 'an image has no label', dataset, name));
        continue;
      }
      const found = await readOne(data, dataset, name, problems);
      if (found) seen.set(found.image, found);
    }
  }
  problems.push(...duplicates([...seen.values()]));
  const there = await data.listNames();
  const wanted = together ?? there;
  const lists = new Map<string, SampleList>();
  for (const list of wanted) {
    const report = ({ code, message }: SamusError) => problems.push({ severity: 'error', code, message, images: [] });
    lists.set(list, await data.listed(list, report));
  }
  const files = new Map(folders.map(({ dataset, images, labels }) => [dataset, { images, labels }]));
  const known = { files, seen, count: (dataset: string) => countOf(data, dataset) };
  const counts: CheckReport['lists'][number][] = [];
  for (const [list, samples] of lists) {
    const { problems: found, samples: count } = checkLines(samples, known);
    problems.push(...found);
    counts.push({ list, samples: count });
  }
  const families = together ? [together.map((list) => ({ list, side: sideOf(list) }))] : splitFamilies(there);
  problems.push(...leaks(families, lists, seen));
  return { datasets, lists: counts, problems };
}

/**
 * Searches training lists for the images of a list, images that look like them, and their patients.
 * @param evaluated whose images are on the other side
 * @throws SamusError as `listed` of the dataset
 */
export async function trainingOverlap(
  data: Dataset,
  evaluated: SampleList,
  training: readonly string[],
  onProgress?: (done: number, total: number) => void,
): Promise<TrainingOverlap> {
  const lists = new Map<string, SampleList>([[EVALUATED, evaluated]]);
  for (const list of training) lists.set(list, await data.listed(list));
  const waiting = new Map(
    [...lists.values()].flatMap((list) => [...list].map((one) => [`${one.dataset}/${one.name}`, one])),
  );
  const [seen, total] = [new Map<string, Seen>(), waiting.size];
  const queue = waiting.values();
  const work = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      // What cannot be read, the evaluation or the training says.
      const found = await readOne(data, next.value.dataset, next.value.name, []);
      if (found) seen.set(found.image, found);
      onProgress?.(seen.size, total);
    }
  };
  await Promise.all(Array.from({ length: READERS }, work));
  const family = [EVALUATED, ...training].map((list) => ({ list, side: list === EVALUATED ? EVALUATED : 'training' }));
  const known = training.flatMap((list) => [...lists.get(list)!].map(({ dataset, name }) => `${dataset}/${name}`));
  const images = new Set(known.filter((image) => seen.has(image))).size;
  return { lists: training, images, problems: leaks([family], lists, seen) };
}

/** No list has this name. */
const EVALUATED = 'the evaluated lists';
/** Images that are decoded at the same time. */
const READERS = 4;

/** Classes of a dataset; any, where the files that say so contradict each other, which the problems of its images show. */
function countOf(data: Dataset, dataset: string): number {
  try {
    return data.classes(dataset).count;
  } catch (error) {
    if (error instanceof SamusError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** The side that a list is named after, or else the list itself. */
function sideOf(list: string): string {
  return splitFamilies([list])[0]?.[0]?.side ?? list;
}

/** A label with more values than these holds soft edges, no classes. */
const MOST_CLASSES = 20;

function problem(severity: Problem['severity'], code: string, what: string, dataset: string, name: string): Problem {
  return { severity, code, message: `${what}: ${dataset}/${name}`, images: [`${dataset}/${name}`] };
}

async function readOne(data: Dataset, dataset: string, name: string, problems: Problem[]): Promise<Seen | undefined> {
  try {
    const { image, label, patient, labelValues } = await data.read({ dataset, name });
    const classes = [...new Set(label)].filter((value) => value > 0);
    if (classes.length === 0) {
      problems.push(problem('warning', 'LABEL_EMPTY', 'a label holds no object', dataset, name));
    } else if (classes.length < labelValues && labelValues <= MOST_CLASSES) {
      const what = `a label holds ${labelValues} values beside 0, all taken as one object: class.json gives two classes`;
      problems.push(problem('warning', 'LABEL_VALUES', what, dataset, name));
    }
    return {
      image: `${dataset}/${name}`,
      classes,
      digest: digestOf(image),
      print: imageFingerprint(image),
      ...(patient !== undefined && { patient: `${dataset}/${patient}` }),
    };
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    problems.push({ severity: 'error', code: error.code, message: error.message, images: [`${dataset}/${name}`] });
    return undefined;
  }
}

function duplicates(seen: readonly Seen[]): Problem[] {
  const groups = [...groupBy(seen, ({ digest }) => digest).values()].filter((group) => group.length > 1);
  return groups.map((group) => {
    const images = group.map(({ image }) => image);
    const message = `${images.length} images are equal pixel by pixel: ${listed(images)}`;
    return { severity: 'warning', code: 'IMAGE_DUPLICATE', message, images };
  });
}

/** A digest of the pixels, not of the file: one picture may be packed in several ways. */
export function digestOf({ width, height, data }: Image): string {
  return createHash('sha256').update(`${width}x${height}:`).update(data).digest('base64');
}
