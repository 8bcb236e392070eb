/**
 * Copies without identities: no removed value is left in any byte, and pixels stay. The patient of the fixtures is
 * Phantom^Samus, PHANTOM.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openImage } from '../imageFile.node.js';
import { cleanPixels } from './cleanPixels.js';
import { codeOfName } from './codes.js';
import { copyFolder, copyName } from './copyNames.js';
import { itemsOf, numberOf, textOf } from './dataSet.js';
import { deidentify } from './deidentify.js';
import { type DicomFile, readDicomFile } from './dicomFile.js';
import { isDicom } from './dicomSource.js';
import { withoutComments } from './frameComments.js';
import { keyOfCopy, keyPrint } from './keyPrint.js';
import { readDicomSeg } from './readSeg.js';
import { dataSet, encodeFile, type Value } from './writeDataSet.js';
import { writeDicomSeg } from './writeSeg.js';
import { writeDicomSr } from './writeSr.js';

const MATRIX = fileURLToPath(new URL('../../../test/fixtures/dicom/', import.meta.url));
const KEY = new Uint8Array(32).fill(7);
const OPTIONS = { key: KEY, version: '0.1.0' };
const SECRETS = /Phantom|PHANTOM|1\.2\.826\.0\.1\.3680043\.10\.1999|20260101/;
const REFUSED = /^(video|jxl)/;

const files = readdirSync(MATRIX).filter((name) => name.endsWith('.dcm') && !REFUSED.test(name));
const matrix = (name: string): Uint8Array => new Uint8Array(readFileSync(join(MATRIX, name)));
const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

async function openDicom(bytes: Uint8Array) {
  const source = await openImage(bytes);
  if (!isDicom(source)) throw new Error('expected DICOM');
  return source;
}

describe('a copy of an image', () => {
  it.each(files)('holds no identity, and the same pixels: %s', async (name) => {
    const bytes = matrix(name);
    expect(latin1(bytes)).toMatch(name.includes('deflated') ? /DICM/ : SECRETS);
    const file = await readDicomFile(bytes);
    const copy = deidentify(file, OPTIONS);
    expect(latin1(copy.bytes)).not.toMatch(SECRETS);
    expect(copy.bytes.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
    const made = await readDicomFile(copy.bytes);
    if (file.pixels?.content instanceof Uint8Array) expect(made.transferSyntax).toBe('1.2.840.10008.1.2.1');
    else expect(made).toMatchObject({ transferSyntax: file.transferSyntax, pixels: file.pixels });
    if (name === 'jpeg-51-mono12.dcm') return;
    const [before, after] = [await openDicom(bytes), await openDicom(copy.bytes)];
    expect(after.frames).toBe(before.frames);
    for (let frame = 1; frame <= before.frames; frame++)
      expect(await after.read(frame)).toEqual(await before.read(frame));
    expect(after.calibration).toEqual(before.calibration);
  });

  it('says what was done, and that text may be in the pixels', async () => {
    const copy = deidentify(await readDicomFile(matrix('mono8-explicit.dcm')), OPTIONS);
    const { data } = await readDicomFile(copy.bytes);
    expect(copy.mayShowText).toBe(true);
    expect([0x0012_0062, 0x0028_0303].map((tag) => textOf(data, tag))).toEqual(['NO', 'REMOVED']);
    expect(textOf(data, 0x0012_0063)).toContain('PS3.15');
    expect(itemsOf(data, 0x0012_0064).map((item) => textOf(item, 0x0008_0100))).toEqual(['113100']);
    expect(textOf(data, 0x0010_0010)).toMatch(/^ANON-[0-9A-F]{10}$/);
    expect(textOf(data, 0x0008_0018)).toMatch(/^2\.25\.\d+$/);
    for (const tag of [0x0008_0020, 0x0008_0050, 0x0010_0030, 0x0010_0040]) expect(textOf(data, tag)).toBeUndefined();
  });

  it('has the same identity under the same key only', async () => {
    const file = await readDicomFile(matrix('mono8-explicit.dcm'));
    const [one, two, other] = [KEY, KEY, new Uint8Array(32)].map((key) => deidentify(file, { ...OPTIONS, key }));
    expect(one!.bytes).toEqual(two!.bytes);
    expect(one!.sopInstanceUid).not.toBe(other!.sopInstanceUid);
  });

  it('has nothing of private elements, overlays, curves, icons and unknown words', async () => {
    const file = await readDicomFile(withHidden());
    const { bytes } = deidentify(file, OPTIONS);
    expect(latin1(withHidden()).match(/Hidden/g)?.length).toBe(9);
    expect(latin1(bytes)).not.toMatch(/Hidden/);
    const { data } = await readDicomFile(bytes);
    expect(textOf(data, 0x0008_0008)).toBe('ORIGINAL\\PRIMARY');
  });

  it('keeps its pixels where the file has a code outside of a sequence', async () => {
    const file = await readDicomFile(
      encodeFile(small(3, 2, [0x0008_0100, 'Hidden'], [0x0028_0009, [0x0018_1063]]), new Uint8Array(6)),
    );
    const { data } = await readDicomFile(deidentify(file, OPTIONS).bytes);
    // Nor has it a pointer to frame times that are not there.
    expect([numberOf(data, 0x0028_0010), data.has(0x0008_0100), data.has(0x0028_0009)]).toEqual([2, false, false]);
  });

  it('has nothing in the bits between samples', async () => {
    const words = new Uint8Array(2 * 6).map((_, i) => (i % 2 ? 0xf3 : 0x21));
    const pixels = [...dataSet([0x0028_0100, 16], [0x0028_0101, 12], [0x0028_0102, 11])];
    const file = await readDicomFile(encodeFile(new Map([...small(3, 2), ...pixels]), words));
    const made = await readDicomFile(deidentify(file, OPTIONS).bytes);
    expect(made.pixels?.content).toEqual(words.map((byte, i) => (i % 2 ? 0x03 : byte)));
  });

  it('is refused where frames are missing, and for objects that are no image', async () => {
    const whole = matrix('mono8-explicit.dcm');
    const cut = await readDicomFile(whole.subarray(0, whole.length - 3000));
    expect(() => deidentify(cut, OPTIONS)).toThrow(expect.objectContaining({ code: 'DICOM_TRUNCATED' }));
    const other = await readDicomFile(encodeFile(dataSet([0x0008_0016, '1.2.840.10008.5.1.4.1.1.104.1'])));
    expect(() => deidentify(other, OPTIONS)).toThrow(expect.objectContaining({ code: 'DICOM_NO_PIXELS' }));
  });
});

/** The elements of an 8-bit image. */
const small = (columns: number, rows: number, ...more: readonly (readonly [tag: number, value: Value])[]) =>
  dataSet(
    [0x0008_0016, '1.2.840.10008.5.1.4.1.1.6.1'],
    [0x0008_0018, '1.2.3.4'],
    [0x0020_000d, '1.2.3'],
    [0x0020_000e, '1.2.3.5'],
    [0x0028_0002, 1],
    [0x0028_0004, 'MONOCHROME2'],
    [0x0028_0010, rows],
    [0x0028_0011, columns],
    [0x0028_0100, 8],
    [0x0028_0101, 8],
    [0x0028_0102, 7],
    [0x0028_0103, 0],
    ...more,
  );

/** A file with text in places where none is looked for. */
function withHidden(): Uint8Array {
  const u16 = (value: number): number[] => [value & 255, value >> 8];
  const text = Array.from('Hidden', (letter) => letter.charCodeAt(0));
  const raw = (group: number, number: number, vr: string, value: readonly number[]): number[] => {
    const letters = Array.from(vr, (letter) => letter.charCodeAt(0));
    const long = ['OB', 'OW', 'UN', 'SQ'].includes(vr);
    return [
      ...u16(group),
      ...u16(number),
      ...letters,
      ...(long ? [0, 0] : []),
      ...u16(value.length),
      ...(long ? [0, 0] : []),
      ...value,
    ];
  };
  const item = (value: readonly number[]): number[] => [0xfe, 0xff, 0x00, 0xe0, ...u16(value.length), 0, 0, ...value];
  const base = encodeFile(
    small(3, 2, [0x0008_0008, ['ORIGINAL', 'PRIMARY', 'HIDDEN', 'Hidden']], [0x0028_0030, 'Hidden']),
  );
  const region = [
    ...raw(0x18, 0x6012, 'US', [1, 0]),
    ...raw(0x18, 0x6014, 'LO', text),
    ...raw(0x19, 0x1001, 'LO', text),
  ];
  return Uint8Array.from([
    // The preamble.
    ...text,
    ...base.subarray(text.length),
    ...raw(0x29, 0x1010, 'UN', text),
    ...raw(0x18, 0x6011, 'SQ', item(region)),
    ...raw(0x88, 0x0200, 'SQ', item(raw(0x28, 0x0010, 'LO', text))),
    ...raw(0x5000, 0x3000, 'OW', text),
    ...raw(0x6000, 0x3000, 'OW', text),
    ...raw(0x7fe0, 0x0010, 'OB', [1, 2, 3, 4, 5, 6]),
  ]);
}

describe('segmentations and reports of an image', () => {
  it('refer to its copy, keep their masks, and lose their text', async () => {
    const source = await readDicomFile(matrix('mono8-explicit.dcm'));
    const masks = [{ frame: 2, mask: { width: 61, height: 43, data: new Uint8Array(61 * 43).fill(1, 700, 900) } }];
    const objects = [
      { name: 'lesion', code: codeOfName('lesion'), algorithm: 'MANUAL' as const, masks },
      { name: 'Samus Phantom', code: codeOfName('Samus Phantom'), algorithm: 'SEMIAUTOMATIC' as const, masks },
    ];
    const origin = { model: 'Phantom-net', version: '0.1.0' };
    const seg = writeDicomSeg(source, objects, origin);
    const measured = [{ object: 1, frame: 2, unit: 'px' as const, area: 1, longAxis: 2, shortAxis: 3, perimeter: 4 }];
    const sr = writeDicomSr(source, seg, objects, measured, origin);
    expect(latin1(sr.bytes)).toMatch(/Samus Phantom/);

    const image = deidentify(source, OPTIONS);
    const copies = await Promise.all(
      [seg, sr].map(async ({ bytes }) => deidentify(await readDicomFile(bytes, { wholeFrames: true }), OPTIONS)),
    );
    for (const { bytes, mayShowText } of copies) {
      expect(latin1(bytes)).not.toMatch(/Phantom|PHANTOM|1\.2\.826|2026\d{4}|Samus/);
      expect(mayShowText).toBe(false);
    }
    const [before, after] = [await readDicomSeg(seg.bytes), await readDicomSeg(copies[0]!.bytes)];
    // What the frames were derived from, and how.
    expect(latin1(copies[0]!.bytes)).toMatch(/113076[\s\S]*1\.2\.840\.10008\.5\.1\.4\.1\.1\.3\.1[\s\S]*121322/);
    expect(after.sources).toEqual([image.sopInstanceUid]);
    expect(after.segments.map(({ label }) => label)).toEqual(['lesion', 'Segment 2']);
    const pixels = (seg: typeof before) =>
      seg.segments.map((one) => one.masks.map(({ frame, mask }) => ({ frame, mask })));
    expect(pixels(after)).toEqual(pixels(before));
    expect(latin1(copies[1]!.bytes)).toContain(image.sopInstanceUid);
    expect(latin1(copies[1]!.bytes)).toContain(copies[0]!.sopInstanceUid);

    // With cleaned pixels, to the cleaned copy.
    const source2 = await openDicom(matrix('mono8-explicit.dcm'));
    const clean = { looked: false };
    const cleaned = deidentify(source, { ...OPTIONS, clean, pixels: await cleanPixels(source2) });
    const about = deidentify(await readDicomFile(seg.bytes, { wholeFrames: true }), { ...OPTIONS, clean });
    expect((await readDicomSeg(about.bytes)).sources).toEqual([cleaned.sopInstanceUid]);
    expect(cleaned.sopInstanceUid).not.toBe(image.sopInstanceUid);
  });
});

describe('comments of compressed frames', () => {
  const blanked = (name: string, insert: (frame: Uint8Array) => Uint8Array) =>
    readDicomFile(matrix(name)).then(({ pixels }) => {
      const content = pixels?.content ?? [];
      if (content instanceof Uint8Array) throw new Error('expected fragments');
      const frame = insert(content[1]!);
      expect(latin1(frame)).toMatch(/Hidden/);
      return { frame, found: withoutComments([frame])[0]! };
    });
  const spliced = (frame: Uint8Array, at: number, bytes: readonly number[]): Uint8Array =>
    Uint8Array.from([...frame.subarray(0, at), ...bytes, ...frame.subarray(at)]);
  const text = Array.from('Hidden', (letter) => letter.charCodeAt(0));

  it.each([
    ['jpeg-ybr422.dcm', [0xff, 0xfe, 0, 8, ...text]],
    ['jpeg-no-jfif.dcm', [0xff, 0xe1, 0, 8, ...text]],
    ['jpegll-70-mono8.dcm', [0xff, 0xec, 0, 8, ...text]],
    ['jpegls-80-rgb.dcm', [0xff, 0xfe, 0, 8, ...text]],
  ])('are blank in %s', async (name, segment) => {
    const { frame, found } = await blanked(name, (one) => spliced(one, 2, segment));
    expect(latin1(found)).not.toMatch(/Hidden/);
    expect(found.length).toBe(frame.length);
    // Nothing else changed.
    expect(spliced(found, 0, []).filter((_, i) => i < 2 || i >= 2 + segment.length)).toEqual(
      frame.filter((_, i) => i < 2 || i >= 2 + segment.length),
    );
  });

  it('are blank in JPEG 2000 and behind the end of JPEG', async () => {
    const { found } = await blanked('j2k-90-mono8.dcm', (one) => {
      const end = 4 + (one[4]! << 8) + one[5]!;
      return spliced(one, end, [0xff, 0x64, 0, 10, 0, 1, ...text]);
    });
    expect(latin1(found)).not.toMatch(/Hidden/);
    const tail = await blanked('jpeg-mono8.dcm', (one) => Uint8Array.from([...one, ...text]));
    expect(latin1(tail.found)).not.toMatch(/Hidden/);
  });
});

describe('cleaned pixels', () => {
  const clean = async (bytes: Uint8Array, keep?: readonly number[]) => {
    const source = await openDicom(bytes);
    const mask = keep && { width: source.width, height: source.height, data: Uint8Array.from(keep) };
    const cleaned = await cleanPixels(source, mask);
    return { source, cleaned };
  };
  const copyOf = (file: DicomFile, cleaned: Awaited<ReturnType<typeof cleanPixels>>, looked = false) =>
    deidentify(file, { ...OPTIONS, clean: { looked }, pixels: cleaned });

  it.each(files.filter((name) => name !== 'jpeg-51-mono12.dcm'))(
    'are black outside and as before inside: %s',
    async (name) => {
      const bytes = matrix(name);
      const { width, height } = await openImage(bytes);
      const keep = Array.from({ length: width * height }, (_, i) => Number(i % 7 > 2 && i > 200));
      const { source, cleaned } = await clean(bytes, keep);
      const copy = await openDicom(copyOf(source.file, cleaned).bytes);
      expect(copy.file.transferSyntax).toBe('1.2.840.10008.1.2.1');
      const least = Math.min(...(await source.read(1)).data, 0);
      for (let frame = 1; frame <= source.frames; frame++) {
        const [before, after] = [await source.read(frame), await copy.read(frame)];
        expect(after.data.length).toBe(before.data.length);
        const wrong = after.data.findIndex((value, i) =>
          keep[Math.floor(i / before.channels)] ? value !== before.data[i] : value !== least,
        );
        expect(wrong).toBe(-1);
      }
      expect(cleaned.sheet.width).toBe(2 * width);
    },
  );

  it('stay in the two-dimensional regions, both ends included', async () => {
    const pixels = new Uint8Array(8 * 4).fill(9);
    const region = (format: number, ...box: readonly number[]) =>
      dataSet(
        [0x0018_6012, format],
        ...[0x0018_6018, 0x0018_601a, 0x0018_601c, 0x0018_601e].map((tag, i) => [tag, box[i]!] as const),
      );
    const regions = [region(1, 1, 1, 3, 2), region(2, 5, 0, 8, 4)];
    const { cleaned } = await clean(encodeFile(small(8, 4, [0x0018_6011, regions]), pixels));
    expect([...cleaned.bytes]).toEqual(
      [0, 1, 1, 0].flatMap((row) => Array.from({ length: 8 }, (_, x) => (row && x > 0 && x < 4 ? 9 : 0))),
    );
    const reaching = encodeFile(small(8, 4, [0x0018_6011, [region(1, 1, 1, 12, 2)]]), pixels);
    await expect(clean(reaching)).rejects.toMatchObject({ code: 'DICOM_BURNED_IN' });
    await expect(clean(encodeFile(small(8, 4), pixels))).rejects.toMatchObject({ code: 'DICOM_BURNED_IN' });
    const other = { width: 4, height: 8, data: pixels };
    const source = await openDicom(encodeFile(small(8, 4), pixels));
    await expect(cleanPixels(source, other)).rejects.toMatchObject({ code: 'MASK_SIZE' });
  });

  it('are said to be clean by a person only', async () => {
    const { source, cleaned } = await clean(matrix('jpeg-ybr422.dcm'));
    const said = async (looked: boolean) => {
      const { data } = await readDicomFile(copyOf(source.file, cleaned, looked).bytes);
      return [
        ...[0x0012_0062, 0x0028_0301, 0x0028_0004, 0x0028_2110].map((tag) => textOf(data, tag)),
        numberOf(data, 0x0028_0002),
      ];
    };
    expect(await said(false)).toEqual(['NO', undefined, 'RGB', '01', 3]);
    expect(await said(true)).toEqual(['YES', 'NO', 'RGB', '01', 3]);
    const { data } = await readDicomFile(copyOf(source.file, cleaned).bytes);
    expect(itemsOf(data, 0x0012_0064).map((item) => textOf(item, 0x0008_0100))).toEqual(['113100', '113101']);
  });

  it('have a UID that differs from the copy with all pixels, while the study is the same', async () => {
    const { source, cleaned } = await clean(matrix('jpeg-ybr422.dcm'));
    const [plain, black] = await Promise.all(
      [deidentify(source.file, OPTIONS), copyOf(source.file, cleaned)].map(({ bytes }) => readDicomFile(bytes)),
    );
    const uids = [0x0008_0018, 0x0020_000d].map((tag) => textOf(plain!.data, tag) === textOf(black!.data, tag));
    expect(uids).toEqual([false, true]);
  });
});

describe('names of copies', () => {
  it('follow from the instance and the key, not from the name of the file', async () => {
    const [one, other] = await Promise.all(
      ['mono8-explicit.dcm', 'rle-mono8.dcm'].map((name) => readDicomFile(matrix(name))),
    );
    const key = new Uint8Array(32).fill(8);
    expect(copyName(one!, KEY)).toMatch(/^[0-9A-F]{10}$/);
    const names = [copyName(one!, KEY), copyName(other!, KEY), copyName(one!, key)];
    expect(new Set(names).size).toBe(3);
    expect(copyFolder(['A', 'S1'], KEY)[0]).toBe(copyFolder(['A', 'S2'], KEY)[0]);
    const folders = [...copyFolder(['A', 'S1'], KEY), ...copyFolder(['B', 'S1'], KEY), ...copyFolder(['A'], key)];
    expect(new Set(folders).size).toBe(5);
  });

  it('tell files without a UID apart by their pixels', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map((value) => readDicomFile(encodeFile(small(8, 4, [0x0008_0018, '']), new Uint8Array(32).fill(value)))),
    );
    expect(copyName(one!, KEY)).not.toBe(copyName(other!, KEY));
  });
});

it('a copy names its key by a print of it', async () => {
  const { bytes } = deidentify(await readDicomFile(matrix('mono8-explicit.dcm'), { wholeFrames: true }), OPTIONS);
  expect(keyOfCopy(bytes)).toBe(keyPrint(KEY));
  expect(keyPrint(KEY)).not.toBe(keyPrint(new Uint8Array(32).fill(8)));
  expect(keyOfCopy(matrix('mono8-explicit.dcm'))).toBeUndefined();
  const { data } = await readDicomFile(bytes);
  expect(textOf(data, 0x0012_0063)!.length).toBeLessThanOrEqual(64);
});
