/**
 * The terms in which settings.ts describes a training setting, among them kinds of values: how to check a value from a
 * config.json and how to parse one from the command line.
 */
import type { ErrorCode } from '../errorCodes.js';
import { isFields } from '../formats/jsonFields.js';
import type { Architecture, PromptKind } from '../models/architecture.js';

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

/** A part of a cross-validation, as in `2/5`. */
export type Fold = `${number}/${number}`;

/** A share of at most one half, or a fold such as `2/5`: the second of five parts. */
export const shareOrFold: Kind<number | Fold> = {
  expected: 'a number from 0 to 0.5, or a fold such as 2/5',
  code: 'USAGE_VALUE',
  accepts: (value): value is number | Fold =>
    typeof value === 'number'
      ? value >= 0 && value <= 0.5
      : typeof value === 'string' && parseFold(value) !== undefined,
  parse: (text) => (text.includes('/') ? text : text.trim() === '' ? undefined : Number(text)),
};

/** Most folds of a cross-validation. */
export const MOST_FOLDS = 100;

/** Which part, from 1, of how many; undefined for anything else. */
export function parseFold(text: string): { readonly fold: number; readonly folds: number } | undefined {
  const [, fold, folds] = /^([1-9]\d{0,2})\/([1-9]\d{0,2})$/.exec(text)?.map(Number) ?? [];
  if (fold === undefined || folds === undefined || folds < 2 || folds > MOST_FOLDS || fold > folds) return undefined;
  return { fold, folds };
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

/** A rising list of numbers, separated by commas on the command line. */
export function ascending(kind: Kind<number>): Kind<readonly number[]> {
  return {
    expected: `a rising list, each ${kind.expected}`,
    code: 'USAGE_LIST',
    accepts: (value): value is readonly number[] =>
      Array.isArray(value) && value.every((entry, i) => kind.accepts(entry) && (i === 0 || entry > value[i - 1])),
    parse: (text) => text.split(',').map((part) => kind.parse(part.trim())),
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

/** What defaults depend on. */
export interface Situation {
  readonly recipe: string;
  readonly prompts: string;
  readonly optimizer: string;
  readonly schedule: string;
  /** Whether all weights start from random numbers. */
  readonly fromScratch: boolean;
  /** Prompts that the model takes; none if it gives a map of classes. */
  readonly takes: readonly PromptKind[];
  /** Whether the model has an object score. */
  readonly objectScore: boolean;
  /** How the authors of the architecture train it. */
  readonly published: Architecture['published']['settings'];
  /** Processor cores of this machine. */
  readonly cores: number;
  /** Number of steps that complete this many epochs. */
  stepsIn(epochs: number): number;
}

export interface Setting<T> {
  readonly kind: Kind<T>;
  /** The option with its argument. Without one, only a config.json can set it. */
  readonly option?: string;
  /** For the command line help and the documentation. */
  readonly help: string;
  /** The default, if there is one. */
  readonly initial?: NoInfer<T> | ((situation: Situation) => NoInfer<T>);
  /** The default in words, if it depends on something. */
  readonly initially?: string;
  /** The value for runs of versions without the setting. */
  readonly older?: NoInfer<T>;
  /** A config.json has it only where another setting has this value. */
  readonly within?: { readonly setting: string; readonly is: string };
  /** The options that it needs, and whether they are given. */
  readonly only?: { readonly with: string; holds(situation: Situation): boolean };
  /** Whether a training needs it, or its alternative. */
  readonly required?: boolean;
  /** Another setting that it replaces: a training has one of both. */
  readonly insteadOf?: string;
  /** Whether only models that answer prompts have it. */
  readonly prompted?: boolean;
  /** Whether a resumed run may have another value. */
  readonly movable?: boolean;
}

export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}

/** The default of a setting. */
export function initialOf({ initial }: Setting<unknown>, situation: Situation): unknown {
  return typeof initial === 'function' ? initial(situation) : initial;
}

/** The default in words. */
export function initialText({ initial, initially }: Setting<unknown>): string | undefined {
  if (initially !== undefined || initial === undefined || typeof initial === 'function') return initially;
  if (initial === null) return 'off';
  return typeof initial === 'object' ? undefined : String(initial);
}
