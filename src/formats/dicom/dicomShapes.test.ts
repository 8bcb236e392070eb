/**
 * Files made to harm a reader, one for each attack that is known against DICOM software (CVE numbers beside them): each
 * gives a picture or a typed error, within 2 s and 600 MB, from bytes and from a file.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SamusError } from '../../errors.js';
import { openImage } from '../imageFile.node.js';
import type { DataSet, DicomElement } from './dataSet.js';
import { DEFLATED } from './dicomFile.js';
import { dataSet, encodeFile, type Value } from './writeDataSet.js';

const MOST_MS = 2000;
const MOST_BYTES = 600e6;

const RLE = '1.2.840.10008.1.2.5';
const JPEG_LS = '1.2.840.10008.1.2.4.80';

const image = (...more: readonly (readonly [tag: number, value: Value])[]): DataSet =>
  dataSet(
    [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
    [0x0008_0018, '1.2.3.4'],
    [0x0028_0002, 1],
    [0x0028_0004, 'MONOCHROME2'],
    [0x0028_0010, 8],
    [0x0028_0011, 8],
    [0x0028_0100, 8],
    [0x0028_0101, 8],
    [0x0028_0102, 7],
    [0x0028_0103, 0],
    ...more,
  );
const pixels = (count = 64): Uint8Array => new Uint8Array(count).map((_, i) => i);
const native = (set: DataSet, bytes = pixels()): Uint8Array => encodeFile(set, bytes);
const unsigned = (value: number): DicomElement => ({ vr: 'UL', bytes: words(value) });
const words = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const letters = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The elements before those of the pixels, so that others can stand between. */
const START = encodeFile(dataSet([0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'], [0x0008_0018, '1.2.3.4']));
const END = (() => {
  const whole = native(image());
  return whole.subarray(Buffer.from(whole).indexOf(Buffer.from([0x28, 0, 2, 0, 0x55, 0x53])));
})();
const openSequence = Uint8Array.of(0x08, 0, 0x40, 0x11, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff);
const openPrivate = Uint8Array.of(0x09, 0, 0x01, 0x10, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff);
const openItem = Uint8Array.of(0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff);
const emptyItem = Uint8Array.of(0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0);
const endOfSequence = Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0);

function repeated(part: Uint8Array, count: number): Uint8Array {
  const whole = new Uint8Array(part.length * count);
  for (let i = 0; i < count; i++) whole.set(part, i * part.length);
  return whole;
}

/** A frame of RLE with one segment. */
function runs(data: readonly number[], header: readonly number[] = [1, 64]): Uint8Array {
  return joined(words(...header, ...new Array<number>(16 - header.length).fill(0)), Uint8Array.from(data));
}

const compressed = (transferSyntax: string, set: DataSet, ...fragments: readonly Uint8Array[]): Uint8Array =>
  encodeFile(set, { transferSyntax, fragments: [new Uint8Array(), ...fragments] });

/** A file whose data set is deflated. */
function deflated(set: Uint8Array): Uint8Array {
  const meta = encodeFile(dataSet([0x0008_0016, '1.2'], [0x0008_0018, '1.2']), {
    transferSyntax: DEFLATED,
    fragments: [],
  });
  const end = Buffer.from(meta).indexOf(Buffer.from([0x08, 0, 0x16, 0, 0x55, 0x49]));
  return joined(meta.subarray(0, end), set);
}

const palette = (entries: number, first: number, bytes: Uint8Array): readonly (readonly [number, Value])[] => [
  [0x0028_0004, 'PALETTE COLOR'],
  ...[0, 1, 2].flatMap((colour) => [
    [0x0028_1101 + colour, [entries, first, 16]] as const,
    [0x0028_1201 + colour, { vr: 'OW', bytes } as const] as const,
  ]),
];

/** A header of JPEG-LS of another size than it should be, and nothing behind it. */
const jpegLs = (width: number, height: number, components = 1): Uint8Array =>
  Uint8Array.of(
    ...[
      0xff,
      0xd8,
      0xff,
      0xf7,
      0,
      8 + 3 * components,
      8,
      height >> 8,
      height & 255,
      width >> 8,
      width & 255,
      components,
    ],
    ...Array.from({ length: components }, (_, i) => [i + 1, 0x11, 0]).flat(),
    ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0xff, 0xd9],
  );

const SHAPES: readonly (readonly [name: string, file: () => Uint8Array, outcome: string])[] = [
  ['rows as UL, CVE-2026-5442', () => native(image([0x0028_0010, unsigned(8)])), 'DICOM_CORRUPT'],
  ['columns as UL', () => native(image([0x0028_0011, unsigned(0x8000_0008)])), 'DICOM_CORRUPT'],
  ['bits as UL', () => native(image([0x0028_0100, unsigned(8)])), 'DICOM_CORRUPT'],
  [
    'the largest rows and columns',
    () => native(image([0x0028_0010, 65_535], [0x0028_0011, 65_535])),
    'IMAGE_TOO_LARGE',
  ],
  [
    'a product of 2^32, CVE-2026-5443',
    () => native(image([0x0028_0010, 6000], [0x0028_0011, 6000], [0x0028_0008, '9999'])),
    'DICOM_TRUNCATED',
  ],
  ['no rows', () => native(image([0x0028_0010, 0])), 'DICOM_NO_PIXELS'],
  ['frames beyond the data, CVE-2026-97059', () => native(image([0x0028_0008, '10000'])), 'picture'],
  ['more frames than 10,000', () => native(image([0x0028_0008, '10001'])), 'DICOM_LIMIT'],
  ['a negative number of frames', () => native(image([0x0028_0008, '-5'])), 'DICOM_CORRUPT'],
  ['no number of frames', () => native(image([0x0028_0008, '1e9'])), 'DICOM_LIMIT'],
  [
    'indices beyond the palette, CVE-2026-5445',
    () => native(image(...palette(2, 0, Uint8Array.of(0, 1, 0, 2)))),
    'picture',
  ],
  ['a palette shorter than it says', () => native(image(...palette(0, 0, new Uint8Array(8)))), 'DICOM_CORRUPT'],
  [
    'a palette without numbers',
    () => native(image(...palette(1, 0, new Uint8Array(2)), [0x0028_1101, unsigned(1)])),
    'DICOM_CORRUPT',
  ],
  [
    'a wrong length of the meta information, CVE-2026-5437',
    () => {
      const bytes = native(image());
      bytes.set([0xff, 0xff, 0xff, 0xff], 140);
      return bytes;
    },
    'picture',
  ],
  [
    'an element of the meta information beyond the end',
    () => {
      const bytes = native(image());
      bytes.set([0xff, 0xff, 0xff, 0x7f], 152);
      return bytes;
    },
    'DICOM_CORRUPT',
  ],
  [
    '100,000 levels of sequences',
    () => joined(START, repeated(joined(openSequence, openItem), 100_000), END),
    'DICOM_LIMIT',
  ],
  [
    '100,000 levels of private sequences',
    () => joined(START, repeated(joined(openPrivate, openItem), 100_000), END),
    'DICOM_LIMIT',
  ],
  [
    'a million empty items',
    () => joined(START, openSequence, repeated(emptyItem, 1e6), endOfSequence, END),
    'DICOM_LIMIT',
  ],
  [
    'a million empty private items',
    () => joined(START, openPrivate, repeated(emptyItem, 1e6), endOfSequence, END),
    'DICOM_LIMIT',
  ],
  [
    'a million elements',
    () => joined(START, repeated(Uint8Array.of(0x09, 0, 1, 0x10, 0x4c, 0x4f, 0, 0), 1e6), END),
    'DICOM_LIMIT',
  ],
  [
    'a million fragments',
    () => joined(compressed(RLE, image()).subarray(0, -8), repeated(emptyItem, 1e6), endOfSequence),
    'DICOM_LIMIT',
  ],
  ['delimiters without end', () => joined(START, repeated(endOfSequence, 500_000), END), 'DICOM_LIMIT'],
  ['100 MB that deflate to 100 kB, CVE-2026-5438', () => deflated(deflateRawSync(Buffer.alloc(100e6))), 'DICOM_LIMIT'],
  [
    'deflated bytes that are damaged',
    () => deflated(Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)),
    'DICOM_CORRUPT',
  ],
  [
    'a run beyond its segment, CVE-2019-1010228',
    () => compressed(RLE, image(), runs([127, 1, 2, 3])),
    'DICOM_PIXELS_DAMAGED',
  ],
  ['runs beyond the frame', () => compressed(RLE, image(), runs([129, 7, 129, 7])), 'DICOM_PIXELS_DAMAGED'],
  [
    'runs that never fill a frame',
    () => compressed(RLE, image(), runs(new Array<number>(1e6).fill(128))),
    'DICOM_PIXELS_DAMAGED',
  ],
  ['4 billion RLE segments', () => compressed(RLE, image(), runs([1, 2], [0xffff_ffff, 64])), 'DICOM_PIXELS_DAMAGED'],
  [
    'an RLE segment beyond the end',
    () => compressed(RLE, image(), runs([1, 2], [1, 0xffff_fff0])),
    'DICOM_PIXELS_DAMAGED',
  ],
  ['JPEG-LS of 65,535 x 65,535', () => compressed(JPEG_LS, image(), jpegLs(65_535, 65_535)), 'DICOM_PIXELS_DAMAGED'],
  ['JPEG-LS of 200 components', () => compressed(JPEG_LS, image(), jpegLs(8, 8, 200)), 'DICOM_PIXELS_DAMAGED'],
  ['JPEG-LS without samples', () => compressed(JPEG_LS, image(), jpegLs(8, 8)), 'DICOM_PIXELS_DAMAGED'],
  [
    'a DICOMDIR with a path, CVE-2026-32711',
    () =>
      encodeFile(
        new Map([
          ...dataSet([0x0008_0016, '1.2.840.10008.1.3.10'], [0x0008_0018, '1.2.3']),
          [0x0004_1500, { vr: 'CS', bytes: letters('..\\..\\ETC\\PASSWD') }],
        ]),
      ),
    'DICOM_NO_PIXELS',
  ],
  ['a transfer syntax that is no UID', () => compressed('Phantom^Samus', image()), 'DICOM_TRANSFER_SYNTAX'],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'samus-hostile-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `picture` or the code, and what it took. */
async function attempt(source: string | Uint8Array) {
  const [before, start] = [process.memoryUsage.rss(), process.cpuUsage()];
  const result = await openImage(source)
    .then(async (opened) => {
      await opened.read(1);
      await opened.read(opened.frames);
      return 'picture';
    })
    .catch((error: unknown) => {
      if (!(error instanceof SamusError)) throw error;
      expect(JSON.stringify(error)).not.toMatch(/Phantom|PASSWD|1\.2\.3/);
      return error.code;
    });
  const { user, system } = process.cpuUsage(start);
  return { result, ms: (user + system) / 1000, growth: process.memoryUsage.rss() - before };
}

describe('a hostile file', () => {
  it.each(SHAPES)('%s', async (_, file, outcome) => {
    const bytes = file();
    const path = join(folder, 'hostile.dcm');
    writeFileSync(path, bytes);
    for (const source of [bytes, path]) {
      const { result, ms, growth } = await attempt(source);
      expect(result).toBe(outcome);
      expect(ms).toBeLessThan(MOST_MS);
      expect(growth).toBeLessThan(MOST_BYTES);
    }
  });

  it.each([
    ['holes of 1.9 GB in place of pixels', START, 'DICOM_LIMIT'],
    ['holes of 1.9 GB in place of a deflated data set', deflated(new Uint8Array()), 'DICOM_LIMIT'],
    ['an element of 1.9 GB', joined(START, Uint8Array.of(9, 0, 1, 16, 0x4f, 0x42, 0, 0, 0, 0, 0, 0x70)), 'DICOM_LIMIT'],
  ])('%s', async (_, bytes, outcome) => {
    const path = join(folder, 'holes.dcm');
    writeFileSync(path, bytes);
    truncateSync(path, 1.9e9);
    const { result, ms, growth } = await attempt(path);
    expect(result).toBe(outcome);
    expect(ms).toBeLessThan(MOST_MS);
    expect(growth).toBeLessThan(MOST_BYTES);
  });
});
