/**
 * Sizes of the models: what `config.json` in a model folder holds, and the published configurations.
 */

/** What SAM and SAMUS share. */
interface SharedConfig {
  /** Height and width of the square input, in pixels. */
  readonly imageSize: number;
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
  /** Weights of the encoder's large products held in 8 bits; float32 if absent. */
  readonly quantisation?: 'int8';
}

export interface SamConfig extends SharedConfig {
  readonly architecture: 'sam';
}

export interface SamusConfig extends SharedConfig {
  readonly architecture: 'samus';
  /** Channels of the first convolution of the CNN branch; they double at each stage. */
  readonly stem: number;
  /** Side of SAM's absolute position table, in tokens. */
  readonly positionGrid: number;
}

export type ModelConfig = SamConfig | SamusConfig;

const DECODER = { promptDim: 256, decoderHeads: 8, decoderMlp: 2048, iouHidden: 256, maskChannels: 16 };

function sam(dim: number, depth: number, heads: number, globalBlocks: readonly number[]): SamConfig {
  const vit = { dim, depth, heads, globalBlocks, window: 14, mlp: 4 * dim, patchKernel: 16 };
  return { architecture: 'sam', imageSize: 1024, tokenGrid: 64, ...vit, ...DECODER };
}

/** SAM's three sizes (segment-anything, build_sam.py). */
export const SAM_VIT_B = sam(768, 12, 12, [2, 5, 8, 11]);
export const SAM_VIT_L = sam(1024, 24, 16, [5, 11, 17, 23]);
export const SAM_VIT_H = sam(1280, 32, 16, [7, 15, 23, 31]);

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
