/**
 * Files that are damaged or made to harm: each gives a picture or a typed error, in time and memory, and no message
 * repeats text of the file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SamusError } from '../../errors.js';
import { openImage } from '../imageFile.node.js';
import { readDicom } from './dicomSource.js';

const MATRIX = fileURLToPath(new URL('../../../test/fixtures/dicom/', import.meta.url));
const files = readdirSync(MATRIX)
  .filter((name) => name.endsWith('.dcm'))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(MATRIX, name))) }));
const MUTATIONS = Number(process.env.SAMUS_DICOM_MUTATIONS ?? 10_000);
/** The first seed, to go on with a long run. */
const FIRST = Number(process.env.SAMUS_DICOM_FIRST ?? 0);
const MOST_MS = 2000;
const MOST_BYTES = 600e6;
const SECRETS = /Phantom|PHANTOM|1\.2\.826\.0\.1\.3680043\.10\.1999|20260101/;

/** Numbers from 0 to `below`, the same for each seed (xorshift). */
function random(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** One of the changes that break readers: bytes, lengths, representations, order, cuts, insertions. */
function mutate(source: Uint8Array, next: (below: number) => number): Uint8Array {
  const bytes = Uint8Array.from(source);
  const at = 132 + next(bytes.length - 140);
  const set = (values: readonly number[]): void => bytes.set(values.slice(0, bytes.length - at), at);
  switch (next(8)) {
    case 0:
      bytes[at] = next(256);
      break;
    case 1:
      set([0xff, 0xff, 0xff, 0xff]);
      break;
    case 2:
      set([next(256), next(256), 0, 0]);
      break;
    case 3:
      set(Array.from(['SQ', 'UN', 'OB', 'OV', 'UL', 'ZZ'][next(6)]!, (letter) => letter.charCodeAt(0)));
      break;
    case 4:
      return bytes.subarray(0, at);
    case 5: {
      const delimiter = [0xfe, 0xff, next(2) ? 0x0d : 0xdd, 0xe0, 0, 0, 0, 0];
      return Uint8Array.from([...bytes.subarray(0, at), ...delimiter, ...bytes.subarray(at)]);
    }
    case 6:
      bytes.copyWithin(at, 132 + next(bytes.length - 140), 132 + next(bytes.length - 140));
      break;
    default:
      for (let i = 0; i < 8; i++) bytes[132 + next(bytes.length - 132)] = next(256);
  }
  return bytes;
}

/** `picture`, or the code of the error. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    // In this thread: the one of openImage is tested beside it (frameThread.node.test.ts, dicomShapes.test.ts).
    const source = await readDicom(bytes);
    await source.read(1);
    await source.read(source.frames);
    source.spacingMm(1, [1, 1, 4, 4]);
    return 'picture';
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    expect(`${error.message} ${error.hint} ${JSON.stringify(error.details ?? {})}`).not.toMatch(SECRETS);
    return error.code;
  }
}

describe('mutated files', () => {
  it(`give a picture or a typed error, ${MUTATIONS} times`, { timeout: 100 * MUTATIONS }, async () => {
    // Codecs are loaded once.
    for (const { bytes } of files) await outcome(bytes);
    const before = process.memoryUsage().rss;
    const found = new Map<string, number>();
    let slowest = { ms: 0, name: '', seed: 0 };
    let most = before;
    for (let seed = FIRST; seed < FIRST + MUTATIONS; seed++) {
      const { name, bytes } = files[seed % files.length]!;
      const start = process.cpuUsage();
      const result = await outcome(mutate(bytes, random(seed))).catch((error: unknown) => {
        throw new Error(`${name}, seed ${seed}`, { cause: error });
      });
      found.set(result, (found.get(result) ?? 0) + 1);
      // Of the processor: other tests run at the same time.
      const { user, system } = process.cpuUsage(start);
      const ms = (user + system) / 1000;
      if (ms > slowest.ms) slowest = { ms, name, seed };
      most = Math.max(most, process.memoryUsage.rss());
      if (seed % 5000 === 4999 && MUTATIONS > 10_000) {
        process.stdout.write(`${JSON.stringify({ seed, slowest, growth: most - before, found: [...found] })}\n`);
      }
    }
    expect(slowest.ms, JSON.stringify(slowest)).toBeLessThan(MOST_MS);
    expect(most - before).toBeLessThan(MOST_BYTES);
    expect(found.get('picture')).toBeGreaterThan(MUTATIONS / 4);
    for (const code of found.keys()) expect(code).toMatch(/^(picture|DICOM_|IMAGE_)/);
  });
});

describe('hostile values', () => {
  /** The file with the value of an element of 2 bytes replaced; explicit little endian. */
  function withShort(name: string, tag: readonly number[], value: number): Uint8Array {
    const bytes = Uint8Array.from(readFileSync(join(MATRIX, name)));
    const at = Buffer.from(bytes).indexOf(Buffer.from([...tag, 0x55, 0x53, 2, 0]));
    expect(at).toBeGreaterThan(0);
    bytes.set([value & 255, value >> 8], at + 8);
    return bytes;
  }

  it.each([
    ['rows beyond the data', withShort('mono8-explicit.dcm', [0x28, 0, 0x10, 0], 32_000), 'DICOM_TRUNCATED'],
    ['columns beyond the data', withShort('rgb-planar0.dcm', [0x28, 0, 0x11, 0], 65_535), 'IMAGE_TOO_LARGE'],
    ['another size than the JPEG', withShort('jpeg-mono8.dcm', [0x28, 0, 0x11, 0], 60), 'DICOM_PIXELS_DAMAGED'],
    ['another size than the JPEG-LS', withShort('jpegls-80-mono8.dcm', [0x28, 0, 0x10, 0], 99), 'DICOM_PIXELS_DAMAGED'],
    ['another size than the JPEG 2000', withShort('j2k-90-mono8.dcm', [0x28, 0, 0x10, 0], 99), 'DICOM_PIXELS_DAMAGED'],
    ['another size than the RLE', withShort('rle-mono8.dcm', [0x28, 0, 0x10, 0], 99), 'DICOM_PIXELS_DAMAGED'],
    ['one bit a sample', withShort('mono8-explicit.dcm', [0x28, 0, 0, 1], 1), 'DICOM_PHOTOMETRIC'],
    ['more bits stored than there are', withShort('mono8-explicit.dcm', [0x28, 0, 1, 1], 12), 'DICOM_CORRUPT'],
  ])('are refused: %s', async (_, bytes, code) => {
    expect(await outcome(bytes)).toBe(code);
  });

  it('are refused: a million items for frames', async () => {
    const [tag, undefinedLength] = [Uint8Array.of(0, 0x52, 0x30, 0x92), new Uint8Array(4).fill(255)];
    const items = new Uint8Array(8e6).map((_, i) => [0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0][i % 8]!);
    const head = [new Uint8Array(128), new TextEncoder().encode('DICM'), tag, Uint8Array.of(0x53, 0x51, 0, 0)];
    const bytes = new Uint8Array(Buffer.concat([...head, undefinedLength, items]));
    const [memory, time] = [process.memoryUsage().rss, process.cpuUsage()];
    expect(await outcome(bytes)).toBe('DICOM_LIMIT');
    const { user, system } = process.cpuUsage(time);
    expect((user + system) / 1000).toBeLessThan(MOST_MS);
    expect(process.memoryUsage().rss - memory).toBeLessThan(MOST_BYTES);
  });

  it('keep whole frames of a deflated file that is cut off', async () => {
    const whole = new Uint8Array(readFileSync(join(MATRIX, 'mono8-deflated.dcm')));
    const { frames, read } = await openImage(whole);
    const source = await openImage(whole.subarray(0, whole.length - 200));
    expect([frames, source.frames, source.framesStated]).toEqual([3, 2, 3]);
    expect((await source.read(2)).data).toEqual((await read(2)).data);
    expect(await outcome(whole.subarray(0, 400))).toBe('DICOM_CORRUPT');
  });

  it('keep whole frames of a file that is cut off', async () => {
    const whole = new Uint8Array(readFileSync(join(MATRIX, 'mono8-explicit.dcm')));
    const source = await openImage(whole.subarray(0, whole.length - 3000));
    expect([source.frames, source.framesStated]).toEqual([1, 3]);
    expect((await source.read(1)).data.length).toBe(61 * 43);
    const message = expect.stringMatching(/^cannot read frame 3 of .*: the file is cut off after frame 1 of 3$/);
    await expect(source.read(3)).rejects.toMatchObject({ code: 'DICOM_TRUNCATED', message });
    await expect(source.read(4)).rejects.toMatchObject({ code: 'DICOM_FRAME' });
  });
});
