/**
 * Models small enough to compile in a moment, with seeded random weights: all parts of the real ones, meaningless
 * masks.
 */

import { float32, type TensorData } from '../../src/graph/tensorData.js';
import type { AaunetConfig } from '../../src/models/aaunet/config.js';
import type { ModelConfig } from '../../src/models/architecture.js';
import type { AutoSamusConfig } from '../../src/models/autosamus/index.js';
import type { CanetConfig } from '../../src/models/canet/config.js';
import type { CenetConfig } from '../../src/models/cenet/config.js';
import type { CpfnetConfig } from '../../src/models/cpfnet/config.js';
import type { FatNetConfig } from '../../src/models/fatnet/config.js';
import { parametersOf } from '../../src/models/graphs.js';
import type { H2formerConfig } from '../../src/models/h2former/config.js';
import type { MissformerConfig } from '../../src/models/missformer/config.js';
import type { MsaConfig } from '../../src/models/msa/config.js';
import type { SamConfig } from '../../src/models/sam/config.js';
import type { SamAdapterConfig } from '../../src/models/samadapter/index.js';
import type { SamedConfig } from '../../src/models/samed/index.js';
import type { SamusConfig } from '../../src/models/samus/config.js';
import type { SetrConfig } from '../../src/models/setr/config.js';
import type { SwinUnetConfig } from '../../src/models/swinunet/config.js';
import type { TransFuseConfig } from '../../src/models/transfuse/config.js';
import type { TransUnetConfig } from '../../src/models/transunet/config.js';
import type { UnetConfig } from '../../src/models/unet/config.js';
import { initialise } from '../../src/nn/parameters.js';
import { Random } from '../../src/nn/random.js';
import type { Model } from '../../src/predict/types.js';

const SHARED = {
  dim: 16,
  depth: 2,
  heads: 2,
  globalBlocks: [1],
  window: 3,
  mlp: 32,
  promptDim: 16,
  decoderHeads: 8,
  decoderMlp: 32,
  iouHidden: 16,
  maskChannels: 4,
};

/** SAMUS on 32×32 pixels and 8×8 tokens. */
export const TINY_SAMUS: SamusConfig = {
  architecture: 'samus',
  imageSize: 32,
  tokenGrid: 8,
  patchKernel: 8,
  stem: 4,
  positionGrid: 16,
  ...SHARED,
};

/** SAM on 32×32 pixels and 8×8 tokens. */
export const TINY_SAM: SamConfig = { architecture: 'sam', imageSize: 32, tokenGrid: 8, patchKernel: 4, ...SHARED };

const TINY_SWINUNET: SwinUnetConfig = {
  architecture: 'swinunet',
  imageSize: 32,
  classes: 2,
  width: 4,
  depths: [2, 1, 1, 1],
  heads: [1, 2, 2, 4],
  window: 4,
};

const TINY_TRANSUNET: TransUnetConfig = {
  architecture: 'transunet',
  imageSize: 32,
  classes: 2,
  width: 4,
  groups: 2,
  units: [1, 1, 1],
  hidden: 8,
  mlp: 16,
  heads: 2,
  layers: 1,
  head: 8,
  decoder: [4, 4, 4, 2],
  skips: 3,
};

const TINY_SETR: SetrConfig = {
  architecture: 'setr',
  imageSize: 32,
  classes: 2,
  width: 8,
  depth: 2,
  heads: 2,
  head: 4,
  auxiliary: [0, 1],
  leftover: 4,
};
const TINY_SAMED: SamedConfig = { ...TINY_SAM, architecture: 'samed', classes: 3, rank: 2 };

const TINY_FATNET: FatNetConfig = {
  architecture: 'fatnet',
  imageSize: 32,
  classes: 1,
  width: 4,
  layers: [1, 1, 1, 1],
  tokens: 8,
  depth: 1,
  heads: 2,
  squeeze: 4,
};
const TINY_MSA: MsaConfig = { ...TINY_SAM, architecture: 'msa', positionGrid: 16, outputSize: 32, samTables: false };

const TINY_AUTOSAMUS: AutoSamusConfig = {
  ...TINY_SAMUS,
  architecture: 'autosamus',
  objectTokens: 3,
  generatorWidth: 16,
  generatorMlp: 8,
  adapterChannels: 4,
  trainsSamus: false,
};

const TINY_SAM_ADAPTER: SamAdapterConfig = { ...TINY_SAM, architecture: 'samadapter', hidden: 4, maskChannels: 16 };

const TINY_TRANSFUSE: TransFuseConfig = {
  architecture: 'transfuse',
  imageSize: 32,
  width: 4,
  layers: [1, 1, 1],
  tokens: 8,
  depth: 1,
  heads: 2,
  grid: [2, 2],
};

const TINY_UNET: UnetConfig = {
  architecture: 'unet',
  imageSize: 32,
  channels: 1,
  classes: 2,
  base: 2,
  bilinear: false,
};

const TINY_CENET: CenetConfig = {
  architecture: 'cenet',
  imageSize: 192,
  classes: 1,
  width: 4,
  layers: [1, 1, 1, 1],
  head: 4,
};

const TINY_CPFNET: CpfnetConfig = {
  architecture: 'cpfnet',
  imageSize: 64,
  classes: 2,
  width: 4,
  layers: [1, 1, 1, 1],
  head: 4,
};

const TINY_H2FORMER: H2formerConfig = {
  architecture: 'h2former',
  imageSize: 32,
  classes: 2,
  width: 8,
  layers: [1, 1, 1, 1],
  depths: [2, 2, 1, 1],
  heads: [1, 2, 4, 8],
};

const TINY_MISSFORMER: MissformerConfig = {
  architecture: 'missformer',
  imageSize: 32,
  classes: 2,
  width: 4,
  depths: [2, 1, 1, 1],
};

const TINY_CANET: CanetConfig = {
  architecture: 'canet',
  imageSize: 32,
  channels: 1,
  classes: 2,
  width: 4,
};

const TINY_AAUNET: AaunetConfig = {
  architecture: 'aaunet',
  imageSize: 32,
  classes: 1,
  width: 2,
  levels: 3,
};

/** One of each architecture, by its id. */
export const TINY: Readonly<Record<string, ModelConfig>> = {
  cenet: TINY_CENET,
  cpfnet: TINY_CPFNET,
  h2former: TINY_H2FORMER,
  missformer: TINY_MISSFORMER,
  canet: TINY_CANET,
  aaunet: TINY_AAUNET,
  sam: TINY_SAM,
  samus: TINY_SAMUS,
  swinunet: TINY_SWINUNET,
  transunet: TINY_TRANSUNET,
  medsam: { ...TINY_SAM, architecture: 'medsam' },
  setr: TINY_SETR,
  samed: TINY_SAMED,
  autosamus: TINY_AUTOSAMUS,
  msa: TINY_MSA,
  fatnet: TINY_FATNET,
  samadapter: TINY_SAM_ADAPTER,
  transfuse: TINY_TRANSFUSE,
  unet: TINY_UNET,
};

/** Position tables start at zero, which would hide what they do: here they are drawn too. */
export function tinyWeights(config: ModelConfig, seed = 1): Map<string, TensorData> {
  const random = Random.seeded(seed);
  const tables = parametersOf(config).filter(({ name }) => /pos_embed$|rel_pos_[hw]$/.test(name));
  const drawn = tables.map(({ name, shape }): [string, TensorData] => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 0.3 * random.normal());
    return [name, float32(values, shape)];
  });
  return initialise(parametersOf(config), random, new Map(drawn));
}

export function tinyModel(config: ModelConfig = TINY_SAMUS, seed = 1): Model {
  return { name: `tiny-${config.architecture}`, config, tensors: tinyWeights(config, seed) };
}
