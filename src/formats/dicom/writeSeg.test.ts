import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../mask.js';
import { codeOfName } from './codes.js';
import { bytesOf, type DataSet, itemsOf, numberOf, numbersOf, textOf } from './dataSet.js';
import { exportSource } from './derivedObject.js';
import { patientFacts } from './dicomFacts.js';
import { readDicomFile } from './dicomFile.js';
import { readDicomSeg } from './readSeg.js';
import type { DicomSegObject } from './segments.js';
import { dataSet, encodeFile, type Value } from './writeDataSet.js';
import { type DicomSegOptions, writeDicomSeg } from './writeSeg.js';

const CLIP = new URL('../../../test/fixtures/dicom/jpeg-ybr422.dcm', import.meta.url);
const MULTI_FRAME = '1.2.840.10008.5.1.4.1.1.3.1';
const SINGLE_FRAME = '1.2.840.10008.5.1.4.1.1.6.1';
const OPTIONS: DicomSegOptions = { model: 'samus-s', version: '0.1.0', date: new Date(2026, 10, 30, 12, 0, 0) };

/** An image whose columns are no multiple of 8. */
function imageFile(frames: number | undefined, ...more: readonly (readonly [tag: number, value: Value])[]): Uint8Array {
  return encodeFile(
    new Map([
      ...dataSet(
        [0x0008_0016, frames === undefined ? SINGLE_FRAME : MULTI_FRAME],
        [0x0008_0018, '1.2.3.4'],
        [0x0010_0010, 'Phantom^Samus'],
        [0x0010_0020, 'PHANTOM'],
        [0x0020_000d, '1.2.3'],
        [0x0020_000e, '1.2.3.5'],
        [0x0020_0011, '7'],
        [0x0028_0010, 5],
        [0x0028_0011, 7],
      ),
      ...(frames === undefined ? [] : dataSet([0x0028_0008, String(frames)])),
      ...dataSet(...more),
    ]),
  );
}

/** Pixels from `from` to `to`, both among them. */
function mask(from: number, to: number, width = 7, height = 5): Mask {
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => Number(i >= from && i <= to)) };
}

const object = (name: string, ...masks: DicomSegObject['masks']): DicomSegObject => ({
  name,
  code: codeOfName(name),
  algorithm: 'SEMIAUTOMATIC',
  masks,
});

const LESION = object('lesion', { frame: 4, mask: mask(9, 12) }, { frame: 2, mask: mask(3, 33) });
const MUSCLE = object('Skeletal-muscle', { frame: 4, mask: mask(20, 34) });

async function written(
  objects: readonly DicomSegObject[],
  options: Partial<DicomSegOptions> = {},
  file = imageFile(4),
) {
  const seg = writeDicomSeg(await readDicomFile(file), objects, { ...OPTIONS, ...options });
  return { ...seg, data: (await readDicomFile(seg.bytes)).data, file: await readDicomFile(seg.bytes) };
}

const only = (data: DataSet, ...tags: readonly number[]): DataSet =>
  tags.reduce((inner, tag) => itemsOf(inner, tag)[0] ?? new Map(), data);

describe('a segmentation is written', () => {
  it.each(['binary', 'labelmap'] as const)('as %s whose masks are read back, each on its frame', async (kind) => {
    for (const geometry of ['auto', 'none'] as const) {
      const { bytes, frames } = await written([LESION, MUSCLE], { kind, geometry });
      const back = await readDicomSeg(bytes);
      expect(back.sources).toEqual(['1.2.3.4']);
      expect(back.segments.map(({ label, type }) => [label, type?.[0]])).toEqual([
        ['lesion', '52988006'],
        ['Skeletal-muscle', '127954009'],
      ]);
      const masks = back.segments.map((one) => one.masks.map(({ frame, mask: { data } }) => [frame, [...data]]));
      expect(masks).toEqual([
        [
          [2, [...mask(3, 33).data]],
          [4, [...mask(9, 12).data]],
        ],
        [[4, [...mask(20, 34).data]]],
      ]);
      expect(frames).toEqual([
        { object: 0, frame: 2, segFrame: 1 },
        { object: 0, frame: 4, segFrame: 2 },
        { object: 1, frame: 4, segFrame: kind === 'binary' ? 3 : 2 },
      ]);
    }
  });

  it('with one bit a pixel, the lowest first, and frames that follow without a gap', async () => {
    const { file } = await written([LESION, MUSCLE]);
    const bits = [mask(3, 33), mask(9, 12), mask(20, 34)].flatMap(({ data }) => [...data]);
    const bytes = Array.from({ length: 14 }, (_, k) =>
      bits.slice(8 * k, 8 * k + 8).reduce((sum, bit, i) => sum + (bit << i), 0),
    );
    expect(file.pixels?.content).toEqual(Uint8Array.from(bytes));
  });

  it('of any size and masks', async () => {
    const side = fc.integer({ min: 1, max: 13 });
    const sample = fc.tuple(side, side).chain(([width, height]) => {
      const data = fc.uint8Array({ minLength: width * height, maxLength: width * height, max: 1 });
      return fc.record({
        width: fc.constant(width),
        height: fc.constant(height),
        data: fc.array(data, { minLength: 1, maxLength: 9 }),
      });
    });
    await fc.assert(
      fc.asyncProperty(sample, async ({ width, height, data }) => {
        const shown = data.map((one, i) => ({ frame: i + 1, mask: { width, height, data: one } }));
        fc.pre(shown.some(({ mask: { data: values } }) => values.includes(1)));
        const size = [
          [0x0028_0010, height],
          [0x0028_0011, width],
        ] as const;
        const { bytes } = await written([object('a', ...shown)], {}, imageFile(data.length, ...size));
        const [segment] = (await readDicomSeg(bytes)).segments;
        expect(segment?.masks.map((one) => [one.frame, one.mask.data])).toEqual(
          shown.filter((one) => one.mask.data.includes(1)).map((one) => [one.frame, one.mask.data]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('with the patient and study of its image, byte for byte, and type 2 elements', async () => {
    const name = Uint8Array.of(0x4d, 0xfc, 0x6c, 0x6c, 0x65, 0x72);
    const { data } = await written(
      [LESION],
      {},
      imageFile(4, [0x0008_0005, 'ISO-IR 100'], [0x0010_0010, { vr: 'PN', bytes: name }], [0x0010_21c0, 4]),
    );
    expect(bytesOf(data, 0x0010_0010)).toEqual(name);
    expect(numbersOf(data, 0x0010_21c0)).toEqual([4]);
    expect([0x0008_0005, 0x0010_0020, 0x0020_000d, 0x0020_0011].map((tag) => textOf(data, tag))).toEqual([
      'ISO_IR 100',
      'PHANTOM',
      '1.2.3',
      '1007',
    ]);
    const typeTwo = [0x0008_0020, 0x0008_0030, 0x0008_0050, 0x0008_0090, 0x0010_0030, 0x0010_0040, 0x0020_0010];
    expect(typeTwo.map((tag) => bytesOf(data, tag)?.length)).toEqual(typeTwo.map(() => 0));
    expect(textOf(data, 0x0020_000e)).not.toBe('1.2.3.5');
  });

  it('with references to frames only where the image is a multi-frame one', async () => {
    const several = await written([LESION]);
    const image = only(several.data, 0x5200_9230, 0x0008_9124, 0x0008_2112);
    expect([textOf(image, 0x0008_1155), textOf(image, 0x0008_1160)]).toEqual(['1.2.3.4', '2']);
    const single = await written([object('lesion', { frame: 1, mask: mask(2, 3) })], {}, imageFile(undefined));
    expect(only(single.data, 0x5200_9230, 0x0008_9124, 0x0008_2112).has(0x0008_1160)).toBe(false);
    expect(only(several.data, 0x0008_1115, 0x0008_114a).size).toBe(2);
  });

  it('with a frame of reference of its image, and pixel sizes where all masks have the same', async () => {
    const spacingMm = [0.25, 0.5] as const;
    const sized = (one: DicomSegObject, size: readonly [number, number]) => ({
      ...one,
      masks: one.masks.map((m) => ({ ...m, spacingMm: size })),
    });
    const auto = await written([sized(LESION, spacingMm), sized(MUSCLE, spacingMm)]);
    const digits = createHash('sha256').update('samus-for1.2.3.4').digest('hex').slice(0, 32);
    expect(textOf(auto.data, 0x0020_0052)).toBe(`2.25.${BigInt(`0x${digits}`)}`);
    expect(numbersOf(only(auto.data, 0x5200_9229, 0x0028_9110), 0x0028_0030)).toEqual([0.5, 0.25]);
    expect(itemsOf(auto.data, 0x5200_9230).map((item) => numbersOf(only(item, 0x0020_9113), 0x0020_0032)[2])).toEqual([
      1, 3, 3,
    ]);
    const mixed = await written([sized(LESION, spacingMm), sized(MUSCLE, [0.3, 0.5])]);
    expect([mixed.measured, itemsOf(only(mixed.data, 0x5200_9229), 0x0028_9110)]).toEqual([false, []]);
    const none = await written([sized(LESION, spacingMm)], { geometry: 'none' });
    const [shared] = itemsOf(none.data, 0x5200_9229);
    expect([none.data.has(0x0020_0052), bytesOf(none.data, 0x0020_0020)?.length, shared?.size]).toEqual([false, 0, 0]);
    expect(itemsOf(none.data, 0x5200_9230).map((item) => numberOf(only(item, 0x0020_9111), 0x0020_9128))).toEqual([
      1, 2,
    ]);
  });

  it('with UIDs that follow from what it says', async () => {
    const uids = async (options: Partial<DicomSegOptions>, name = 'lesion') => {
      const { sopInstanceUid, data } = await written([{ ...LESION, name }], options);
      return [sopInstanceUid, textOf(data, 0x0020_0052), textOf(only(data, 0x0062_0002), 0x0062_0021)];
    };
    const first = await uids({});
    expect(await uids({})).toEqual(first);
    const later = await uids({ date: new Date(2026, 10, 30, 12, 0, 1) });
    expect([later[0] === first[0], later[1], later[2]]).toEqual([false, first[1], first[2]]);
    expect((await uids({}, 'nodule'))[2]).not.toBe(first[2]);
    for (const uid of first) expect(uid).toMatch(/^2\.25\.[1-9]\d{0,38}$/);
  });

  it('with names in the character set of the image, or in UTF-8 where it has none', async () => {
    const named = { ...LESION, name: 'Läsion' };
    const label = ({ data }: { data: DataSet }) => bytesOf(only(data, 0x0062_0002), 0x0062_0005);
    const latin = await written([named], {}, imageFile(4, [0x0008_0005, 'ISO_IR 100']));
    expect(label(latin)).toEqual(Uint8Array.of(0x4c, 0xe4, 0x73, 0x69, 0x6f, 0x6e));
    const plain = await written([named]);
    expect([textOf(plain.data, 0x0008_0005), new TextDecoder().decode(label(plain)).trimEnd()]).toEqual([
      'ISO_IR 192',
      'Läsion',
    ]);
    const back = await Promise.all(
      [latin, plain].map(async ({ bytes }) => (await readDicomSeg(bytes)).segments[0]?.label),
    );
    expect(back).toEqual(['Läsion', 'Läsion']);
  });

  it.each([
    ['GB18030', '王^小东', '\xcd\xf5^\xd0\xa1\xb6\xab'],
    ['\\ISO 2022 IR 87', 'Yamada=山田', 'Yamada=\x1b$B;3ED\x1b(B'],
    ['ISO_IR 144', 'Люк', '\xbb\xee\xda'],
    ['ISO_IR 100', 'Gefäß', 'Gef\xe4\xdf'],
    ['', 'Gefäß', 'Gef\xe4\xdf'],
  ])('with names that the character set %s does not have, and the patient in UTF-8', async (set, patient, stored) => {
    const bytes = Uint8Array.from(stored, (one) => one.charCodeAt(0));
    const patientName: readonly [number, Value] = [0x0010_0010, { vr: 'PN', bytes }];
    const file = imageFile(4, [0x0008_0005, set], patientName);
    const name = 'Läsion Ж 病变 ①';
    const { data, bytes: seg } = await written([{ ...LESION, name }], {}, file);
    expect([textOf(data, 0x0008_0005), patientFacts(data).name]).toEqual(['ISO_IR 192', patient]);
    expect((await readDicomSeg(seg)).segments.map(({ label }) => label)).toEqual([name]);
    // Bytes stay where all names are ASCII.
    expect(bytesOf((await written([LESION], {}, file)).data, 0x0010_0010)?.subarray(0, bytes.length)).toEqual(bytes);
  });

  it('with labels of at most 64 characters, which differ, and the whole names beside them', async () => {
    const start = 'ж'.repeat(63);
    const names = [`${start}abc`, `${start}aé`, start, `${start}a`];
    const segs = await written(
      names.map((name, i) => ({ ...LESION, name, masks: [{ frame: i + 1, mask: mask(3, 9) }] })),
    );
    const labels = itemsOf(segs.data, 0x0062_0002).map((item) =>
      new TextDecoder().decode(bytesOf(item, 0x0062_0005)).trim(),
    );
    expect(labels).toEqual([`${start.slice(1)} 2`, `${start.slice(1)} 3`, start, `${start}a`]);
    expect(segs.shortened).toEqual(names.slice(0, 2));
    expect((await readDicomSeg(segs.bytes)).segments.map(({ label }) => label)).toEqual(names);
  });

  it.each([
    [['1.2.840.10008.1.2.4.50'], ['01', '1', 'ISO_10918_1']],
    [
      ['1.2.840.10008.1.2.4.91', [0x0028_2112, '9.5']],
      ['01', '9.5', 'ISO_15444_1'],
    ],
    [
      [
        '1.2.840.10008.1.2.1',
        [0x0028_2110, '01'],
        [0x0028_2112, ['4', '8']],
        [0x0028_2114, ['ISO_10918_1', 'ISO_15444_1']],
      ],
      ['01', '4\\8', 'ISO_10918_1\\ISO_15444_1'],
    ],
    [['1.2.840.10008.1.2.4.70'], ['00', undefined, undefined]],
  ] as const)('with the loss of its image: %j', async ([transferSyntax, ...more], expected) => {
    const { data } = await readDicomFile(imageFile(4, ...more));
    const { bytes } = writeDicomSeg({ data, transferSyntax }, [LESION], OPTIONS);
    const { data: seg } = await readDicomFile(bytes);
    expect([0x0028_2110, 0x0028_2112, 0x0028_2114].map((tag) => textOf(seg, tag))).toEqual(expected);
  });

  it('with the ratio of an image that states none but is compressed', async () => {
    const file = await readDicomFile(readFileSync(fileURLToPath(CLIP)));
    const fragments = file.pixels?.content;
    if (!fragments || fragments instanceof Uint8Array) throw new Error('expected fragments');
    const stored = fragments.slice(1).reduce((sum, { length }) => sum + length, 0);
    const lesion = object('lesion', { frame: 2, mask: mask(9, 99, 61, 43) });
    const { bytes } = writeDicomSeg(file, [lesion], OPTIONS);
    const ratio = numberOf((await readDicomFile(bytes)).data, 0x0028_2112);
    expect(Math.abs(ratio! / ((61 * 43 * 3 * 3) / stored) - 1)).toBeLessThan(0.001);
    // What is kept of an image without its pixels gives the same file.
    const slim = exportSource(file);
    expect(writeDicomSeg(slim, [lesion], OPTIONS).bytes).toEqual(bytes);
    const kept = [...slim.data.values()].flatMap((one) => (one.vr === 'SQ' ? [] : [one.bytes.buffer.byteLength]));
    expect(Math.max(...kept)).toBeLessThan(100);
  });

  it('and read with thousands of frames', { timeout: 60_000 }, async () => {
    const count = 7600;
    const masks = Array.from({ length: count }, (_, i) => ({ frame: i + 1, mask: mask(i % 30, (i % 30) + (i % 5)) }));
    const { bytes } = await written([object('lesion', ...masks)], {}, imageFile(count));
    const before = process.memoryUsage().heapUsed;
    const seg = await readDicomSeg(bytes);
    const read = seg.segments[0]!.masks;
    expect([read.length, read.at(-1)?.frame]).toEqual([count, count]);
    for (const at of [0, 7, 1999, count - 1]) expect(read[at]!.mask).toEqual(masks[at]!.mask);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200e6);
  });

  it('with its colour as CIELab', async () => {
    const colours = ['#ffffff', '#000000', '#ff0000'].map(async (color) => {
      const { data } = await written([{ ...LESION, color }]);
      return numbersOf(only(data, 0x0062_0002), 0x0062_000d);
    });
    // CIE L*a*b* of sRGB red against D50: 54.29, 80.81, 69.89.
    expect(await Promise.all(colours)).toEqual([
      [65535, 32896, 32896].map((value) => expect.toSatisfy((got: number) => Math.abs(got - value) < 20)),
      [0, 32896, 32896],
      [35579, 53664, 50858].map((value) => expect.toSatisfy((got: number) => Math.abs(got - value) < 20)),
    ]);
  });
});

describe('a segmentation is refused', () => {
  const code = (run: Promise<unknown>) =>
    run.then(
      () => 'none',
      (error) => (error as { code: string }).code,
    );

  it('without pixels, for frames and sizes that the image has not, and for label maps that overlap', async () => {
    const blank = object('a', { frame: 1, mask: mask(1, 0) });
    expect(await code(written([blank]))).toBe('DICOM_SEG_EMPTY');
    expect(await code(written([]))).toBe('DICOM_SEG_EMPTY');
    expect(await code(written([object('a', { frame: 5, mask: mask(1, 2) })]))).toBe('DICOM_SEG_REFERENCE');
    expect(await code(written([object('a', { frame: 1, mask: mask(1, 2, 5, 7) })]))).toBe('DICOM_SEG_REFERENCE');
    const other = object('b', { frame: 4, mask: mask(12, 13) });
    expect(await code(written([LESION, other], { kind: 'labelmap' }))).toBe('DICOM_SEG_OVERLAP');
    expect(textOf((await written([LESION, other])).data, 0x0062_0013)).toBe('YES');
    expect(textOf((await written([LESION, MUSCLE])).data, 0x0062_0013)).toBe('NO');
  });

  /** A label map of frames that all hold all labels. */
  async function labelled(side: number, labels: number, frames: number): Promise<Uint8Array> {
    const { data } = await written([object('a', { frame: 1, mask: mask(1, 2) })], { kind: 'labelmap' });
    const segments = Array.from({ length: labels }, (_, i) => dataSet([0x0062_0004, i + 1]));
    const values = new Uint16Array(frames * side * side).map((_, i) => ((i % (side * side)) % labels) + 1);
    const [group] = itemsOf(data, 0x5200_9230);
    return encodeFile(
      new Map([
        ...data,
        ...dataSet(
          [0x0028_0008, String(frames)],
          [0x0028_0010, side],
          [0x0028_0011, side],
          [0x0028_0100, 16],
          [0x0062_0002, segments],
          [0x5200_9230, Array.from({ length: frames }, () => group!)],
          [0x7fe0_0010, { vr: 'OW', bytes: new Uint8Array(values.buffer) }],
        ),
      ]),
    );
  }

  it('for reading, where a small label map holds masks beyond memory', async () => {
    // 600 masks of 1 MB are unpacked one by one.
    const before = process.memoryUsage().arrayBuffers;
    const { segments } = await readDicomSeg(await labelled(1024, 600, 1));
    expect(segments.map(({ masks }) => masks.length)).toEqual(Array.from({ length: 600 }, () => 1));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
    const last = segments.at(-1)!.masks[0]!.mask.data;
    expect(last.reduce((sum, value) => sum + value, 0)).toBe(Math.floor((1024 * 1024) / 600));
    expect(await code(readDicomSeg(await labelled(256, 60_000, 9)))).toBe('DICOM_LIMIT');
  });

  it('for reading, where it names no image, is none, or is cut short', async () => {
    const { bytes, data } = await written([LESION]);
    const groups = itemsOf(data, 0x5200_9230).map((item) => new Map([...item].filter(([tag]) => tag !== 0x0008_9124)));
    const pixels = [0x7fe0_0010, { vr: 'OB', bytes: new Uint8Array(10) }] as const;
    const unplaced = encodeFile(new Map([...data, ...dataSet([0x5200_9230, groups], pixels)]));
    expect(await code(readDicomSeg(unplaced))).toBe('DICOM_SEG_REFERENCE');
    expect(await code(readDicomSeg(imageFile(4)))).toBe('DICOM_SEG_REFERENCE');
    expect(await code(readDicomSeg(bytes.subarray(0, bytes.length - 6)))).toBe('DICOM_TRUNCATED');
  });
});

const root = process.env.SAMUS_TEST_DATA;
describe.skipIf(!root)('segmentations by other programs (needs SAMUS_TEST_DATA)', () => {
  const folder = join(root ?? '', 'golden', 'dicom');
  interface Golden {
    file: string;
    segments: { number: number; label: string; frames: { frame: number; area: number; sha256: string }[] }[];
  }
  const files: Golden[] = root ? JSON.parse(readFileSync(join(folder, 'seg.json'), 'utf8')).files : [];
  it.each(files)('$file is read', async ({ file, segments }) => {
    const seg = await readDicomSeg(readFileSync(join(folder, 'seg', file)));
    const read = seg.segments.map(({ number, label, masks }) => ({
      number,
      label,
      frames: masks.map(({ frame, mask: { data } }) => ({
        frame,
        area: data.reduce((sum, value) => sum + value, 0),
        sha256: createHash('sha256').update(data).digest('hex'),
      })),
    }));
    expect(read).toEqual(segments);
  });
});

describe.skipIf(spawnSync('dciodvfy', ['-version']).error)('segmentations before dciodvfy (needs dicom3tools)', () => {
  it.each(['auto', 'none'] as const)('have no error with geometry %s', async (geometry) => {
    const { bytes } = await written([LESION, { ...MUSCLE, algorithm: 'MANUAL' }], { geometry });
    const folder = mkdtempSync(join(tmpdir(), 'samus-seg-'));
    try {
      writeFileSync(join(folder, 'seg.dcm'), bytes);
      const { stderr } = spawnSync('dciodvfy', ['-new', join(folder, 'seg.dcm')], { encoding: 'utf8' });
      expect(stderr.split('\n').filter((line) => line.startsWith('Error'))).toEqual([]);
      expect(stderr).toContain('Segmentation');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
