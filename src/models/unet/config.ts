/**
 * Sizes of U-Net, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, type FieldReader, shapeOf } from '../configFields.js';

export interface UnetConfig extends ModelConfig {
  readonly architecture: 'unet';
  /** Channels of the input: grey, or grey three times. */
  readonly channels: number;
  /** Maps of the output: one for each class with the background, or a single one for an object. */
  readonly classes: number;
  /** Channels of the first level; they double four times. 64 as published. */
  readonly base: number;
  /** Enlarges maps bilinearly instead of by transposed convolutions. */
  readonly bilinear: boolean;
}

/** U-Net as its authors' class builds it for grey images and two classes. */
export const UNET_B: UnetConfig = {
  architecture: 'unet',
  imageSize: 256,
  channels: 1,
  classes: 2,
  base: 64,
  bilinear: false,
};

/** The variant without transposed convolutions: a little over half of the weights. */
export const UNET_BILINEAR: UnetConfig = { ...UNET_B, bilinear: true };

/** A sixteenth of the weights, for a laptop's CPU and for browsers. */
export const UNET_S: UnetConfig = { ...UNET_B, base: 16 };

export function readConfig(fields: FieldReader): UnetConfig {
  return {
    architecture: 'unet',
    imageSize: fields.whole('imageSize', 4096),
    channels: fields.whole('channels', 3),
    classes: fields.whole('classes', 256),
    base: fields.whole('base', 1024),
    bilinear: fields.flag('bilinear', false),
  };
}

export function rules({ imageSize, channels, base, bilinear }: UnetConfig): ConfigRule[] {
  return [
    { field: 'imageSize', holds: imageSize >= 16, rule: 'must be 16 at least: the image is halved four times' },
    { field: 'channels', holds: channels !== 2, rule: 'must be 1 or 3' },
    {
      field: 'base',
      holds: !bilinear || base % 2 === 0,
      rule: 'must be even in the bilinear variant, which halves it',
    },
  ];
}

/** The names of the authors' class. Its checkpoints do not show the size of the images: 256 pixels are assumed. */
export function recognise(tensors: Shapes): UnetConfig | undefined {
  if (!tensors.has('inc.double_conv.0.weight') || !tensors.has('outc.conv.weight')) return undefined;
  const [base = 0, channels = 0] = shapeOf(tensors, 'inc.double_conv.0.weight', 4);
  const [classes = 0] = shapeOf(tensors, 'outc.conv.weight', 4);
  const bilinear = !tensors.has('up1.up.weight');
  return { architecture: 'unet', imageSize: 256, channels, classes, base, bilinear };
}

/** From the metadata of a reference file; its images may be rectangles. */
export function referenceConfig(fields: FieldReader, tensors: Shapes): UnetConfig {
  const [, , height = 0, width = 0] = shapeOf(tensors, 'input', 4);
  return {
    architecture: 'unet',
    imageSize: Math.max(height, width),
    channels: fields.whole('n_channels', 3),
    classes: fields.whole('n_classes', 256),
    base: fields.whole('base', 1024),
    bilinear: fields.flag('bilinear', false),
  };
}
