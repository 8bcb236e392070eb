/**
 * Looks a data set folder through for what spoils a training or an evaluation: files that are missing or do not fit,
 * labels that are empty or hold unknown classes, images that are there twice, and lists that put the same image, the
 * same patient or nearly the same picture on both sides of a split. It changes nothing.
 */
import { createHash } from 'node:crypto';
import { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import type { Dataset } from './dataset.node.js';
import { groupBy } from './groupBy.js';
import { type Fingerprint, findNearDuplicates, fingerprint } from './nearDuplicates.js';
import type { SampleList } from './sampleList.js';
import { splitFamilies } from './splitLists.js';

/** Something to look at. `error`: work with the data set fails or its numbers mean nothing; `warning`: perhaps meant. */
interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  /** Images that it is about, `Dataset/NAME`. */
  readonly images: readonly string[];
}

export interface CheckReport {
  readonly datasets: readonly { readonly dataset: string; readonly images: number; readonly labels: number }[];
  readonly lists: readonly { readonly list: string; readonly samples: number }[];
  readonly problems: readonly Problem[];
}

export interface CheckOptions {
  /** Told before each image. */
  readonly onProgress?: (done: number, total: number, image: string) => void;
}

/** What is kept of an image that could be read. */
interface Seen {
  readonly image: string;
  readonly digest: string;
  readonly print: Fingerprint;
  /** With the data set in front: numbers of patients begin anew in each. */
  readonly patient?: string;
}

/** Checks every image and every list. @throws what reading the folder itself throws; problems are reported, not thrown */
export async function checkDataset(data: Dataset, { onProgress }: CheckOptions = {}): Promise<CheckReport> {
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
  const lists = new Map<string, SampleList>();
  for (const list of await data.listNames()) {
    try {
      lists.set(list, await data.lists([list]));
    } catch (error) {
      if (!(error instanceof SamusError)) throw error;
      problems.push({ severity: 'error', code: error.code, message: error.message, images: [] });
    }
  }
  problems.push(...leaks(lists, seen));
  const counts = [...lists].map(([list, samples]) => ({ list, samples: samples.length }));
  return { datasets, lists: counts, problems };
}

function problem(severity: Problem['severity'], code: string, what: string, dataset: string, name: string): Problem {
  return { severity, code, message: `${what}: ${dataset}/${name}`, images: [`${dataset}/${name}`] };
}

async function readOne(data: Dataset, dataset: string, name: string, problems: Problem[]): Promise<Seen | undefined> {
  try {
    const { image, label, patient } = await data.read({ dataset, name });
    if (!label.some((value) => value !== 0)) {
      problems.push(problem('warning', 'LABEL_EMPTY', 'a label holds no object', dataset, name));
    }
    return {
      image: `${dataset}/${name}`,
      digest: digestOf(image),
      print: fingerprint(image),
      ...(patient !== undefined && { patient: `${dataset}/${patient}` }),
    };
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    problems.push({ severity: 'error', code: error.code, message: error.message, images: [`${dataset}/${name}`] });
    return undefined;
  }
}

/** Of the pixels, not of the file: one picture may be packed in several ways. */
function digestOf({ width, height, data }: Image): string {
  return createHash('sha256').update(`${width}x${height}:`).update(data).digest('base64');
}

function duplicates(seen: readonly Seen[]): Problem[] {
  const groups = [...groupBy(seen, ({ digest }) => digest).values()].filter((group) => group.length > 1);
  return groups.map((group) => {
    const images = group.map(({ image }) => image);
    const message = `${images.length} images are equal pixel by pixel: ${images.join(', ')}`;
    return { severity: 'warning', code: 'IMAGE_DUPLICATE', message, images };
  });
}

/** What is on both sides of a split. Each family of lists (train, val, test; of one fold, of one data set) is one. */
function leaks(lists: ReadonlyMap<string, SampleList>, seen: ReadonlyMap<string, Seen>): Problem[] {
  const problems: Problem[] = [];
  const told = new Set<string>();
  const tell = (code: string, severity: Problem['severity'], message: string, images: readonly string[]): void => {
    // The joined lists repeat what the lists of each data set say.
    const key = `${code} ${images.join(' ')}`;
    if (!told.has(key)) problems.push({ severity, code, message, images });
    told.add(key);
  };
  for (const family of splitFamilies([...lists.keys()])) {
    const sideOf = new Map<string, string>();
    for (const { side, list } of family) {
      for (const { dataset, name } of lists.get(list)!) {
        const image = `${dataset}/${name}`;
        const other = sideOf.get(image) ?? side;
        if (other !== side) tell('SPLIT_IMAGE', 'error', `${image} is in ${other} and in ${side} (${list})`, [image]);
        sideOf.set(image, other);
      }
    }
    const members = [...sideOf].flatMap(([image, side]) => {
      const known = seen.get(image);
      return known ? [{ ...known, side }] : [];
    });
    const patients = groupBy(
      members.filter(({ patient }) => patient !== undefined),
      ({ patient }) => patient,
    );
    for (const [patient, group] of patients) {
      const sides = [...new Set(group.map(({ side }) => side))];
      const images = group.map(({ image }) => image);
      if (sides.length > 1) {
        tell(
          'SPLIT_PATIENT',
          'error',
          `images of ${patient} are in ${sides.join(' and in ')}: ${images.join(', ')}`,
          images,
        );
      }
    }
    const prints = members.map(({ print }) => print);
    const sides = members.map(({ side }) => side);
    for (const { a, b, correlation } of findNearDuplicates(prints, sides)) {
      const [first, second] = [members[a]!, members[b]!];
      const where = `${first.image} (${first.side}) and ${second.image} (${second.side})`;
      const images = [first.image, second.image];
      if (first.digest === second.digest) {
        tell('SPLIT_DUPLICATE', 'error', `${where} are equal pixel by pixel`, images);
      } else {
        const likeness = `correlation ${correlation.toFixed(4)}`;
        tell('SPLIT_NEAR_DUPLICATE', 'warning', `${where} look alike, ${likeness}`, images);
      }
    }
  }
  return problems;
}
