/**
 * Files of several frames, opened on Node: each frame against Pillow and tifffile, codings that are not read, and files
 * made to do harm.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  difference,
  fixtureBytes,
  fixturePath,
  framesByPillow,
  fromBase64,
  SAME,
} from '../../test/support/imageFixtures.js';
import { SamusError } from '../errors.js';
import { toGrey } from './image.js';
import { openImage, readImage, readMask } from './imageFile.node.js';
import { planeImage } from './volume.js';
import { readVolume } from './volumeFile.node.js';

const frames = framesByPillow();
const coded = (code: string): unknown => expect.objectContaining({ name: 'SamusError', code });
const VOLUMES = fileURLToPath(new URL('../../test/fixtures/volumes/', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samus-frames-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A TIFF file whose directories hold a width and a height only, one after the other. */
function directories(count: number, next: (index: number) => number): Uint8Array {
  const size = 2 + 2 * 12 + 4;
  const bytes = Buffer.alloc(8 + count * size);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(8, 4);
  for (let i = 0; i < count; i++) {
    const at = 8 + i * size;
    bytes.writeUInt16LE(2, at);
    for (const [k, tag] of [256, 257].entries()) {
      bytes.writeUInt16LE(tag, at + 2 + 12 * k);
      bytes.writeUInt16LE(3, at + 4 + 12 * k);
      bytes.writeUInt32LE(1, at + 6 + 12 * k);
      bytes.writeUInt16LE(8, at + 10 + 12 * k);
    }
    bytes.writeUInt32LE(next(i), at + size - 4);
  }
  return bytes;
}

/** A whole TIFF file of 4x2 pixels without compression, all bytes 0. */
function tiff(fields: {
  bits: number;
  samples?: number;
  photometric?: number;
  planar?: number;
  format?: number;
  compression?: number;
}): Uint8Array {
  const { bits, samples = 1, photometric = 1, planar = 1, format = 1, compression = 1 } = fields;
  const size = (4 * 2 * samples * bits) / 8;
  const strips = planar === 2 ? samples : 1;
  const tags: [tag: number, type: number, ...values: number[]][] = [
    [256, 3, 4],
    [257, 3, 2],
    [258, 3, ...Array<number>(samples).fill(bits)],
    [259, 3, compression],
    [262, 3, photometric],
    [273, 4, ...Array.from({ length: strips }, (_, i) => 512 + (i * size) / strips)],
    [277, 3, samples],
    [278, 3, 2],
    [279, 4, ...Array<number>(strips).fill(size / strips)],
    [284, 3, planar],
    [339, 3, ...Array<number>(samples).fill(format)],
    [530, 3, 1, 1],
  ];
  const file = Buffer.alloc(512 + size);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(tags.length, 8);
  let away = 10 + 12 * tags.length + 4;
  for (const [i, [tag, type, ...values]] of tags.entries()) {
    const at = 10 + 12 * i;
    const width = type === 3 ? 2 : 4;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(values.length, at + 4);
    const inside = values.length * width <= 4;
    if (!inside) file.writeUInt32LE(away, at + 8);
    for (const [k, value] of values.entries()) file.writeUIntLE(value, (inside ? at + 8 : away) + k * width, width);
    if (!inside) away += values.length * width;
  }
  return file;
}

/** By Pillow 13: 6 x 4 pixels of four colours, the last of which is transparent. */
const TRANSPARENT_GIF =
  'R0lGODlhBgAEAIEAAAoKCsjIyFpkbvoAACH5BAEAAAMALAAAAAAGAAQAAAgYAAMIGDAAAACCAAIMCKCQoQABBgkOEBAQADs=';

/** An animated PNG: the control chunk of an animation before the pixels of a still one. */
function animated(png: Uint8Array, count: number): Uint8Array {
  const control = Buffer.alloc(20);
  control.writeUInt32BE(8, 0);
  control.write('acTL', 4, 'latin1');
  control.writeUInt32BE(count, 8);
  control.writeUInt32BE(crc32(control.subarray(4, 16)), 16);
  return Buffer.concat([png.subarray(0, 33), control, png.subarray(33)]);
}

describe('an opened image', () => {
  for (const file of ['frames.tif', 'frames-big.tif', 'frames.webp', 'frames.gif', 'moving.webp', 'pages.tif']) {
    it(`gives each frame of ${file} as Pillow reads it, in any order, from a path and from bytes`, async () => {
      const want = frames[file]!;
      for (const given of [fixturePath(file), fixtureBytes(file)]) {
        const source = await openImage(given);
        expect([source.frames, source.width, source.height]).toEqual([want.length, want[0]!.width, want[0]!.height]);
        const order = want.map((_, i) => i + 1);
        for (const frame of [...order.reverse(), ...order]) {
          const image = await source.read(frame);
          const { width, height, grey } = want[frame - 1]!;
          expect([image.width, image.height]).toEqual([width, height]);
          expect(difference(toGrey(image).data, fromBase64(grey)), `frame ${frame}`).toEqual(SAME);
        }
      }
    });
  }

  it('shows the stored colours of transparent pixels of a GIF, as Pillow does', async () => {
    const gif = Buffer.from(TRANSPARENT_GIF, 'base64');
    // Colours 1 2 3 3 0 0, and so on; 3 is transparent.
    const { data } = await (await openImage(gif)).read(1);
    const red = Array.from({ length: 24 }, (_, i) => data[3 * i]);
    expect(red.slice(0, 12)).toEqual([200, 90, 250, 250, 10, 10, 250, 250, 10, 200, 250, 200]);
  });

  it('has the complete frames of a GIF that is cut off, and says how many it states', async () => {
    const gif = fixtureBytes('frames.gif');
    const [whole, cut] = await Promise.all([openImage(gif), openImage(gif.subarray(0, gif.length - 80))]);
    expect(whole).not.toHaveProperty('framesStated');
    expect(cut).toMatchObject({ frames: 3, framesStated: 4 });
    for (const frame of [1, 2, 3]) expect(await cut.read(frame)).toEqual(await whole.read(frame));
    await expect(cut.read(4)).rejects.toMatchObject({
      code: 'IMAGE_CORRUPT',
      message: expect.stringContaining('cut off after frame 3 of 4'),
    });
    await expect(cut.read(5)).rejects.toMatchObject({ code: 'IMAGE_FRAME' });
  });

  it('has one frame where there is one, and no spacing where the file states none', async () => {
    const source = await openImage(fixturePath('grey.png'));
    expect(source).toMatchObject({ format: 'png', frames: 1, width: 23, height: 17, lossy: false });
    expect(source.spacingMm(1)).toBeUndefined();
  });

  it.each(['frames.tif', 'frames.webp', 'grey.png', 'grey.bmp'])('%s has no frame 0, 1.5 or 9', async (file) => {
    const source = await openImage(fixturePath(file));
    for (const frame of [0, 1.5, 9, Number.NaN]) await expect(source.read(frame)).rejects.toThrow(coded('IMAGE_FRAME'));
    await expect(readImage(fixturePath(file), { frame: 9 })).rejects.toThrow(coded('IMAGE_FRAME'));
  });

  it('reads the planes of a volume as frames, with their spacing', async () => {
    const source = await openImage(join(VOLUMES, 'u8.mha'));
    expect(source.frames).toBeGreaterThan(1);
    const images = [await source.read(1), await source.read(source.frames)];
    expect(images[0]).toMatchObject({ width: source.width, height: source.height });
    expect(images[0]!.data).not.toEqual(images[1]!.data);
    expect(source.spacingMm(1)).toEqual([expect.any(Number), expect.any(Number)]);
    const packed = await openImage(join(VOLUMES, 'u8.nii.gz'));
    const volume = await readVolume(join(VOLUMES, 'u8.nii.gz'));
    expect(await packed.read(packed.frames)).toEqual(planeImage(volume, packed.frames - 1, 'volume'));
  });

  it('reads a file anew that changed under its name', async () => {
    const path = join(folder, 'changes.tif');
    for (const file of ['grey.tif', 'white-is-zero.tif']) {
      await writeFile(path, fixtureBytes(file));
      expect(await readImage(path)).toEqual(await readImage(fixtureBytes(file)));
    }
  });

  it('is found under a name in another Unicode normal form', async () => {
    await writeFile(join(folder, 'u\u0308.png'), fixtureBytes('grey.png'));
    expect(await readImage(join(folder, '\u00fc.png'))).toEqual(await readImage(fixturePath('grey.png')));
  });
});

describe('whether the coding changes samples', () => {
  it('shows in the content of a file, not in its name', async () => {
    const raw = { raw: { width: 16, height: 16, channels: 3 } } as const;
    const picture = () => sharp(Buffer.alloc(768, 90), raw);
    const files: [string, Uint8Array, boolean][] = [
      ['png', await picture().png().toBuffer(), false],
      ['jpeg', await picture().jpeg().toBuffer(), true],
      ['webp', await picture().webp().toBuffer(), true],
      ['webp without loss', await picture().webp({ lossless: true }).toBuffer(), false],
      ['tiff', await picture().tiff({ compression: 'lzw' }).toBuffer(), false],
      ['jpeg in tiff', await picture().tiff({ compression: 'jpeg' }).toBuffer(), true],
      ['animation', fixtureBytes('frames.webp'), false],
      ['gif', fixtureBytes('frames.gif'), false],
    ];
    for (const [name, bytes, lossy] of files) expect((await openImage(bytes)).lossy, name).toBe(lossy);
  });
});

describe('TIFF of Y, Cb, Cr samples', () => {
  it.each(['none', 'lzw', 'deflate', 'packbits'])(
    'with compression %s has the colours that Pillow reads',
    async (coding) => {
      const [want] = frames[`ycbcr-${coding}.tif`]!;
      const image = await readImage(fixturePath(`ycbcr-${coding}.tif`));
      expect(difference(image.data, fromBase64(want!.rgb!)).most).toBeLessThanOrEqual(1);
      expect(difference(toGrey(image).data, fromBase64(want!.grey)).most).toBeLessThanOrEqual(1);
    },
  );

  it('is refused where pixels share their colour', async () => {
    await expect(readImage(fixturePath('ycbcr-420.tif'))).rejects.toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT', message: expect.stringContaining('YCbCr') }),
    );
  });
});

describe('a whole file of a coding that is not read', () => {
  it.each([
    ['zstd.tif', 'Zstandard'],
    ['jpeg2000.tif', 'JPEG 2000'],
    ['bits12.tif', '12 bits'],
    ['jpegls.jpg', 'JPEG-LS'],
  ])('%s is no damaged one: the error names %s', async (file, coding) => {
    for (const given of [fixturePath(file), fixtureBytes(file)]) {
      const error = await readImage(given).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'IMAGE_FORMAT',
        message: expect.stringContaining(coding),
        hint: 'save the image as 8-bit PNG',
      });
    }
  });
});

it('TIFF names the coding of another page that keeps one from being read', async () => {
  const pages = await Promise.all(
    [0, 1].map((v) =>
      sharp(Buffer.alloc(16, v), { raw: { width: 4, height: 4, channels: 1 } })
        .png()
        .toBuffer(),
    ),
  );
  const bytes = await sharp(pages, { join: { animated: true } })
    .tiff({ compression: 'lzw' })
    .toBuffer();
  expect((await openImage(bytes)).frames).toBe(2);
  const entry = Buffer.from([0x03, 0x01, 0x03, 0x00]);
  bytes.writeUInt16LE(50_000, bytes.lastIndexOf(entry) + 8);
  const source = await openImage(bytes);
  for (const frame of [1, 2]) {
    await expect(source.read(frame)).rejects.toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT', message: expect.stringContaining('Zstandard') }),
    );
  }
});

describe('TIFF in tiles', () => {
  const picture = { width: 40, height: 40, channels: 1 as const };
  const data = Buffer.from(Array.from({ length: 1600 }, (_, i) => (i * 7) % 251));
  const tiles = (compression: 'none' | 'lzw' | 'deflate' | 'packbits'): Promise<Buffer> =>
    sharp(data, { raw: picture })
      .toColourspace('b-w')
      .tiff({ compression, tile: true, tileWidth: 16, tileHeight: 16 })
      .toBuffer();

  it.each(['none', 'lzw', 'deflate', 'packbits'] as const)(
    'of coding %s is read whole or not at all',
    async (coding) => {
      const bytes = await tiles(coding);
      expect(Buffer.from((await readImage(bytes)).data)).toEqual(data);
      // The second tile leads out of the file.
      const at = bytes.indexOf(Buffer.from([0x44, 0x01, 0x04, 0x00]));
      bytes.writeUInt32LE(bytes.length - 3, bytes.readUInt32LE(at + 8) + 4);
      await expect(readImage(bytes)).rejects.toThrow(coded('IMAGE_CORRUPT'));
    },
  );

  it('of a coding that is not read names it', async () => {
    const bytes = await tiles('lzw');
    bytes.writeUInt16LE(50_000, bytes.indexOf(Buffer.from([0x03, 0x01, 0x03, 0x00])) + 8);
    await expect(readImage(bytes)).rejects.toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT', message: expect.stringContaining('Zstandard') }),
    );
  });
});

describe('files of which something else would be read', () => {
  const refused = (text: string): unknown =>
    expect.objectContaining({ code: 'IMAGE_FORMAT', message: expect.stringContaining(text) });

  it.each([
    [{ bits: 64, format: 3 }, 'floating-point numbers of 64 bits'],
    [{ bits: 64, format: 6 }, 'complex numbers of 64 bits'],
    [{ bits: 64 }, 'unsigned integers of 64 bits'],
    [{ bits: 8, samples: 3, photometric: 6, planar: 2 }, 'YCbCr in separate planes'],
    [{ bits: 8, compression: 34933 }, 'PNG'],
    [{ bits: 8, compression: 34934 }, 'JPEG XR'],
    [{ bits: 4, samples: 3, photometric: 2 }, '3 samples of 4 bits'],
  ])('TIFF of %j is refused by what it holds', async (fields, text) => {
    await expect(readImage(tiff(fields))).rejects.toThrow(refused(text));
  });

  it('but planes of RGB and YCbCr beside each other are read', async () => {
    expect([...(await readImage(tiff({ bits: 8, samples: 3, photometric: 2, planar: 2 }))).data]).toEqual(
      Array<number>(24).fill(0),
    );
    const { data } = await readImage(tiff({ bits: 8, samples: 3, photometric: 6 }));
    expect([...data.subarray(0, 3)]).toEqual([0, 135, 0]);
  });

  it('an animated PNG opens with its frames', async () => {
    const { rgb } = JSON.parse(new TextDecoder().decode(fixtureBytes('apng.json')));
    const source = await openImage(Uint8Array.from(Buffer.from(rgb.png, 'base64')));
    expect(source).toMatchObject({ format: 'png', frames: 3 });
    expect(Buffer.from((await source.read(3)).data).toString('base64')).toBe(rgb.rgb[2]);
  });

  it('an animated PNG without its frames is damaged, one of a single frame is a still image', async () => {
    const png = fixtureBytes('grey.png');
    await expect(readImage(animated(png, 3))).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    expect(await readImage(animated(png, 1))).toEqual(await readImage(png));
  });

  it.each([
    ['\xff\x0a\xcb\x40', 'JPEG XL'],
    ['\0\0\0\x0cJXL \r\n\x87\n', 'JPEG XL'],
    ['II\xbc\x01\x20\0\0\0', 'JPEG XR'],
  ])('%j is named %s', async (start, format) => {
    const bytes = Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(100)]);
    await expect(readImage(bytes)).rejects.toThrow(refused(`is of type ${format}`));
  });
});

describe('files made to do harm', () => {
  it('end with an error: a circle of pages, more pages than a clip has, a list that leads out', async () => {
    const size = 30;
    const cases: [Uint8Array, string][] = [
      [directories(3, (i) => 8 + ((i + 1) % 3) * size), 'IMAGE_CORRUPT'],
      [directories(1, () => 8), 'IMAGE_CORRUPT'],
      [directories(2, (i) => (i === 0 ? 8 + size : 1e6)), 'IMAGE_CORRUPT'],
      [directories(10_001, (i) => (i === 10_000 ? 0 : 8 + (i + 1) * size)), 'IMAGE_TOO_LARGE'],
    ];
    for (const [bytes, code] of cases) await expect(openImage(bytes)).rejects.toThrow(coded(code));
    const path = join(folder, 'circle.tif');
    await writeFile(path, cases[0]![0]);
    await expect(readImage(path)).rejects.toThrow(coded('IMAGE_CORRUPT'));
  });

  it('are limited in the size of each page and in the number of frames', async () => {
    const late = directories(2, (i) => (i === 0 ? 38 : 0));
    Buffer.from(late.buffer, late.byteOffset).writeUInt16LE(60_000, 38 + 10);
    const source = await openImage(late);
    await expect(source.read(2)).rejects.toThrow(coded('IMAGE_TOO_LARGE'));
    await expect(openImage(fixturePath('frames.webp'), { maxFrames: 3 })).rejects.toThrow(coded('IMAGE_TOO_LARGE'));
    await expect(openImage(fixturePath('frames.tif'), { maxFrames: 2 })).rejects.toThrow(coded('IMAGE_TOO_LARGE'));
  });

  it('have a code whatever is cut off', async () => {
    for (const file of ['frames.tif', 'frames-big.tif', 'frames.webp', 'frames.gif']) {
      const whole = fixtureBytes(file);
      for (let length = 0; length < whole.length; length += 97) {
        const cut = whole.subarray(0, length);
        const read = async () => {
          const source = await openImage(cut);
          for (let frame = 1; frame <= source.frames; frame++) await source.read(frame);
        };
        const error = await read().catch((thrown: unknown) => thrown);
        if (error === undefined) continue;
        expect(error, `${file}, ${length} bytes`).toBeInstanceOf(SamusError);
        expect(error).toMatchObject({ kind: 'input', code: expect.stringMatching(/^IMAGE_/) });
      }
    }
  });

  it('of class indices in 16 bits keep them in every page', async () => {
    const indices = Uint16Array.from([0, 1, 2, 255]);
    const tiff = await sharp(indices, { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .tiff({ compression: 'none' })
      .toBuffer();
    expect([...(await readMask(tiff)).data]).toEqual([0, 1, 2, 255]);
  });
});
