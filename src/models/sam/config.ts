/**
 * Sizes of SAM and of architectures based on it: the published ones, the limits in `config.json`, and how to read them
 * from the names and shapes of a checkpoint.
 */
import type { Shapes } from '../../graph/tensorData.js';
import { isScaleName } from '../../nn/parameters.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, type FieldReader, shapeOf } from '../configFields.js';
import { IMAGENET_STRETCHED, type Preprocessing } from '../preprocessing.js';

/** What all models with SAM's parts have. */
export interface SamSizes extends ModelConfig {
  /** Image tokens along each side. */
  readonly tokenGrid: number;
  /** Width of the transformer. */
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  /** Blocks whose attention spans all tokens. */
  readonly globalBlocks: readonly number[];
  /** Side of the windows of the other blocks, in tokens. */
  readonly window: number;
  /** Hidden width of the blocks' MLP. */
  readonly mlp: number;
  /** Kernel of the patch embedding, in pixels. */
  readonly patchKernel: number;
  /** Width of prompts, image embedding and decoder. */
  readonly promptDim: number;
  readonly decoderHeads: number;
  readonly decoderMlp: number;
  readonly iouHidden: number;
  /** Channels of the mask prompt before the last projection. */
  readonly maskChannels: number;
  /** Whether the decoder's upscaling gets finer maps of the CNN branch. No published model has them. */
  readonly detail?: true;
}

export interface SamConfig extends SamSizes {
  readonly architecture: 'sam';
}

const DECODER = { promptDim: 256, decoderHeads: 8, decoderMlp: 2048, iouHidden: 256, maskChannels: 16 };

function sam(dim: number, depth: number, heads: number, globalBlocks: readonly number[]): SamConfig {
  const vit = { dim, depth, heads, globalBlocks, window: 14, mlp: 4 * dim, patchKernel: 16 };
  return { architecture: 'sam', imageSize: 1024, tokenGrid: 64, ...vit, ...DECODER };
}

/** RGB by the longest side, normalised, then padded: what is beyond is the mean colour (segment-anything, modeling/sam.py). */
export const SAM_PREPROCESSING: Preprocessing = {
  ...IMAGENET_STRETCHED,
  fit: 'longest-side',
  points: 'corner',
};

/** SAM's three sizes (segment-anything, build_sam.py). */
export const SAM_VIT_B = sam(768, 12, 12, [2, 5, 8, 11]);
export const SAM_VIT_L = sam(1024, 24, 16, [5, 11, 17, 23]);
export const SAM_VIT_H = sam(1280, 32, 16, [7, 15, 23, 31]);

/** A small SAM to train from random weights on a laptop; the small models that are built on SAM can start from it. */
export const SAM_S: SamConfig = {
  ...SAM_VIT_B,
  tokenGrid: 32,
  patchKernel: 32,
  dim: 256,
  depth: 6,
  heads: 4,
  globalBlocks: [2, 5],
  window: 8,
  mlp: 1024,
  promptDim: 128,
  decoderMlp: 512,
  iouHidden: 128,
};

/** Shapes do not reveal the decoder's heads: 8 in all published models. Older files can lack the field. */
const DECODER_HEADS = 8;

/** The limits are far above any published model, and low enough that no file can exhaust memory. */
export function readSizes(fields: FieldReader): Omit<SamSizes, 'architecture'> {
  const most = { blocks: 128, width: 65_536 };
  return {
    imageSize: fields.whole('imageSize', 4096),
    tokenGrid: fields.whole('tokenGrid', 256),
    dim: fields.whole('dim', 8192),
    depth: fields.whole('depth', most.blocks),
    heads: fields.whole('heads', 256),
    globalBlocks: fields.ascending('globalBlocks', most.blocks),
    window: fields.whole('window', 256),
    mlp: fields.whole('mlp', most.width),
    patchKernel: fields.whole('patchKernel', 256),
    promptDim: fields.whole('promptDim', 4096),
    decoderHeads: fields.whole('decoderHeads', 256, DECODER_HEADS),
    decoderMlp: fields.whole('decoderMlp', most.width),
    iouHidden: fields.whole('iouHidden', 8192),
    maskChannels: fields.whole('maskChannels', 4096),
  };
}

export function sizeRules(config: SamSizes): ConfigRule[] {
  const { imageSize, tokenGrid, dim, depth, heads, globalBlocks, promptDim, decoderHeads, maskChannels } = config;
  const half = promptDim / 2;
  return [
    { field: 'imageSize', holds: imageSize % tokenGrid === 0, rule: `must be a multiple of tokenGrid (${tokenGrid})` },
    { field: 'heads', holds: dim % heads === 0, rule: `must divide dim (${dim})` },
    { field: 'promptDim', holds: promptDim % 8 === 0, rule: 'must be a multiple of 8' },
    { field: 'decoderHeads', holds: half % decoderHeads === 0, rule: `must divide half of promptDim (${promptDim})` },
    { field: 'maskChannels', holds: maskChannels % 4 === 0, rule: 'must be a multiple of 4' },
    {
      field: 'globalBlocks',
      holds: globalBlocks.every((block) => block < depth),
      rule: `must lie below depth (${depth})`,
    },
  ];
}

/** Those of SAM's image encoder: other kernels would need padding that its patch embedding does not have. */
export function patchRules({ imageSize, tokenGrid, patchKernel }: SamSizes): ConfigRule[] {
  const stride = imageSize / tokenGrid;
  const rule = `must be imageSize / tokenGrid (${stride})`;
  return [{ field: 'patchKernel', holds: patchKernel === stride, rule }];
}

/** The sizes in the metadata of a reference file, and in its weights what the metadata leaves out. */
export function referenceSizes(fields: FieldReader, tensors: Shapes): Omit<SamSizes, 'architecture'> {
  const names = [...tensors.keys()];
  const size = (end: string, rank: number, axis: number, otherwise: number): number => {
    const name = names.find((known) => known.startsWith('weights.') && known.endsWith(`.${end}`));
    return name === undefined ? otherwise : shapeOf(tensors, name, rank)[axis]!;
  };
  const imageSize = fields.whole('size', 4096);
  const dim = fields.whole('embed', 8192);
  const promptDim = fields.whole('prompt', 4096);
  const patchKernel = size('patch_embed.proj.weight', 4, 2, SAM_VIT_B.patchKernel);
  return {
    imageSize,
    tokenGrid: imageSize / patchKernel,
    dim,
    depth: fields.whole('depth', 128),
    heads: fields.whole('heads', 256),
    globalBlocks: fields.ascending('global', 128),
    window: fields.whole('window', 256),
    mlp: size('blocks.0.mlp.lin1.weight', 2, 0, 4 * dim),
    patchKernel,
    promptDim,
    decoderHeads: fields.whole('dheads', 256, DECODER_HEADS),
    decoderMlp: fields.whole('mlp', 65_536),
    iouHidden: size('iou_prediction_head.layers.0.weight', 2, 0, promptDim),
    maskChannels: size('mask_downscaling.3.weight', 4, 0, SAM_VIT_B.maskChannels),
  };
}

/** Whether a checkpoint has SAM's three parts, with its attention. */
export function hasSamParts(tensors: Shapes): boolean {
  const names = [...tensors.keys()];
  if (names.some((name) => name.endsWith('.attn.qkv.qkv.weight'))) return false;
  const parts = ['image_encoder.', 'prompt_encoder.', 'mask_decoder.'];
  return parts.every((part) => names.some((name) => name.startsWith(part)));
}

/** Token counts from the position tables of a checkpoint. */
export interface PositionTables {
  /** Side of the absolute table. */
  readonly grid: number;
  /** Side of the square of keys that each block's queries see. */
  readonly sides: readonly number[];
}

/**
 * The sizes in a checkpoint with SAM's names.
 * @param tokens which blocks see all tokens, and how many of those there are along each side
 * @throws SamusError CHECKPOINT_TENSOR_MISSING, CHECKPOINT_TENSOR_SHAPE
 */
export function recogniseSizes(
  tensors: Shapes,
  tokens: (tables: PositionTables) => Pick<SamSizes, 'globalBlocks' | 'tokenGrid'>,
): Omit<SamSizes, 'architecture' | 'imageSize'> & { readonly positionGrid: number } {
  const names = [...tensors.keys()];
  const position = shapeOf(tensors, 'image_encoder.pos_embed', 4);
  const patch = shapeOf(tensors, 'image_encoder.patch_embed.proj.weight', 4);
  const depth = blocksWith(names, '').length;
  const [positionGrid, dim, patchKernel] = [position[1]!, position[3]!, patch[2]!];
  const tables = Array.from({ length: depth }, (_, i) =>
    shapeOf(tensors, `image_encoder.blocks.${i}.attn.rel_pos_h`, 2),
  );
  const sides = tables.map(([rows]) => (rows! + 1) / 2);
  const { globalBlocks, tokenGrid } = tokens({ grid: positionGrid, sides });
  return {
    tokenGrid,
    dim,
    depth,
    heads: dim / (tables[0]?.[1] ?? dim),
    globalBlocks,
    // Without windowed blocks the number is not used; the whole grid is then the window.
    window: sides.find((_, i) => !globalBlocks.includes(i)) ?? tokenGrid,
    mlp: shapeOf(tensors, 'image_encoder.blocks.0.mlp.lin1.weight', 2)[0]!,
    patchKernel,
    promptDim: shapeOf(tensors, 'image_encoder.neck.0.weight', 4)[0]!,
    decoderHeads: DECODER_HEADS,
    decoderMlp: shapeOf(tensors, 'mask_decoder.transformer.layers.0.mlp.lin1.weight', 2)[0]!,
    iouHidden: shapeOf(tensors, 'mask_decoder.iou_prediction_head.layers.0.weight', 2)[0]!,
    // A model without prompts has none.
    maskChannels: names.some((name) => name.startsWith('prompt_encoder.'))
      ? shapeOf(tensors, 'prompt_encoder.mask_downscaling.3.weight', 4)[0]!
      : DECODER.maskChannels,
    ...(names.some(isScaleName) && { quantisation: 'int8' as const }),
    positionGrid,
  };
}

/** The sizes in a checkpoint with SAM's encoder: blocks whose tables span the whole grid see all tokens. */
export function recogniseSam(tensors: Shapes): Omit<SamSizes, 'architecture'> {
  const { positionGrid: tokenGrid, ...sizes } = recogniseSizes(tensors, ({ grid, sides }) => ({
    globalBlocks: sides.flatMap((side, i) => (side === grid ? [i] : [])),
    tokenGrid: grid,
  }));
  return { imageSize: tokenGrid * sizes.patchKernel, ...sizes };
}

/** Numbers of the encoder's blocks that have tensors under `part`, in ascending order. */
export function blocksWith(names: readonly string[], part: string): number[] {
  const numbers = new Set<number>();
  for (const name of names) {
    const match = /^image_encoder\.blocks\.(\d{1,4})\.(.*)$/.exec(name);
    if (match?.[2]?.startsWith(part)) numbers.add(Number(match[1]));
  }
  return [...numbers].sort((a, b) => a - b);
}
