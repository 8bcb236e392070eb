/**
 * SAMUS started from a SAM checkpoint, as the reference trains it: SAM's weights where SAMUS has them, its relative
 * positions brought to the coarser grid, the new parts drawn as PyTorch does by default. Nothing is trained here.
 */
import { SamusError } from '../errors.js';
import { resizeLogits } from '../formats/resizeLogits.js';
import { asFloat32, float32, type StateDict, type TensorData } from '../graph/tensorData.js';
import { initialise } from '../nn/parameters.js';
import type { Random } from '../nn/random.js';
import type { SamConfig, SamusConfig } from './config.js';
import { checkConfig } from './configFile.js';
import { parametersOf } from './graphs.js';
import { requireFloat32Weights } from './quantise.js';
import { checkStateDict } from './stateDict.js';

/** Channels of the CNN branch's first convolution in the published model. */
const STEM = 64;

/**
 * The SAMUS that belongs to a SAM: a quarter of the image's side, half of the token grid. From SAM's 1024 pixels and
 * 64×64 tokens come the published 256 pixels and 32×32 tokens.
 * @throws SamusError CONFIG_FIELD if the sizes cannot be divided so, MODEL_QUANTISED if the SAM is in 8 bits
 */
export function samusConfigFromSam(sam: SamConfig): SamusConfig {
  requireFloat32Weights(sam);
  const config: SamusConfig = {
    ...sam,
    architecture: 'samus',
    imageSize: sam.imageSize / 4,
    tokenGrid: sam.tokenGrid / 2,
    stem: STEM,
    positionGrid: sam.tokenGrid,
  };
  checkConfig(config);
  return config;
}

/**
 * Weights of SAMUS from those of SAM. Tables of relative positions of the global blocks are resized, the absolute
 * table is kept as it is (the position adapter reduces it), and the parts that SAM lacks are drawn from `random`.
 *
 * The reference finds the tables to resize by looking for the digits 2, 5, 8 and 11 anywhere in a name, which is
 * right for ViT-B only; here they are those of the global blocks, which for ViT-B are the same.
 * @throws SamusError CHECKPOINT_TENSOR_MISSING, CHECKPOINT_TENSOR_SHAPE as {@link checkStateDict}; SAMUS_FROM_SAM if
 *   a weight of SAM fits no weight of the asked SAMUS
 */
export function samusFromSam(
  sam: SamConfig,
  samTensors: StateDict,
  random: Random,
  config: SamusConfig = samusConfigFromSam(sam),
): Map<string, TensorData> {
  const weights = checkStateDict(sam, samTensors).tensors;
  const parameters = parametersOf(config);
  const given = new Map<string, TensorData>();
  for (const { name, shape } of parameters) {
    const found = weights.get(name);
    if (!found) continue;
    const weight = asFloat32(found, name);
    const resized = isGlobalTable(name, config) ? resizeRelativePositions(weight, shape[0]!) : weight;
    if (resized.shape.join() !== shape.join()) throw mismatch(name, shape, weight.shape);
    given.set(name, resized);
  }
  return initialise(parameters, random, given);
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

function isGlobalTable(name: string, config: SamusConfig): boolean {
  const match = /^image_encoder\.blocks\.(\d+)\.attn\.rel_pos_[hw]$/.exec(name);
  return match !== null && config.globalBlocks.includes(Number(match[1]));
}

function mismatch(name: string, expected: readonly number[], came: readonly number[]): SamusError {
  return new SamusError(
    'SAMUS_FROM_SAM',
    `SAMUS needs ${name} of shape [${expected.join(', ')}], SAM's has [${came.join(', ')}]`,
    'choose a configuration of SAMUS with the widths of this SAM',
    { tensor: name, expected: [...expected], came: [...came] },
  );
}
