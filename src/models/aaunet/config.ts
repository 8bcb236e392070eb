/**
 * Sizes of AAU-net, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface AaunetConfig extends ModelConfig {
  readonly architecture: 'aaunet';
  /** Maps of the output: a single one for an object, or one for each class with the background. */
  readonly classes: number;
  /** Channels of the first level; they double at each further one. */
  readonly width: number;
  /** Sizes of maps, that of the image included. */
  readonly levels: number;
}

/** The paper's sizes are not published: these are those of public re-implementations. */
export const AAUNET_B: AaunetConfig = { architecture: 'aaunet', imageSize: 256, classes: 1, width: 32, levels: 5 };

/** A sixteenth of the weights, for a laptop's CPU and for browsers. */
export const AAUNET_S: AaunetConfig = { ...AAUNET_B, width: 8 };

export function readConfig(fields: FieldReader): AaunetConfig {
  return {
    architecture: 'aaunet',
    imageSize: fields.whole('imageSize', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 1024),
    levels: fields.whole('levels', 10),
  };
}

export function rules({ imageSize, levels }: AaunetConfig): ConfigRule[] {
  const multiple = 2 ** (levels - 1);
  return [
    { field: 'levels', holds: levels >= 2, rule: 'must be 2 at least' },
    { field: 'imageSize', holds: imageSize % multiple === 0, rule: `must be a multiple of ${multiple}` },
  ];
}

/** The names of this project. Its checkpoints do not show the size of the images: 256 pixels are assumed. */
export function recognise(tensors: Shapes): AaunetConfig | undefined {
  if (!tensors.has('down.0.0.c_conv1.weight') || !tensors.has('head.weight')) return undefined;
  const [classes = 0, width = 0] = shapeOf(tensors, 'head.weight', 4);
  const levels = countOf(tensors, (i) => `down.${i}.0.c_conv1.weight`);
  return { architecture: 'aaunet', imageSize: 256, classes, width, levels };
}

/** From the metadata of a reference file. */
export function referenceConfig(fields: FieldReader): AaunetConfig {
  return {
    architecture: 'aaunet',
    imageSize: fields.whole('size', 4096),
    classes: fields.whole('classes', 256, 1),
    width: fields.whole('base', 1024),
    levels: fields.whole('levels', 10),
  };
}
