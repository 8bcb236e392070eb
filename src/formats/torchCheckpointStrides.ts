/**
 * Row-major copies of tensors whose elements lie in another order in their storage: transposed, sliced, repeated.
 */
import { BYTES_PER_ELEMENT } from '../graph/tensorData.js';
import { reserve } from './checkpointTensor.js';
import type { TorchTensor } from './torchCheckpointPickle.js';

/** Whether the elements lie row-major in the storage; the stride of a dimension of one element is ignored. */
export function isContiguous({ shape, strides, elements }: TorchTensor): boolean {
  if (elements === 0) return true;
  let expected = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue;
    if (strides[d] !== expected) return false;
    expected *= shape[d]!;
  }
  return true;
}

/** The elements of a tensor in new memory, row-major; `storage` holds them as the tensor says. */
export function rowMajor(tensor: TorchTensor, storage: ArrayBuffer): ArrayBuffer {
  const bytes = BYTES_PER_ELEMENT[tensor.dtype];
  const memory = reserve(tensor.elements * bytes);
  // Whole words, never floats: reading a NaN as a number may change its bits.
  const whole = storage.byteLength - (storage.byteLength % bytes);
  switch (bytes) {
    case 1:
      copy(new Uint8Array(storage), new Uint8Array(memory), tensor, 1);
      break;
    case 2:
      copy(new Uint16Array(storage, 0, whole / 2), new Uint16Array(memory), tensor, 1);
      break;
    default:
      copy(new Uint32Array(storage, 0, whole / 4), new Uint32Array(memory), tensor, bytes / 4);
  }
  return memory;
}

type Words = Uint8Array | Uint16Array | Uint32Array;

/** Walks the dimensions as an odometer does; an element is `words` words. */
function copy(from: Words, to: Words, { shape, strides, offset, elements }: TorchTensor, words: number): void {
  // Without dimensions of one element, a step turns fewer than two wheels on average.
  const kept = shape.map((n, d) => ({ n, stride: strides[d]! })).filter(({ n }) => n !== 1);
  const index = kept.map(() => 0);
  let at = offset;
  for (let element = 0; element < elements; element++) {
    for (let word = 0; word < words; word++) to[element * words + word] = from[at * words + word]!;
    for (let d = kept.length - 1; d >= 0; d--) {
      const { n, stride } = kept[d]!;
      at += stride;
      index[d]! += 1;
      if (index[d]! < n) break;
      at -= stride * n;
      index[d] = 0;
    }
  }
}
