/**
 * Splits CSV (RFC 4180: commas, double quotes, doubled quotes inside quotes) into rows with their line numbers. The
 * caller interprets the fields.
 */

export interface CsvRow {
  /** Where the row starts, counted from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** The rows of `text` without empty lines. An unclosed quote ends with the text. */
export function splitCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let fields: string[] = [];
  let field = '';
  let quoted = false;
  let line = 1;
  let start = 1;
  const endRow = (): void => {
    fields.push(field);
    if (fields.length > 1 || field.trim() !== '') rows.push({ line: start, fields });
    fields = [];
    field = '';
    start = line + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char === '"' && text[i + 1] === '"') field += text[++i];
      else if (char === '"') quoted = false;
      else field += char;
    } else if (char === '"' && field.trim() === '') {
      quoted = true;
      field = '';
    } else if (char === ',') {
      fields.push(field);
      field = '';
    } else if (char === '\n') endRow();
    else if (char !== '\r') field += char;
    if (char === '\n') line++;
  }
  endRow();
  return rows;
}
