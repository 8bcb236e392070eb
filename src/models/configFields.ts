/**
 * What architectures read the sizes of a model from: checked fields of a configuration, and the shapes of a checkpoint's
 * tensors.
 */
import { type Json, SamusError } from '../errors.js';
import type { Shapes } from '../graph/tensorData.js';

/**
 * Reads the fields of a configuration, `config.json` or the metadata of a reference file, and throws CONFIG_FIELD for what
 * is missing, of another type or out of range.
 */
export interface FieldReader {
  /** A whole number from `least` (default 1) to `most`; `otherwise` where the field is missing. */
  whole(name: string, most: number, otherwise?: number, least?: number): number;
  /** At most `most` numbers from 0 on, each larger than the one before. */
  ascending(name: string, most: number): readonly number[];
  /** `length` whole numbers from 1 to `most`. */
  wholes(name: string, length: number, most: number): readonly number[];
  /** True or false; `otherwise` where the field is missing. */
  flag(name: string, otherwise?: boolean): boolean;
  /** A number from 0 to 1; undefined where the field is missing. */
  share(name: string): number | undefined;
  /** One of `choices`; undefined where the field is missing. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined;
}

/** What must hold between the fields of a configuration. */
export interface ConfigRule {
  readonly field: string;
  readonly holds: boolean;
  /** Completes the sentence "FIELD of the model …". */
  readonly rule: string;
}

/** Reads checked values. @param take the value of a field */
export function fieldReader(take: (name: string) => Json | undefined): FieldReader {
  const whole = (value: Json, from: number, most: number): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= from && value <= most;
  return {
    whole(name, most, otherwise, least = 1) {
      const found = take(name);
      const value = found === undefined ? otherwise : found;
      if (value !== undefined && whole(value, least, most)) return value;
      throw fieldError(name, `must be a whole number from ${least} to ${most}`, value);
    },
    ascending(name, most) {
      const value = take(name);
      const list = Array.isArray(value) ? value : undefined;
      const whole = list?.filter((entry) => typeof entry === 'number' && Number.isInteger(entry) && entry >= 0) ?? [];
      const ascending = whole.every((entry, i) => i === 0 || entry > whole[i - 1]!);
      if (list && whole.length === list.length && whole.length <= most && ascending) return whole;
      throw fieldError(name, 'must be a list of numbers from 0 on, each larger than the one before', value);
    },
    wholes(name, length, most) {
      const value = take(name);
      if (Array.isArray(value) && value.length === length) {
        const list = value.filter((entry) => whole(entry, 1, most));
        if (list.length === length) return list;
      }
      throw fieldError(name, `must be a list of ${length} whole numbers from 1 to ${most}`, value);
    },
    flag(name, otherwise) {
      const value = take(name) ?? otherwise;
      if (typeof value === 'boolean') return value;
      throw fieldError(name, 'must be true or false', value);
    },
    share(name) {
      const value = take(name);
      if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return value;
      throw fieldError(name, 'must be a number from 0 to 1, or be left out', value);
    },
    choice(name, choices) {
      const value = take(name);
      const found = choices.find((known) => known === value);
      if (found !== undefined || value === undefined) return found;
      const texts = choices.map((known) => JSON.stringify(known)).join(' or ');
      throw fieldError(name, `must be ${texts}, or be left out`, value);
    },
  };
}

export function fieldError(field: string, rule: string, value: Json | undefined): SamusError {
  return new SamusError(
    'CONFIG_FIELD',
    `${field} of the model ${rule}, ${value === undefined ? 'it is missing' : `not ${shown(value)}`}`,
    'correct it in config.json, or import the checkpoint again with samus models convert',
    { field, value: value ?? null },
  );
}

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/**
 * The shape of a tensor that a size is read from, to recognise an architecture.
 * @throws SamusError CHECKPOINT_TENSOR_MISSING, CHECKPOINT_TENSOR_SHAPE
 */
export function shapeOf(tensors: Shapes, name: string, rank: number): readonly number[] {
  const tensor = tensors.get(name);
  if (!tensor) {
    throw new SamusError(
      'CHECKPOINT_TENSOR_MISSING',
      `expected a tensor ${name} to read a size of the model from, the checkpoint has none`,
      'the checkpoint is incomplete or of another architecture: save the whole model again',
      { missing: [name] },
    );
  }
  if (tensor.shape.length === rank) return tensor.shape;
  throw new SamusError(
    'CHECKPOINT_TENSOR_SHAPE',
    `expected ${name} to have ${rank} dimensions, got the shape [${tensor.shape.join(', ')}]`,
    'the checkpoint is of another architecture: use one that is supported',
    { misshapen: [{ name, expected: rank, came: [...tensor.shape] }] },
  );
}

/** How many blocks a checkpoint has, numbered from 0. @param name of a tensor of block i */
export function countOf(tensors: Shapes, name: (i: number) => string): number {
  let count = 0;
  while (tensors.has(name(count))) count++;
  return count;
}
