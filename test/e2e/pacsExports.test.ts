/**
 * Every kind of object that samus writes is stored in a real PACS, found there by its modality, and given back byte for
 * byte: of each real file where there are any, and of some small ones.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOfName } from '../../src/formats/dicom/codes.js';
import { readDicomFile } from '../../src/formats/dicom/dicomFile.js';
import type { DicomSegObject } from '../../src/formats/dicom/segments.js';
import { writeDicomSc } from '../../src/formats/dicom/writeSc.js';
import { writeDicomSeg } from '../../src/formats/dicom/writeSeg.js';
import { writeDicomSr } from '../../src/formats/dicom/writeSr.js';
import { type DicomWeb, dicomWeb } from '../../src/formats/dicomweb/dicomWeb.js';
import { instanceUids } from '../../src/formats/dicomweb/instanceUids.js';
import { createImage } from '../../src/formats/image.js';
import { openImage } from '../../src/formats/imageFile.node.js';
import { ROOT } from '../support/docs.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/orthanc.js';

const SHARED = process.env.SAMUS_TEST_DATA;
const MATRIX = join(ROOT, 'test/fixtures/dicom');

function sources(): string[] {
  const small = ['palette-2frames', 'rle-rgb', 'jpeg-ybr422', 'mono8-bigendian', 'mono8-deflated', 'mono8-implicit'];
  const real = SHARED === undefined ? [] : readdirSync(join(SHARED, 'data/dicom'), { withFileTypes: true });
  const files = real.filter((entry) => entry.isFile() && !/\.(md|txt|json)$/i.test(entry.name));
  return [
    ...small.map((name) => join(MATRIX, `${name}.dcm`)),
    ...files.map(({ parentPath, name }) => join(parentPath, name)),
  ];
}

/** A mask on the first and the last frame, and all that can be written of it. */
async function exportsOf(path: string) {
  const [source, file] = [await openImage(path), await readDicomFile(new Uint8Array(readFileSync(path)))];
  const { width, height, frames } = source;
  const data = Uint8Array.from({ length: width * height }, (_, i) => Number(i % width < 9 && i > width));
  const masks = [...new Set([1, frames])].map((frame) => ({ frame, mask: { width, height, data } }));
  const objects: DicomSegObject[] = [{ name: 'lesion', code: codeOfName('lesion'), algorithm: 'SEMIAUTOMATIC', masks }];
  const origin = { model: 'samus-s', version: '0.1.0', date: new Date(2026, 10, 30, 12, 0, 0) };
  const later = { ...origin, date: new Date(2026, 10, 30, 13, 0, 0) };
  const seg = writeDicomSeg(file, objects, origin);
  const measured = masks.map(({ frame }) => ({
    ...{ object: 0, frame, unit: 'px' as const, area: 90, longAxis: 10, shortAxis: 9, perimeter: 38 },
  }));
  const drawn = masks.map(({ frame }) => ({
    frame,
    image: createImage(width, height, 3, new Uint8Array(data.length * 3)),
  }));
  return [
    ['SEG', seg.bytes],
    ['SEG', writeDicomSeg(file, objects, { ...later, geometry: 'none' }).bytes],
    ['SEG', writeDicomSeg(file, objects, { ...later, kind: 'labelmap' }).bytes],
    ['SR', writeDicomSr(file, seg, objects, measured, origin).bytes],
    ['US', writeDicomSc(file, drawn, origin).bytes],
  ] as const;
}

describe.skipIf(!hasOrthanc && !process.env.CI)('objects of samus in Orthanc (needs Debian orthanc-dicomweb)', () => {
  let orthanc: Orthanc;
  let client: DicomWeb;
  beforeAll(async () => {
    orthanc = await startOrthanc();
    client = dicomWeb(orthanc.url);
  });
  afterAll(() => orthanc.stop());

  it.each(sources().map((path) => [path.split('/').at(-1)!, path]))('of %s', async (_, path) => {
    for (const [modality, bytes] of await exportsOf(path)) {
      const uids = (await instanceUids(bytes))!;
      expect(await client.store(new Uint8Array(bytes), uids.instance)).toEqual({ instance: uids.instance });
      expect(Buffer.from(await client.instance(uids)).equals(bytes)).toBe(true);
      const series = await client.series(uids.study, { Modality: modality });
      expect(series.map((one) => one.series)).toContain(uids.series);
      expect(series.every((one) => one.modality === modality)).toBe(true);
    }
  });
});
