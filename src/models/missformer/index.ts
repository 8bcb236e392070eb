/**
 * MISSFormer (Huang et al., arXiv:2109.07162) by the names of ZhifangDeng/MISSFormer: a U-Net of transformer blocks, with a bridge
 * of blocks that see the maps of all stages.
 */
import {
  type AugmentRecipe,
  blur,
  contrastBy,
  flipX,
  flipY,
  half,
  move,
  noise,
  piecewise,
} from '../../data/augmentSteps.js';
import { attend } from '../../graph/ops/attention.js';
import { add, gelu } from '../../graph/ops/elementwise.js';
import { concat, reshape, split, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { threeChannels } from '../../nn/blocks.js';
import { conv2d, layerNorm, linear } from '../../nn/layers.js';
import { classLoss } from '../../nn/loss.js';
import { type Parameters, xavier, ZEROS } from '../../nn/parameters.js';
import { imageOf, patchExpand, tokensOf } from '../../nn/transformer.js';
import type { ClassArchitecture } from '../architecture.js';
import {
  MISSFORMER_B,
  MISSFORMER_S,
  type MissformerConfig,
  readConfig,
  recognise,
  referenceConfig,
  rules,
  STAGES,
} from './config.js';

const EPSILON = 1e-5;
const BRIDGE_LAYERS = 4;
/** Pixels along a side of the first patches. */
const PATCH = 4;
const DICE_SHARE = 0.6;

/** Ours: the ranges of noise, blur, contrast and the piecewise step. */
const AUGMENTATION: AugmentRecipe = {
  choose: [0, 4],
  steps: [
    half(flipX),
    half(flipY),
    noise(1, 3),
    blur(1, 224),
    contrastBy(0.5, 1.5),
    move({ scale: [0.5, 2] }),
    move({ degrees: 40 }),
    move({ shear: 16 }),
    piecewise(0.02),
    move({ shift: 0.2 }),
  ],
};

export const MISSFORMER: ClassArchitecture<MissformerConfig> = {
  id: 'missformer',
  title: 'MISSFormer',
  presets: { 'missformer-b': MISSFORMER_B, 'missformer-s': MISSFORMER_S },
  readConfig,
  rules,
  recognise,

  /** (level / 255 − 0.5) / 0.5 */
  preprocessing: () => ({ channels: 1, fit: 'stretch', mean: [127.5], std: [127.5] }),

  describe({ width, depths, classes }) {
    return `${width} to ${width * 8} channels, ${depths.join('+')} blocks, ${classes} maps`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => classes,

  forward(p, { width, depths, classes }, image) {
    const grids = STAGES.map((_, stage): Grid => {
      const scale = PATCH * 2 ** stage;
      return { height: image.size(2) / scale, width: image.size(3) / scale };
    });
    const encoded = encoder(p.at('backbone'), threeChannels(image), width, depths, grids);

    // The maps of all stages as tokens of one width: a pixel of a wide map is several tokens in a row.
    const sizes = encoded.map((tokens) => (tokens.size(1) * tokens.size(2)) / width);
    let tokens = concat(
      encoded.map((map) => reshape(map, [map.shape[0], -1, width])),
      1,
    );
    for (let i = 1; i <= BRIDGE_LAYERS; i++) {
      tokens = p.mark(`bridge${i}`, bridgeLayer(p.at(`bridge.bridge_layer${i}`), tokens, sizes, grids));
    }
    const maps = split(tokens, 1, sizes).map((part, stage) => reshape(part, encoded[stage]!.shape));

    let x = maps[3]!;
    for (const stage of [3, 2, 1, 0]) {
      const own = p.at(`decoder_${stage}`);
      const mixed =
        stage === 3 ? withUnused(own, x, grids[3]!) : decoderBlocks(own, x, maps[stage]!, stage, grids[stage]!);
      const last = stage === 0;
      const outputs = last ? width : mixed.size(-1) / 2;
      x = patchExpand(own.at('layer_up'), mixed, { ...grids[stage]!, factor: last ? PATCH : 2, outputs });
      p.mark(`decoder_${stage}`, x);
    }
    const pixels = imageOf(x, image.size(2), image.size(3));
    return { logits: conv2d(p.at('decoder_0.last_layer'), pixels, classes, { kernel: 1 }) };
  },

  published: {
    isTrained: () => true,
    initial: (name, shape) =>
      !name.startsWith('decoder_')
        ? undefined
        : shape.length > 1
          ? xavier(shape)
          : name.endsWith('.bias')
            ? ZEROS
            : undefined,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => classLoss(logits, target, DICE_SHARE),
    settings: {
      epochs: 400,
      batch: 24,
      optimizer: 'sgd',
      learningRate: 0.05,
      weightDecay: 1e-4,
      augment: AUGMENTATION,
      schedule: 'polynomial',
    },
  },

  reference: { models: ['missformer'], config: referenceConfig },
};

/** Size of a grid of tokens. */
interface Grid {
  readonly height: number;
  readonly width: number;
}

/** @returns tokens of each stage, [B, H·W, C] */
function encoder(
  p: Parameters,
  image: Tensor,
  width: number,
  depths: readonly number[],
  grids: readonly Grid[],
): readonly Tensor[] {
  let map = image;
  return STAGES.map(({ units }, stage) => {
    const embed = p.at(`patch_embed${stage + 1}`);
    const patches = stage === 0 ? { kernel: 7, stride: PATCH, padding: 3 } : { kernel: 3, stride: 2, padding: 1 };
    const embedded = tokensOf(conv2d(embed.at('proj'), map, units * width, patches));
    let tokens = p.mark(`patch_embed${stage + 1}`, layerNorm(embed.at('norm'), embedded, EPSILON));
    for (let i = 0; i < depths[stage]!; i++) {
      const name = `block${stage + 1}.${i}`;
      tokens = p.mark(name, block(p.at(name), tokens, stage, grids[stage]!));
    }
    tokens = p.mark(`norm${stage + 1}`, layerNorm(p.at(`norm${stage + 1}`), tokens, EPSILON));
    map = imageOf(tokens, grids[stage]!.height, grids[stage]!.width);
    return tokens;
  });
}

/** x + attention(norm1 x), then + MLP(norm2 x). Keys are patches of the map. @param x [B, H·W, C] */
function block(p: Parameters, x: Tensor, stage: number, grid: Grid): Tensor {
  const { units, reduction } = STAGES[stage]!;
  const attn = p.at('attn');
  const normed = layerNorm(p.at('norm1'), x, EPSILON);
  const keys =
    reduction === 1
      ? normed
      : layerNorm(attn.at('norm'), tokensOf(reduced(attn.at('sr'), normed, reduction, grid)), EPSILON);
  const y = add(x, attention(attn, normed, keys, units));
  return add(y, mixFfn(p.at('mlp'), layerNorm(p.at('norm2'), y, EPSILON), grid));
}

/** A convolution of patches. @param x [B, H·W, C] @returns [B, C, H / side, W / side] */
function reduced(p: Parameters, x: Tensor, side: number, { height, width }: Grid): Tensor {
  return conv2d(p, imageOf(x, height, width), x.size(-1), { kernel: side, stride: side });
}

function attention(p: Parameters, x: Tensor, keys: Tensor, heads: number): Tensor {
  const width = x.size(-1);
  const [k, v] = split(linear(p.at('kv'), keys, 2 * width), -1, [width, width]);
  return linear(p.at('proj'), attend(linear(p.at('q'), x, width), k!, v!, { heads }), width);
}

/** An MLP with a 3×3 convolution of each channel between its layers. Two further norms have weights, but no use. */
function mixFfn(p: Parameters, x: Tensor, { height, width }: Grid): Tensor {
  const hidden = 4 * x.size(-1);
  const first = linear(p.at('fc1'), x, hidden);
  const options = { kernel: 3, padding: 1, groups: hidden };
  const around = tokensOf(conv2d(p.at('dwconv.dwconv'), imageOf(first, height, width), hidden, options));
  const mixed = add(around, first);
  for (const name of ['norm2', 'norm3']) layerNorm(p.unused(name), mixed, EPSILON);
  return linear(p.at('fc2'), gelu(layerNorm(p.at('norm1'), mixed, EPSILON)), x.size(-1));
}

/**
 * A block over the tokens of all stages.
 * @param x [B, N, C]
 * @param sizes tokens of each stage
 * @param grids of the maps of each stage
 */
function bridgeLayer(p: Parameters, x: Tensor, sizes: readonly number[], grids: readonly Grid[]): Tensor {
  const width = x.size(-1);
  /** The map of each stage, [B, H·W, units·C]. */
  const mapsOf = (tokens: Tensor) =>
    split(tokens, 1, sizes).map((part, stage) => reshape(part, [x.shape[0], -1, STAGES[stage]!.units * width]));
  const normed = layerNorm(p.at('norm1'), x, EPSILON);
  const keys = bridgeKeys(p.at('attn.scale_reduce'), mapsOf(normed), grids, width);
  const y = add(x, attention(p.at('attn'), normed, keys, 1));
  const mixed = mapsOf(layerNorm(p.at('norm2'), y, EPSILON)).map((map, stage) =>
    reshape(mixFfn(p.at(`mixffn${stage + 1}`), map, grids[stage]!), [x.shape[0], -1, width]),
  );
  return add(y, concat(mixed, 1));
}

/**
 * Each map reduced to the size of the last. As published, the channels of a reduced map are cut into `width` groups, so that a
 * token has every `units`th channel, where the bridge's own tokens have neighbouring ones.
 */
function bridgeKeys(p: Parameters, maps: readonly Tensor[], grids: readonly Grid[], width: number): Tensor {
  const tokens = maps.map((map, stage) => {
    const { reduction } = STAGES[stage]!;
    if (reduction === 1) return reshape(map, [map.shape[0], -1, width]);
    const small = reduced(p.at(`sr${stage}`), map, reduction, grids[stage]!);
    return transpose(reshape(small, [map.shape[0], width, -1]), [0, 2, 1]);
  });
  return layerNorm(p.at('norm'), concat(tokens, 1), EPSILON);
}

/** The map and its skip connection, mixed by two blocks. */
function decoderBlocks(p: Parameters, x: Tensor, skip: Tensor, stage: number, grid: Grid): Tensor {
  let y = linear(p.at('concat_linear'), concat([x, skip], 2), skip.size(-1));
  for (const name of ['layer_former_1', 'layer_former_2']) {
    y = block(p.at(name), y, stage, grid);
    p.mark(`decoder_${stage}.${name}`, y);
  }
  return y;
}

/** The decoder of the last stage has blocks too, but no skip connection, and does not use them. */
function withUnused(p: Parameters, x: Tensor, grid: Grid): Tensor {
  linear(p.unused('concat_linear'), concat([x, x], 2), x.size(-1));
  for (const name of ['layer_former_1', 'layer_former_2']) block(p.unused(name), x, 3, grid);
  return x;
}
