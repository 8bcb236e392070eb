/** Files in parts give the frames, and the errors, that they give as a whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { frameHashes } from '../../../test/support/dicomImages.js';
import { SamusError } from '../../errors.js';
import { createImage } from '../image.js';
import { DEFAULT_LIMITS } from '../imageSource.js';
import { dicomSource } from './dicomSource.js';
import { dataSet, encodeFile } from './writeDataSet.js';
import { writeDicomSc } from './writeSc.js';

const MATRIX = fileURLToPath(new URL('../../../test/fixtures/dicom/', import.meta.url));
const SHARED = process.env.SAMUS_TEST_DATA && join(process.env.SAMUS_TEST_DATA, 'data/dicom');
const filesIn = (folder: string) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(png|json)$/.test(entry.name))
    .map(({ name }) => ({ name, path: join(folder, name) }));

const about = { name: 'the image', format: { id: 'dicom', title: 'DICOM' } };

function inParts(bytes: Uint8Array) {
  const reads: number[] = [];
  const parts = {
    size: bytes.length,
    async read(start: number, length: number) {
      expect(start + length).toBeLessThanOrEqual(bytes.length);
      reads.push(length);
      return bytes.slice(start, start + length);
    },
  };
  return { reads, file: { ...about, parts, bytes: async () => bytes } };
}

/** Hashes of all frames, or the code of the error. */
async function outcome(file: Parameters<typeof dicomSource>[0]): Promise<readonly string[] | string> {
  try {
    return await frameHashes(await dicomSource(file, DEFAULT_LIMITS));
  } catch (error) {
    if (error instanceof SamusError) return error.code;
    throw error;
  }
}

describe('a file that is read in parts', () => {
  it.each([...filesIn(MATRIX), ...(SHARED === undefined ? [] : filesIn(SHARED))])(
    'is the same: $name',
    async ({ path }) => {
      const bytes = new Uint8Array(readFileSync(path));
      const whole = await outcome({ ...about, bytes: async () => bytes });
      expect(await outcome(inParts(bytes).file)).toEqual(whole);
      // Cut off, within the pixels of most.
      const cut = bytes.subarray(0, Math.floor(bytes.length * 0.6));
      expect(await outcome(inParts(cut).file)).toEqual(await outcome({ ...about, bytes: async () => cut }));
    },
  );

  it('is the same where frames of an odd size share words in big endian', async () => {
    const bytes = new Uint8Array(readFileSync(join(MATRIX, 'mono8-bigendian.dcm')));
    const at = Buffer.from(bytes).lastIndexOf(Buffer.from([0x7f, 0xe0, 0, 0x10, 0x4f, 0x42]));
    expect(at).toBeGreaterThan(0);
    // OB becomes OW.
    bytes[at + 5] = 0x57;
    const whole = await outcome({ ...about, bytes: async () => bytes });
    expect(whole.length).toBe(3);
    expect(await outcome(inParts(bytes).file)).toEqual(whole);
  });

  const clips = filesIn(MATRIX).filter(({ name }) => /^(jpeg-(extended|fragments|no-bot)|palette-2frames)/.test(name));
  it.each([...clips, ...(SHARED === undefined ? [] : filesIn(SHARED).filter(({ name }) => /DIRW0007/.test(name)))])(
    'has the complete frames where it is cut off: $name',
    async ({ path }) => {
      const bytes = new Uint8Array(readFileSync(path));
      const whole = await outcome({ ...about, bytes: async () => bytes });
      expect(whole.length).toBeGreaterThan(1);
      for (const share of [0.6, 0.8, 0.95]) {
        const cut = bytes.slice(0, Math.round(bytes.length * share));
        const found = await outcome({ ...about, bytes: async () => cut });
        expect(await outcome(inParts(cut).file)).toEqual(found);
        if (typeof found === 'string') expect([found, share]).toEqual(['DICOM_TRUNCATED', 0.6]);
        else expect(found).toEqual(whole.slice(0, found.length));
        if (bytes.length > 1e6) expect(found.length).toBeGreaterThan(30);
      }
    },
  );

  it('has the complete frames where it is cut off between two fragments, and says how many there should be', async () => {
    const bytes = new Uint8Array(readFileSync(join(MATRIX, 'jpeg-no-bot.dcm')));
    const [, , third] = [
      ...Buffer.from(bytes)
        .toString('latin1')
        .matchAll(/\xff\xd8\xff/g),
    ];
    const cut = bytes.slice(0, third!.index - 8);
    const whole = await outcome({ ...about, bytes: async () => bytes });
    for (const file of [inParts(cut).file, { ...about, bytes: async () => cut }]) {
      expect(await outcome(file)).toEqual(whole.slice(0, 2));
      expect(await dicomSource(file, DEFAULT_LIMITS)).toMatchObject({ frames: 2, framesStated: 3 });
    }
  });

  it('has its frames where the extended table names one fragment for all of them', async () => {
    const bytes = new Uint8Array(readFileSync(join(MATRIX, 'jpeg-extended-offsets.dcm')));
    const whole = await outcome({ ...about, bytes: async () => bytes });
    const table = Buffer.from(bytes).indexOf(Buffer.from([0xe0, 0x7f, 1, 0, 0x4f, 0x56])) + 12;
    expect(table).toBeGreaterThan(12);
    const wrong = Uint8Array.from(bytes).fill(0, table, table + 3 * 8);
    for (const file of [inParts(wrong).file, { ...about, bytes: async () => wrong }]) {
      expect(await outcome(file)).toEqual(whole);
    }
  });

  it('has the same frames where it is cut off, if they are RGB by another name', async () => {
    const pixels = new Uint8Array(6 * 4 * 3 * 4).map((_, i) => (i * 37) % 251);
    const bytes = encodeFile(
      dataSet(
        [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
        [0x0028_0002, 3],
        [0x0028_0004, 'YBR_FULL_422'],
        [0x0028_0006, 0],
        [0x0028_0008, '4'],
        [0x0028_0010, 4],
        [0x0028_0011, 6],
        [0x0028_0100, 8],
        [0x7fe0_0010, { vr: 'OB', bytes: pixels }],
      ),
    );
    const cut = bytes.slice(0, bytes.length - 80);
    for (const file of [inParts(cut).file, { ...about, bytes: async () => cut }]) {
      const source = await dicomSource(file, DEFAULT_LIMITS);
      expect([source.frames, source.framesStated]).toEqual([2, 4]);
      expect((await source.read(2)).data).toEqual(pixels.slice(72, 144));
    }
  });

  it('gives the same objects about the image', async () => {
    const bytes = new Uint8Array(readFileSync(join(MATRIX, 'jpeg-ybr422.dcm')));
    const written = async (file: Parameters<typeof dicomSource>[0]) =>
      writeDicomSc(
        (await dicomSource(file, DEFAULT_LIMITS)).file,
        [{ frame: 1, image: createImage(1, 1, 3, new Uint8Array(3)) }],
        {
          version: '1',
          date: new Date(0),
        },
      ).bytes;
    expect(await written(inParts(bytes).file)).toEqual(await written({ ...about, bytes: async () => bytes }));
  });

  it('is read no further than its header and the frames that are asked for', async () => {
    const [rows, columns, frames] = [200, 300, 100];
    const pixels = new Uint8Array(rows * columns * frames).fill(7, 59 * rows * columns);
    const file = encodeFile(
      dataSet(
        [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
        [0x0008_0018, '1.2.3'],
        [0x0028_0002, 1],
        [0x0028_0004, 'MONOCHROME2'],
        [0x0028_0008, String(frames)],
        [0x0028_0010, rows],
        [0x0028_0011, columns],
        [0x0028_0100, 8],
        [0x7fe0_0010, { vr: 'OB', bytes: pixels }],
      ),
    );
    const { reads, file: opened } = inParts(file);
    const source = await dicomSource(opened, DEFAULT_LIMITS);
    expect((await source.read(60)).data.every((value) => value === 7)).toBe(true);
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(2 ** 19);
  });
});
