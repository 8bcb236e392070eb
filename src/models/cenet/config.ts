/**
 * Sizes of CE-Net, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import { RESNET34 } from '../../nn/resnet.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface CenetConfig extends ModelConfig {
  readonly architecture: 'cenet';
  /** Maps of the output: a single one for an object, or one for each class with the background. */
  readonly classes: number;
  /** Channels of the first layer of the encoder; they double three times. 64 as published. */
  readonly width: number;
  /** Blocks of each layer of the encoder. */
  readonly layers: readonly number[];
  /** Channels of the last convolutions. 32 as published. */
  readonly head: number;
}

/** The published network, with ResNet-34 as its encoder. */
export const CENET_B: CenetConfig = {
  architecture: 'cenet',
  imageSize: 256,
  classes: 1,
  width: 64,
  layers: RESNET34,
  head: 32,
};

/** A sixteenth of the weights, for a laptop's CPU and for browsers. */
export const CENET_S: CenetConfig = { ...CENET_B, width: 16, head: 8 };

export function readConfig(fields: FieldReader): CenetConfig {
  return {
    architecture: 'cenet',
    imageSize: fields.whole('imageSize', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 1024),
    layers: fields.wholes('layers', 4, 64),
    head: fields.whole('head', 1024),
  };
}

export function rules({ imageSize, width }: CenetConfig): ConfigRule[] {
  return [
    {
      field: 'imageSize',
      holds: imageSize % 32 === 0 && imageSize >= 192,
      rule: 'must be a multiple of 32 and 192 at least: a 6×6 window pools the map that is 32 times smaller',
    },
    { field: 'width', holds: width >= 4, rule: 'must be 4 at least: the decoder works on a quarter of the channels' },
  ];
}

/** The names of the authors' class. Its checkpoints do not show the size of the images: 256 pixels are assumed. */
export function recognise(tensors: Shapes): CenetConfig | undefined {
  if (!tensors.has('dblock.dilate1.weight') || !tensors.has('finaldeconv1.weight')) return undefined;
  const [width = 0] = shapeOf(tensors, 'firstconv.weight', 4);
  const [classes = 0, head = 0] = shapeOf(tensors, 'finalconv3.weight', 4);
  const layers = [1, 2, 3, 4].map((layer) => countOf(tensors, (i) => `encoder${layer}.${i}.conv1.weight`));
  return { architecture: 'cenet', imageSize: 256, classes, width, layers, head };
}

/** From the metadata of a reference file. */
export function referenceConfig(fields: FieldReader): CenetConfig {
  return {
    architecture: 'cenet',
    imageSize: fields.whole('size', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 1024),
    layers: fields.wholes('layers', 4, 64),
    head: fields.whole('head', 1024),
  };
}
