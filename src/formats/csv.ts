/**
 * CSV (RFC 4180): commas, double quotes around a field, doubled quotes inside them. Callers interpret the fields.
 */

interface CsvRow {
  /** Where the row starts, counted from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** The rows of `text` without empty lines. An unclosed quote ends with the text. */
export function splitCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const { fields, next } = csvRow(text, at);
    if (fields.length > 1 || fields[0]?.trim()) rows.push({ line, fields });
    for (; at < next; at++) if (text[at] === '\n') line++;
  }
  return rows;
}

/** The fields of the row that begins at `start`, and where the next one begins. Blanks before a quote do not count. */
export function csvRow(text: string, start: number): { readonly fields: string[]; readonly next: number } {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    let field = '';
    let quote = at;
    while (text[quote] === ' ' || text[quote] === '\t') quote++;
    if (text[quote] === '"') {
      for (at = quote + 1; at < text.length; at++) {
        if (text[at] !== '"') field += text[at];
        else if (text[at + 1] === '"') field += text[at++];
        else break;
      }
      at++;
    }
    const from = at;
    while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
    fields.push(field + text.slice(from, at).replace(/\r$/, ''));
    if (text[at] !== ',') return { fields, next: at + 1 };
    at++;
  }
}

/** A line without its end; nothing for what is null or undefined. */
export function csvLine(values: readonly (string | number | boolean | null | undefined)[]): string {
  return values
    .map((value) => String(value ?? ''))
    .map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(',');
}
