/**
 * A model in memory, made from the tensors of a checkpoint or from the parts of a model folder; and the check of a state
 * dict against its model: every weight present, with its shape and type (float32, or int8 for the large weights of a
 * quantised model). Other tensors are dropped and reported. predict/loadModel.node.ts finds and reads the files.
 */
import type { ErrorCode } from '../errorCodes.js';
import { listed, SamusError } from '../errors.js';
import { toFloat32 } from '../formats/halfFloat.js';
import { type DType, firstNotFinite, float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { ModelConfig } from './architecture.js';
import { detectConfig, parseConfig } from './configFile.js';
import { findModel } from './findModel.js';
import { parametersOf } from './graphs.js';
import { architectureOf } from './registry.js';

/** A model in memory: its sizes and its weights by the reference's names, float32 except those stored in 8 bits. */
export interface Model {
  readonly name: string;
  readonly config: ModelConfig;
  readonly tensors: StateDict;
  /** The model card in Markdown, if the model folder has one. */
  readonly card?: string;
  /** Paths of the files that the model was read from, if any. */
  readonly files?: readonly string[];
  /** Warnings from reading, such as ignored tensors; none of them prevents use. */
  readonly warnings?: readonly string[];
}

/**
 * Makes a model from a state dict alone, whose names can have a prefix.
 * @throws SamusError as {@link findModel}, {@link detectConfig} and {@link checkStateDict}
 */
export function modelFromTensors(name: string, tensors: StateDict): Model {
  const found = findModel([{ key: '', tensors }]);
  const named = found ? new Map([...found.names].map(([from, to]) => [to, tensors.get(from)!])) : tensors;
  const config = detectConfig(named);
  const checked = checkStateDict(config, named);
  return { name, config, tensors: checked.tensors, warnings: unexpectedWarnings(checked.unexpected) };
}

/**
 * Makes a model from the parts of a model folder.
 * @param config the parsed `config.json`
 * @throws SamusError as {@link parseConfig} and {@link checkStateDict}
 */
export function modelFromParts(name: string, config: unknown, tensors: StateDict, card?: string): Model {
  const parsed = parseConfig(config);
  const checked = checkStateDict(parsed.config, tensors);
  const warnings = [...parsed.warnings, ...unexpectedWarnings(checked.unexpected)];
  const model = { name, config: parsed.config, tensors: checked.tensors, warnings };
  return card === undefined ? model : { ...model, card };
}

function unexpectedWarnings(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`ignored tensors that are not part of the model: ${listed(names)}`];
}

export interface CheckedStateDict {
  /** The model's weights in the order of its graphs; other floating-point types become float32, the rest is not copied. */
  readonly tensors: StateDict;
  /** Names that the model does not have, without those of tensors that say nothing new. */
  readonly unexpected: readonly string[];
}

const FLOATS: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16'];

/**
 * The weights of a model from a checkpoint.
 * @throws SamusError CHECKPOINT_TENSOR_MISSING, CHECKPOINT_TENSOR_SHAPE, CHECKPOINT_TENSOR_DTYPE; for any of these, the
 *   details list all tensors that are `missing`, `misshapen` or `mistyped`; CHECKPOINT_NAN for a weight that
 *   is not a finite number
 */
export function checkStateDict(config: ModelConfig, tensors: StateDict): CheckedStateDict {
  const parameters = parametersOf(config);
  const missing = parameters.filter(({ name, unused }) => !unused && !tensors.has(name)).map(({ name }) => name);
  const misshapen = parameters.filter((parameter) => !fits(parameter, tensors.get(parameter.name)));
  const mistyped = parameters.flatMap(({ name, dtype }) => {
    const actual = tensors.get(name)?.dtype;
    const taken = dtype === 'float32' ? FLOATS : [dtype];
    return actual && !taken.includes(actual) ? [{ name, dtype: actual }] : [];
  });
  const details = {
    missing,
    misshapen: misshapen.map(({ name, shape }) => ({
      name,
      expected: [...shape],
      came: [...(tensors.get(name)?.shape ?? [])],
    })),
    mistyped,
  };
  const hint = `check that the checkpoint is a whole ${architectureOf(config).title} of the sizes in its configuration`;
  const fail = (code: ErrorCode, message: string) => new SamusError(code, message, hint, details);
  if (missing.length > 0) {
    throw fail('CHECKPOINT_TENSOR_MISSING', `missing tensors in the checkpoint: ${listed(missing)}`);
  }
  const wrong = details.misshapen[0];
  if (wrong) {
    const others = misshapen.length > 1 ? ` (and ${misshapen.length - 1} more do not fit)` : '';
    throw fail(
      'CHECKPOINT_TENSOR_SHAPE',
      `expected ${wrong.name} of shape [${wrong.expected.join(', ')}], got [${wrong.came.join(', ')}]${others}`,
    );
  }
  if (mistyped.length > 0) {
    throw fail(
      'CHECKPOINT_TENSOR_DTYPE',
      `${expectedTypes(config)}; of another type are ${listed(mistyped.map(({ name, dtype }) => `${name} (${dtype})`))}`,
    );
  }
  const known = new Set(parameters.map(({ name }) => name));
  const architecture = architectureOf(config);
  const weights = new Map(
    parameters.map((info) => [info.name, converted(tensors.get(info.name) ?? zeros(info), info.dtype)]),
  );
  checkFinite(weights);
  return {
    tensors: weights,
    unexpected: [...tensors.keys()].filter((name) => !known.has(name) && !architecture.isDerived?.(name)),
  };
}

/** Replaces an unused weight missing in the checkpoint. */
function zeros({ shape }: ParameterInfo): TensorData {
  return float32(new Float32Array(sizeOf(shape)), shape);
}

function converted(tensor: TensorData, dtype: DType): TensorData {
  return dtype === 'float32' ? toFloat32(tensor) : tensor;
}

/** Masks of such a model would silently be empty. */
function checkFinite(weights: StateDict): void {
  const broken = [...weights].flatMap(([name, { dtype, data }]) => {
    const at = dtype === 'float32' ? firstNotFinite(data) : -1;
    return at < 0 ? [] : [{ name, value: data[at] }];
  });
  const [first] = broken;
  if (!first) return;
  const others = broken.length > 1 ? ` (and in ${broken.length - 1} more tensors)` : '';
  throw new SamusError(
    'CHECKPOINT_NAN',
    `expected finite numbers in ${first.name}, got ${first.value}${others}`,
    'use a checkpoint from before the training diverged, or download the file again',
    { tensors: broken.map(({ name }) => name) },
  );
}

function expectedTypes({ quantisation }: ModelConfig): string {
  const plain = 'weights must be floating-point numbers';
  return quantisation ? `${plain}, or int8 where the configuration says so` : plain;
}

/** A tensor that is missing is not misshapen. */
function fits({ shape }: ParameterInfo, tensor: TensorData | undefined): boolean {
  return !tensor || (tensor.shape.length === shape.length && shape.every((size, i) => size === tensor.shape[i]));
}
