/**
 * What is told of a file without a browser's decoders: PNG and BMP pixels, and every refusal. JPEG, WebP and GIF are in
 * test/browser/openImage.test.ts.
 */

import fc from 'fast-check';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { difference, fixtureBytes, fromBase64, readByPillow, SAME } from '../../../test/support/imageFixtures.js';
import { SamusError } from '../../errors.js';
import { createImage, toGrey, toRgb } from '../../formats/image.js';
import { acceptedBy, isNamedAs, readFormats, registerFormat, titles } from '../../formats/imageFormat.js';
import { checkFrame, checkSize, type ImageFile, type ImageLimits } from '../../formats/imageSource.js';
import { failureText } from '../app/failureText.js';
import { maskFormats } from '../app/maskNames.js';
import { countFrames, decodePicture } from './decodePicture.js';
import { encodePicture } from './pngPicture.js';

const blob = (bytes: Uint8Array): Blob => new Blob([Uint8Array.from(bytes)]);
const open = (bytes: Uint8Array) => decodePicture(blob(bytes));
const text = (value: string): Uint8Array => Uint8Array.from(value, (c) => c.charCodeAt(0));

async function refused(bytes: Uint8Array): Promise<SamusError> {
  const error = await open(bytes).catch((e: unknown) => e);
  if (error instanceof SamusError) return error;
  throw new Error(`a SamusError was expected, not ${String(error)}`);
}

/** A PNG file of a chunk list, without checksums that hold. */
function png(chunks: readonly (readonly [name: string, data: Uint8Array])[]): Uint8Array {
  const parts = chunks.map(([name, data]) => {
    const chunk = Buffer.alloc(12 + data.length);
    chunk.writeUInt32BE(data.length);
    chunk.write(name, 4, 'latin1');
    chunk.set(data, 8);
    return chunk;
  });
  return Buffer.concat([text('\x89PNG\r\n\x1a\n'), ...parts]);
}

function header(width: number, height: number): Uint8Array {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width);
  data.writeUInt32BE(height, 4);
  data.set([8, 0, 0, 0, 0], 8);
  return data;
}

/** A grey PNG that says how many pixels a metre has. */
function scaledPng(perMetreX: number, perMetreY: number, unit = 1): Uint8Array {
  const data = Buffer.alloc(9);
  data.writeUInt32BE(perMetreX);
  data.writeUInt32BE(perMetreY, 4);
  data[8] = unit;
  const whole = encode({ width: 2, height: 2, channels: 1, depth: 8, data: Uint8Array.of(1, 2, 3, 4) });
  const scale = png([['pHYs', data]]).subarray(8);
  return Buffer.concat([whole.subarray(0, 33), scale, whole.subarray(33)]);
}

describe('decodePicture', () => {
  const files = Object.entries(readByPillow()).filter(([file]) => /\.(png|bmp)$/.test(file));
  for (const [file, want] of files) {
    it(`reads ${file} (Pillow mode ${want.mode}) as Pillow does`, async () => {
      const { image } = await open(fixtureBytes(file));
      expect([image.width, image.height]).toEqual([want.width, want.height]);
      if (want.high !== undefined) {
        expect(difference(image.data, fromBase64(want.high))).toEqual(SAME);
        return;
      }
      expect(difference(toGrey(image).data, fromBase64(want.grey))).toEqual(SAME);
      if (want.mode !== 'RGBA' && want.channels === 3) {
        expect(difference(toRgb(image).data, fromBase64(want.pixels))).toEqual(SAME);
      }
    });
  }

  it('gives back what was encoded', async () => {
    for (const file of ['grey.png', 'rgb.png']) {
      const { image } = await open(fixtureBytes(file));
      expect((await open(encodePicture(image))).image).toEqual(image);
    }
  });
});

describe('a format that is added to the table', () => {
  it('is opened, offered and named by its one entry', async () => {
    const page = async ({ name, format, bytes }: ImageFile, limits: Required<ImageLimits>) => {
      const [, , width = 0, height = 0, frames = 0, ...pixels] = await bytes();
      if (pixels.length !== width * height * frames) throw new SamusError('IMAGE_FORMAT', `${name} is packed`, '');
      checkSize(name, width, height, limits);
      return {
        ...{ format: format.id, frames, width, height, lossy: false },
        spacingMm: (frame: number) => [frame, 2] as const,
        async read(frame: number) {
          checkFrame({ frames }, frame, name);
          const size = width * height;
          return createImage(width, height, 1, Uint8Array.from(pixels.slice((frame - 1) * size, frame * size)));
        },
      };
    };
    const about = { id: 'toy', title: 'Toy', kind: 'image', extensions: ['toy'], hasFrames: true } as const;
    registerFormat({ ...about, signatures: ['\x01T'], page });
    expect(() => registerFormat({ ...about, signatures: [] })).toThrow(/unused id of a format, got toy/);
    const file = Uint8Array.of(1, 0x54, 2, 1, 2, 10, 20, 30, 40);
    const picture = await decodePicture(blob(file), 2);
    expect(picture).toMatchObject({ frames: 2, frame: 2, spacingMm: [2, 2], image: { width: 2, height: 1 } });
    expect([...picture.image.data]).toEqual([30, 40]);
    expect(await countFrames(blob(file))).toBe(2);
    await expect(decodePicture(blob(file), 3)).rejects.toMatchObject({ code: 'IMAGE_FRAME' });
    expect(failureText(await refused(file.subarray(0, 8))).text).toContain('an unusual kind of Toy file');
    expect(titles(readFormats('page'), 'or')).toBe('Toy, DICOM, PNG, JPEG, WebP, GIF or BMP');
    expect(acceptedBy(readFormats('page'))).toContain('.toy');
    // Masks are images of one frame.
    expect(isNamedAs(maskFormats(), 'a.TOY')).toBe(false);
    expect(isNamedAs(maskFormats(), 'a.BMP')).toBe(true);
  });
});

describe('the scale that a file states', () => {
  const spacing = async (bytes: Uint8Array) => (await open(bytes)).spacingMm;

  it('is believed where it is one of an ultrasound picture', async () => {
    expect(await spacing(scaledPng(10_000, 10_000))).toEqual([0.1, 0.1]);
    expect(await spacing(scaledPng(8000, 4000))).toEqual([0.125, 0.25]);
  });

  it('is not believed where programs write it by habit, or it cannot be', async () => {
    for (const perMetre of [2835, 2834, 3780, 3779, 5906, 11_811, 23_622, 1000, 100, 1e6]) {
      expect(await spacing(scaledPng(perMetre, perMetre)), `${perMetre}`).toBeNull();
    }
    expect(await spacing(scaledPng(10_000, 10_000, 0))).toBeNull();
    expect(await spacing(scaledPng(0, 0))).toBeNull();
    expect(await spacing(fixtureBytes('grey.png'))).toBeNull();
  });
});

describe('decodePicture refuses', () => {
  it('to pictures that are too large, before decoding them', async () => {
    const error = await refused(
      png([
        ['IHDR', header(10_000, 6000)],
        ['IEND', new Uint8Array()],
      ]),
    );
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE', details: { width: 10_000, height: 6000 } });
    expect(failureText(error).text).toBe('This image has 10000 × 6000 pixels (60.0 million); the limit is 40 million.');
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0x27, 0x10, 0x27, 0x10, 3, 1, 0x22, 0, 2, 0x11, 1);
    const gif = Buffer.concat([text('GIF89a'), Uint8Array.of(0x10, 0x27, 0x10, 0x27, 0, 0, 0, 0x2c)]);
    const webp = Buffer.concat([
      text('RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0'),
      Uint8Array.of(15, 39, 0, 15, 39, 0, 0),
    ]);
    for (const bytes of [jpeg, gif, webp]) expect((await refused(bytes)).code).toBe('IMAGE_TOO_LARGE');
  });

  it('to DICOM files without an image', async () => {
    const bytes = new Uint8Array(300);
    bytes.set(text('DICM'), 128);
    const error = await refused(bytes);
    expect(error.code).toBe('DICOM_NO_PIXELS');
    expect(failureText(error).text).toBe('This DICOM file contains no image (SOP class: not one of the standard).');
  });

  it('to clips', async () => {
    const clips = ['\0\0\0\x18ftypmp42', '\0\0\0\x14ftypqt  ', 'RIFF\0\0\0\0AVI LIST', '\x1aE\xdf\xa3\0\0\0\0webm'];
    for (const clip of clips) expect((await refused(text(clip))).code, clip).toBe('IMAGE_CLIP');
  });

  it('to animated PNG without a frame, but opens its frames', async () => {
    const { rgb } = JSON.parse(new TextDecoder().decode(fixtureBytes('apng.json')));
    const file = blob(Uint8Array.from(Buffer.from(rgb.png, 'base64')));
    const { image, frames } = await decodePicture(file, 3);
    expect([frames, Buffer.from(image.data).toString('base64')]).toEqual([3, rgb.rgb[2]]);
    expect(await countFrames(file)).toBe(3);

    const control = new Uint8Array(8);
    control[3] = 3;
    const chunks = [
      ['IHDR', header(2, 2)],
      ['acTL', control],
      ['IEND', new Uint8Array()],
    ] as const;
    expect((await refused(png(chunks))).code).toBe('IMAGE_CORRUPT');
  });

  it('to later frames where the browser decodes the first only, and to frames that are not there', async () => {
    for (const file of ['frames.webp', 'frames.gif', 'moving.webp']) {
      await expect(decodePicture(blob(fixtureBytes(file)), 2)).rejects.toMatchObject({ code: 'IMAGE_FRAME_BROWSER' });
    }
    for (const file of ['frames.webp', 'frames.gif', 'rgb.png', 'rgb.bmp']) {
      const error = await decodePicture(blob(fixtureBytes(file)), 9).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'IMAGE_FRAME', details: { frame: 9, frames: expect.any(Number) } });
    }
  });

  it('to files that are empty, cut off or damaged', async () => {
    const whole = fixtureBytes('rgb.png');
    const flipped = Uint8Array.from(whole);
    flipped[60] = flipped[60]! ^ 0xff;
    const damaged = [new Uint8Array(), whole.subarray(0, 20), whole.subarray(0, whole.length - 30), flipped];
    damaged.push(
      fixtureBytes('rgb.bmp').subarray(0, 200),
      text('\xff\xd8\xff\xe0'),
      text('GIF89a'),
      text('RIFF....WEBP'),
    );
    damaged.push(
      png([
        ['IHDR', header(0, 5)],
        ['IEND', new Uint8Array()],
      ]),
      png([['IEND', new Uint8Array()]]),
    );
    for (const bytes of damaged) {
      const error = await refused(bytes);
      expect(error).toMatchObject({ kind: 'input', code: 'IMAGE_CORRUPT' });
      expect(failureText(error).hint).toBe('Copy or export it again.');
    }
  });

  it('to any damage, with a code', async () => {
    const files = [
      'rgb.png',
      'palette.png',
      'grey16.png',
      'rle8.bmp',
      'rgb565.bmp',
      'rgb420.jpg',
      'lossy.webp',
      'moving.webp',
    ].map(fixtureBytes);
    const damage = fc.array(fc.tuple(fc.nat(1e6), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), damage, fc.nat(1e6), async (file, changes, length) => {
        const bytes = Uint8Array.from(file.subarray(0, 1 + (length % (2 * file.length))));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const result = await open(bytes).catch((error: unknown) => error);
        if (result instanceof SamusError) expect(result.code).toMatch(/^IMAGE_/);
        else expect(result).toMatchObject({ image: { data: expect.any(Uint8Array) } });
      }),
      { numRuns: 400 },
    );
  });

  it('to other files, by what they are', async () => {
    expect(failureText(await refused(fixtureBytes('rgb-lzw.tif'))).text).toContain('a file of type TIFF');
    expect(failureText(await refused(text('%PDF-1.7'))).text).toContain('a file of type PDF');
    const unknown = await refused(text('a,b\n1,2\n'));
    expect(unknown.code).toBe('IMAGE_UNSUPPORTED');
    expect(failureText(unknown)).toMatchObject({
      text: expect.stringContaining('unknown type'),
      hint: expect.stringContaining('PNG'),
    });
  });
});
