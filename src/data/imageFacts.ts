/**
 * Facts about images that the published layout has no place for: `<Dataset>/images.csv` with
 * `name,patient,width,height,spacing_x_mm,spacing_y_mm,source`. Rows are kept as text and taken apart when they are
 * asked for, so that long files stay cheap.
 */
import { SamusError } from '../errors.js';

/** What is known about an image; sizes are native, before any resizing. */
export interface ImageFacts {
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

/** The facts of one data set. */
export class FactsTable {
  readonly #text: string;
  readonly #places = new Map<string, number>();
  readonly #columns: ReadonlyMap<string, number>;

  /**
   * @param path for messages
   * @throws SamusError DATA_LAYOUT if there is no column `name`
   */
  constructor(text: string, path: string) {
    this.#text = text;
    const header = parseRow(text, text.startsWith('\ufeff') ? 1 : 0);
    this.#columns = new Map(header.fields.map((field, i) => [field.trim(), i]));
    const nameColumn = this.#columns.get('name');
    if (nameColumn === undefined) {
      const message = `${path} was expected to begin with the line ${COLUMNS.join(',')}`;
      throw new SamusError('input', 'DATA_LAYOUT', message, 'name the columns in the first line', { path });
    }
    for (let at = header.next; at < text.length; ) {
      const { fields, next } = parseRow(text, at);
      const name = fields[nameColumn];
      if (name) this.#places.set(name, at);
      at = next;
    }
  }

  /** Names of all images that have facts. */
  names(): IterableIterator<string> {
    return this.#places.keys();
  }

  /** The facts of an image, if there are any. */
  get(name: string): ImageFacts | undefined {
    const at = this.#places.get(name);
    if (at === undefined) return undefined;
    const { fields } = parseRow(this.#text, at);
    const field = (column: (typeof COLUMNS)[number]): string => fields[this.#columns.get(column) ?? -1]?.trim() ?? '';
    const positive = (column: (typeof COLUMNS)[number]): number | undefined => {
      const value = Number(field(column));
      return Number.isFinite(value) && value > 0 ? value : undefined;
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
export function formatFacts(facts: Iterable<ImageFacts>): string {
  const lines: string[] = [COLUMNS.join(',')];
  for (const { name, patient, width, height, spacingMm, source } of facts) {
    lines.push([name, patient, width, height, spacingMm?.[0], spacingMm?.[1], source].map(quote).join(','));
  }
  return `${lines.join('\n')}\n`;
}

function quote(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The fields of the CSV row (RFC 4180) that begins at `start`, and where the next one begins. */
export function parseRow(text: string, start: number): { readonly fields: string[]; readonly next: number } {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    let field = '';
    if (text[at] === '"') {
      for (at++; at < text.length; at++) {
        if (text[at] !== '"') field += text[at];
        else if (text[at + 1] === '"') field += text[at++];
        else break;
      }
      at++;
    }
    const from = at;
    while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
    field += text.slice(from, at).replace(/\r$/, '');
    fields.push(field);
    if (text[at] !== ',') return { fields, next: at + 1 };
    at++;
  }
}
