/**
 * Sizes of TransFuse-S, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import { RESNET34 } from '../../nn/resnet.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface TransFuseConfig extends ModelConfig {
  readonly architecture: 'transfuse';
  /** Channels of the first layer of the ResNet; they double twice. */
  readonly width: number;
  /** Blocks of the three layers of the ResNet. */
  readonly layers: readonly number[];
  /** Width of the tokens of the transformer, its blocks and heads. */
  readonly tokens: number;
  readonly depth: number;
  readonly heads: number;
  /** Rows and columns of the position table, which is resized to other images. */
  readonly grid: readonly number[];
}

/** Side of a token, in pixels; the ResNet makes the image as much smaller. */
export const PATCH = 16;
/** Layers of the ResNet: its fourth is left out. */
const LAYERS = 3;

/** ResNet-34 and DeiT-small at 256 pixels. */
export const TRANSFUSE_B: TransFuseConfig = {
  architecture: 'transfuse',
  imageSize: 256,
  width: 64,
  layers: RESNET34.slice(0, LAYERS),
  tokens: 384,
  depth: 8,
  heads: 6,
  grid: [16, 16],
};

/** A quarter of the channels, a third of those of the transformer, for a laptop's CPU and for browsers. */
export const TRANSFUSE_S: TransFuseConfig = { ...TRANSFUSE_B, width: 16, tokens: 128, depth: 4, heads: 2 };

export function readConfig(fields: FieldReader): TransFuseConfig {
  return {
    architecture: 'transfuse',
    imageSize: fields.whole('imageSize', 4096),
    width: fields.whole('width', 256),
    layers: fields.wholes('layers', LAYERS, 64),
    tokens: fields.whole('tokens', 4096),
    depth: fields.whole('depth', 64),
    heads: fields.whole('heads', 64),
    grid: fields.wholes('grid', 2, 256),
  };
}

/** From the metadata of a reference file; its images may be rectangles. */
export function referenceConfig(fields: FieldReader, tensors: Shapes): TransFuseConfig {
  const [, , height = 0, width = 0] = shapeOf(tensors, 'input', 4);
  return {
    architecture: 'transfuse',
    imageSize: Math.max(height, width),
    width: fields.whole('width', 256),
    // The list has the fourth layer, too.
    layers: fields.wholes('layers', LAYERS + 1, 64).slice(0, LAYERS),
    tokens: fields.whole('vit', 4096),
    depth: fields.whole('depth', 64),
    heads: fields.whole('heads', 64),
    grid: fields.wholes('grid', 2, 256),
  };
}

export function rules({ imageSize, width, tokens, heads }: TransFuseConfig): ConfigRule[] {
  return [
    { field: 'imageSize', holds: imageSize % PATCH === 0, rule: `must be a multiple of ${PATCH}` },
    { field: 'width', holds: width % 2 === 0, rule: 'must be even: the fusion halves it' },
    { field: 'heads', holds: tokens % heads === 0, rule: `must divide the width of the tokens (${tokens})` },
    { field: 'tokens', holds: tokens % 4 === 0, rule: 'must be a multiple of 4: the fusion divides it by that' },
  ];
}

/** As published: shapes do not show them. */
const HEAD_WIDTH = 64;
const PUBLISHED_GRID = [12, 16] as const;

/** The names of the authors' class. The published position table is for 192×256 pixels; others are taken as square. */
export function recognise(tensors: Shapes): TransFuseConfig | undefined {
  if (!tensors.has('up_c.fc1.weight') || !tensors.has('transformer.pos_embed')) return undefined;
  const [, count = 0, tokens = 0] = shapeOf(tensors, 'transformer.pos_embed', 3);
  const grid = count === PUBLISHED_GRID[0] * PUBLISHED_GRID[1] ? PUBLISHED_GRID : [Math.sqrt(count), Math.sqrt(count)];
  return {
    architecture: 'transfuse',
    imageSize: PATCH * Math.max(...grid),
    width: shapeOf(tensors, 'resnet.conv1.weight', 4)[0] ?? 0,
    layers: [1, 2, 3].map((layer) => countOf(tensors, (i) => `resnet.layer${layer}.${i}.conv1.weight`)),
    tokens,
    depth: countOf(tensors, (i) => `transformer.blocks.${i}.norm1.weight`),
    heads: Math.max(1, Math.floor(tokens / HEAD_WIDTH)),
    grid,
  };
}
