/**
 * Models with SAM's parts started from a SAM checkpoint: SAM's weights where the model has them, position tables brought to its
 * grid, everything else drawn as PyTorch does by default.
 */
import { SamusError } from '../../errors.js';
import { resizeLogits } from '../../formats/resizeLogits.js';
import { asFloat32, float32, type TensorData } from '../../graph/tensorData.js';
import { initialise } from '../../nn/parameters.js';
import type { WeightTransfer } from '../architecture.js';
import type { SamConfig, SamSizes } from './config.js';

interface FromSam<C extends SamSizes, From extends SamSizes> {
  config(from: From): C;
  /** SAM's name of a weight. Default: the same. */
  nameInSam?(name: string, config: C): string;
  /** Whether a weight is drawn where SAM's has another shape. Default: none. */
  isDrawn?(name: string): boolean;
}

/**
 * From SAM, or from a model that has SAM's parts too.
 * @throws SamusError CHECKPOINT_TENSOR_SHAPE from `weights` if a weight has another shape there
 */
export function fromSam<C extends SamSizes, From extends SamSizes = SamConfig>(
  how: FromSam<C, From>,
): WeightTransfer<C, From> {
  const { nameInSam = (name) => name, isDrawn = () => false } = how;
  return {
    config: how.config,
    weights(sam, config, parameters, random) {
      const given = new Map<string, TensorData>();
      for (const { name, shape } of parameters) {
        const there = nameInSam(name, config);
        const found = sam.get(there);
        if (!found) continue;
        const weight = resizePositions(there, asFloat32(found, name), shape);
        if (weight.shape.join() === shape.join()) given.set(name, weight);
        else if (!isDrawn(name)) throw mismatch(name, config, shape, weight.shape);
      }
      return initialise(parameters, random, given);
    },
  };
}

/** A position table brought to the shape that the model has; anything else stays. */
function resizePositions(name: string, weight: TensorData<'float32'>, shape: readonly number[]): TensorData<'float32'> {
  if (/\.rel_pos_[hw]$/.test(name)) return resizeRelativePositions(weight, shape[0]!);
  if (!name.endsWith('image_encoder.pos_embed')) return weight;
  const [, from = 0, , dim = 0] = weight.shape;
  const [, to = 0] = shape;
  return from === to ? weight : resizeAbsolutePositions(weight, from, to, dim);
}

/**
 * A table of relative positions for another number of distances: bilinear as a picture of one column a channel
 * (half-pixel centres, no antialiasing), of which only the rows change.
 * @param table [distances, size]
 */
export function resizeRelativePositions(table: TensorData<'float32'>, distances: number): TensorData<'float32'> {
  const [from, size] = table.shape;
  if (from === undefined || size === undefined || from === distances) return table;
  return float32(resizeLogits(table.data, size, from, size, distances), [distances, size]);
}

/** A table of absolute positions for another grid, bilinear for each channel. @param table [1, from, from, dim] */
function resizeAbsolutePositions(
  { data }: TensorData<'float32'>,
  from: number,
  to: number,
  dim: number,
): TensorData<'float32'> {
  const values = new Float32Array(to * to * dim);
  for (let channel = 0; channel < dim; channel++) {
    const map = Float32Array.from({ length: from * from }, (_, i) => data[i * dim + channel]!);
    for (const [i, value] of resizeLogits(map, from, from, to, to).entries()) values[i * dim + channel] = value;
  }
  return float32(values, [1, to, to, dim]);
}

function mismatch(name: string, config: SamSizes, expected: readonly number[], got: readonly number[]): SamusError {
  return new SamusError(
    'CHECKPOINT_TENSOR_SHAPE',
    `expected ${name} of shape [${expected.join(', ')}] for this ${config.architecture}, got [${got.join(', ')}]`,
    'choose a configuration with the widths of this checkpoint',
    { misshapen: [{ name, expected: [...expected], came: [...got] }] },
  );
}
