import { deflateSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../test/support/checkpointBytes.js';
import {
  SAFETENSORS_DATA,
  safetensors,
  safetensorsHeader,
  torchLegacy,
  torchZip,
} from '../../test/support/checkpointFiles.js';
import { zip } from '../../test/support/checkpointZip.js';
import { blobSource, memorySource } from './byteSource.js';
import { readCheckpoint } from './checkpoint.js';
import { crc32 } from './zipArchiveCrc32.js';

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

  it.each([
    ['torch.save', torchZip()],
    ['torch.save before 1.6', torchLegacy()],
    ['safetensors', safetensors(safetensorsHeader({}, ''), SAFETENSORS_DATA)],
  ])('reads the only checkpoint in an archive such as a wheel: %s', async (_, file) => {
    const extension = file[8] === 0x7b ? 'safetensors' : 'pth';
    for (const level of [0, 6] as const) {
      const wheel = zipSync({
        'a/__init__.py': [bytes('import os'), { level }],
        [`a/b.${extension}`]: [file, { level }],
      });
      const { tensors } = await readCheckpoint(memorySource(wheel));
      expect(tensors.get('bias')?.data).toEqual(Float32Array.of(-1, 0.5));
    }
  });

  it('refuses an archive with several checkpoints, one in an archive in it, and one that is not what the directory says', async () => {
    const file = torchLegacy();
    const deflated = deflateSync(file);
    const inner = zipSync({ 'a.pth': file });
    const part = { name: 'a.pth', data: deflated, method: 8, packed: deflated.length, crc: crc32(file) };
    const cases = [
      [zipSync({ 'a.pth': file, 'b.pth': file }), 'CHECKPOINT_NOT_TORCH'],
      [zipSync({ 'b.pth': inner }), 'CHECKPOINT_NOT_TORCH'],
      [zip([{ ...part, length: file.length - 1 }]), 'CHECKPOINT_ZIP_CRC'],
      [zip([{ ...part, length: file.length + 1 }]), 'CHECKPOINT_ZIP_CRC'],
      [zip([{ ...part, length: file.length, crc: 1 }]), 'CHECKPOINT_ZIP_CRC'],
      [zip([{ ...part, length: 2 ** 31 }]), 'CHECKPOINT_ZIP_LIMIT'],
      [zip([{ ...part, length: file.length, method: 12 }]), 'CHECKPOINT_ZIP_COMPRESSED'],
    ] as const;
    for (const [archive, code] of cases) {
      await expect(readCheckpoint(memorySource(archive)), code).rejects.toMatchObject({ code });
    }
    const whole = zip([{ ...part, length: file.length }]);
    expect((await readCheckpoint(memorySource(whole))).format).toBe('torch-legacy');
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
