/**
 * Sizes of CA-Net, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, type FieldReader, shapeOf } from '../configFields.js';

export interface CanetConfig extends ModelConfig {
  readonly architecture: 'canet';
  /** Channels of the input: grey, or colours. */
  readonly channels: number;
  /** The background included. */
  readonly classes: number;
  /** Channels of the first level; they double four times. 16 as published. */
  readonly width: number;
}

/** What the authors divide by their `feature_scale` to get the width. */
const FULL_WIDTH = 64;

/** The published network. */
export const CANET_B: CanetConfig = { architecture: 'canet', imageSize: 256, channels: 3, classes: 2, width: 16 };

/** A quarter of the weights, for a laptop's CPU and for browsers. */
export const CANET_S: CanetConfig = { ...CANET_B, width: 8 };

export function readConfig(fields: FieldReader): CanetConfig {
  return {
    architecture: 'canet',
    imageSize: fields.whole('imageSize', 4096),
    channels: fields.whole('channels', 3),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 1024),
  };
}

export function rules({ imageSize, channels, classes, width }: CanetConfig): ConfigRule[] {
  return [
    { field: 'imageSize', holds: imageSize >= 32, rule: 'must be 32 at least: the image is halved four times' },
    { field: 'channels', holds: channels !== 2, rule: 'must be 1 or 3' },
    { field: 'classes', holds: classes >= 2, rule: 'must be 2 at least: the softmax of a single map is always 1' },
    { field: 'width', holds: width % 2 === 0, rule: 'must be even: the gates of channels halve it' },
  ];
}

/** The names of the authors' class. Its checkpoints do not show the size of the images: 256 pixels are assumed. */
export function recognise(tensors: Shapes): CanetConfig | undefined {
  if (!tensors.has('nonlocal4_2.theta.weight') || !tensors.has('scale_att.conv3.weight')) return undefined;
  const [width = 0, channels = 0] = shapeOf(tensors, 'conv1.conv.0.weight', 4);
  const [classes = 0] = shapeOf(tensors, 'final.0.weight', 4);
  return { architecture: 'canet', imageSize: 256, channels, classes, width };
}

/** From the metadata of a reference file; its images may be rectangles. */
export function referenceConfig(fields: FieldReader, tensors: Shapes): CanetConfig {
  const [, , height = 0, width = 0] = shapeOf(tensors, 'input', 4);
  return {
    architecture: 'canet',
    imageSize: Math.max(height, width),
    channels: fields.whole('in', 3),
    classes: fields.whole('classes', 256),
    width: Math.floor(FULL_WIDTH / fields.whole('feature_scale', FULL_WIDTH)),
  };
}
