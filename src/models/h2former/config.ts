/**
 * Sizes of H2Former, and how they are read from a configuration, a checkpoint and a reference file.
 */
import { SamusError } from '../../errors.js';
import type { Shapes } from '../../graph/tensorData.js';
import { RESNET34 } from '../../nn/resnet.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface H2formerConfig extends ModelConfig {
  readonly architecture: 'h2former';
  /** The background included. */
  readonly classes: number;
  /** Channels of the first stage; they double three times. 64 as published. */
  readonly width: number;
  /** Residual blocks of each stage. */
  readonly layers: readonly number[];
  /** Transformer blocks of each stage. */
  readonly depths: readonly number[];
  /** Attention heads of each stage. */
  readonly heads: readonly number[];
}

/** Pixels of the image for each token of a window's side: a window covers the last stage. */
export const WINDOW_SCALE = 16;

/** The published network at 256 pixels, with ResNet-34 as its convolutional part. */
export const H2FORMER_B: H2formerConfig = {
  architecture: 'h2former',
  imageSize: 256,
  classes: 2,
  width: 64,
  layers: RESNET34,
  depths: [2, 2, 2, 2],
  heads: [2, 4, 8, 16],
};

/** A sixteenth of the weights, for a laptop's CPU and for browsers. */
export const H2FORMER_S: H2formerConfig = { ...H2FORMER_B, width: 16, heads: [1, 2, 4, 8] };

export function readConfig(fields: FieldReader): H2formerConfig {
  return {
    architecture: 'h2former',
    imageSize: fields.whole('imageSize', 4096),
    width: fields.whole('width', 1024),
    ...sizes(fields),
  };
}

function sizes(fields: FieldReader) {
  return {
    classes: fields.whole('classes', 256),
    layers: fields.wholes('layers', 4, 64),
    depths: fields.wholes('depths', 4, 64),
    heads: fields.wholes('heads', 4, 64),
  };
}

export function rules({ imageSize, classes, width, heads }: H2formerConfig): ConfigRule[] {
  return [
    { field: 'imageSize', holds: imageSize % WINDOW_SCALE === 0, rule: `must be a multiple of ${WINDOW_SCALE}` },
    { field: 'classes', holds: classes >= 2, rule: 'must be 2 at least: the background is one' },
    {
      field: 'width',
      holds: width % 8 === 0,
      rule: 'must be a multiple of 8, to be divided among patches of four sizes',
    },
    {
      field: 'heads',
      holds: heads.every((count, stage) => (width * 2 ** stage) % count === 0),
      rule: 'must divide the channels of their stages',
    },
  ];
}

/** The names of the authors' class. The size of the images is that of a window. */
export function recognise(tensors: Shapes): H2formerConfig | undefined {
  if (!tensors.has('MS2.eca.conv.weight') || !tensors.has('decode0.1.weight')) return undefined;
  const [classes = 0, width = 0] = shapeOf(tensors, 'decode0.1.weight', 4);
  checkChannels(shapeOf(tensors, 'conv1.weight', 4));
  const stages = [0, 1, 2, 3];
  const blocks = stages.map((stage) => `swin_layers.${stage}.blocks`);
  const tables = blocks.map((name) => shapeOf(tensors, `${name}.0.attn.relative_position_bias_table`, 2));
  return {
    architecture: 'h2former',
    imageSize: (WINDOW_SCALE * (Math.sqrt(tables[0]?.[0] ?? 1) + 1)) / 2,
    classes,
    width,
    layers: stages.map((stage) => countOf(tensors, (i) => `layer${stage + 1}.${i}.conv1.weight`)),
    depths: blocks.map((name) => countOf(tensors, (i) => `${name}.${i}.norm1.weight`)),
    heads: tables.map(([, heads = 0]) => heads),
  };
}

/** @throws SamusError CHECKPOINT_TENSOR_SHAPE for the released class, whose fourth channel its own scripts do not feed */
function checkChannels([, channels = 0]: readonly number[]): void {
  if (channels === 3) return;
  throw new SamusError(
    'CHECKPOINT_TENSOR_SHAPE',
    `expected an H2Former for RGB images with 3 input channels, got ${channels} in conv1.weight; the released class has 4, of which its scripts feed 3`,
    'use a checkpoint trained with 3 channels; the content of a further channel is not published',
    { tensor: 'conv1.weight', channels },
  );
}

/** From the metadata of a reference file. */
export function referenceConfig(fields: FieldReader): H2formerConfig {
  return {
    architecture: 'h2former',
    imageSize: fields.whole('size', 4096),
    width: fields.whole('embed', 1024),
    ...sizes(fields),
  };
}
