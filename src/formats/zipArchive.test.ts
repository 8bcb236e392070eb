import { crc32 as reference } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../test/support/checkpointBytes.js';
import { zip } from '../../test/support/checkpointZip.js';
import { memorySource } from './byteSource.js';
import { readZipDirectory } from './zipArchive.js';
import { crc32 } from './zipArchiveCrc32.js';

const PARTS = [
  { name: 'net/a', data: bytes('hello') },
  { name: 'net/empty', data: bytes() },
  { name: 'net/b', data: bytes('world!') },
];

describe('readZipDirectory', () => {
  it.each([
    ['plain', {}],
    ['zip64', { zip64: true }],
    ['with a comment', { comment: 'made up' }],
    ['with a comment that looks like an end record', { comment: `PK\x05\x06${'\0'.repeat(16)}\x07\0` }],
  ])('finds the bytes of every entry: %s', async (_name, options) => {
    const file = zip(PARTS, options);
    const entries = await readZipDirectory(memorySource(file));
    expect([...entries.keys()]).toEqual(['net/a', 'net/empty', 'net/b']);
    for (const { name, data } of PARTS) {
      const { offset, length, compressed, crc32: crc } = entries.get(name)!;
      expect(file.slice(offset, offset + length)).toEqual(data);
      expect([compressed, crc]).toEqual([false, crc32(data)]);
    }
  });

  it('finds entries whose sizes are in zip64 fields', async () => {
    const file = zip(PARTS.map((part) => ({ ...part, long: true })));
    const { offset, length } = (await readZipDirectory(memorySource(file))).get('net/b')!;
    expect(file.slice(offset, offset + length)).toEqual(bytes('world!'));
  });

  it('reads headers only, not what the entries hold', async () => {
    const file = zip([{ name: 'net/large', data: new Uint8Array(1_000_000) }]);
    const memory = memorySource(file);
    let read = 0;
    await readZipDirectory({
      size: memory.size,
      read: (offset, length, into) => {
        read += length;
        return memory.read(offset, length, into);
      },
    });
    expect(read).toBeLessThan(70_000);
  });
});

describe('crc32', () => {
  it('gives the check value of the standard', () => {
    expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
    expect(crc32(bytes())).toBe(0);
  });

  it('agrees with zlib, in one piece and in two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (data, at) => {
        expect(crc32(data)).toBe(reference(data));
        expect(crc32(data.subarray(at), crc32(data.subarray(0, at)))).toBe(reference(data));
      }),
    );
  });
});
