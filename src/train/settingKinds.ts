/**
 * Value types of training settings: how to check a value from a config.json and how to parse one from the command line.
 */
import type { ErrorCode } from '../errorCodes.js';
import { isFields } from '../formats/jsonFields.js';

export interface Kind<T> {
  /** The values in words, as in "expected a number from 0 to 1". */
  readonly expected: string;
  /** The values, if they can be listed. */
  readonly choices?: readonly string[];
  /** Code of the error for an option with another value. */
  readonly code: ErrorCode;
  accepts(value: unknown): value is T;
  /**
   * Parses an option; check the result with {@link accepts}.
   * @param before the value of the same option given earlier on the command line
   */
  parse(text: string, before?: unknown): unknown;
}

export const text: Kind<string> = {
  expected: 'a string',
  code: 'USAGE_VALUE',
  accepts: (value) => typeof value === 'string',
  parse: (text) => text,
};

/** Separated by commas on the command line. */
export const texts: Kind<readonly string[]> = {
  expected: 'a list of names',
  code: 'USAGE_LIST',
  // An empty name would be a prefix of every weight.
  accepts: (value): value is readonly string[] =>
    Array.isArray(value) && value.every((part) => text.accepts(part) && part !== ''),
  parse: (text) => text.split(',').map((part) => part.trim()),
};

/** Whole numbers from `least` to `most`, both inclusive. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Kind<number> {
  return {
    expected: `a whole number ${most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`}`,
    code: 'USAGE_NUMBER',
    accepts: (value): value is number => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
    parse: (text) => (/^\d+$/.test(text) ? Number(text) : undefined),
  };
}

interface Range {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  readonly below?: number;
}

/** Numbers within inclusive (`from`, `to`) or exclusive (`above`, `below`) limits. */
export function number({ from, above, to, below }: Range): Kind<number> {
  const low = from === undefined ? `above ${above}` : `from ${from}`;
  const high = below === undefined ? (to === undefined ? '' : ` to ${to}`) : ` below ${below}`;
  return {
    expected: `a number ${low}${high}`,
    code: 'USAGE_VALUE',
    accepts: (value): value is number =>
      typeof value === 'number' &&
      value >= (from ?? -Infinity) &&
      value > (above ?? -Infinity) &&
      value <= (to ?? Number.MAX_VALUE) &&
      value < (below ?? Infinity),
    parse: (text) => (text.trim() === '' ? undefined : Number(text)),
  };
}

/** Null for an unused setting, `off` on the command line. */
export function orOff<T>(kind: Kind<T>): Kind<T | null> {
  return {
    expected: `${kind.expected}, or off`,
    code: kind.code,
    accepts: (value): value is T | null => value === null || kind.accepts(value),
    parse: (text) => (text === 'off' ? null : kind.parse(text)),
  };
}

export function choice<const T extends string>(choices: readonly T[]): Kind<T> {
  return {
    expected: `one of ${choices.join(', ')}`,
    choices,
    code: 'USAGE_VALUE',
    accepts: (value): value is T => choices.some((choice) => choice === value),
    parse: (text) => text,
  };
}

/** A value for each of several names; on the command line a repeated `name=value`. */
export function byName<T>(kind: Kind<T>): Kind<Readonly<Record<string, T>>> {
  return {
    expected: `a name and ${kind.expected}, with = between them`,
    code: 'USAGE_VALUE',
    accepts: (value): value is Readonly<Record<string, T>> =>
      isFields(value) && Object.values(value).every((entry) => kind.accepts(entry)),
    parse: (text, before) => {
      const equals = text.lastIndexOf('=');
      if (equals < 1) return undefined;
      return { ...(isFields(before) && before), [text.slice(0, equals)]: kind.parse(text.slice(equals + 1)) };
    },
  };
}
