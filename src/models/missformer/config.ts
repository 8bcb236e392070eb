/**
 * Sizes of MISSFormer, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface MissformerConfig extends ModelConfig {
  readonly architecture: 'missformer';
  /** The background included. */
  readonly classes: number;
  /** Channels of the first stage, and width of the tokens of the bridge. 64 as published. */
  readonly width: number;
  /** Blocks of each stage of the encoder. */
  readonly depths: readonly number[];
}

/** What the stages have, by stage: channels in units of `width`, as many heads, and the side of the patches that become a key. */
export const STAGES = [
  { units: 1, reduction: 8 },
  { units: 2, reduction: 4 },
  { units: 5, reduction: 2 },
  { units: 8, reduction: 1 },
] as const;

/** The published network at 256 pixels. */
export const MISSFORMER_B: MissformerConfig = {
  architecture: 'missformer',
  imageSize: 256,
  classes: 2,
  width: 64,
  depths: [2, 2, 2, 2],
};

/** A sixteenth of the weights, for a laptop's CPU and for browsers. */
export const MISSFORMER_S: MissformerConfig = { ...MISSFORMER_B, width: 16 };

export function readConfig(fields: FieldReader): MissformerConfig {
  return {
    architecture: 'missformer',
    imageSize: fields.whole('imageSize', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 1024),
    depths: fields.wholes('depths', 4, 64),
  };
}

export function rules({ imageSize, classes, width }: MissformerConfig): ConfigRule[] {
  return [
    {
      field: 'imageSize',
      holds: imageSize % 32 === 0,
      rule: 'must be a multiple of 32: each stage reduces its map to the size of the last',
    },
    { field: 'classes', holds: classes >= 2, rule: 'must be 2 at least: the background is one' },
    { field: 'width', holds: width % 2 === 0, rule: 'must be even: the decoder halves five times that' },
  ];
}

/** The names of the authors' class. Its checkpoints do not show the size of the images: 256 pixels are assumed. */
export function recognise(tensors: Shapes): MissformerConfig | undefined {
  if (!tensors.has('bridge.bridge_layer1.norm1.weight') || !tensors.has('decoder_0.last_layer.weight'))
    return undefined;
  const [classes = 0, width = 0] = shapeOf(tensors, 'decoder_0.last_layer.weight', 4);
  const depths = STAGES.map((_, stage) => countOf(tensors, (i) => `backbone.block${stage + 1}.${i}.norm1.weight`));
  return { architecture: 'missformer', imageSize: 256, classes, width, depths };
}

/** From the metadata of a reference file. */
export function referenceConfig(fields: FieldReader): MissformerConfig {
  return {
    architecture: 'missformer',
    imageSize: fields.whole('size', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('base', 1024),
    depths: fields.wholes('layers', 4, 64),
  };
}
