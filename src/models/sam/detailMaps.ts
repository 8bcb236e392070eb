/**
 * Finer maps of a CNN branch for the decoder's upscaling, as SAM 2 has them, for thin structures. They are part of the image embedding,
 * each 2×2 or 4×4 places of the token grid in further channels, so that an embedding stays one tensor. They start with no effect.
 */
import { conv2d as convolve } from '../../graph/ops/convolution.js';
import { add } from '../../graph/ops/elementwise.js';
import { concat, reshape, slice, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { conv2d, layerNorm2d } from '../../nn/layers.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';

/** Channels of the maps, and how many times finer than the token grid they are: as fine as the two steps of the upscaling. */
const MAPS = [
  { name: 'detail_half', channels: 16, factor: 2 },
  { name: 'detail_quarter', channels: 8, factor: 4 },
] as const;

/** A weight by which a checkpoint with the maps is recognised. */
export const DETAIL_MARK = `mask_decoder.${MAPS[0].name}.weight`;

/** Channels that they add to the image embedding. */
export const DETAIL_CHANNELS = MAPS.reduce((sum, { channels, factor }) => sum + channels * factor ** 2, 0);

/**
 * The maps, narrowed, normalised and packed.
 * @param p of the encoder
 * @param maps [B, …, 2·grid, 2·grid], [B, …, 4·grid, 4·grid]
 * @returns [B, DETAIL_CHANNELS, grid, grid]
 */
export function packedDetail(p: Parameters, maps: readonly [half: Tensor, quarter: Tensor], grid: number): Tensor {
  return concat(
    MAPS.map(({ name, channels, factor }, i) => {
      const narrow = layerNorm2d(p.at(`${name}.1`), conv2d(p.at(`${name}.0`), maps[i]!, channels, { kernel: 1 }));
      const parts = reshape(narrow, [narrow.shape[0], channels, grid, factor, grid, factor]);
      return reshape(transpose(parts, [0, 1, 3, 5, 2, 4]), [narrow.shape[0], channels * factor ** 2, grid, grid]);
    }),
    1,
  );
}

export interface Detail {
  /** Adds a map to one of the decoder's: 0 is twice as fine as the token grid, 1 four times. */
  readonly added: (stage: 0 | 1, x: Tensor) => Tensor;
}

/**
 * Divides an embedding into that of SAM and the finer maps.
 * @param p of the decoder
 * @param embedding [O or 1, width + DETAIL_CHANNELS, grid, grid]
 */
export function unpackedDetail(
  p: Parameters,
  embedding: Tensor,
  width: number,
  grid: number,
): { readonly embedding: Tensor; readonly detail: Detail } {
  const rows = embedding.shape[0];
  const map = (stage: 0 | 1): Tensor => {
    const before = MAPS.slice(0, stage).reduce((sum, { channels, factor }) => sum + channels * factor ** 2, width);
    const { channels, factor } = MAPS[stage];
    const packed = slice(embedding, 1, before, before + channels * factor ** 2);
    const parts = reshape(packed, [rows, channels, factor, factor, grid, grid]);
    return reshape(transpose(parts, [0, 1, 4, 2, 5, 3]), [rows, channels, factor * grid, factor * grid]);
  };
  const added = (stage: 0 | 1, x: Tensor): Tensor => {
    const { name, channels } = MAPS[stage];
    const own = p.at(name);
    const outputs = x.size(1);
    const weight = own.get('weight', [outputs, channels, 1, 1], ZEROS);
    return add(x, convolve(map(stage), weight, own.get('bias', [outputs], ZEROS)));
  };
  return { embedding: slice(embedding, 1, 0, width), detail: { added } };
}
