/**
 * Sizes of TransUNet, and how they are read from a configuration, a checkpoint and a reference file.
 */
import type { Shapes } from '../../graph/tensorData.js';
import type { ModelConfig } from '../architecture.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';

export interface TransUnetConfig extends ModelConfig {
  readonly architecture: 'transunet';
  /** Maps of the output, the background included. */
  readonly classes: number;
  /** Channels of the first convolution. */
  readonly width: number;
  /** Groups of the group norms. */
  readonly groups: number;
  /** Bottlenecks of the three blocks of the ResNet. */
  readonly units: readonly number[];
  /** Width of the tokens of the transformer, of its MLP, its heads and layers. */
  readonly hidden: number;
  readonly mlp: number;
  readonly heads: number;
  readonly layers: number;
  /** Channels of the first convolution of the decoder, then of its blocks. */
  readonly head: number;
  readonly decoder: readonly number[];
  /** How many blocks of the decoder have a skip connection, from the smallest map on. */
  readonly skips: number;
}

/** Side of a token, in pixels. */
const PATCH = 16;

/** R50-ViT-B_16 at 256 pixels. */
export const TRANSUNET_B: TransUnetConfig = {
  architecture: 'transunet',
  imageSize: 256,
  classes: 2,
  width: 64,
  groups: 32,
  units: [3, 4, 9],
  hidden: 768,
  mlp: 3072,
  heads: 12,
  layers: 12,
  head: 512,
  decoder: [256, 128, 64, 16],
  skips: 3,
};

/** A quarter of the channels and half of the layers, for a laptop's CPU and for browsers. */
export const TRANSUNET_S: TransUnetConfig = {
  ...TRANSUNET_B,
  width: 16,
  groups: 8,
  units: [2, 2, 4],
  hidden: 192,
  mlp: 768,
  heads: 3,
  layers: 6,
  head: 128,
  decoder: [64, 32, 16, 8],
};

export function readConfig(fields: FieldReader): TransUnetConfig {
  return {
    architecture: 'transunet',
    imageSize: fields.whole('imageSize', 4096),
    ...sizes(fields),
    skips: fields.whole('skips', 3, undefined, 0),
  };
}

export function referenceConfig(fields: FieldReader): TransUnetConfig {
  return {
    architecture: 'transunet',
    imageSize: fields.whole('size', 4096),
    ...sizes(fields),
    skips: fields.whole('n_skip', 3, undefined, 0),
  };
}

function sizes(fields: FieldReader): Omit<TransUnetConfig, 'architecture' | 'imageSize' | 'skips'> {
  return {
    classes: fields.whole('classes', 256),
    width: fields.whole('width', 256),
    groups: fields.whole('groups', 256),
    units: fields.wholes('units', 3, 64),
    hidden: fields.whole('hidden', 4096),
    mlp: fields.whole('mlp', 16_384),
    heads: fields.whole('heads', 64),
    layers: fields.whole('layers', 64),
    head: fields.whole('head', 4096),
    decoder: fields.wholes('decoder', 4, 4096),
  };
}

export function rules({ imageSize, classes, width, groups, hidden, heads }: TransUnetConfig): ConfigRule[] {
  return [
    { field: 'imageSize', holds: imageSize % PATCH === 0, rule: `must be a multiple of ${PATCH}` },
    { field: 'classes', holds: classes >= 2, rule: 'must be 2 at least: the background is one' },
    { field: 'groups', holds: width % groups === 0, rule: `must divide the width (${width})` },
    { field: 'heads', holds: hidden % heads === 0, rule: `must divide the hidden width (${hidden})` },
  ];
}

/** Heads of 64 channels and norms of two channels a group in the first layer, as published: shapes do not show them. */
const [HEAD_WIDTH, GROUP_WIDTH] = [64, 2];

/** The names of the authors' class. */
export function recognise(tensors: Shapes): TransUnetConfig | undefined {
  const embeddings = 'transformer.embeddings';
  const root = `${embeddings}.hybrid_model.root.conv.weight`;
  if (!tensors.has(root) || !tensors.has('segmentation_head.0.weight')) return undefined;
  const [width = 0] = shapeOf(tensors, root, 4);
  const [, tokens = 0, hidden = 0] = shapeOf(tensors, `${embeddings}.position_embeddings`, 3);
  const [head = 0] = shapeOf(tensors, 'decoder.conv_more.0.weight', 4);
  const convs = [0, 1, 2, 3].map((j) => shapeOf(tensors, `decoder.blocks.${j}.conv1.0.weight`, 4));
  const decoder = convs.map(([outputs = 0]) => outputs);
  const body = `${embeddings}.hybrid_model.body`;
  return {
    architecture: 'transunet',
    imageSize: PATCH * Math.sqrt(tokens),
    classes: shapeOf(tensors, 'segmentation_head.0.weight', 4)[0] ?? 0,
    width,
    groups: Math.max(1, Math.floor(width / GROUP_WIDTH)),
    units: [1, 2, 3].map((block) => countOf(tensors, (i) => `${body}.block${block}.unit${i + 1}.conv1.weight`)),
    hidden,
    mlp: shapeOf(tensors, 'transformer.encoder.layer.0.ffn.fc1.weight', 2)[0] ?? 0,
    heads: Math.max(1, Math.floor(hidden / HEAD_WIDTH)),
    layers: countOf(tensors, (i) => `transformer.encoder.layer.${i}.attention_norm.weight`),
    head,
    decoder,
    skips: convs.filter(([, inputs], j) => inputs !== (decoder[j - 1] ?? head)).length,
  };
}
