/**
 * The basic blocks of ResNet-18 and ResNet-34 (He et al., arXiv:1512.03385), by torchvision's names. ResNet-34 has layers of
 * 3, 4, 6 and 3 blocks with 64, 128, 256 and 512 channels.
 */
import { add, relu } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import { convNorm, convNormRelu } from './blocks.js';
import type { Parameters } from './parameters.js';

/** Blocks of each layer of ResNet-34. */
export const RESNET34: readonly [number, number, number, number] = [3, 4, 6, 3];

interface StemOptions {
  /** Default 2. */
  readonly stride?: number;
  /** Default torchvision's `conv1` and `bn1`. */
  readonly names?: readonly [conv: string, norm: string];
}

/** The first 7×7 convolution with batch norm and ReLU; max pooling (3, stride 2, padding 1) follows where a model has it. */
export function resnetStem(p: Parameters, image: Tensor, width: number, options: StemOptions = {}): Tensor {
  const { stride = 2, names = ['conv1', 'bn1'] } = options;
  return convNormRelu(p, image, width, { kernel: 7, stride, names });
}

/**
 * The four layers, each on the result of the one before.
 * @param x [B, width, H, W]
 * @param layers blocks of each layer
 * @param name of the layers before their numbers from 1 on
 * @returns [B, width, H, W], [B, 2·width, H/2, W/2], and so on
 */
export function resnetLayers(
  p: Parameters,
  x: Tensor,
  width: number,
  layers: readonly number[],
  name = 'layer',
): readonly Tensor[] {
  const maps: Tensor[] = [];
  for (const [i, blocks] of layers.entries()) {
    maps.push(resnetLayer(p.at(`${name}${i + 1}`), maps[i - 1] ?? x, width * 2 ** i, blocks, i === 0 ? 1 : 2));
  }
  return maps;
}

/**
 * A layer of basic blocks, named `0`, `1`, …
 * @param p of the layer, such as `layer1`
 * @param x [B, C, H, W]
 * @param stride of the first block: 1 in the first layer, 2 in the others
 * @returns [B, outputs, H / stride, W / stride]
 */
export function resnetLayer(p: Parameters, x: Tensor, outputs: number, blocks: number, stride: number): Tensor {
  let y = x;
  for (let i = 0; i < blocks; i++) y = basicBlock(p.at(`${i}`), y, outputs, i === 0 ? stride : 1);
  return y;
}

function basicBlock(p: Parameters, x: Tensor, outputs: number, stride: number): Tensor {
  const first = convNormRelu(p, x, outputs, { stride, names: ['conv1', 'bn1'] });
  const second = convNorm(p, first, outputs, { names: ['conv2', 'bn2'] });
  const changes = stride !== 1 || x.size(1) !== outputs;
  const skip = changes ? convNorm(p.at('downsample'), x, outputs, { kernel: 1, stride }) : x;
  return relu(add(second, skip));
}
