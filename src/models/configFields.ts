/**
 * What architectures read the sizes of a model from: checked fields of a configuration, and the shapes of a checkpoint's
 * tensors.
 */
import { SamusError } from '../errors.js';
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
