/**
 * Sizes of FAT-Net, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import { RESNET34 } from '../../nn/resnet.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface FatNetConfig extends ModelConfig {
  readonly architecture: 'fatnet';
  /** Maps of the output: one for each class with the background, or a single one for an object. */
  readonly classes: number;
  /** Channels of the first layer of the ResNet; they double three times. */
  readonly width: number;
  /** Blocks of the layers of the ResNet. */
  readonly layers: readonly number[];
  /** Width of the tokens of the transformer, its blocks and heads. */
  readonly tokens: number;
  readonly depth: number;
  readonly heads: number;
  /** Channels between the two layers of squeeze and excitation. */
  readonly squeeze: number;
}

/** Side of a token, in pixels; the ResNet makes the image as much smaller. */
export const PATCH = 16;

/** ResNet-34 and DeiT-tiny, for one object. */
export const FATNET_B: FatNetConfig = {
  architecture: 'fatnet',
  imageSize: 256,
  classes: 1,
  width: 64,
  layers: RESNET34,
  tokens: 192,
  depth: 12,
  heads: 3,
  squeeze: 64,
};

/** A quarter of the channels, half of the blocks of the transformer, for a laptop's CPU and for browsers. */
export const FATNET_S: FatNetConfig = { ...FATNET_B, width: 16, tokens: 64, depth: 6, heads: 1, squeeze: 16 };

export function readConfig(fields: FieldReader): FatNetConfig {
  return {
    architecture: 'fatnet',
    imageSize: fields.whole('imageSize', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 256),
    layers: fields.wholes('layers', 4, 64),
    tokens: fields.whole('tokens', 4096),
    depth: fields.whole('depth', 64),
    heads: fields.whole('heads', 64),
    squeeze: fields.whole('squeeze', 4096),
  };
}

export function referenceConfig(fields: FieldReader): FatNetConfig {
  const width = fields.whole('width', 256);
  return {
    architecture: 'fatnet',
    imageSize: fields.whole('size', 4096),
    classes: fields.whole('classes', 256),
    width,
    layers: fields.wholes('layers', 4, 64),
    tokens: fields.whole('vit', 4096),
    depth: fields.whole('depth', 64),
    heads: fields.whole('heads', 64),
    // "r" is the share of the channels that both branches have together.
    squeeze: Math.floor((2 * 8 * width) / fields.whole('r', 4096)),
  };
}

export function rules({ imageSize, width, tokens, heads }: FatNetConfig): ConfigRule[] {
  return [
    { field: 'imageSize', holds: imageSize % PATCH === 0, rule: `must be a multiple of ${PATCH}` },
    { field: 'width', holds: width % 4 === 0, rule: 'must be a multiple of 4: the decoder divides it by that' },
    { field: 'heads', holds: tokens % heads === 0, rule: `must divide the width of the tokens (${tokens})` },
  ];
}

/** As published: shapes do not show it. */
const HEAD_WIDTH = 64;

/** The names of the authors' class. Its checkpoints do not show the size of the images: 256 pixels are assumed. */
export function recognise(tensors: Shapes): FatNetConfig | undefined {
  if (!tensors.has('FAMBlock1.conv3.weight') || !tensors.has('conv_seq_img.weight')) return undefined;
  const [tokens = 0] = shapeOf(tensors, 'patch_embed.proj.weight', 4);
  return {
    architecture: 'fatnet',
    imageSize: 256,
    classes: shapeOf(tensors, 'final_conv3.weight', 4)[0] ?? 0,
    width: shapeOf(tensors, 'firstconv.weight', 4)[0] ?? 0,
    layers: [1, 2, 3, 4].map((layer) => countOf(tensors, (i) => `encoder${layer}.${i}.conv1.weight`)),
    tokens,
    depth: countOf(tensors, (i) => `transformers.${i}.norm1.weight`),
    heads: Math.max(1, Math.floor(tokens / HEAD_WIDTH)),
    squeeze: shapeOf(tensors, 'se.fc.0.weight', 2)[0] ?? 0,
  };
}
