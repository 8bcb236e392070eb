/**
 * Sizes of CPFNet, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import { RESNET34 } from '../../nn/resnet.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface CpfnetConfig extends ModelConfig {
  readonly architecture: 'cpfnet';
  /** The background included. */
  readonly classes: number;
  /** Channels of the first layer of the encoder; they double three times. 64 as published. */
  readonly width: number;
  /** Blocks of each layer of the encoder. */
  readonly layers: readonly number[];
  /** Channels of the last convolutions. 32 as published. */
  readonly head: number;
}

/** The published network, with ResNet-34 as its encoder. */
export const CPFNET_B: CpfnetConfig = {
  architecture: 'cpfnet',
  imageSize: 256,
  classes: 2,
  width: 64,
  layers: RESNET34,
  head: 32,
};

/** A sixteenth of the weights, for a laptop's CPU and for browsers. */
export const CPFNET_S: CpfnetConfig = { ...CPFNET_B, width: 16, head: 8 };

export function readConfig(fields: FieldReader): CpfnetConfig {
  return { architecture: 'cpfnet', imageSize: fields.whole('imageSize', 4096), ...sizes(fields) };
}

function sizes(fields: FieldReader) {
  return {
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 1024),
    layers: fields.wholes('layers', 4, 64),
    head: fields.whole('head', 1024),
  };
}

export function rules({ imageSize, classes, width }: CpfnetConfig): ConfigRule[] {
  return [
    {
      field: 'imageSize',
      holds: imageSize % 32 === 0,
      rule: 'must be a multiple of 32: the image is halved five times',
    },
    { field: 'classes', holds: classes >= 2, rule: 'must be 2 at least: the softmax of a single map is always 1' },
    { field: 'width', holds: width % 2 === 0, rule: 'must be even: the attention to scales halves it' },
  ];
}

/** The names of the authors' class. Its checkpoints do not show the size of the images: 256 pixels are assumed. */
export function recognise(tensors: Shapes): CpfnetConfig | undefined {
  if (!tensors.has('mce_2.conv_out.0.weight') || !tensors.has('main_head.conv_1x1_2.weight')) return undefined;
  const [width = 0] = shapeOf(tensors, 'backbone.conv1.weight', 4);
  const [classes = 0, head = 0] = shapeOf(tensors, 'main_head.conv_1x1_2.weight', 4);
  const layers = [1, 2, 3, 4].map((layer) => countOf(tensors, (i) => `backbone.layer${layer}.${i}.conv1.weight`));
  return { architecture: 'cpfnet', imageSize: 256, classes, width, layers, head };
}

/** From the metadata of a reference file. */
export function referenceConfig(fields: FieldReader): CpfnetConfig {
  return { architecture: 'cpfnet', imageSize: fields.whole('size', 4096), ...sizes(fields) };
}
