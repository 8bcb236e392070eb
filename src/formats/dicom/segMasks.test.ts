import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDicom } from './dicomSource.js';
import { type DicomSeg, readDicomSeg } from './readSeg.js';
import { segMaskFor, segMasksOn } from './segMasks.js';

const mask = (source: string, frame: number) => ({
  ...{ source, frame },
  mask: { width: 2, height: 1, data: Uint8Array.of(1, 0) },
});
const SEG: DicomSeg = {
  sources: ['1.1', '1.2'],
  width: 2,
  height: 1,
  segments: [
    { number: 1, label: 'lesion', masks: [mask('1.1', 1), mask('1.1', 3), mask('1.2', 1)] },
    { number: 2, label: 'vessel', masks: [mask('1.1', 3)] },
  ],
};
const image = { sopInstanceUid: '1.1', frame: 1, width: 2, height: 1 };
const refused = expect.objectContaining({ code: 'DICOM_SEG_REFERENCE' });

describe('masks of a segmentation', () => {
  it('belong to the image and frame that they name', () => {
    const labels = (frame: number, sopInstanceUid = '1.1') =>
      segMasksOn(SEG, { ...image, sopInstanceUid, frame }).map(({ segment }) => segment.label);
    expect([labels(1), labels(2), labels(3), labels(1, '1.2')]).toEqual([
      ['lesion'],
      [],
      ['lesion', 'vessel'],
      ['lesion'],
    ]);
  });

  it('are chosen by the name of the object, or as the only one', () => {
    expect(segMaskFor(SEG, { ...image, frame: 3 }, 'vessel').data).toEqual(Uint8Array.of(1, 0));
    expect(segMaskFor(SEG, image, 'object-1').data).toEqual(Uint8Array.of(1, 0));
    expect(() => segMaskFor(SEG, { ...image, frame: 3 }, 'object-1')).toThrow(refused);
    expect(() => segMaskFor(SEG, { ...image, frame: 2 }, 'lesion')).toThrow(refused);
  });

  it('are refused for other images and sizes, never placed by position', () => {
    const { sopInstanceUid, ...png } = image;
    for (const other of [{ ...image, sopInstanceUid: '1.3' }, png, { ...image, width: 3 }]) {
      expect(() => segMasksOn(SEG, other)).toThrow(refused);
    }
  });
});

const root = process.env.SAMUS_TEST_DATA;
describe.skipIf(!root)('masks of the goldens (needs SAMUS_TEST_DATA)', () => {
  const folder = join(root ?? '', 'golden', 'dicom');
  interface Golden {
    file: string;
    segments: { label: string; frames: { frame: number; sha256: string }[] }[];
  }
  const files: Golden[] = root ? JSON.parse(readFileSync(join(folder, 'seg.json'), 'utf8')).files : [];
  it.each(files.filter(({ file }) => file.startsWith('cine')))(
    '$file lie on their clip',
    async ({ file, segments }) => {
      const clip = await readDicom(readFileSync(join(folder, 'matrix', 'mono8-explicit.dcm')));
      const seg = await readDicomSeg(readFileSync(join(folder, 'seg', file)));
      const { width, height, sopInstanceUid = '' } = clip;
      for (let frame = 1; frame <= clip.frames; frame++) {
        const found = segMasksOn(seg, { sopInstanceUid, frame, width, height }).map(({ segment, mask: { mask } }) => [
          segment.label,
          createHash('sha256').update(mask.data).digest('hex'),
        ]);
        const expected = segments.flatMap(({ label, frames }) =>
          frames.filter((one) => one.frame === frame).map(({ sha256 }) => [label, sha256]),
        );
        expect(found).toEqual(expected);
      }
    },
  );
});
