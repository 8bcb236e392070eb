/**
 * The classes of each dataset: how many (`MainPatient/class.json`, as published: the background counts) and their
 * names and colours (`MainPatient/dataset.json`). Values missing in both files have defaults. Other files read them.
 */
import { SamusError } from '../errors.js';
import { isFields } from '../formats/jsonFields.js';

/** Classes of a dataset; index 0 is the background. */
export interface DatasetClasses {
  /** The background included. */
  readonly count: number;
  readonly names: readonly string[];
  /** `#rrggbb` */
  readonly colors: readonly string[];
}

/** What `dataset.json` says about one dataset. */
export interface DatasetEntry {
  readonly classes?: readonly string[];
  readonly colors?: readonly string[];
  readonly licence?: string;
  readonly source?: string;
}

/** Distinguishable for people who do not see all colours; the first is that of the published example. */
const COLORS = ['#e4572e', '#17bebb', '#ffc914', '#76b041', '#7b4b94', '#2e86ab', '#f2a1c2', '#b5651d'] as const;

const MOST_CLASSES = 256;

/**
 * Published lists call one dataset by two names: `ThyroidGland-TG3K` in the validation lists, `ThyroidNodule-TG3K` in
 * class.json and the training lists. The one whose folder exists is meant.
 */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['ThyroidGland-TG3K', 'ThyroidNodule-TG3K'],
  ['ThyroidNodule-TG3K', 'ThyroidGland-TG3K'],
]);

/** The other name under which a dataset may be found. */
export function aliasOf(dataset: string): string | undefined {
  return ALIASES.get(dataset);
}

/** The numbers of class.json. @throws SamusError DATA_LAYOUT if it is no JSON of whole numbers from 2 to 256 */
export function parseClassJson(text: string, path: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [dataset, count] of jsonEntries(text, path)) {
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 2 || count > MOST_CLASSES) {
      const message = `expected ${path} to give the number of classes of ${dataset} with the background, 2 to ${MOST_CLASSES}`;
      throw new SamusError('DATA_LAYOUT', message, 'write for example 2 for one kind of object', {
        path,
        dataset,
      });
    }
    counts.set(dataset, count);
  }
  return counts;
}

/** The entries of dataset.json. @throws SamusError DATA_LAYOUT if it has another form */
export function parseDatasetJson(text: string, path: string): ReadonlyMap<string, DatasetEntry> {
  const entries = new Map<string, DatasetEntry>();
  for (const [dataset, value] of jsonEntries(text, path)) {
    const bad = (what: string): SamusError => {
      const message = `expected ${path} to hold, for ${dataset}, ${what}`;
      return new SamusError('DATA_LAYOUT', message, 'correct the file', { path, dataset });
    };
    if (typeof value !== 'object' || value === null) throw bad('an object');
    const { classes, colors, licence, source }: { [key: string]: unknown } = { ...value };
    if (classes !== undefined && !isTexts(classes)) throw bad('the names of its classes as a list of strings');
    if (colors !== undefined && !(isTexts(colors) && colors.every((color) => /^#[0-9a-f]{6}$/i.test(color)))) {
      throw bad('colours like "#e4572e"');
    }
    entries.set(dataset, {
      ...(classes && { classes }),
      ...(colors && { colors }),
      ...(typeof licence === 'string' && { licence }),
      ...(typeof source === 'string' && { source }),
    });
  }
  return entries;
}

/**
 * The classes of a dataset from what the two files say about it; two classes where neither speaks.
 * @throws SamusError DATA_LAYOUT if they contradict each other
 */
export function classesOfDataset(
  dataset: string,
  count: number | undefined,
  entry: DatasetEntry | undefined,
): DatasetClasses {
  const named = entry?.classes?.length;
  if (count !== undefined && named !== undefined && count !== named) {
    const message = `class.json gives ${dataset} ${count} classes with the background, dataset.json names ${named}`;
    throw new SamusError('DATA_LAYOUT', message, 'correct one of the two files', { dataset, count, named });
  }
  const total = count ?? named ?? 2;
  const places = Array.from({ length: total }, (_, i) => i);
  return {
    count: total,
    names: places.map((i) => entry?.classes?.[i] ?? defaultName(i, total)),
    colors: places.map((i) => entry?.colors?.[i] ?? defaultColor(i)),
  };
}

function defaultName(index: number, count: number): string {
  if (index === 0) return 'background';
  return count === 2 ? 'object' : `class-${index}`;
}

function defaultColor(index: number): string {
  return index === 0 ? '#000000' : COLORS[(index - 1) % COLORS.length]!;
}

function jsonEntries(text: string, path: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    if (isFields(value)) return Object.entries(value);
  } catch {
    // The error below says what is wrong.
  }
  throw new SamusError('DATA_LAYOUT', `expected ${path} to be a JSON object`, 'correct the file', {
    path,
  });
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
