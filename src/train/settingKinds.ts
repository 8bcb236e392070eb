/**
 * What a setting of training can hold: whether a value from a config.json is one, and how it is written on a command line.
 */
import type { ErrorCode } from '../errorCodes.js';
import { isFields } from '../formats/jsonFields.js';

export interface Kind<T> {
  /** The values in words, as in "expected a number from 0 to 1". */
  readonly expected: string;
  /** The values, where they can be listed. */
  readonly choices?: readonly string[];
  /** Code of the error for an option with another value. */
  readonly code: ErrorCode;
  accepts(value: unknown): value is T;
  /**
   * What an option says; to be checked by {@link accepts}.
   * @param before the value of the same option given earlier on the command line
   */
  parse(text: string, before?: unknown): unknown;
}

export const text: Kind<string> = {
  expected: 'a text',
  code: 'USAGE_VALUE',
  accepts: (value) => typeof value === 'string',
  parse: (text) => text,
};

/** On a command line separated by commas. */
export const texts: Kind<readonly string[]> = {
  expected: 'a list of texts',
  code: 'USAGE_VALUE',
  accepts: (value): value is readonly string[] => Array.isArray(value) && value.every(text.accepts),
  parse: (text) => text.split(',').map((part) => part.trim()),
};

/** Whole numbers up to `most`, both limits included. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): Kind<number> {
  return {
    expected: `a whole number ${most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `from ${least} on`}`,
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

/** Numbers between limits that are included (`from`, `to`) or not (`above`, `below`). */
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

/** Null where something is not used, `off` on a command line. */
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

/** A value for each of some names; on a command line `name=value`, as often as there are names. */
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
