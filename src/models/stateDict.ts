/**
 * Checks a state dict against its model: every weight present, with its shape and type (float32, or int8 for the large
 * weights of a quantised model). Other tensors are dropped and reported.
 */
import type { ErrorCode } from '../errorCodes.js';
import { listed, SamusError } from '../errors.js';
import { toFloat32 } from '../formats/halfFloat.js';
import { type DType, firstNotFinite, float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { ModelConfig } from './architecture.js';
import { parametersOf } from './graphs.js';
import { architectureOf } from './registry.js';

export interface CheckedStateDict {
  /** The model's weights in the order of its graphs; other floating-point types become float32, the rest is not copied. */
  readonly tensors: StateDict;
  /** Names that the model does not have. */
  readonly unexpected: readonly string[];
}

const FLOATS: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16'];

/** Most names in a message; the details list all. */

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
  const weights = new Map(
    parameters.map((info) => [info.name, converted(tensors.get(info.name) ?? zeros(info), info.dtype)]),
  );
  checkFinite(weights);
  return {
    tensors: weights,
    unexpected: [...tensors.keys()].filter((name) => !known.has(name)),
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
