import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { BYTES_PER_ELEMENT, type DType, viewAs } from '../graph/tensorData.js';
import { allocateShared, copyInto, fromOrt, isShared, tensorBytes, toOrt, unshare } from './tensorMemory.js';

const DTYPES: DType[] = ['float32', 'float64', 'float16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'];

describe('tensors for ONNX Runtime', () => {
  it.each(DTYPES)('%s is converted both ways without a copy', (dtype) => {
    const buffer = new ArrayBuffer(8 + 6 * BYTES_PER_ELEMENT[dtype]);
    const tensor = viewAs(dtype, [2, 3], buffer, 8);
    expect(tensor.data.length).toBe(6);
    const ort = toOrt(Tensor, tensor);
    expect([ort.type, ort.dims]).toEqual([dtype, [2, 3]]);
    const back = fromOrt(ort);
    expect(back.data.constructor).toBe(tensor.data.constructor);
    expect([back.data.buffer, back.data.byteOffset]).toEqual([buffer, 8]);
  });

  it('refuses bfloat16, which the bindings do not exchange', () => {
    expect(() => toOrt(Tensor, viewAs('bfloat16', [1], new ArrayBuffer(2)))).toThrow(
      expect.objectContaining({ code: 'RUNTIME_DTYPE' }),
    );
  });

  it('takes a tensor out of shared memory by copying it', () => {
    const bytes = allocateShared(12);
    bytes.set([1, 2, 3, 4], 8);
    const tensor = viewAs('uint8', [4], bytes.buffer, 8);
    const own = unshare(tensor);
    expect([isShared(tensor), isShared(own)]).toEqual([true, false]);
    expect([...tensorBytes(own)]).toEqual([1, 2, 3, 4]);
  });

  it('copies only between equal types and shapes', () => {
    const target = viewAs('float32', [2], new ArrayBuffer(8));
    copyInto(target, { dtype: 'float32', shape: [2], data: Float32Array.of(3, 5) }, 'y');
    expect([...target.data]).toEqual([3, 5]);
    const wrong = viewAs('int32', [2], new ArrayBuffer(8));
    expect(() => copyInto(target, wrong, 'y')).toThrow(expect.objectContaining({ code: 'RUNTIME_FEEDS' }));
  });
});
