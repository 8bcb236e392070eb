/**
 * SETR-PUP (Zheng et al., arXiv:2012.15840) by the names of fudan-zvg/SETR: a vision transformer, and a head that enlarges its
 * last tokens step by step. Auxiliary heads on earlier blocks count in training only.
 */
import {
  type AugmentRecipe,
  brighten,
  contrastBy,
  flipX,
  half,
  saturate,
  shiftHsv,
  zoomAndCrop,
} from '../../data/augmentSteps.js';
import { expand } from '../../graph/ops/broadcasting.js';
import { add, mul, relu } from '../../graph/ops/elementwise.js';
import { crossEntropy } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNormRelu } from '../../nn/blocks.js';
import { batchNorm2d, conv2d, layerNorm } from '../../nn/layers.js';
import { fanIn, type Parameters } from '../../nn/parameters.js';
import { imageOf, tokensOf, vitBlock } from '../../nn/transformer.js';
import type { ClassArchitecture, ClassOutputs, Losses } from '../architecture.js';
import { resizedPositions, timmVit } from '../backbone.js';
import { IMAGENET_STRETCHED } from '../preprocessing.js';
import { PATCH, readConfig, recognise, referenceConfig, rules, SETR_B, SETR_S, type SetrConfig } from './config.js';

const EPSILON = 1e-6;
/** Of linear layers, the class token and the positions at the start. */
const DEVIATION = 0.02;
/** Convolutions of the main head, each followed by enlarging the map twice: together one patch. */
const STEPS = 4;
const AUXILIARY_SHARE = 0.4;
/** Label of pixels that the loss leaves out. */
const IGNORED = 255;

/** Ours: the ranges of the photometric steps. */
const AUGMENTATION: AugmentRecipe = {
  choose: 'all',
  steps: [
    zoomAndCrop(0.5, 2),
    half(flipX),
    half(brighten(-32, 32)),
    half(contrastBy(0.5, 1.5)),
    half(saturate(0.5, 1.5)),
    half((scene, random) => shiftHsv(scene, random.uniform(-18, 18), 0, 0)),
  ],
};

export const SETR: ClassArchitecture<SetrConfig> = {
  id: 'setr',
  title: 'SETR',
  presets: { 'setr-b': SETR_B, 'setr-s': SETR_S },
  readConfig,
  rules,
  recognise,
  preprocessing: () => IMAGENET_STRETCHED,
  describe: ({ width, depth, classes }) => `${depth} blocks of ${width}, ${classes} classes`,

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => classes,

  forward(p, config, image) {
    const { width, depth, heads, auxiliary } = config;
    const backbone = p.at('backbone');
    const patches = conv2d(backbone.at('patch_embed.proj'), image, width, { kernel: PATCH, stride: PATCH });
    const tokens = tokensOf(p.mark('patch_embed', patches));
    const start = { kind: 'normal', deviation: DEVIATION } as const;
    const token = expand(backbone.get('cls_token', [1, 1, width], start), [image.shape[0], 1, width], image);
    const positions = backbone.get('pos_embed', [1, tokens.size(1) + 1, width], start);
    const blocks = [add(concat([token, tokens], 1), positions)];
    for (let i = 0; i < depth; i++) {
      const sizes = { heads, hidden: 4 * width, epsilon: EPSILON, deviation: DEVIATION };
      blocks.push(p.mark(`block${i}`, vitBlock(backbone.at(`blocks.${i}`), blocks[i]!, sizes)));
    }

    const grid = [patches.size(2), patches.size(3)] as const;
    const logits = mainHead(p.at('decode_head'), p.mark('last', blocks[depth]!), grid, config);
    const others = auxiliary.map((block, j) => {
      const map = auxiliaryHead(p.at(`auxiliary_head.${j}`), blocks[block + 1]!, grid, config);
      return [`aux${j}`, map] as const;
    });
    return { logits, ...Object.fromEntries(others) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: setrLoss,
    // 160,000 steps over the 20,210 images of ADE20K.
    settings: {
      epochs: 127,
      batch: 16,
      optimizer: 'sgd',
      learningRate: 0.001,
      weightDecay: 0,
      augment: AUGMENTATION,
      momentum: 0.9,
      schedule: 'polynomial',
      lowestRate: 1e-4,
      rates: { decode_head: 10, auxiliary_head: 10 },
    },
  },

  backbones: [
    timmVit(
      'ViT-L/16',
      (name) => /^backbone\.(.*)$/.exec(name)?.[1],
      (tensor, { name, shape }) => {
        const side = Math.sqrt((shape[1] ?? 1) - 1);
        return name === 'backbone.pos_embed' ? resizedPositions(tensor, 1, [side, side], false) : tensor;
      },
    ),
  ],

  reference: {
    models: ['setr'],
    config: referenceConfig,
    outputs(p, config, given) {
      const { logits, ...others } = SETR.forward(p, config, given('input'));
      const named = Object.entries(others).map(([name, map]) => [`output_${name}`, map] as const);
      return { output: logits, ...Object.fromEntries(named) };
    },
  },
};

type Grid = readonly [height: number, width: number];

/** The tokens of the image, normalised, as a map. @param x [B, 1 + N, C], the class token first */
function mapOf(p: Parameters, x: Tensor, [height, width]: Grid): Tensor {
  return imageOf(layerNorm(p.at('norm'), slice(x, 1, 1, x.size(1)), EPSILON), height, width);
}

function enlarge(x: Tensor, factor: number): Tensor {
  return resizeBilinear(x, factor * x.size(2), factor * x.size(3));
}

/** Declares a classifier that the authors' base class makes, and the heads never call. */
function declareLeftover(p: Parameters, { leftover, classes }: SetrConfig): void {
  const own = p.unused('conv_seg');
  own.get('weight', [classes, leftover, 1, 1], fanIn(leftover));
  own.get('bias', [classes], fanIn(leftover));
}

function mainHead(p: Parameters, tokens: Tensor, grid: Grid, config: SetrConfig): Tensor {
  const { head, classes } = config;
  declareLeftover(p, config);
  let x = mapOf(p, tokens, grid);
  for (let i = 0; i < STEPS; i++) {
    const convolved = p.mark(`conv_${i}`, conv2d(p.at(`conv_${i}`), x, head, { kernel: 3, padding: 1 }));
    const mixed = relu(batchNorm2d(p.at(`syncbn_fc_${i}`), convolved));
    // The classes come before the last step, which makes it cheaper.
    x = enlarge(i < STEPS - 1 ? mixed : conv2d(p.at(`conv_${STEPS}`), mixed, classes, { kernel: 1 }), 2);
  }
  return x;
}

function auxiliaryHead(p: Parameters, tokens: Tensor, grid: Grid, config: SetrConfig): Tensor {
  declareLeftover(p, config);
  const names = ['conv_0', 'syncbn_fc_0'] as const;
  const mixed = convNormRelu(p, mapOf(p, tokens, grid), config.head, { bias: true, names });
  return enlarge(conv2d(p.at('conv_1'), enlarge(mixed, 4), config.classes, { kernel: 1 }), PATCH / 4);
}

/** Cross-entropy of the main head, and of the auxiliary heads. @param target [B, H, W] */
function setrLoss({ logits, ...others }: ClassOutputs, target: Tensor): Losses {
  const main = crossEntropy(logits, target, { ignore: IGNORED });
  const losses = Object.values(others).map((map) => crossEntropy(map, target, { ignore: IGNORED }));
  if (losses.length === 0) return { loss: main };
  const aux = losses.reduce((sum, loss) => add(sum, loss));
  return { loss: add(main, mul(aux, AUXILIARY_SHARE)), main, aux };
}
