import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readImage } from '../imageFile.node.js';
import { dicomFrame, readDicom, regionAt } from './dicomSource.js';

const CLIP = fileURLToPath(new URL('../../../test/fixtures/dicom/jpeg-ybr422.dcm', import.meta.url));

it('opens a clip in memory, frame by frame', async () => {
  const clip = await readDicom(readFileSync(CLIP));
  expect([clip.frames, clip.width, clip.height, clip.calibration.regions.length]).toEqual([3, 61, 43, 1]);
  expect(await dicomFrame(clip, 3)).toEqual(await readImage(CLIP, { frame: 3 }));
  await expect(dicomFrame(clip, 4)).rejects.toThrow(expect.objectContaining({ code: 'DICOM_FRAME' }));
  expect(regionAt(clip, [1, 1, 9, 9])).toEqual({ spacingMm: [0.25, 0.5], why: null });
  expect(regionAt(clip, [50, 30, 61, 40])).toEqual({ spacingMm: null, why: 'outside of the calibrated region' });
  await expect(readDicom(readFileSync(CLIP), { maxPixels: 100 })).rejects.toThrow(
    expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }),
  );
});
