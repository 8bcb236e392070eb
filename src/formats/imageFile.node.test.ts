import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  difference,
  fixtureBytes,
  fixturePath,
  fromBase64,
  readByPillow,
  SAME,
} from '../../test/support/imageFixtures.js';
import { SamusError } from '../errors.js';
import { toGrey } from './image.js';
import { readImage, readMask } from './imageFile.node.js';

/** Where this project differs from Pillow on purpose; the tests below say how. */
const ON_PURPOSE = ['grey16.png', 'grey16.tif', 'float.tif', 'turned.tif'];
const pillow = Object.entries(readByPillow());
const coded = (code: string): unknown => expect.objectContaining({ name: 'SamusError', code });

describe('readImage', () => {
  for (const [file, want] of pillow.filter(([file]) => !ON_PURPOSE.includes(file))) {
    it(`reads ${file} (Pillow mode ${want.mode}) as Pillow does`, async () => {
      const image = await readImage(fixturePath(file));
      expect([image.width, image.height]).toEqual([want.width, want.height]);
      const greyAlpha = want.mode === 'RGBA' && image.channels === 1;
      if (!greyAlpha && image.channels === want.channels) {
        expect(difference(image.data, fromBase64(want.pixels))).toEqual(SAME);
      }
      expect(difference(toGrey(image).data, fromBase64(want.grey))).toEqual(SAME);
    });
  }

  it('keeps grey files at one channel and colour files at three', async () => {
    for (const file of [
      'grey.png',
      'grey-alpha.png',
      'grey.jpg',
      'grey.tif',
      'bit.png',
      'bit.tif',
      'grey.bmp',
      'bit.bmp',
    ]) {
      expect((await readImage(fixtureBytes(file))).channels, file).toBe(1);
    }
    for (const file of ['rgb.png', 'rgba.png', 'palette.png', 'rgb420.jpg', 'lossy.webp', 'rgb.bmp', 'cmyk.jpg']) {
      expect((await readImage(fixtureBytes(file))).channels, file).toBe(3);
    }
  });

  it('keeps class indices of 16-bit masks, and the high byte of others', async () => {
    const png = (...samples: number[]) =>
      sharp(Uint16Array.from(samples), { raw: { width: samples.length, height: 1, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toBuffer();
    const indices = await png(0, 1, 2, 255);
    expect((await sharp(indices).metadata()).depth).toBe('ushort');
    expect([...(await readMask(indices)).data]).toEqual([0, 1, 2, 255]);
    expect([...(await readImage(indices)).data]).toEqual([0, 0, 0, 0]);
    expect([...(await readMask(await png(0, 200, 65535))).data]).toEqual([0, 0, 255]);
    expect([...(await readMask(fixturePath('grey.png'))).data]).toEqual([
      ...(await readImage(fixturePath('grey.png'))).data,
    ]);
  });

  it('keeps the high byte of 16-bit grey', async () => {
    for (const file of ['grey16.png', 'grey16.tif']) {
      const { high } = readByPillow()[file]!;
      expect(difference((await readImage(fixturePath(file))).data, fromBase64(high ?? ''))).toEqual(SAME);
    }
  });

  it('does not turn an image by its orientation, also where Pillow does (TIFF)', async () => {
    const upright = await readImage(fixturePath('rgb.png'));
    expect(await readImage(fixturePath('turned.tif'))).toEqual(upright);
    expect(await readImage(fixturePath('turned.jpg'))).toMatchObject({ width: upright.width, height: upright.height });
  });

  it('refuses float samples, which have no fixed black and white', async () => {
    await expect(readImage(fixturePath('float.tif'))).rejects.toThrow(coded('IMAGE_FORMAT'));
  });

  it('recognises a file by content, not by name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'samus-image-'));
    const path = join(folder, 'scan.jpg');
    await writeFile(path, fixtureBytes('grey.png'));
    expect(await readImage(path)).toEqual(await readImage(fixtureBytes('grey.png')));
    await rm(folder, { recursive: true });
  });
});

describe('errors of readImage', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'samus-image-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('with a path that leads nowhere, a folder, or a file that may not be read', async () => {
    await expect(readImage(join(folder, 'none.png'))).rejects.toThrow(coded('IMAGE_NOT_FOUND'));
    await expect(readImage(join(fixturePath('grey.png'), 'x'))).rejects.toThrow(coded('IMAGE_NOT_FOUND'));
    await expect(readImage(folder)).rejects.toThrow(coded('IMAGE_UNREADABLE'));
    const pipe = join(folder, 'pipe.png');
    // Not on Windows.
    if (spawnSync('sh', ['-c', 'mkfifo "$0"', pipe]).status === 0)
      await expect(readImage(pipe)).rejects.toThrow('a pipe or a device');
    const locked = join(folder, 'locked.png');
    await writeFile(locked, fixtureBytes('grey.png'));
    await chmod(locked, 0);
    // The superuser reads it all the same.
    const result = await readImage(locked).catch((error: unknown) => error);
    if (result instanceof Error) expect(result).toEqual(coded('IMAGE_UNREADABLE'));
  });

  it('with files that are no pictures', async () => {
    const files: [string, Uint8Array][] = [
      ['empty', new Uint8Array()],
      ['text', Buffer.from('a,b\n1,2\n')],
      ['drawing', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
      ['zip', Buffer.from('PK\x03\x04rest of it')],
    ];
    for (const [name, bytes] of files) {
      const error = await readImage(bytes).catch((e: unknown) => e);
      expect(error, name).toEqual(coded('IMAGE_FORMAT'));
      expect(error, name).toMatchObject({ kind: 'input', message: expect.stringMatching(/PNG/) });
    }
  });

  it('with DICOM that has no pixels, also without preamble and behind a TIFF header', async () => {
    const preamble = new Uint8Array(200);
    preamble.set(Buffer.from('DICM'), 128);
    const both = Uint8Array.from(preamble);
    both.set(Buffer.from('II*\0'));
    const bare = new Uint8Array(200);
    bare.set([8, 0, 5, 0, 0x43, 0x53, 10, 0]);
    for (const bytes of [preamble, both, bare]) {
      const error = await readImage(bytes).catch((e: unknown) => e);
      expect(error).toEqual(coded('DICOM_NO_PIXELS'));
    }
  });

  it('with pictures that are too large, before decoding them', async () => {
    const header = (width: number, height: number): Uint8Array => {
      const bytes = Buffer.from(fixtureBytes('rgb.bmp'));
      bytes.writeInt32LE(width, 18);
      bytes.writeInt32LE(height, 22);
      return bytes;
    };
    const wide = await sharp({ create: { width: 60_000, height: 3, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    for (const bytes of [header(60_000, 60_000), header(1, 2 ** 31 - 1), wide]) {
      await expect(readImage(bytes)).rejects.toThrow(coded('IMAGE_TOO_LARGE'));
    }
    await expect(readImage(fixturePath('grey.png'), { maxPixels: 100 })).rejects.toThrow(coded('IMAGE_TOO_LARGE'));
    await expect(readImage(fixturePath('grey.bmp'), { maxSide: 20 })).rejects.toThrow(coded('IMAGE_TOO_LARGE'));
  });

  it('with a bomb: a small PNG that would unpack to gigabytes', async () => {
    const bytes = Buffer.from(fixtureBytes('grey.png'));
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    await expect(readImage(bytes)).rejects.toThrow(coded('IMAGE_TOO_LARGE'));
  });

  it('with pictures that are cut off', async () => {
    for (const file of [
      'grey.png',
      'rgb420.jpg',
      'progressive.jpg',
      'lossless.webp',
      'rgb-lzw.tif',
      'rgb.bmp',
      'rle8.bmp',
      'palette.bmp',
    ]) {
      const bytes = fixtureBytes(file);
      await expect(readImage(bytes.subarray(0, Math.floor(bytes.length * 0.6))), file).rejects.toThrow(
        coded('IMAGE_CORRUPT'),
      );
    }
  });

  it('with a code whatever is cut or changed', { timeout: 120_000 }, async () => {
    const files = [
      'grey.png',
      'palette.png',
      'rgb420.jpg',
      'lossy.webp',
      'rgb-lzw.tif',
      'bit.tif',
      ...pillow.map(([f]) => f).filter((f) => f.endsWith('.bmp')),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(fc.nat(4000), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
        async (file, share, changes) => {
          const bytes = fixtureBytes(file).slice(0, Math.ceil(fixtureBytes(file).length * Math.min(1, share * 1.5)));
          for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
          try {
            const image = await readImage(bytes, { maxPixels: 1e5 });
            expect(image.data).toHaveLength(image.width * image.height * image.channels);
          } catch (error) {
            expect(error).toBeInstanceOf(SamusError);
            expect(error).toMatchObject({ kind: 'input', code: expect.stringMatching(/^IMAGE_/) });
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
