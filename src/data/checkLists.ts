/**
 * Problems of lists once the images are known: lines that name missing files, unknown classes, nothing
 * or the same again, and images, patients or pictures on both sides of a split. Reading is not here.
 */
import { listed } from '../errors.js';
import { groupBy } from './groupBy.js';
import { type Fingerprint, findNearDuplicates } from './nearDuplicates.js';
import { EVERY_CLASS, type SampleList, sampleOrigin } from './sampleList.js';

/** Something to look at. `error`: work with the dataset fails or its numbers mean nothing; `warning`: perhaps meant. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  /** Images that it is about, `Dataset/NAME`. */
  readonly images: readonly string[];
}

/** What is kept of an image that could be read. */
export interface Seen {
  readonly image: string;
  /** Classes that its label holds. */
  readonly classes: readonly number[];
  readonly digest: string;
  readonly print: Fingerprint;
  /** With the dataset in front: numbers of patients begin anew in each. */
  readonly patient?: string;
}

/** What evaluated images have in common with those of training. */
export interface TrainingOverlap {
  /** The lists of training images. */
  readonly lists: readonly string[];
  /** Different training images that were compared. */
  readonly images: number;
  /** Equal images, near-duplicates, and patients on both sides. */
  readonly problems: readonly Problem[];
}

interface Known {
  /** Names of the files of each dataset. */
  readonly files: ReadonlyMap<string, { readonly images: ReadonlySet<string>; readonly labels: ReadonlySet<string> }>;
  /** By `Dataset/NAME`. */
  readonly seen: ReadonlyMap<string, Seen>;
  /** Number of classes of a dataset, the background included. */
  readonly count: (dataset: string) => number;
}

/**
 * Line by line.
 * @returns also how many samples the list stands for: a line without a class is one for each that its label holds
 */
export function checkLines(list: SampleList, known: Known): { readonly problems: Problem[]; readonly samples: number } {
  const problems: Problem[] = [];
  const before = new Map<string, number>();
  let samples = 0;
  for (const sample of list) {
    const { dataset, name, classId } = sample;
    const image = `${dataset}/${name}`;
    const where = sampleOrigin(sample);
    const report = (severity: Problem['severity'], code: string, message: string): void => {
      problems.push({ severity, code, message, images: [image] });
    };
    const files = known.files.get(dataset);
    const missing = !files?.images.has(name) ? 'image' : !files.labels.has(name) ? 'label' : undefined;
    const count = known.count(dataset);
    const held = known.seen.get(image)?.classes;
    const key = `${classId}/${image}`;
    const first = before.get(key);
    if (missing) report('error', 'DATA_FILE_MISSING', `the ${missing} of ${where} is missing`);
    if (classId >= count) {
      report('error', 'DATA_CLASS_RANGE', `expected a class below ${count} for ${where}, got ${classId}`);
    } else if (classId !== EVERY_CLASS && held && !held.includes(classId) && held.length > 0) {
      report('warning', 'SAMPLE_EMPTY', `class ${classId} of ${where} is not in its label`);
    }
    if (first !== undefined) report('warning', 'LIST_DUPLICATE', `${where} repeats line ${first}`);
    else before.set(key, sample.line ?? 0);
    samples += classId === EVERY_CLASS && count > 2 ? (held?.length ?? 0) : 1;
  }
  return { problems, samples };
}

/** What is on both sides of a split. Each family of lists (train, val, test; of one fold, of one dataset) is one. */
export function leaks(
  families: readonly (readonly { readonly list: string; readonly side: string }[])[],
  lists: ReadonlyMap<string, SampleList>,
  seen: ReadonlyMap<string, Seen>,
): Problem[] {
  const problems: Problem[] = [];
  const reported = new Set<string>();
  const report = (code: string, severity: Problem['severity'], message: string, images: readonly string[]): void => {
    // The joined lists repeat what the lists of each dataset say.
    const key = `${code} ${images.join(' ')}`;
    if (!reported.has(key)) problems.push({ severity, code, message, images });
    reported.add(key);
  };
  for (const family of families) {
    const sideOf = new Map<string, string>();
    for (const { side, list } of family) {
      for (const { dataset, name } of lists.get(list)!) {
        const image = `${dataset}/${name}`;
        const other = sideOf.get(image) ?? side;
        if (other !== side) report('SPLIT_IMAGE', 'error', `${image} is in ${other} and in ${side} (${list})`, [image]);
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
        report(
          'SPLIT_PATIENT',
          'error',
          `images of ${patient} are in ${sides.join(' and in ')}: ${listed(images)}`,
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
        report('SPLIT_DUPLICATE', 'error', `${where} are equal pixel by pixel`, images);
      } else {
        const likeness = `correlation ${correlation.toFixed(4)}`;
        report('SPLIT_NEAR_DUPLICATE', 'warning', `${where} look alike, ${likeness}`, images);
      }
    }
  }
  return problems;
}
