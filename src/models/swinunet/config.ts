/**
 * Sizes of Swin-Unet, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface SwinUnetConfig extends ModelConfig {
  readonly architecture: 'swinunet';
  /** Maps of the output, the background included. */
  readonly classes: number;
  /** Channels of the first stage; they double three times. */
  readonly width: number;
  /** Blocks of each stage of the encoder, and of the decoder's stage of the same size. */
  readonly depths: readonly number[];
  /** Attention heads of each stage. */
  readonly heads: readonly number[];
  /** Side of the windows of attention, in tokens. */
  readonly window: number;
}

/** Side of a patch, in pixels. */
export const PATCH = 4;
/** Stages of the encoder. */
export const STAGES = 4;

/** Swin-T at 256 pixels: sides of 64, 32, 16 and 8 tokens need a window of 8. */
export const SWINUNET_B: SwinUnetConfig = {
  architecture: 'swinunet',
  imageSize: 256,
  classes: 2,
  width: 96,
  depths: [2, 2, 2, 2],
  heads: [3, 6, 12, 24],
  window: 8,
};

/** A quarter of the channels, for a laptop's CPU and for browsers. */
export const SWINUNET_S: SwinUnetConfig = { ...SWINUNET_B, width: 24, heads: [1, 2, 4, 8] };

export function readConfig(fields: FieldReader): SwinUnetConfig {
  return {
    architecture: 'swinunet',
    imageSize: fields.whole('imageSize', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 1024),
    depths: fields.wholes('depths', STAGES, 64),
    heads: fields.wholes('heads', STAGES, 64),
    window: fields.whole('window', 64),
  };
}

export function rules({ imageSize, classes, width, heads, window }: SwinUnetConfig): ConfigRule[] {
  const smallest = PATCH * 2 ** (STAGES - 1);
  const sides = Array.from({ length: STAGES }, (_, stage) => imageSize / PATCH / 2 ** stage);
  return [
    { field: 'imageSize', holds: imageSize % smallest === 0, rule: `must be a multiple of ${smallest}` },
    {
      field: 'window',
      holds: sides.every((side) => side % Math.min(window, side) === 0),
      rule: `must divide the sides of the stages in tokens (${sides.join(', ')})`,
    },
    { field: 'classes', holds: classes >= 2, rule: 'must be 2 at least: the background is one' },
    {
      field: 'heads',
      holds: heads.every((count, stage) => (width * 2 ** stage) % count === 0),
      rule: 'must divide the channels of their stages',
    },
  ];
}

/**
 * The names of the authors' class. Its checkpoints do not show the size of the images: one window is assumed to cover the
 * smallest stage, as published. A smaller window there is the size of that stage.
 */
export function recognise(tensors: Shapes): SwinUnetConfig | undefined {
  if (!tensors.has('swin_unet.patch_embed.proj.weight') || !tensors.has('swin_unet.output.weight')) return undefined;
  const [width = 0] = shapeOf(tensors, 'swin_unet.patch_embed.proj.weight', 4);
  const [classes = 0] = shapeOf(tensors, 'swin_unet.output.weight', 4);
  const stages = Array.from({ length: STAGES }, (_, stage) => `swin_unet.layers.${stage}.blocks`);
  const tables = stages.map((blocks) => shapeOf(tensors, `${blocks}.0.attn.relative_position_bias_table`, 2));
  const [window = 1, , , smallest = 1] = tables.map(([rows = 1]) => (Math.sqrt(rows) + 1) / 2);
  return {
    architecture: 'swinunet',
    imageSize: PATCH * 2 ** (STAGES - 1) * smallest,
    classes,
    width,
    depths: stages.map((blocks) => countOf(tensors, (i) => `${blocks}.${i}.norm1.weight`)),
    heads: tables.map(([, heads = 0]) => heads),
    window,
  };
}

export function referenceConfig(fields: FieldReader): SwinUnetConfig {
  return {
    architecture: 'swinunet',
    imageSize: fields.whole('size', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('embed', 1024),
    depths: fields.wholes('depths', STAGES, 64),
    heads: fields.wholes('heads', STAGES, 64),
    window: fields.whole('window', 64),
  };
}
