/**
 * Facts about images that the published layout does not contain: `<Dataset>/images.csv` with
 * `name,patient,width,height,spacing_x_mm,spacing_y_mm,source`, and patients from the names of known datasets. Rows are
 * kept as text and parsed on request, so that long files stay cheap.
 */
import { SamusError } from '../errors.js';
import { csvLine, csvRow } from '../formats/csv.js';
import { nameKey } from '../formats/outputNames.js';
import { NameIndex } from './nameIndex.js';

/** What is known about an image; sizes are native, before any resizing. */
export interface ImageRow {
  readonly name: string;
  readonly patient?: string;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Millimetres of a native pixel across and down. */
  readonly spacingMm?: readonly [x: number, y: number];
  /** The file that the image was made from. */
  readonly source?: string;
}

const COLUMNS = ['name', 'patient', 'width', 'height', 'spacing_x_mm', 'spacing_y_mm', 'source'] as const;

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** How programs write a number that they do not know. */
const UNKNOWN = /^(?:0+(?:\.0*)?|nan|n\/?a|none|null|-)?$/i;

/** The facts of one dataset; a row is one line. */
export class FactsTable {
  /** Bytes, not text: that takes half of the memory while it is read. */
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #places = new NameIndex();
  readonly #nameColumn: number;
  readonly #columns: ReadonlyMap<string, number>;

  /**
   * @param bytes of the file, UTF-8; kept
   * @param path for messages
   * @throws SamusError DATA_LAYOUT without a column `name`, or for two different rows of an image
   */
  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
    const header = csvRow(this.#lineAt(0).replace(/^\ufeff/, ''), 0);
    this.#columns = new Map(header.fields.map((field, i) => [field.trim(), i]));
    const nameColumn = this.#columns.get('name');
    if (nameColumn === undefined) {
      const message = `expected ${path} to begin with the line ${COLUMNS.join(',')}`;
      throw new SamusError('DATA_LAYOUT', message, 'name the columns in the first line', { path });
    }
    this.#nameColumn = nameColumn;
    for (let at = this.#lineEnd(0) + 1; at < bytes.length; at = this.#lineEnd(at) + 1) {
      const line = this.#lineAt(at);
      // Rows with quotes are rare; the others need no taking apart.
      const fields = line.includes('"') ? csvRow(line, 0).fields : line.split(',', nameColumn + 1);
      const name = fields[nameColumn]?.trim();
      if (name) this.#add(name, at, line);
    }
  }

  /** @throws SamusError DATA_LAYOUT for two rows of an image that differ, one of which would count without a word */
  #add(name: string, at: number, line: string): void {
    const before = this.#places.get(name);
    if (before !== undefined && this.#lineAt(before).trim() !== line.trim() && this.#rowOf(name)) {
      const message = `expected one row for each image in ${this.#path}, got two different ones for ${name}`;
      throw new SamusError('DATA_LAYOUT', message, 'remove the row that is wrong', { path: this.#path, name });
    }
    this.#places.add(name, at);
  }

  #lineEnd(start: number): number {
    const newline = this.#bytes.indexOf(10, start);
    return newline < 0 ? this.#bytes.length : newline;
  }

  #lineAt(start: number): string {
    return UTF8.decode(this.#bytes.subarray(start, this.#lineEnd(start)));
  }

  /** Names of all columns, known ones and others. */
  get columns(): readonly string[] {
    return [...this.#columns.keys()];
  }

  /** The value of a column for an image; undefined if the column, the row or the value is missing. */
  value(name: string, column: string): string | undefined {
    const place = this.#columns.get(column);
    return place === undefined ? undefined : this.#rowOf(name)?.[place]?.trim() || undefined;
  }

  #rowOf(name: string): readonly string[] | undefined {
    const at = this.#places.get(name);
    if (at === undefined) return undefined;
    const { fields } = csvRow(this.#lineAt(at), 0);
    return nameKey(fields[this.#nameColumn]?.trim() ?? '') === nameKey(name) ? fields : undefined;
  }

  /** The facts of an image, if there are any. @throws SamusError DATA_LAYOUT for a size or spacing that is not a positive number */
  get(name: string): ImageRow | undefined {
    const fields = this.#rowOf(name);
    if (!fields) return undefined;
    const field = (column: (typeof COLUMNS)[number]): string => fields[this.#columns.get(column) ?? -1]?.trim() ?? '';
    const positive = (column: (typeof COLUMNS)[number]): number | undefined => {
      const text = field(column);
      const value = Number(text);
      if (Number.isFinite(value) && value > 0) return value;
      if (UNKNOWN.test(text)) return undefined;
      const message = `expected a positive number as ${column} of ${name} in ${this.#path}, got "${text}"`;
      const hint = 'write decimals with a point, or leave unknown values empty';
      throw new SamusError('DATA_LAYOUT', message, hint, { path: this.#path, name, column });
    };
    const [width, height] = [positive('width'), positive('height')];
    const [x, y] = [positive('spacing_x_mm'), positive('spacing_y_mm')];
    return {
      name,
      ...(field('patient') && { patient: field('patient') }),
      ...(width && { width }),
      ...(height && { height }),
      ...(x && y && { spacingMm: [x, y] as const }),
      ...(field('source') && { source: field('source') }),
    };
  }
}

/** The text of images.csv. */
export function formatFacts(facts: Iterable<ImageRow>): string {
  const lines: string[] = [COLUMNS.join(',')];
  for (const { name, patient, width, height, spacingMm, source } of facts) {
    const fields = [name, patient, width, height, spacingMm?.[0], spacingMm?.[1], source];
    // Rows are lines: a name with a line end in it could not be found again.
    lines.push(csvLine(fields.map((field) => (typeof field === 'string' ? field.replace(/[\r\n]+/g, ' ') : field))));
  }
  return `${lines.join('\n')}\n`;
}

/**
 * What belongs together in known datasets, by the names of their images: the images of a patient, or as much as names
 * show (a recording, an examination, a screen). Images of one patient resemble each other, so splits keep them on one
 * side and intervals resample them together. images.csv takes precedence; a dataset whose names show nothing (BUSI,
 * PSFHS, DL_Track, TG3K) has no rule.
 *
 * By dataset: the first group that matches names the patient.
 */
const PATIENTS: ReadonlyMap<string, RegExp> = new Map([
  // 202201121748100022VAS_slice_1108: date, time and device of a recording, and a frame.
  ['Artery-CCA', /^(.+)_slice_\d+$/],
  // bus_0003-r: patient and side.
  ['Breast-BUSBRA', /^bus_(\d+)-[lrs]$/],
  // ANFO_002: patient and image.
  ['Breast-BUSUCLM', /^([A-Z]{4})_\d+$/],
  // 010_HC, 010_2HC: images of one examination.
  ['FetalHead-HC18', /^(\d+)_\d*HC$/],
  // patient0001_2CH_ED as published, 0055_2CH_000 in US30K: patient, view, frame.
  ['Echocardiography-CAMUS', /^((?:patient)?\d+)_\dCH_/],
  // 0001_ch4_000 in US30K: recording, view, frame.
  ['Echocardiography-HMCQU', /^(\d+)_ch\d_/],
  // 1_2 as published: case and image. As pairs of PNG test10047 and test20047 are the halves of screen 47; of screens
  // with one view, test47, nothing is known.
  ['ThyroidNodule-DDTI', /^(\d+)_\d+$|^test[12](\d{4})$/],
]);

/** The patient of an image by its name, where the names of its dataset show it. */
export function patientByName(dataset: string, name: string): string | undefined {
  const match = PATIENTS.get(dataset)?.exec(name);
  return match?.slice(1).find((group) => group !== undefined);
}
