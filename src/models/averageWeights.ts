/**
 * Averages the weights of several models. Checkpoints of one training are close enough for that, and their mean often has
 * a lower error than most of them (Wortsman et al., arXiv:2203.05482). Means of independently trained models are useless.
 */
import { listed, SamusError } from '../errors.js';
import { float32, type StateDict, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from './architecture.js';
import { requireFloat32Weights } from './quantise.js';

export interface WeightedModel {
  readonly config: ModelConfig;
  /** As returned by checkStateDict. */
  readonly tensors: StateDict;
}

/**
 * A state dict of float32 means, summed in 64 bits; running statistics of batch normalisation are averaged too.
 * @throws SamusError MODELS_TOO_FEW below two, MODELS_DIFFER for different configurations,
 *   MODEL_QUANTISED for weights in 8 bits
 */
export function averageWeights(models: readonly WeightedModel[]): Map<string, TensorData> {
  const [first, ...others] = models;
  if (!first || others.length === 0) {
    const message = `expected at least two models to average, got ${models.length}`;
    throw new SamusError('MODELS_TOO_FEW', message, 'name checkpoints of one training');
  }
  for (const [i, { config }] of others.entries()) checkSame(first.config, config, i + 2);
  requireFloat32Weights(first.config);
  return new Map([...first.tensors].map(([name, tensor]) => [name, mean(tensor, name, models)]));
}

function mean(tensor: TensorData, name: string, models: readonly WeightedModel[]): TensorData {
  // Integers are counters that inference does not use; take those of the first model.
  if (tensor.dtype !== 'float32') return tensor;
  const parts = models.map(({ tensors }) => tensors.get(name)!.data as Float32Array);
  const means = tensor.data.map((_, i) => parts.reduce((sum, part) => sum + part[i]!, 0) / parts.length);
  return float32(means, tensor.shape);
}

function checkSame(expected: ModelConfig, actual: ModelConfig, number: number): void {
  const wanted = new Map<string, unknown>(Object.entries(expected));
  const found = new Map<string, unknown>(Object.entries(actual));
  const text = (values: ReadonlyMap<string, unknown>, field: string): string =>
    JSON.stringify(values.get(field)) ?? 'none';
  const fields = [...new Set([...wanted.keys(), ...found.keys()])].filter(
    (field) => text(wanted, field) !== text(found, field),
  );
  if (fields.length === 0) return;
  const differing = listed(fields.map((field) => `${field} ${text(found, field)} instead of ${text(wanted, field)}`));
  const message = `expected models of one configuration, but number ${number} has ${differing}`;
  throw new SamusError('MODELS_DIFFER', message, 'name checkpoints of one training', {
    model: number,
    fields,
  });
}
