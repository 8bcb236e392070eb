import fc from 'fast-check';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeClassPng, encodeClassPng } from './classPng.js';
import { readImage } from './imageFile.node.js';

const CLASSES = Uint8Array.from([0, 1, 2, 3, 255, 7]);

describe('class indices as PNG', () => {
  it('are read back unchanged', () => {
    const maps = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
      .chain(([width, height]) =>
        fc
          .uint8Array({ minLength: width * height, maxLength: width * height })
          .map((classes) => ({ width, height, classes })),
      );
    fc.assert(
      fc.property(maps, (map) => {
        expect(decodeClassPng(encodeClassPng(map.classes, map.width, map.height))).toEqual(map);
      }),
    );
  });

  it('are read by another decoder as one channel of 8 bits', async () => {
    const bytes = encodeClassPng(CLASSES, 3, 2);
    expect(await sharp(bytes).metadata()).toMatchObject({ channels: 1, depth: 'uchar', width: 3, height: 2 });
    expect((await readImage(bytes)).data).toEqual(CLASSES);
  });

  it('are read from files of another encoder', async () => {
    const bytes = await sharp(CLASSES, { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect(decodeClassPng(bytes).classes).toEqual(CLASSES);
  });

  it.each([1, 2, 4] as const)('are the stored values of a file of %i bits', (depth) => {
    // Two rows of three pixels; each row fills bytes of its own.
    const rows = { 1: [0b10100000, 0b01000000], 2: [0b11000100, 0b00100100], 4: [0x12, 0x30, 0xf0, 0x20] }[depth];
    const classes = { 1: [1, 0, 1, 0, 1, 0], 2: [3, 0, 1, 0, 2, 1], 4: [1, 2, 3, 15, 0, 2] }[depth];
    const bytes = encode({ width: 3, height: 2, channels: 1, depth, data: Uint8Array.from(rows) });
    expect([...decodeClassPng(bytes).classes]).toEqual(classes);
  });

  it('are the indices of a file with a palette, not its colours', async () => {
    const data = Uint8Array.from([9, 9, 9, 200, 0, 0, 9, 9, 9, 0, 200, 0]);
    const palette = await sharp(data, { raw: { width: 2, height: 2, channels: 3 } })
      .png({ palette: true, colours: 3, dither: 0 })
      .toBuffer();
    const { classes } = decodeClassPng(palette);
    expect(classes[0]).toBe(classes[2]);
    expect(Math.max(...classes)).toBeLessThan(4);
    expect(new Set(classes).size).toBe(3);
  });

  it('are read from colour files that hold grey, whatever their alpha', () => {
    const rgba = Uint8Array.from([1, 1, 1, 255, 2, 2, 2, 0]);
    expect([...decodeClassPng(encode({ width: 2, height: 1, channels: 4, data: rgba })).classes]).toEqual([1, 2]);
    const deep = encode({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.from([1, 255]) });
    expect([...decodeClassPng(deep).classes]).toEqual([1, 255]);
  });

  it('are the alpha where all pixels have one colour', () => {
    const rgba = Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 0, 255, 255, 255, 140]);
    const read = decodeClassPng(encode({ width: 3, height: 1, channels: 4, data: rgba }));
    expect([...read.classes]).toEqual([255, 0, 255]);
  });

  it('are not guessed from colours or from values over 255', () => {
    const refused = expect.objectContaining({ kind: 'input', code: 'CLASS_PNG_COLOURS' });
    const rgb = encode({ width: 1, height: 1, channels: 3, data: Uint8Array.from([1, 2, 3]) });
    const deep = encode({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.from([256]) });
    for (const bytes of [rgb, deep]) expect(() => decodeClassPng(bytes)).toThrow(refused);
  });

  it('are refused with a code when the file is damaged, cut off or another', () => {
    const good = encodeClassPng(CLASSES, 3, 2);
    expect(() => decodeClassPng(Uint8Array.from([0xff, 0xd8, 0xff, 0]))).toThrow(
      expect.objectContaining({ code: 'IMAGE_FORMAT' }),
    );
    for (let length = 0; length < good.length - 1; length++) {
      expect(() => decodeClassPng(good.subarray(0, length))).toThrow(expect.objectContaining({ kind: 'input' }));
    }
    const flipped = Uint8Array.from(good);
    flipped[45]! ^= 0x10;
    expect(() => decodeClassPng(flipped)).toThrow(expect.objectContaining({ code: 'IMAGE_CORRUPT' }));
    const huge = Uint8Array.from(good);
    huge[16] = 0x7f;
    expect(() => decodeClassPng(huge)).toThrow(expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }));
  });

  it('refuse another number of values', () => {
    expect(() => encodeClassPng(CLASSES, 3, 3)).toThrow(expect.objectContaining({ code: 'CLASS_PNG_SIZE' }));
  });
});
