/**
 * SAMUS started from a SAM checkpoint, as the reference trains it: SAM's weights where SAMUS has them, its relative
 * positions brought to the coarser grid, the new parts drawn as PyTorch does by default. Nothing is trained here.
 */
import { SamusError } from '../../errors.js';
import { asFloat32, type StateDict, type TensorData } from '../../graph/tensorData.js';
import { initialise, type ParameterInfo } from '../../nn/parameters.js';
import type { Random } from '../../nn/random.js';
import type { WeightTransfer } from '../architecture.js';
import type { SamConfig } from '../sam/config.js';
import { resizeRelativePositions } from '../sam/fromSam.js';
import type { SamusConfig, SamusSizes } from './config.js';

/** Channels of the CNN branch's first convolution in the published model. */
const STEM = 64;

/** A quarter of SAM's image side, half of its token grid: from 1024 pixels and 64×64 tokens, 256 pixels and 32×32. */
export const SAMUS_FROM_SAM: WeightTransfer<SamusConfig, SamConfig> = {
  byDefault: true,

  config(sam) {
    return {
      ...sam,
      architecture: 'samus',
      imageSize: sam.imageSize / 4,
      tokenGrid: sam.tokenGrid / 2,
      stem: STEM,
      positionGrid: sam.tokenGrid,
    };
  },
  weights: samusFromSam,
};

/**
 * Weights of SAMUS from those of SAM. Tables of relative positions of the global blocks are resized, the absolute
 * table stays unchanged (the position adapter reduces it), and the parts missing in SAM are drawn from `random`.
 *
 * The reference finds the tables to resize by looking for the digits 2, 5, 8 and 11 anywhere in a name, which is
 * right for ViT-B only; here they are those of the global blocks, which for ViT-B are the same.
 * @throws SamusError SAMUS_FROM_SAM if a weight of SAM fits no weight of the SAMUS
 */
function samusFromSam(
  sam: StateDict,
  config: SamusConfig,
  parameters: readonly ParameterInfo[],
  random: Random,
): Map<string, TensorData> {
  const given = new Map<string, TensorData>();
  for (const { name, shape } of parameters) {
    const found = sam.get(name);
    if (!found) continue;
    const weight = asFloat32(found, name);
    const resized = isGlobalTable(name, config) ? resizeRelativePositions(weight, shape[0]!) : weight;
    if (resized.shape.join() !== shape.join()) throw mismatch(name, shape, weight.shape);
    given.set(name, resized);
  }
  return initialise(parameters, random, given);
}

/** Whether a weight is a table of relative positions of a block that sees all tokens. */
export function isGlobalTable(name: string, config: SamusSizes): boolean {
  const match = /^image_encoder\.blocks\.(\d+)\.attn\.rel_pos_[hw]$/.exec(name);
  return match !== null && config.globalBlocks.includes(Number(match[1]));
}

function mismatch(name: string, expected: readonly number[], got: readonly number[]): SamusError {
  return new SamusError(
    'SAMUS_FROM_SAM',
    `expected ${name} of shape [${expected.join(', ')}] for this SAMUS, got [${got.join(', ')}] from SAM`,
    'choose a configuration of SAMUS with the widths of this SAM',
    { tensor: name, expected: [...expected], came: [...got] },
  );
}
