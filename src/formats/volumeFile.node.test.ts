import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SamusError } from '../errors.js';
import { parseMetaHeader } from './metaImage.js';
import { parseNifti } from './nifti.js';
import { planeImage } from './volume.js';
import { readVolume } from './volumeFile.node.js';

const FOLDER = fileURLToPath(new URL('../../test/fixtures/volumes/', import.meta.url));

interface Expected {
  readonly size: number[];
  readonly spacing: number[];
  readonly channels: number;
  readonly samples: number[];
}
const expected: Record<string, Expected> = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8'));

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof SamusError ? error.code : `a bug: ${error}`;
  }
  return 'none';
}

describe('labels written by nibabel', () => {
  const classes = (highest: number): number[] => [0, 1, 3, 7, 1, 3, 0, 7, 1, 0, highest, 3, 3, 0, 1];

  it.each([
    ['labels-i16.nii', 255],
    ['labels-u8.nii', 9],
    ['labels-i64.nii', 255],
  ])('%s: what a slope leaves of a class is that class', async (file, highest) => {
    const volume = await readVolume(join(FOLDER, file));
    expect([...planeImage(volume, 0, file, 'mask').data]).toEqual(classes(highest));
  });

  it('are refused between two classes; grey levels are, further from one', () => {
    const volume = (value: number) => ({
      size: [2, 1],
      spacingMm: [1, 1],
      channels: 1,
      samples: Float64Array.of(1, value),
    });
    for (const value of [1.4, -0.6, 256, Number.NaN]) {
      expect(() => planeImage(volume(value), 0, 'v', 'mask')).toThrow(
        expect.objectContaining({ code: 'VOLUME_RANGE' }),
      );
    }
    expect([...planeImage(volume(54.9999), 0, 'v').data]).toEqual([1, 55]);
    // Half a step of 254 levels in 16 bits.
    expect([...planeImage(volume(54.998), 0, 'v').data]).toEqual([1, 55]);
    expect(() => planeImage(volume(54.9), 0, 'v')).toThrow(expect.objectContaining({ code: 'VOLUME_RANGE' }));
  });
});

describe('volumes written by nibabel and SimpleITK', () => {
  it.each(Object.entries(expected))('%s', async (name, { size, spacing, channels, samples }) => {
    const volume = await readVolume(join(FOLDER, name));
    expect(volume.size).toEqual(size);
    expect(volume.channels).toBe(channels);
    for (const [i, step] of spacing.entries()) expect(volume.spacingMm[i]).toBeCloseTo(step, 6);
    expect([...volume.samples]).toEqual(samples);
  });
});

describe('a plane of a volume', () => {
  const plane = (samples: readonly number[]) => ({
    size: [2, 1, 2],
    spacingMm: [1, 1, 1],
    channels: 1,
    samples: Float64Array.from(samples),
  });
  it('is grey as stored', () => {
    expect(planeImage(plane([1, 2, 3, 255]), 1, 'x')).toEqual({
      width: 2,
      height: 1,
      channels: 1,
      data: Uint8Array.from([3, 255]),
    });
  });
  it('holds whole numbers of 8 bits only, and is there', async () => {
    expect(await codeOf(() => planeImage(plane([0, 0.5, 3, 255]), 0, 'x'))).toBe('VOLUME_RANGE');
    expect(await codeOf(() => planeImage(plane([0, 256, 3, 255]), 0, 'x'))).toBe('VOLUME_RANGE');
    // Colours are no class indices.
    const colours = { size: [1, 1], spacingMm: [], channels: 3, samples: Uint8Array.of(1, 2, 3) };
    expect(await codeOf(() => planeImage(colours, 0, 'x', 'mask'))).toBe('VOLUME_RANGE');
    expect(await codeOf(() => planeImage(plane([0, 0, 0, 0]), 2, 'x'))).toBe('VOLUME_RANGE');
  });
});

describe('files that are no volumes', () => {
  const nifti = Uint8Array.from(readFileSync(join(FOLDER, 'f32.nii')));
  const meta = Uint8Array.from(readFileSync(join(FOLDER, 'u8.mha')));

  it('get coded errors', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'samus-volume-'));
    try {
      const attempt = async (name: string, content: Uint8Array | string) => {
        await writeFile(join(folder, name), content);
        return codeOf(() => readVolume(join(folder, name)));
      };
      expect(await codeOf(() => readVolume(join(folder, 'none.nii')))).toBe('VOLUME_NOT_FOUND');
      expect(await attempt('a.nii', nifti.subarray(0, 360))).toBe('VOLUME_CORRUPT');
      expect(await attempt('b.nii', nifti.subarray(0, 300))).toBe('VOLUME_FORMAT');
      expect(await attempt('c.nii.gz', gzipSync(nifti).subarray(0, 100))).toBe('VOLUME_CORRUPT');
      expect(await attempt('d.mha', meta.subarray(0, meta.length - 1))).toBe('VOLUME_CORRUPT');
      const text = (more: string) => `ObjectType = Image\nNDims = 2\nDimSize = 2 2\nElementType = MET_UCHAR\n${more}`;
      expect(await attempt('e.mhd', text('ElementDataFile = ../e.raw\n'))).toBe('VOLUME_FORMAT');
      expect(await attempt('f.mhd', text('ElementDataFile = f.raw\n'))).toBe('VOLUME_NOT_FOUND');
      expect(await attempt('g.mhd', text('ElementDataFile = LIST\na.raw\n'))).toBe('VOLUME_FORMAT');
      expect(await attempt('h.mhd', text(''))).toBe('VOLUME_FORMAT');
      const huge = text('ElementDataFile = LOCAL\n').replace('2 2', '99999 99999');
      expect(await attempt('i.mha', huge)).toBe('VOLUME_TOO_LARGE');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('never crash, however they are damaged', async () => {
    const damage = fc.array(fc.tuple(fc.nat(399), fc.nat(255)), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        for (const [original, parse] of [
          [nifti, (bytes: Uint8Array) => parseNifti(bytes, 'x')],
          [meta, (bytes: Uint8Array) => parseMetaHeader(bytes, 'x')],
        ] as const) {
          const bytes = original.slice();
          for (const [at, value] of changes) bytes[at] = value;
          expect(await codeOf(() => parse(bytes))).toMatch(/^(none|VOLUME_[A-Z_]+)$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
