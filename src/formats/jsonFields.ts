/** Parsing JSON of other programs, and telling apart what it contains. */

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isNumber);
}

/** What a text contains as JSON; undefined for other text. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A string, a number, or one of the words that Python's json module writes for floats that JSON does not have. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-?\b(?:NaN|Infinity)\b/g;

/**
 * JSON as Python writes it: NaN and Infinity become null, and whole numbers beyond 2^53, which would be rounded to
 * others (64-bit ids), become text. A byte order mark is skipped.
 * @throws SyntaxError
 */
export function parsePythonJson(text: string): unknown {
  const json = text.replace(/^\ufeff/, '');
  if (!/NaN|Infinity|\d{16}/.test(json)) return JSON.parse(json);
  return JSON.parse(
    json.replace(TOKEN, (token) => {
      if (token.startsWith('"')) return token;
      if (/[NI]/.test(token)) return 'null';
      return /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
    }),
  );
}
