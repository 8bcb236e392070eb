/**
 * The parts of TransFuse that fuse the maps of both branches and enlarge the result.
 */
import { add, mul, relu, sigmoid } from '../../graph/ops/elementwise.js';
import { max, mean } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNorm, convNormRelu } from '../../nn/blocks.js';
import { batchNorm2d, conv2d, dropout2d } from '../../nn/layers.js';
import type { Parameters } from '../../nn/parameters.js';

/** Of convolutions with batch norm. */
export const FUSION = { bias: true, kaiming: true, names: ['conv', 'bn'] } as const;
/** The same by the names of a Sequential. */
const SEQUENTIAL = { bias: true, kaiming: true } as const;
/** Of whole channels of a fused map. */
const DROPOUT = 0.1;

export function enlarge(x: Tensor, factor: number): Tensor {
  return resizeBilinear(x, factor * x.size(2), factor * x.size(3), { alignCorners: true });
}

/** Twice as large, then two convolutions beside a skip connection of one. */
export function up(p: Parameters, x: Tensor, outputs: number): Tensor {
  return doubleConv(p.at('conv'), enlarge(x, 2), outputs);
}

function doubleConv(p: Parameters, x: Tensor, outputs: number): Tensor {
  const first = convNormRelu(p.at('double_conv'), x, outputs, SEQUENTIAL);
  const second = convNorm(p.at('double_conv'), first, outputs, { ...SEQUENTIAL, names: ['3', '4'] });
  return relu(add(second, convNorm(p.at('identity'), x, outputs, { ...SEQUENTIAL, kernel: 1 })));
}

/**
 * {@link up} with a skip connection, whose pixels are weighed by what both maps show there.
 * @param x half of the size of `skip`
 */
export function attentiveUp(p: Parameters, x: Tensor, skip: Tensor, outputs: number): Tensor {
  const larger = enlarge(x, 2);
  const gate = p.at('attn_block');
  const point = { ...SEQUENTIAL, kernel: 1 };
  const both = add(convNorm(gate.at('W_g'), larger, outputs, point), convNorm(gate.at('W_x'), skip, outputs, point));
  const weights = sigmoid(convNorm(gate.at('psi'), relu(both), 1, point));
  return doubleConv(p.at('conv'), concat([mul(skip, weights), larger], 1), outputs);
}

interface FusionSizes {
  readonly outputs: number;
  /** How much smaller the hidden layer of the channel gate is. */
  readonly reduction: number;
}

/**
 * Fuses the map of the ResNet, its pixels weighed, that of the transformer, its channels weighed, and their product.
 * @param g of the ResNet
 * @param x of the transformer, of the same size
 */
export function biFusion(p: Parameters, g: Tensor, x: Tensor, { outputs, reduction }: FusionSizes): Tensor {
  const point = { ...FUSION, kernel: 1 };
  const product = mul(convNorm(p.at('W_g'), g, outputs, point), convNorm(p.at('W_x'), x, outputs, point));
  const common = convNormRelu(p.at('W'), product, outputs, FUSION);

  const channels = { axes: [1], keepDims: true } as const;
  const summary = concat([max(g, { ...channels, ties: 'first' }), mean(g, channels)], 1);
  const places = sigmoid(convNorm(p.at('spatial'), summary, 1, { ...FUSION, kernel: 7, bias: false }));

  const average = mean(x, { axes: [2, 3], keepDims: true });
  const hidden = relu(conv2d(p.at('fc1'), average, x.size(1) / reduction, { kernel: 1, kaiming: true }));
  const kinds = sigmoid(conv2d(p.at('fc2'), hidden, x.size(1), { kernel: 1, kaiming: true }));

  const fused = residual(p.at('residual'), concat([mul(g, places), mul(x, kinds), common], 1), outputs);
  return dropout2d(p, fused, DROPOUT);
}

/** A pre-activation bottleneck beside a convolution. */
function residual(p: Parameters, x: Tensor, outputs: number): Tensor {
  const step = (i: number, y: Tensor, channels: number, kernel: number): Tensor => {
    const active = relu(batchNorm2d(p.at(`bn${i}`), y));
    return conv2d(p.at(`conv${i}.conv`), active, channels, { kernel, padding: (kernel - 1) / 2, kaiming: true });
  };
  const narrow = step(2, step(1, x, outputs / 2, 1), outputs / 2, 3);
  return add(step(3, narrow, outputs, 1), conv2d(p.at('skip_layer.conv'), x, outputs, { kernel: 1, kaiming: true }));
}
