/**
 * Frames and regions of real files and of a matrix of small ones, against the pixels that pydicom, DCMTK and libjpeg-turbo
 * read. The real files are in SAMUS_TEST_DATA, the matrix is a fixture.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import dicomParser from 'dicom-parser';
import { describe, expect, it } from 'vitest';
import type { Image } from '../image.js';
import { openImage, readImage } from '../imageFile.node.js';
import { bytesOf, itemsOf } from './dataSet.js';
import { readDicomFile } from './dicomFile.js';
import { readRegions } from './regions.js';

interface Golden {
  readonly file: string;
  readonly error?: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly frames: readonly string[];
  readonly tolerance: number;
  /** The frames below each other, or the first. */
  readonly expected?: string;
  readonly firstFrame?: string;
  readonly spacing_mm?: { readonly x: number; readonly y: number };
  readonly regions?: readonly {
    readonly box: readonly number[];
    readonly used: boolean;
    readonly why?: string;
    readonly mm_x?: number;
    readonly mm_y?: number;
  }[];
}

const DATA = process.env.SAMUS_TEST_DATA;
const golden = (name: string): Golden[] =>
  DATA === undefined ? [] : JSON.parse(readFileSync(join(DATA, 'golden/dicom', name), 'utf8')).files;

const MATRIX = fileURLToPath(new URL('../../../test/fixtures/dicom/', import.meta.url));
const matrix: Golden[] = JSON.parse(readFileSync(join(MATRIX, 'matrix.json'), 'utf8')).files;

const hash = ({ data }: Image): string => createHash('sha256').update(data).digest('hex');
const furthest = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);

/** Frames whose hash differs from the golden one, and the largest difference of samples where a picture shows it. */
async function compare(path: string, about: Golden, picture: string | undefined) {
  const source = await openImage(path);
  const expected = picture === undefined ? undefined : (await readImage(picture)).data;
  const size = source.width * source.height * about.channels;
  const frames: Image[] = [];
  for (let frame = 1; frame <= source.frames; frame++) frames.push(await source.read(frame));
  const differ = frames.flatMap((image, i) => (hash(image) === about.frames[i] ? [] : [i]));
  const apart = differ.map((i) => {
    const part = expected?.subarray(i * size, (i + 1) * size);
    return part?.length === frames[i]!.data.length ? furthest(frames[i]!.data, part) : Number.POSITIVE_INFINITY;
  });
  return { source, channels: frames[0]!.channels, count: frames.length, furthest: Math.max(0, ...apart) };
}

describe.skipIf(DATA === undefined)('DICOM files of real scanners', () => {
  it.each(golden('shared.json'))('$file', async (about) => {
    const path = join(DATA!, 'data/dicom', about.file);
    const picture = about.firstFrame && join(DATA!, 'golden/dicom', about.firstFrame);
    const found = await compare(path, about, picture);
    expect([found.source.width, found.source.height, found.channels, found.count]).toEqual([
      ...[about.width, about.height, about.channels, about.frames.length],
    ]);
    expect(found.furthest).toBeLessThanOrEqual(about.tolerance);
    const { data } = await readDicomFile(new Uint8Array(readFileSync(path)));
    const regions = readRegions(data).map(({ box, measures, why, spacingMm }) => ({
      box,
      used: measures,
      ...(why && { why }),
      ...(spacingMm && { mm_x: Number(spacingMm[0].toFixed(9)), mm_y: Number(spacingMm[1].toFixed(9)) }),
    }));
    expect(regions).toEqual(
      about.regions?.map(({ box, used, why, mm_x, mm_y }) => ({
        ...{ box, used },
        ...(why && { why }),
        ...(mm_x && { mm_x, mm_y }),
      })),
    );
  });
});

describe('each transfer syntax and kind of pixel', () => {
  it.each(matrix)('$file', async (about) => {
    const path = join(MATRIX, about.file);
    if (about.error || about.file === 'jpeg-51-mono12.dcm') {
      await expect(readImage(path)).rejects.toMatchObject({ code: about.error ?? 'DICOM_CODEC' });
      return;
    }
    const found = await compare(path, about, about.expected && join(MATRIX, about.expected));
    expect([found.source.width, found.channels, found.count]).toEqual([
      about.width,
      about.channels,
      about.frames.length,
    ]);
    expect(found.furthest).toBeLessThanOrEqual(about.tolerance);
    expect(found.source.spacingMm(1)).toEqual(about.spacing_mm && [about.spacing_mm.x, about.spacing_mm.y]);
  });
});

describe('dicom-parser reads the same elements', () => {
  const files = [
    ...golden('shared.json').map(({ file }) => join(DATA!, 'data/dicom', file)),
    ...matrix.map(({ file }) => join(MATRIX, file)),
  ];
  // It has no OV, and inflates only with a library that is global.
  it.each(
    files.filter((path) => !/extended-offsets|deflated/.test(path)).map((path) => ({ path, file: basename(path) })),
  )('of $file', async ({ path }) => {
    const bytes = new Uint8Array(readFileSync(path));
    const { data } = await readDicomFile(bytes);
    const { elements } = dicomParser.parseDicom(bytes, { untilTag: 'x7fe00010' });
    const theirs = (tag: number) => elements[`x${tag.toString(16).padStart(8, '0')}`];
    expect(data.size).toBeGreaterThan(20);
    for (const [tag, element] of data) {
      const size = element.vr === 'SQ' ? itemsOf(data, tag).length : bytesOf(data, tag)?.length;
      expect(element.vr === 'SQ' ? theirs(tag)?.items?.length : theirs(tag)?.length, tag.toString(16)).toBe(size);
    }
  });
});
