/**
 * Rounds weights to 8 bits. The architecture selects the weights.
 */
import { SamusError } from '../errors.js';
import { type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import { scaleName } from '../nn/parameters.js';
import type { ModelConfig } from './architecture.js';
import { architectureOf } from './registry.js';

/**
 * Checks that all weights of a model are float32, as training and rounding require.
 * @throws SamusError MODEL_QUANTISED
 */
export function requireFloat32Weights({ quantisation }: ModelConfig): void {
  if (!quantisation) return;
  throw new SamusError(
    'MODEL_QUANTISED',
    `expected float32 weights, got ${quantisation}`,
    'use the model or checkpoint that it was converted from',
    { quantisation },
  );
}

/**
 * The same model with its large weights in 8 bits, symmetric, one scale for each output.
 * @throws SamusError MODEL_QUANTISED if the weights are already quantised, MODEL_NOT_QUANTISABLE if none can be
 */
export function quantise<C extends ModelConfig>(
  config: C,
  tensors: StateDict,
): { config: C; tensors: Map<string, TensorData> } {
  requireFloat32Weights(config);
  const next = { ...config, quantisation: 'int8' as const };
  const architecture = architectureOf(config);
  if (![...tensors.keys()].some((name) => architecture.isQuantisable?.(name))) {
    const message = `expected a model with weights that can be held in 8 bits, got ${architecture.title}, which has none`;
    throw new SamusError(
      'MODEL_NOT_QUANTISABLE',
      message,
      'leave out the rounding; half precision works for every model',
      {
        architecture: architecture.id,
      },
    );
  }
  const entries = [...tensors].flatMap(([name, tensor]): [string, TensorData][] => {
    if (!architecture.isQuantisable?.(name) || tensor.dtype !== 'float32') return [[name, tensor]];
    const { values, scales } = roundRows(tensor.data, tensor.shape);
    return [
      [name, { dtype: 'int8', shape: tensor.shape, data: values }],
      [scaleName(name), { dtype: 'float32', shape: [tensor.shape[0]], data: scales }],
    ];
  });
  return { config: next, tensors: new Map(entries) };
}

/** Scales each row to −127…127, with its largest magnitude at the end of the range. */
function roundRows(data: Float32Array, shape: readonly number[]): { values: Int8Array; scales: Float32Array } {
  const width = sizeOf(shape.slice(1));
  const values = new Int8Array(data.length);
  const scales = new Float32Array(shape[0]);
  for (let row = 0; row < shape[0]; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) largest = Math.max(largest, Math.abs(data[i]));
    const scale = largest / 127 || 1;
    scales[row] = scale;
    for (let i = row * width; i < (row + 1) * width; i++) values[i] = Math.round(data[i] / scale);
  }
  return { values, scales };
}
