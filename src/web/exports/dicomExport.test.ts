/** DICOM objects of the page's annotations; browsers and validators judge them in test/browser/dicomJourney.test.ts. */
import { describe, expect, it } from 'vitest';
import { itemsOf, numbersOf, textOf } from '../../formats/dicom/dataSet.js';
import { readDicomFile } from '../../formats/dicom/dicomFile.js';
import { readDicomSeg } from '../../formats/dicom/readSeg.js';
import { dataSet, encodeFile } from '../../formats/dicom/writeDataSet.js';
import { createImage } from '../../formats/image.js';
import { encodeRle } from '../../formats/rle.js';
import { addObject, emptyDocument, type ObjectSeed } from '../document/edit.js';
import type { Scale } from '../document/types.js';
import { encodePicture } from '../open/pngPicture.js';
import { exportDicom } from './dicomExport.js';
import type { ExportImage, ExportRequest } from './exportContract.js';

const [WIDTH, HEIGHT] = [8, 6];
const CLIP = encodeFile(
  dataSet(
    ...([
      ...[[0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'] as const, [0x0008_0018, '1.2.3.4'] as const],
      ...[[0x0020_000d, '1.2.3'] as const, [0x0020_000e, '1.2.3.5'] as const, [0x0028_0008, '2'] as const],
      ...[[0x0028_0002, 1] as const, [0x0028_0004, 'MONOCHROME2'] as const, [0x0028_0100, 8] as const],
      ...[[0x0028_0010, HEIGHT] as const, [0x0028_0011, WIDTH] as const],
      [0x7fe0_0010, { vr: 'OB', bytes: new Uint8Array(2 * WIDTH * HEIGHT) }],
    ] as const),
  ),
);
const PICTURE = encodePicture(createImage(WIDTH, HEIGHT, 1, new Uint8Array(WIDTH * HEIGHT)));

const start = (from: number, origin: 'file' | 'automatic' = 'file') =>
  ({
    mask: encodeRle({ width: WIDTH, height: HEIGHT, data: new Uint8Array(WIDTH * HEIGHT).fill(1, from, from + 5) }),
    origin,
    score: origin === 'automatic' ? 0.9 : null,
  }) as const;

function image(
  path: string,
  frame: number,
  seeds: readonly Partial<ObjectSeed>[],
  scale: Scale | null = null,
): ExportImage {
  const document = seeds.reduce(
    (all, seed, i) => addObject(all, { id: `${i}`, classId: 1, ...seed }),
    emptyDocument(WIDTH, HEIGHT, scale),
  );
  const isDicom = path.endsWith('.dcm');
  return { path, content: path, frame, document, file: new Blob([Uint8Array.from(isDicom ? CLIP : PICTURE)]) };
}

const request = (images: readonly ExportImage[], more: Partial<ExportRequest> = {}): ExportRequest => ({
  ...{ format: 'dcmseg', dataset: 'd', packed: true, images },
  classes: [
    { id: 1, name: 'object', color: '#e69f00' },
    { id: 2, name: 'lesion', color: '#56b4e9' },
  ],
  ...more,
});

describe('DICOM objects', () => {
  it('hold the objects of all frames by their names, with codes of their classes and how they came about', async () => {
    const images = [
      image('a/clip.dcm', 1, [
        { name: 'one', classId: 2, start: start(0) },
        { name: 'found', start: start(20, 'automatic') },
      ]),
      image('a/clip.dcm', 2, [{ name: 'one', classId: 2, start: start(9) }]),
      image('b.png', 1, [{ start: start(0) }]),
    ];
    const { files, others, unmeasured } = await exportDicom(request(images), 'dcmseg', () => undefined);
    expect([files.map(({ path }) => path), others, unmeasured]).toEqual([['a/clip.seg.dcm'], [2], 1]);
    const { segments } = await readDicomSeg(files[0]!.bytes);
    expect(segments.map(({ label, type, masks }) => [label, type?.[2], masks.map(({ frame }) => frame)])).toEqual([
      ['one', 'Lesion', [1, 2]],
      ['found', 'Tissue', [1]],
    ]);
    const { data } = await readDicomFile(files[0]!.bytes);
    expect(itemsOf(data, 0x0062_0002).map((item) => textOf(item, 0x0062_0008))).toEqual(['MANUAL', 'AUTOMATIC']);
  });

  it('have the millimetres set by hand', async () => {
    const byHand = { mm: [0.25, 0.5], origin: 'calibrated' } as const;
    const images = [image('clip.dcm', 2, [{ start: start(0) }], byHand)];
    const { files, unmeasured } = await exportDicom(request(images), 'dcmseg', () => undefined);
    const { data } = await readDicomFile(files[0]!.bytes);
    const [measures] = itemsOf(itemsOf(data, 0x5200_9229)[0]!, 0x0028_9110);
    expect([numbersOf(measures!, 0x0028_0030), unmeasured]).toEqual([[0.5, 0.25], 0]);
  });

  it('are of the kind that is asked for', async () => {
    const images = [image('clip.dcm', 1, [{ start: start(0) }, { start: start(20) }])];
    const dicom = { geometry: 'none', kind: 'labelmap' } as const;
    const report = await exportDicom(request(images, { dicom }), 'dcmsr', () => undefined);
    expect(report.files.map(({ path }) => path)).toEqual(['clip.seg.dcm', 'clip.sr.dcm']);
    const { data } = await readDicomFile(report.files[0]!.bytes);
    expect([textOf(data, 0x0062_0001), data.has(0x0020_0052)]).toEqual(['LABELMAP', false]);
    const pictures = await exportDicom(request(images), 'dcmsc', () => undefined);
    const drawn = await readDicomFile(pictures.files[0]!.bytes);
    expect(textOf(drawn.data, 0x0008_0016)).toBe('1.2.840.10008.5.1.4.1.1.7');
  });

  it('are refused without a DICOM image', async () => {
    const images = [image('b.png', 1, [{ start: start(0) }])];
    await expect(exportDicom(request(images), 'dcmseg', () => undefined)).rejects.toMatchObject({
      code: 'EXPORT_DICOM',
    });
  });
});
