import { describe, expect, it } from 'vitest';
import { blobSource, memorySource, READ_STEP } from './byteSource.js';

const DATA = Uint8Array.of(0, 1, 2, 3, 4, 5);

describe.each([
  ['memorySource', () => memorySource(DATA)],
  ['blobSource', () => blobSource(new Blob([DATA]))],
])('%s', (_name, make) => {
  it('gives what was asked for in memory of its own', async () => {
    const source = make();
    const read = await source.read(2, 3);
    expect([...read]).toEqual([2, 3, 4]);
    expect([read.byteOffset, read.buffer.byteLength]).toEqual([0, 3]);
    read.fill(9);
    expect([...(await source.read(0, source.size))]).toEqual([...DATA]);
  });

  it('puts it where the caller says, and touches nothing after it', async () => {
    const into = new Uint8Array(5).fill(7);
    expect(await make().read(1, 3, into)).toEqual(Uint8Array.of(1, 2, 3));
    expect([...into]).toEqual([1, 2, 3, 7, 7]);
  });

  it('refuses what it does not have', async () => {
    const source = make();
    expect(await source.read(6, 0)).toHaveLength(0);
    for (const [offset, length] of [
      [4, 3],
      [7, 0],
      [-1, 2],
      [0, -1],
      [0.5, 1],
      [0, 2 ** 60],
      [Number.NaN, 1],
    ] as const) {
      await expect(source.read(offset, length)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' });
    }
  });

  it('takes memory that is too small for a mistake of the caller', async () => {
    await expect(make().read(0, 3, new Uint8Array(2))).rejects.toBeInstanceOf(RangeError);
  });
});

it('reads a Blob longer than one step', async () => {
  const long = new Uint8Array(READ_STEP + 3);
  long[READ_STEP] = 5;
  const source = blobSource(new Blob([long]));
  expect([...(await source.read(1, READ_STEP + 2)).subarray(-4)]).toEqual([0, 5, 0, 0]);
});
