/**
 * Error texts in the language of the page. text/en.ts has a sentence and a hint for each code that a user can meet,
 * with {names} of error details. Other errors, and errors that lack such a detail, keep their English message.
 */
import type { SamusError } from '../../errors.js';
import { text } from '../text/en.js';

/** What went wrong, and what to do. */
export interface FailureText {
  readonly text: string;
  readonly hint: string;
}

const FAILURES: Readonly<Record<string, readonly [what: string, hint: string]>> = text.failures;

export function failureText(error: SamusError): FailureText {
  const values = valuesOf(error);
  const [what, hint] = (FAILURES[error.code] ?? []).map((words) => filled(words, values));
  if (what !== undefined && hint !== undefined) return { text: what, hint };
  return { text: sentence(error.message), hint: sentence(error.hint) };
}

/** Details by name, plus pixel counts in millions and readable file types. */
function valuesOf({ code, details }: SamusError): ReadonlyMap<string, string> {
  const values = new Map<string, string>([['code', code]]);
  for (const [name, value] of Object.entries(details)) {
    if (typeof value === 'string' || typeof value === 'number') values.set(name, String(value));
  }
  const { width, height, maxPixels, kind, unusual } = details;
  if (typeof width === 'number' && typeof height === 'number') {
    values.set('millions', ((width * height) / 1e6).toFixed(1));
  }
  if (typeof maxPixels === 'number') values.set('maxMillions', String(maxPixels / 1e6));
  if (typeof kind === 'string' || kind === null) values.set('kind', text.fileKind(kind, unusual === true));
  return values;
}

/** @returns undefined if a value is missing */
function filled(words: string, values: ReadonlyMap<string, string>): string | undefined {
  let whole = true;
  const result = words.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values.get(name);
    whole &&= value !== undefined;
    return value ?? '';
  });
  return whole ? result : undefined;
}

function sentence(words: string): string {
  if (words === '') return '';
  const text = words[0]!.toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
