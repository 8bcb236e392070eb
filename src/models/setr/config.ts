/**
 * Sizes of SETR, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface SetrConfig extends ModelConfig {
  readonly architecture: 'setr';
  /** Maps of the output, the background included. */
  readonly classes: number;
  /** Width of the tokens, blocks and heads of the transformer. */
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Channels of the convolutions that enlarge the map. */
  readonly head: number;
  /** Blocks, counted from 0, whose tokens an auxiliary head classifies in training. */
  readonly auxiliary: readonly number[];
  /** Input channels of a classifier that each head has and never calls. */
  readonly leftover: number;
}

/** Side of a token, in pixels. */
export const PATCH = 16;

/** ViT-L/16 at 256 pixels. */
export const SETR_B: SetrConfig = {
  architecture: 'setr',
  imageSize: 256,
  classes: 2,
  width: 1024,
  depth: 24,
  heads: 16,
  head: 256,
  auxiliary: [9, 14, 19, 23],
  leftover: 512,
};

/** A third of the blocks and less than a fifth of their width, for a laptop's CPU and for browsers. */
export const SETR_S: SetrConfig = {
  ...SETR_B,
  width: 192,
  depth: 8,
  heads: 3,
  head: 64,
  auxiliary: [1, 3, 5, 7],
  leftover: 64,
};

export function readConfig(fields: FieldReader): SetrConfig {
  return {
    architecture: 'setr',
    imageSize: fields.whole('imageSize', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 4096),
    depth: fields.whole('depth', 64),
    heads: fields.whole('heads', 64),
    head: fields.whole('head', 4096),
    auxiliary: fields.ascending('auxiliary', 64),
    leftover: fields.whole('leftover', 4096),
  };
}

export function referenceConfig(fields: FieldReader, tensors: Shapes): SetrConfig {
  return {
    architecture: 'setr',
    imageSize: fields.whole('size', 4096),
    classes: fields.whole('classes', 256),
    width: fields.whole('embed', 4096),
    depth: fields.whole('depth', 64),
    heads: fields.whole('heads', 64),
    head: fields.whole('head', 4096),
    auxiliary: fields.ascending('aux', 64),
    leftover: leftoverOf(tensors, 'weights.'),
  };
}

export function rules({ imageSize, classes, width, depth, heads, auxiliary }: SetrConfig): ConfigRule[] {
  return [
    { field: 'imageSize', holds: imageSize % PATCH === 0, rule: `must be a multiple of ${PATCH}` },
    { field: 'classes', holds: classes >= 2, rule: 'must be 2 at least: the background is one' },
    { field: 'heads', holds: width % heads === 0, rule: `must divide the width (${width})` },
    { field: 'auxiliary', holds: auxiliary.every((block) => block < depth), rule: `must lie below depth (${depth})` },
  ];
}

/** As published: shapes do not show it. */
const HEAD_WIDTH = 64;

/** The names of the authors' class. */
export function recognise(tensors: Shapes): SetrConfig | undefined {
  if (!tensors.has('backbone.cls_token') || !tensors.has('decode_head.syncbn_fc_3.weight')) return undefined;
  const [, tokens = 1, width = 0] = shapeOf(tensors, 'backbone.pos_embed', 3);
  const [head = 0] = shapeOf(tensors, 'decode_head.conv_0.weight', 4);
  const depth = countOf(tensors, (i) => `backbone.blocks.${i}.norm1.weight`);
  const auxiliary = countOf(tensors, (i) => `auxiliary_head.${i}.norm.weight`);
  return {
    architecture: 'setr',
    imageSize: PATCH * Math.sqrt(tokens - 1),
    classes: shapeOf(tensors, 'decode_head.conv_4.weight', 4)[0] ?? 0,
    width,
    depth,
    heads: Math.max(1, Math.floor(width / HEAD_WIDTH)),
    head,
    auxiliary: auxiliaryBlocks(depth, auxiliary),
    leftover: leftoverOf(tensors, ''),
  };
}

function leftoverOf(tensors: Shapes, prefix: string): number {
  return shapeOf(tensors, `${prefix}decode_head.conv_seg.weight`, 4)[1] ?? 0;
}

/** As published, else at even distances: names do not show to which block a head belongs. */
function auxiliaryBlocks(depth: number, count: number): readonly number[] {
  if (depth === SETR_B.depth && count === SETR_B.auxiliary.length) return SETR_B.auxiliary;
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 1) * depth) / count) - 1);
}
