/**
 * What a list of the published layout names: one sample (an image and a class) a line, `class/Dataset/NAME` or
 * `Dataset/NAME`. A list is kept as its text and a few numbers a line, so that 100,000 lines cost some megabytes.
 * Whether the files are there, and which classes a line without one means, is the business of dataset.node.ts.
 */
import { SamusError } from '../errors.js';
import { nameKey } from '../formats/outputNames.js';

/** One object to be segmented: a class of an image. */
export interface Sample {
  /** The folder that holds the image, for example `Breast-BUSI`. */
  readonly dataset: string;
  /** Name of the image without `.png`; may hold spaces. */
  readonly name: string;
  /** From 1 on; {@link EVERY_CLASS} while it stands for every class that the label holds. */
  readonly classId: number;
  /** Where the sample is named: the list and its line from 1 on. Absent for samples of no list. */
  readonly list?: string;
  readonly line?: number;
}

/** The class of a line that names none. Lists that `Dataset.lists` gives hold none of these any more. */
export const EVERY_CLASS = 0;

/** The folder that holds the lists. */
export const LIST_FOLDER = 'MainPatient';

/** A list as it is written. */
export interface ListText {
  readonly name: string;
  readonly text: string;
}

/** Largest class: what an 8-bit label can hold. */
const MAX_CLASS = 255;

/** Where the parts of each line are. */
interface Columns {
  /** Place of the name in the text, and its length. */
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly datasets: Uint16Array;
  readonly classes: Uint8Array;
  readonly lists: Uint16Array;
  readonly lines: Uint32Array;
}

export class SampleList implements Iterable<Sample> {
  readonly length: number;
  /** Every dataset that the list names, in the order of first mention. */
  readonly datasets: readonly string[];
  readonly #text: string;
  readonly #listNames: readonly string[];
  readonly #columns: Columns;

  private constructor(text: string, listNames: readonly string[], datasets: readonly string[], columns: Columns) {
    this.#text = text;
    this.#listNames = listNames;
    this.datasets = datasets;
    this.#columns = columns;
    this.length = columns.starts.length;
  }

  /**
   * The samples of several lists, one after the other. Empty lines are left out; Windows line ends are accepted.
   * @param report gets the errors of invalid lines, which are then skipped; without it they are thrown
   * @throws SamusError DATA_LIST_EMPTY for a list without lines, DATA_LIST_LINE or DATA_CLASS_RANGE for one that is no
   *   sample
   */
  static parse(given: readonly ListText[], report = throwIt): SampleList {
    // Names are compared with those of files, which may be stored in another Unicode normal form.
    const lists = given.map(({ name, text }) => ({ name, text: nameKey(text) }));
    const text = lists.map(({ text: one }) => one).join('\n');
    const columns = makeColumns(lists.reduce((sum, list) => sum + countLines(list.text), 0));
    const datasets = new Map<string, number>();
    let [used, offset] = [0, 0];
    for (const [listIndex, list] of lists.entries()) {
      const before = used;
      let [line, broken] = [0, false];
      for (let start = 0; start < list.text.length; ) {
        const newline = list.text.indexOf('\n', start);
        const end = newline < 0 ? list.text.length : newline;
        line++;
        const parts = tried(
          () => parseLine(list.text, start, end, list.name, line),
          (error) => {
            broken = true;
            report(error);
          },
        );
        if (parts) {
          const dataset = datasets.get(parts.dataset) ?? datasets.size;
          datasets.set(parts.dataset, dataset);
          columns.starts[used] = offset + parts.start;
          columns.lengths[used] = parts.end - parts.start;
          columns.datasets[used] = dataset;
          columns.classes[used] = parts.classId;
          columns.lists[used] = listIndex;
          columns.lines[used++] = line;
        }
        start = end + 1;
      }
      if (used === before && !broken) {
        const message = `expected samples in the list ${list.name}, got none`;
        const hint = 'write one line class/Dataset/NAME for each sample';
        report(new SamusError('DATA_LIST_EMPTY', message, hint, { list: list.name }));
      }
      offset += list.text.length + 1;
    }
    const names = lists.map(({ name }) => name);
    return new SampleList(text, names, [...datasets.keys()], cut(columns, used));
  }

  /** The sample at a place from 0 on. @throws RangeError beyond the list */
  at(index: number): Sample {
    const { starts, lengths, datasets, classes, lists, lines } = this.#columns;
    const start = starts[index];
    if (start === undefined) throw new RangeError(`sample ${index} of ${this.length}`);
    return {
      dataset: this.datasets[datasets[index]!]!,
      name: this.#text.slice(start, start + lengths[index]!),
      classId: classes[index]!,
      list: this.#listNames[lists[index]!]!,
      line: lines[index]!,
    };
  }

  *[Symbol.iterator](): Iterator<Sample> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /**
   * A list of these samples in this order.
   * @param indices places in this list, repeated ones too
   * @param classIds another class for each of them
   */
  select(indices: ArrayLike<number>, classIds?: ArrayLike<number>): SampleList {
    const columns = makeColumns(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const from = indices[i]!;
      columns.starts[i] = this.#columns.starts[from]!;
      columns.lengths[i] = this.#columns.lengths[from]!;
      columns.datasets[i] = this.#columns.datasets[from]!;
      columns.classes[i] = classIds ? classIds[i]! : this.#columns.classes[from]!;
      columns.lists[i] = this.#columns.lists[from]!;
      columns.lines[i] = this.#columns.lines[from]!;
    }
    return new SampleList(this.#text, this.#listNames, this.datasets, columns);
  }

  /** The same samples with other names of their datasets; two that become one are one. */
  renameDatasets(rename: (dataset: string) => string): SampleList {
    const renamed = this.datasets.map(rename);
    const datasets = [...new Set(renamed)];
    const places = renamed.map((name) => datasets.indexOf(name));
    const columns = { ...this.#columns, datasets: this.#columns.datasets.map((index) => places[index]!) };
    return new SampleList(this.#text, this.#listNames, datasets, columns);
  }
}

function throwIt(error: SamusError): void {
  throw error;
}

/** What it gives, or undefined where its error is reported. */
function tried<T>(make: () => T, report: (error: SamusError) => void): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    report(error);
    return undefined;
  }
}

/** Where and what: for messages about a sample. */
export function sampleOrigin({ dataset, name, list, line }: Sample): string {
  return list === undefined ? `${dataset}/${name}` : `${dataset}/${name} (list ${list}, line ${line})`;
}

interface LineParts {
  readonly classId: number;
  readonly dataset: string;
  /** The name, as a part of the list's text. */
  readonly start: number;
  readonly end: number;
}

/** The parts of a line, or undefined if it is empty. */
function parseLine(text: string, from: number, to: number, list: string, line: number): LineParts | undefined {
  let [start, end] = [from, to];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  if (start === end) return undefined;
  const bad = (why: string): SamusError => {
    const message = `expected class/Dataset/NAME or Dataset/NAME in line ${line} of the list ${list}, but ${why}`;
    return new SamusError('DATA_LIST_LINE', message, 'correct the line', { list, line });
  };
  const first = indexOfSlash(text, start, end);
  const second = indexOfSlash(text, first + 1, end);
  if (first === end) throw bad('it has no slash');
  // Only digits in front of two slashes are a class: names may hold slashes, and datasets may begin with digits.
  const numbered = second < end && isNumber(text, start, first);
  const classId = numbered ? Number(text.slice(start, first)) : EVERY_CLASS;
  if (numbered && (classId < 1 || classId > MAX_CLASS)) {
    const message = `expected a class from 1 to ${MAX_CLASS} (0 is the background) in line ${line} of the list ${list}, got ${text.slice(start, first)}`;
    throw new SamusError('DATA_CLASS_RANGE', message, 'correct the line', { list, line });
  }
  const datasetStart = numbered ? first + 1 : start;
  const datasetEnd = numbered ? second : first;
  const path = text.slice(datasetStart, end);
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw bad('a part of it is empty or leads elsewhere');
  }
  if (/[\\\0]/.test(path)) throw bad('it holds a backslash');
  return { classId, dataset: text.slice(datasetStart, datasetEnd), start: datasetEnd + 1, end };
}

/** Blanks, tabs, carriage returns, and the mark that some editors put in front of a text. */
function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 0xfeff;
}

/**
 * @param file that the name is of
 * @throws SamusError IMPORT_NAMES for a name that no line of a list can hold
 */
export function checkListable(name: string, file: string): void {
  const why = unlistable(name);
  if (why === undefined) return;
  const message = `cannot name ${JSON.stringify(file)} in a list: ${why}`;
  throw new SamusError('IMPORT_NAMES', message, 'rename the file', { name });
}

/** Why no line of a list can hold a name, or undefined. */
export function unlistable(name: string): string | undefined {
  if (/[\r\n]/.test(name)) return 'its name has a line break, and each line of a list is a name';
  if (name !== name.trim()) return 'its name begins or ends with a blank, which lists cut off';
  if (/[\\\0]/.test(name)) return 'its name has a backslash';
  return name.split('/').some((part) => part === '' || part.startsWith('.')) ? 'its name begins with a dot' : undefined;
}

function isNumber(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (text.charCodeAt(i) < 48 || text.charCodeAt(i) > 57) return false;
  return end > start;
}

function indexOfSlash(text: string, start: number, end: number): number {
  const found = start < end ? text.indexOf('/', start) : -1;
  return found < 0 || found > end ? end : found;
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

function makeColumns(length: number): Columns {
  return {
    starts: new Uint32Array(length),
    lengths: new Uint32Array(length),
    datasets: new Uint16Array(length),
    classes: new Uint8Array(length),
    lists: new Uint16Array(length),
    lines: new Uint32Array(length),
  };
}

function cut(columns: Columns, length: number): Columns {
  return {
    starts: columns.starts.subarray(0, length),
    lengths: columns.lengths.subarray(0, length),
    datasets: columns.datasets.subarray(0, length),
    classes: columns.classes.subarray(0, length),
    lists: columns.lists.subarray(0, length),
    lines: columns.lines.subarray(0, length),
  };
}
