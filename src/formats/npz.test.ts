import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { bytes, f32, u16 } from '../../test/support/checkpointBytes.js';
import { type ZipPart, zip } from '../../test/support/checkpointZip.js';
import { memorySource } from './byteSource.js';
import { readCheckpoint } from './checkpoint.js';

const HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

function npy(header: string, data: Uint8Array = f32(1, 2, 3, 4, 5, 6)): Uint8Array {
  return bytes([0x93], 'NUMPY', 1, 0, u16(header.length + 1), `${header}\n`, data);
}

function read(...parts: ZipPart[]) {
  return readCheckpoint(memorySource(zip(parts)));
}

describe('arrays of numpy', () => {
  it('are read as numpy.savez writes them', async () => {
    const file = await readFile(new URL('../../test/fixtures/checkpoints/numpy.npz', import.meta.url));
    const { tensors, format } = await readCheckpoint(memorySource(file));
    expect(format).toBe('npz');
    expect([...tensors]).toEqual([
      ['conv/kernel', { dtype: 'float32', shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) }],
      ['norm/scale', { dtype: 'float64', shape: [3], data: Float64Array.of(0.5, -1.5, 2.5) }],
      ['half', { dtype: 'float16', shape: [1, 2], data: Uint16Array.of(0x3c00, 0xc000) }],
      ['step', { dtype: 'int64', shape: [], data: BigInt64Array.of(7n) }],
    ]);
  });

  it('can be chosen and renamed', async () => {
    const source = memorySource(zip([{ name: 'a.npy', data: npy(HEADER) }]));
    const { tensors } = await readCheckpoint(source, { choose: () => ({ key: '', names: new Map([['a', 'b']]) }) });
    expect([...tensors.keys()]).toEqual(['b']);
  });

  it.each<[string, string, ZipPart]>([
    ['column-major numbers', 'CHECKPOINT_NPY', { name: 'a.npy', data: npy(HEADER.replace('False', 'True')) }],
    ['pickled objects', 'CHECKPOINT_NPY', { name: 'a.npy', data: npy(HEADER.replace('<f4', '|O')) }],
    ['numbers of another byte order', 'CHECKPOINT_NPY', { name: 'a.npy', data: npy(HEADER.replace('<', '>')) }],
    ['too few numbers', 'CHECKPOINT_NPY', { name: 'a.npy', data: npy(HEADER, f32(1, 2)) }],
    ['a header that is cut', 'CHECKPOINT_NPY', { name: 'a.npy', data: npy(HEADER).slice(0, 40) }],
    ['an empty entry', 'CHECKPOINT_NPY', { name: 'a.npy', data: bytes() }],
    ['other bytes', 'CHECKPOINT_NPY', { name: 'a.npy', data: bytes('not an array at all') }],
    ['compressed arrays', 'CHECKPOINT_ZIP_COMPRESSED', { name: 'a.npy', data: npy(HEADER), method: 8 }],
    ['a wrong checksum', 'CHECKPOINT_ZIP_CRC', { name: 'a.npy', data: npy(HEADER), crc: 1 }],
  ])('refuse %s', async (_, code, part) => {
    await expect(read(part)).rejects.toMatchObject({ code });
  });
});
