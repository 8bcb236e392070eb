/** Streams that codecs alone decode wrongly. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SamusError } from '../../errors.js';
import { decodeFrame } from './codecs.js';
import { readDicomFile } from './dicomFile.js';
import { locateFrames } from './frames.js';
import { type PixelFormat, readPixelFormat } from './pixelFormat.js';

const MATRIX = fileURLToPath(new URL('../../../test/fixtures/dicom/', import.meta.url));

async function firstFrame(name: string) {
  const file = await readDicomFile(new Uint8Array(readFileSync(join(MATRIX, name))));
  const format = readPixelFormat(file);
  if (!file.pixels) throw new Error('expected pixels');
  return { format, bytes: Uint8Array.from(locateFrames(file.data, file.pixels, format).at(1)) };
}

describe('a frame is decoded', () => {
  it('from JPEG 2000 of signed samples of 8 bits', async () => {
    const { format, bytes } = await firstFrame('j2k-90-mono8.dcm');
    const { values } = await decodeFrame(bytes, format);
    // The sign in SIZ: the same stream means values that are 128 lower.
    bytes[42]! |= 0x80;
    const signed = await decodeFrame(bytes, { ...format, signed: true });
    expect(signed.values).toEqual(values.map((value) => (value - 128) & 255));
    expect(signed.values.some((value) => value > 127)).toBe(true);
  });

  it('as RGB where an Adobe marker is too short to say otherwise', async () => {
    const { format, bytes } = await firstFrame('jpeg-rgb-bare.dcm');
    const { values } = await decodeFrame(bytes, format);
    const short = [0xff, 0xee, 0, 12, ...Array.from('Adobe', (letter) => letter.charCodeAt(0)), 0, 0, 0, 0, 0];
    const marked = Uint8Array.from([...bytes.subarray(0, 2), ...short, ...bytes.subarray(2)]);
    expect((await decodeFrame(marked, format)).values).toEqual(values);
  });
});

describe('a damaged frame is refused', () => {
  const outcome = async (bytes: Uint8Array, format: PixelFormat) => {
    try {
      return (await decodeFrame(bytes, format)).values.length;
    } catch (error) {
      return error instanceof SamusError ? `${error.code}: ${error.message}` : error;
    }
  };
  const compressed = readdirSync(MATRIX).filter((name) =>
    /^(jpegls|jpegll|htj2k|j2k-90|jpeg-(mono8|ybr4..))[^.]*\.dcm$/.test(name),
  );

  it.each(compressed)('where it is cut off, in less than two seconds: %s', async (name) => {
    const { format, bytes } = await firstFrame(name);
    // Padding follows the end marker.
    const end = bytes.lastIndexOf(0xd9) + 1;
    for (const share of [0.3, 0.6, 0.9, 0.99]) {
      const begun = performance.now();
      expect(await outcome(bytes.subarray(0, Math.floor(end * share)), format), String(share)).toMatch(
        /^DICOM_PIXELS_DAMAGED/,
      );
      expect(performance.now() - begun).toBeLessThan(2000);
    }
    expect(await outcome(bytes.subarray(0, end), format)).toBe(await outcome(bytes, format));
  });

  it.each(compressed.filter((name) => /jpegls|jpegll|htj2k-201/.test(name)))(
    'where a hole is in it: %s',
    async (name) => {
      const { format, bytes } = await firstFrame(name);
      const end = bytes.lastIndexOf(0xd9) - 1;
      for (const share of [0.4, 0.7]) {
        const hole = Uint8Array.from(bytes).fill(0, Math.floor(end * share), end);
        expect(await outcome(hole, format), String(share)).toMatch(/^DICOM_PIXELS_DAMAGED/);
      }
    },
  );

  it.each([
    ['jpeg-mono8.dcm', 0xc4, 'expected a Huffman table (DHT) before the scan, got none'],
    ['jpegll-70-rgb.dcm', 0xc4, 'expected a Huffman table (DHT) before the scan, got none'],
    ['jpeg-ybr422.dcm', 0xdb, 'expected a quantisation table (DQT) before the scan, got none'],
  ])('without its tables: %s', async (name, marker, message) => {
    const { format, bytes } = await firstFrame(name);
    // As a comment, which decoders pass over.
    for (let at = 2; bytes[at + 1] !== 0xda; at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!) {
      if (bytes[at + 1] === marker) bytes[at + 1] = 0xfe;
    }
    expect(await outcome(bytes, format)).toBe(`DICOM_PIXELS_DAMAGED: ${message}`);
  });

  it('where codes of a lossless frame are missing, or too many, whatever the place', async () => {
    const { format, bytes } = await firstFrame('jpegll-70-mono8.dcm');
    const scan = bytes.indexOf(0xda);
    const middle = scan + Math.floor((bytes.length - scan) / 2);
    const without = Uint8Array.from([...bytes.subarray(0, middle), ...bytes.subarray(middle + 3)]);
    const twice = Uint8Array.from([...bytes.subarray(0, middle), ...bytes.subarray(middle - 3)]);
    for (const damaged of [without, twice]) expect(await outcome(damaged, format)).toMatch(/^DICOM_PIXELS_DAMAGED/);
  });
});
