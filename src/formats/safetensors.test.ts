import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, f32, u64 } from '../../test/support/checkpointBytes.js';
import { SAFETENSORS_DATA, safetensors, safetensorsHeader } from '../../test/support/checkpointFiles.js';
import { BYTES_PER_ELEMENT, type DType, float32, type StateDict, type TensorData } from '../graph/tensorData.js';
import { memorySource } from './byteSource.js';
import { tensorOver } from './checkpointTensor.js';
import { readSafetensors } from './safetensors.js';
import { encodeSafetensors } from './safetensorsWrite.js';

const DTYPES = Object.keys(BYTES_PER_ELEMENT).filter((name): name is DType => name in BYTES_PER_ELEMENT);
const encode = (tensors: StateDict, metadata?: ReadonlyMap<string, string>) =>
  bytes(...encodeSafetensors(tensors, metadata));
const rawBytes = ({ data }: TensorData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Written by hand from the description of the format. */
const GOLDEN = bytes(
  u64(152),
  '{"__metadata__":{"step":"3"},"a":{"dtype":"F16","shape":[3],"data_offsets":[8,14]},',
  '"b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}',
  ' '.repeat(152 - 138),
  [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0],
  [0, 0x3c, 0, 0x7c, 1, 0],
);

describe('readSafetensors', () => {
  it('reads a file written by hand', async () => {
    const { tensors, metadata } = await readSafetensors(memorySource(GOLDEN));
    expect([...metadata]).toEqual([['step', '3']]);
    expect([...tensors]).toEqual([
      ['a', { dtype: 'float16', shape: [3], data: Uint16Array.of(0x3c00, 0x7c00, 1) }],
      ['b', float32([1, -2], [1, 2])],
    ]);
  });

  it('reads numbers that are not aligned, each tensor into memory of its own', async () => {
    const header =
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"I64","shape":[],"data_offsets":[1,9]}}';
    const { tensors } = await readSafetensors(memorySource(safetensors(header, bytes(7, u64(-5)))));
    expect(tensors.get('b')).toEqual({ dtype: 'int64', shape: [], data: BigInt64Array.of(-5n) });
    expect(tensors.get('a')?.data.buffer.byteLength).toBe(1);
  });

  it('keeps the order of the header, also of names that look like numbers', async () => {
    const entry = (begin: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${begin},${begin + 1}]}`;
    const header = `{"b":${entry(2)},"2":${entry(0)},"1":${entry(1)}}`;
    const { tensors } = await readSafetensors(memorySource(safetensors(header, bytes(1, 2, 3))));
    expect([...tensors].map(([name, { data }]) => [name, Number(data[0])])).toEqual([
      ['b', 3],
      ['2', 1],
      ['1', 2],
    ]);
  });

  it('gives names no meaning and reads escapes', async () => {
    const header =
      '{ "__proto__" : { "dtype":"U8" , "shape":[ ],"data_offsets":[0, 1]},"\\u00e9\\"\\\\":{"shape":[0,2],"dtype":"F64","data_offsets":[1,1]}}\n  ';
    const { tensors } = await readSafetensors(memorySource(safetensors(header, bytes(9))));
    expect([...tensors.keys()]).toEqual(['__proto__', 'é"\\']);
    expect(tensors.get('é"\\')).toEqual({ dtype: 'float64', shape: [0, 2], data: new Float64Array(0) });
    expect('dtype' in {}).toBe(false);
  });

  it('reads a file without tensors', async () => {
    expect((await readSafetensors(memorySource(safetensors('{}')))).tensors.size).toBe(0);
  });

  it('leaves out tensors of data types that no model here uses', async () => {
    const header =
      '"f":{"dtype":"F8_E5M2","shape":[3],"data_offsets":[0,3]},"u":{"dtype":"U64","shape":[1],"data_offsets":[3,11]}';
    const weight = '"w":{"dtype":"U8","shape":[1],"data_offsets":[11,12]}';
    const { tensors } = await readSafetensors(
      memorySource(safetensors(`{${header},${weight}}`, new Uint8Array(12).fill(7))),
    );
    expect([...tensors]).toEqual([['w', { dtype: 'uint8', shape: [1], data: Uint8Array.of(7) }]]);
  });

  it('names the tensor and the data type that it does not know', async () => {
    const file = safetensors(safetensorsHeader({ dtype: 'F8_E9' }), SAFETENSORS_DATA);
    await expect(readSafetensors(memorySource(file))).rejects.toMatchObject({
      code: 'SAFETENSORS_DTYPE',
      details: { tensor: 'weight', dtype: 'F8_E9' },
    });
  });

  it('refuses a header that does not start with a brace', async () => {
    const file = safetensors(` ${safetensorsHeader()}`, SAFETENSORS_DATA);
    await expect(readSafetensors(memorySource(file))).rejects.toMatchObject({ code: 'SAFETENSORS_HEADER_START' });
  });
});

describe('encodeSafetensors', () => {
  it('writes what was written by hand', () => {
    const tensors: StateDict = new Map<string, TensorData>([
      ['a', { dtype: 'float16', shape: [3], data: Uint16Array.of(0x3c00, 0x7c00, 1) }],
      ['b', float32([1, -2], [1, 2])],
    ]);
    // The padding is shorter: the header ends at the next multiple of eight.
    const text = new TextDecoder().decode(GOLDEN.subarray(8, 8 + 138));
    expect(encode(tensors, new Map([['step', '3']]))).toEqual(
      bytes(u64(144), text, ' '.repeat(6), GOLDEN.subarray(160)),
    );
  });

  it('gives the numbers as they are, also those of a part of a buffer, without a copy', () => {
    const all = Float32Array.of(0, 1, 2, 3);
    const [, part] = encodeSafetensors(new Map([['a', float32(all.subarray(1, 3), [2])]]));
    expect(part).toEqual(f32(1, 2));
    expect(part?.buffer).toBe(all.buffer);
  });

  it('refuses what the format cannot hold, before the first part', () => {
    const one = float32([1], [1]);
    expect(() => encodeSafetensors(new Map([['__metadata__', one]]))).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_NAME' }),
    );
    expect(() => encodeSafetensors(new Map([['\ud800', one]]))).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_NAME' }),
    );
    expect(() => encodeSafetensors(new Map(), new Map([['a', '\udfff']]))).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_NAME' }),
    );
    const wrong: TensorData = { dtype: 'float32', shape: [2], data: new Float32Array(3) };
    expect(() => encodeSafetensors(new Map([['a', wrong]]))).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_SHAPE' }),
    );
    const long = new Map([['note', 'x'.repeat(100_000_000)]]);
    expect(() => encodeSafetensors(new Map(), long)).toThrow(
      expect.objectContaining({ code: 'SAFETENSORS_HEADER_SIZE' }),
    );
  });

  it('reads back unchanged: names, order, types, shapes, bits, metadata', async () => {
    const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor', '0', '10', ''));
    const tensor = fc
      .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(3), { maxLength: 4 }), fc.infiniteStream(fc.nat(255)))
      .map(([dtype, shape, stream]): TensorData => {
        const elements = shape.reduce((a, b) => a * b, 1);
        const raw = Uint8Array.from(stream.take(elements * BYTES_PER_ELEMENT[dtype]), (n) =>
          dtype === 'bool' ? n & 1 : n,
        );
        return tensorOver('', dtype, shape, raw.buffer);
      });
    const state = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 });
    const texts = fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme' })), {
      selector: ([key]) => key,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(state, texts, async (entries, metadata) => {
        const file = encode(new Map(entries), new Map(metadata));
        const back = await readSafetensors(memorySource(file));
        expect([...back.metadata]).toEqual(metadata);
        const comparable = (all: Iterable<[string, TensorData]>) =>
          [...all].map(([key, one]) => [key, one.dtype, one.shape, rawBytes(one)]);
        expect(comparable(back.tensors)).toEqual(comparable(entries));
        // Each tensor is aligned to its elements, for readers that map the file.
        let at = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
        for (const [, { dtype, data }] of entries.toSorted(
          ([, a], [, b]) => BYTES_PER_ELEMENT[b.dtype] - BYTES_PER_ELEMENT[a.dtype],
        )) {
          expect(at % BYTES_PER_ELEMENT[dtype]).toBe(0);
          at += data.byteLength;
        }
        expect(at).toBe(file.length);
      }),
      { numRuns: 300 },
    );
  });
});
