/**
 * SAM-Adapter's image encoder: SAM's, with a prompt added to the input of each block. The prompts are made of the patches and of
 * the high frequencies of the image.
 *
 * Inside, tokens are the rows of a matrix, [B·grid², C].
 */
import type { Dim } from '../../graph/dims.js';
import { abs, add, gelu, sub } from '../../graph/ops/elementwise.js';
import { matmul } from '../../graph/ops/matrix.js';
import { reshape, transpose } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32 } from '../../graph/tensorData.js';
import { conv2d, linear } from '../../nn/layers.js';
import type { Parameters } from '../../nn/parameters.js';
import type { SamSizes } from '../sam/config.js';
import { imageEncoder, tokenRows } from '../sam/imageEncoder.js';

/**
 * @param hidden width of the prompts before the layer that all blocks share
 * @param image preprocessed [B, 3, imageSize, imageSize]
 * @returns the image embedding [B, promptDim, tokenGrid, tokenGrid]
 */
export function samAdapterEncoder(p: Parameters, config: SamSizes, hidden: number, image: Tensor): Tensor {
  const { tokenGrid: grid, dim, patchKernel } = config;
  const prompts = p.at('prompt_generator');
  const adapt = (patches: Tensor) => {
    const ofPatches = linear(
      prompts.at('embedding_generator'),
      scrambled(patches, image.shape[0], grid * grid),
      hidden,
    );
    p.mark('embedding_feature', ofPatches);
    const frequencies = p.mark('highpass', highPass(image));
    const stride = config.imageSize / grid;
    const convolved = conv2d(prompts.at('prompt_generator.proj'), frequencies, hidden, { kernel: patchKernel, stride });
    const features = add(tokenRows(p.mark('handcrafted', convolved)), ofPatches);
    return (x: Tensor, block: number) => {
      const own = gelu(linear(prompts.at(`lightweight_mlp_${block}.0`), features, hidden));
      return add(linear(prompts.at('shared_mlp'), own, dim), x);
    };
  };
  return imageEncoder(p, config, image, { adapt });
}

/**
 * The authors read the memory of tokens [B, N, C] as [B, C, N] before they transpose it, which mixes places and channels. The
 * published weights are trained that way.
 * @param x [B·N, C]
 */
function scrambled(x: Tensor, batch: Dim, tokens: number): Tensor {
  const width = x.size(-1);
  return reshape(transpose(reshape(x, [batch, width, tokens]), [0, 2, 1]), x.shape);
}

/**
 * |IFFT of the high frequencies|: without those of which both the row's and the column's lie in [−S/4, S/4). With
 * A[j, k] = 1/S · Σ cos(2πf(j−k)/S) and B the same of the sine over these f, the low frequencies are A·x·A + B·x·B.
 * @param x [B, C, S, S]
 */
function highPass(x: Tensor): Tensor {
  const side = x.size(-1);
  const low = (wave: (angle: number) => number): Tensor => {
    // By distance j − k + S − 1.
    const sums = Array.from({ length: 2 * side - 1 }, (_, i) => {
      let total = 0;
      for (let f = -side / 4; f < side / 4; f++) total += wave((2 * Math.PI * ((f * (i - side + 1)) % side)) / side);
      return total / side;
    });
    const values = Float32Array.from(
      { length: side * side },
      (_, i) => sums[Math.floor(i / side) - (i % side) + side - 1]!,
    );
    return constant(float32(values, [side, side]));
  };
  const within = (table: Tensor): Tensor => matmul(matmul(table, x), table);
  return abs(sub(x, add(within(low(Math.cos)), within(low(Math.sin)))));
}
