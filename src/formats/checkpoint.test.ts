import { describe, expect, it } from 'vitest';
import { bytes } from '../../test/support/checkpointBytes.js';
import {
  SAFETENSORS_DATA,
  safetensors,
  safetensorsHeader,
  torchLegacy,
  torchZip,
} from '../../test/support/checkpointFiles.js';
import { blobSource, memorySource } from './byteSource.js';
import { readCheckpoint } from './checkpoint.js';

describe('readCheckpoint', () => {
  it.each([
    ['torch-zip', torchZip()],
    ['torch-legacy', torchLegacy()],
    ['safetensors', safetensors(safetensorsHeader({}, ',"__metadata__":{"step":"3"}'), SAFETENSORS_DATA)],
  ])('tells %s by its contents and reads it, from memory and from a Blob', async (format, file) => {
    for (const source of [memorySource(file), blobSource(new Blob([file]))]) {
      const checkpoint = await readCheckpoint(source);
      expect(checkpoint.format).toBe(format);
      expect([...checkpoint.metadata]).toEqual(format === 'safetensors' ? [['step', '3']] : []);
      expect([...checkpoint.tensors].map(([name, { data }]) => [name, [...data]])).toEqual([
        ['weight', [1, 2, 3, 4, 5, 6]],
        ['bias', [-1, 0.5]],
      ]);
    }
  });

  it('reads safetensors whose header length starts like a zip archive', async () => {
    const plain = safetensorsHeader({}, ',"__metadata__":{"note":""}');
    // 0x034b50 bytes: "PK" and 3 in the file.
    const note = 'n'.repeat(0x034b50 - plain.length);
    const file = safetensors(plain.replace('"note":""', `"note":"${note}"`), SAFETENSORS_DATA);
    expect([...file.subarray(0, 4)]).toEqual([0x50, 0x4b, 3, 0]);
    const { format, tensors } = await readCheckpoint(memorySource(file));
    expect({ format, names: [...tensors.keys()] }).toEqual({ format: 'safetensors', names: ['weight', 'bias'] });
  });

  it.each([
    ['a web page', '\n<html>'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n'],
    ['an HDF5 file', bytes(0x89, 'HDF\r\n')],
    ['a gzip archive', bytes(0x1f, 0x8b, 8)],
    ['a bare pickle', bytes(0x80, 2, '}.')],
    ['a file of another kind', 'something'],
  ])('says what it is instead: %s', async (what, start) => {
    await expect(readCheckpoint(memorySource(bytes(start)))).rejects.toMatchObject({
      code: 'CHECKPOINT_FORMAT',
      message: expect.stringContaining(what),
    });
  });
});
