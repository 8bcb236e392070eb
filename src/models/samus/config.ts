/**
 * Sizes of SAMUS: SAM's, and those of its added parts.
 */
import type { Shapes } from '../../graph/tensorData.js';
import { type ConfigRule, type FieldReader, shapeOf } from '../architecture.js';
import {
  blocksWith,
  hasSamParts,
  readSizes,
  recogniseSizes,
  SAM_VIT_B,
  type SamSizes,
  sizeRules,
} from '../sam/config.js';

/** What SAMUS and what is built on it have. */
export interface SamusSizes extends SamSizes {
  /** Channels of the first convolution of the CNN branch; they double at each stage. */
  readonly stem: number;
  /** Side of SAM's absolute position table, in tokens. */
  readonly positionGrid: number;
}

export interface SamusConfig extends SamusSizes {
  readonly architecture: 'samus';
}

/** SAMUS as published: SAM's ViT-B on 256×256 pixels and 32×32 tokens. */
export const SAMUS_B: SamusConfig = {
  ...SAM_VIT_B,
  architecture: 'samus',
  imageSize: 256,
  tokenGrid: 32,
  stem: 64,
  positionGrid: 64,
};

/** A small SAMUS with all its parts, for a laptop's CPU and for browsers; its patches overlap by half, as published. */
export const SAMUS_S: SamusConfig = {
  ...SAMUS_B,
  tokenGrid: 16,
  patchKernel: 32,
  stem: 16,
  dim: 256,
  depth: 6,
  heads: 4,
  globalBlocks: [2, 5],
  mlp: 1024,
  window: 8,
  promptDim: 128,
  decoderMlp: 512,
  iouHidden: 128,
};

export function readSamusSizes(fields: FieldReader): Omit<SamusSizes, 'architecture'> {
  const sizes = readSizes(fields);
  return { ...sizes, stem: fields.whole('stem', 4096), positionGrid: fields.whole('positionGrid', 512) };
}

export function readConfig(fields: FieldReader): SamusConfig {
  return { architecture: 'samus', ...readSamusSizes(fields) };
}

export function rules(config: SamusSizes): ConfigRule[] {
  const { imageSize, tokenGrid, positionGrid } = config;
  const rule = `must be tokenGrid (${tokenGrid}) times a power of two`;
  const halvings = (from: number): number => Math.log2(from / tokenGrid);
  return [
    ...sizeRules(config),
    { field: 'imageSize', holds: Number.isInteger(halvings(imageSize)) && halvings(imageSize) >= 1, rule },
    { field: 'positionGrid', holds: Number.isInteger(halvings(positionGrid)) && halvings(positionGrid) >= 0, rule },
  ];
}

/** A checkpoint with SAM's parts and a CNN branch. */
export function recogniseSamus(tensors: Shapes): Omit<SamusSizes, 'architecture'> | undefined {
  const names = [...tensors.keys()];
  if (!hasSamParts(tensors) || !names.some((name) => name.startsWith('image_encoder.cnn_embed.'))) return undefined;
  const { positionGrid, ...sizes } = recogniseSizes(tensors, ({ grid, sides }) => {
    const globalBlocks = blocksWith(names, 'Space_Adapter.');
    const first = globalBlocks[0];
    return { globalBlocks, tokenGrid: first === undefined ? grid : sides[first]! };
  });
  // How often the CNN branch halves the image.
  const stages = names.filter((name) => /^image_encoder\.cnn_embed\.downs\.\d+\.maxpool_conv\.1\.weight$/.test(name));
  const stem = shapeOf(tensors, 'image_encoder.cnn_embed.inc.conv.0.weight', 4)[0]!;
  return { imageSize: sizes.tokenGrid * 2 ** stages.length, ...sizes, stem, positionGrid };
}

export function recognise(tensors: Shapes): SamusConfig | undefined {
  const sizes = recogniseSamus(tensors);
  return sizes && { architecture: 'samus', ...sizes };
}
