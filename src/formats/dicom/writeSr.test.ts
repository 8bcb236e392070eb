import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createImage } from '../image.js';
import { codeOfName } from './codes.js';
import { type DataSet, itemsOf, numbersOf, textOf } from './dataSet.js';
import { readDicomFile } from './dicomFile.js';
import type { DicomSegObject } from './segments.js';
import { dataSet, encodeFile, type Value } from './writeDataSet.js';
import { writeDicomSc } from './writeSc.js';
import { writeDicomSeg } from './writeSeg.js';
import { type MaskMeasurement, writeDicomSr } from './writeSr.js';

const [WIDTH, HEIGHT] = [7, 5];
const ORIGIN = { model: 'samus-s', version: '0.1.0', date: new Date(2026, 10, 30, 12, 0, 0) };

type Extra = readonly [tag: number, value: Value];
const imageFile = (...more: readonly Extra[]): Uint8Array =>
  encodeFile(
    dataSet(
      [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
      [0x0008_0018, '1.2.3.4'],
      [0x0020_000d, '1.2.3'],
      [0x0020_000e, '1.2.3.5'],
      [0x0028_0008, '3'],
      [0x0028_0010, HEIGHT],
      [0x0028_0011, WIDTH],
      ...more,
    ),
  );

const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => Number(i > 9 && i < 20));
const OBJECTS: readonly DicomSegObject[] = ['lesion', 'left ventricle'].map((name) => ({
  name,
  code: codeOfName(name),
  algorithm: 'SEMIAUTOMATIC',
  masks: [1, 3].map((frame) => ({ frame, mask: { width: WIDTH, height: HEIGHT, data } })),
}));
const measured = (object: number, frame: number, unit: 'mm' | 'px'): MaskMeasurement => ({
  ...{ object, frame, unit },
  ...{ area: 100 / 3, longAxis: 5, shortAxis: 2.5, perimeter: 13 },
});

/** The children of a content item with this concept. */
const children = (item: DataSet, concept: string): DataSet[] =>
  itemsOf(item, 0x0040_a730).filter(
    (one) => textOf(itemsOf(one, 0x0040_a043)[0] ?? new Map(), 0x0008_0100) === concept,
  );
const codeOf = (item: DataSet | undefined, tag: number): string | undefined =>
  item && textOf(itemsOf(item, tag)[0] ?? new Map(), 0x0008_0100);

async function report(...measurements: readonly MaskMeasurement[]) {
  const source = await readDicomFile(imageFile());
  const seg = writeDicomSeg(source, OBJECTS, ORIGIN);
  const { bytes } = writeDicomSr(source, seg, OBJECTS, measurements, ORIGIN);
  return { bytes, seg, root: (await readDicomFile(bytes)).data };
}

/** Errors of dciodvfy. */
function errorsOf(bytes: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'samus-dicom-'));
  try {
    writeFileSync(join(folder, 'object.dcm'), bytes);
    const { stderr } = spawnSync('dciodvfy', ['-new', join(folder, 'object.dcm')], { encoding: 'utf8' });
    return stderr.split('\n').filter((line) => line.startsWith('Error'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const noValidator = spawnSync('dciodvfy', ['-version']).error !== undefined;

describe('a report', () => {
  it('has a group for each object and frame, with values, units and references', async () => {
    const { root, seg } = await report(measured(0, 1, 'mm'), measured(1, 3, 'px'), measured(1, 2, 'mm'));
    const groups = children(children(root, '126010')[0] ?? new Map(), '125007');
    expect(groups).toHaveLength(2);
    const found = groups.map((group) => {
      const [area, longAxis] = ['42798000', '103339001'].map((concept) => {
        const [value = new Map()] = itemsOf(children(group, concept)[0] ?? new Map(), 0x0040_a300);
        return [...numbersOf(value, 0x0040_a30a), codeOf(value, 0x0040_08ea)];
      });
      const images = ['121214', '121233'].map((concept) => {
        const [image = new Map()] = itemsOf(children(group, concept)[0] ?? new Map(), 0x0008_1199);
        expect(image.has(0x0062_000b)).toBe(false);
        return [textOf(image, 0x0008_1155), textOf(image, 0x0008_1160)];
      });
      return { finding: codeOf(children(group, '121071')[0], 0x0040_a168), area, longAxis, images };
    });
    expect(found).toEqual([
      {
        finding: '52988006',
        area: [33.3333333333333, 'mm2'],
        longAxis: [5, 'mm'],
        images: [
          [seg.sopInstanceUid, '1'],
          ['1.2.3.4', '1'],
        ],
      },
      {
        finding: '87878005',
        area: [33.3333333333333, '{pixels}'],
        longAxis: [5, '{pixels}'],
        images: [
          [seg.sopInstanceUid, '4'],
          ['1.2.3.4', '3'],
        ],
      },
    ]);
  });

  it('names an object as the segmentation does', async () => {
    const { root, seg } = await report(measured(0, 1, 'mm'));
    const [group = new Map()] = children(children(root, '126010')[0] ?? new Map(), '125007');
    const { data: segmentation } = await readDicomFile(seg.bytes);
    const [segment = new Map()] = itemsOf(segmentation, 0x0062_0002);
    const [name, uid] = ['112039', '112040'].map((concept) => children(group, concept)[0] ?? new Map());
    expect([name && textOf(name, 0x0040_a160), uid && textOf(uid, 0x0040_a124)]).toEqual([
      textOf(segment, 0x0062_0020),
      textOf(segment, 0x0062_0021),
    ]);
  });

  it('is refused without measurements', async () => {
    await expect(report()).rejects.toMatchObject({ code: 'DICOM_SR_EMPTY' });
  });

  it.skipIf(noValidator)('has no error before dciodvfy (needs dicom3tools)', async () => {
    expect(errorsOf((await report(measured(0, 1, 'mm'), measured(1, 3, 'px'))).bytes)).toEqual([]);
  });
});

describe('a secondary capture', () => {
  const picture = (frame: number, width = WIDTH) => ({
    frame,
    image: createImage(
      width,
      HEIGHT,
      3,
      Uint8Array.from({ length: 3 * width * HEIGHT }, (_, i) => (i * frame) % 256),
    ),
  });
  const capture = async (frames: readonly number[], ...more: readonly Extra[]) => {
    const { bytes } = writeDicomSc(
      await readDicomFile(imageFile(...more)),
      frames.map((frame) => picture(frame)),
      ORIGIN,
    );
    return { bytes, file: await readDicomFile(bytes) };
  };

  it('holds one frame or several, with their pixels, times and references', async () => {
    const one = await capture([2]);
    expect(textOf(one.file.data, 0x0008_0016)).toBe('1.2.840.10008.5.1.4.1.1.7');
    expect([0x0028_0008, 0x0028_0009, 0x0018_1063].filter((tag) => one.file.data.has(tag))).toEqual([]);
    const { file } = await capture([1, 3], [0x0018_1065, [0, 30, 50]]);
    expect([0x0008_0016, 0x0028_0008, 0x0018_1063].map((tag) => textOf(file.data, tag))).toEqual([
      '1.2.840.10008.5.1.4.1.1.7.4',
      '2',
      '40',
    ]);
    const pixels = [1, 3].flatMap((frame) => [...picture(frame).image.data]);
    expect(file.pixels?.content).toEqual(Uint8Array.from(pixels));
    expect(itemsOf(file.data, 0x0008_2112).map((item) => textOf(item, 0x0008_1160))).toEqual(['1', '3']);
  });

  it('says that text may be burned in unless its image says no', async () => {
    expect(textOf((await capture([1])).file.data, 0x0028_0301)).toBe('YES');
    expect(textOf((await capture([1], [0x0028_0301, 'NO'])).file.data, 0x0028_0301)).toBe('NO');
  });

  it('is refused for no picture and for pictures of several sizes', async () => {
    const source = await readDicomFile(imageFile());
    const refused = expect.objectContaining({ code: 'DICOM_SC_SIZE' });
    expect(() => writeDicomSc(source, [], ORIGIN)).toThrow(refused);
    expect(() => writeDicomSc(source, [picture(1), picture(2, 9)], ORIGIN)).toThrow(refused);
  });

  it.skipIf(noValidator)('has no error before dciodvfy (needs dicom3tools)', async () => {
    expect(errorsOf((await capture([2])).bytes)).toEqual([]);
    expect(errorsOf((await capture([1, 3])).bytes)).toEqual([]);
  });
});
