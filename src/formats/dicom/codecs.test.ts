/** Streams that codecs alone decode wrongly. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeFrame } from './codecs.js';
import { readDicomFile } from './dicomFile.js';
import { locateFrames } from './frames.js';
import { readPixelFormat } from './pixelFormat.js';

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
