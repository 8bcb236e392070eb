/**
 * `samus segment` on real images as their authors publish them: odd sizes, grey and RGB, PNG, JPEG and TIFF. Weights
 * are the small random ones of the reference outputs, so nothing is said of the masks but their form.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/formats/imageFile.node.js';
import { decodeRle } from '../../src/formats/rle.js';
import { goldenPath } from '../support/golden.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';
import { parseDocument } from './segmentDocument.js';

const DATA = process.env.SAMUS_TEST_DATA ?? '';

const IMAGES = [
  'data/originals/BUSI/Dataset_BUSI_with_GT/benign/benign (100).png',
  'data/originals/BUSI/Dataset_BUSI_with_GT/malignant/malignant (1).png',
  'data/originals/CommonCarotid/US images/202201121748100022VAS_slice_1108.png',
  'data/originals/DDTI-png/image/1.PNG',
  'data/originals/DDTI-xml/1_1.jpg',
  'data/originals/DL_Track/apo_images/img_00001.tif',
  'data/originals/HC18/training_set/000_HC.png',
  'data/ultrasound/Breast-BUSI/img',
] as const;

describe.skipIf(DATA === '')('on real images (SAMUS_TEST_DATA)', () => {
  let folder = '';
  beforeAll(() => {
    folder = newFolder();
  });
  afterAll(() => removeFolder(folder));

  it.each(['samus-tiny.pth', 'sam-tiny.pth'])('%s gives every image a mask of its size', async (model) => {
    const { readdir } = await import('node:fs/promises');
    const paths = await Promise.all(
      IMAGES.map(async (path) => {
        const full = join(DATA, path);
        return path.endsWith('/img') ? join(full, (await readdir(full)).sort()[0]!) : full;
      }),
    );
    const options = ['--point', '100,80', '--model', goldenPath(model), '--out', model, '--json'];
    const { code, stdout, stderr } = await samus(folder, 'segment', ...paths, ...options);
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    const { images } = parseDocument(stdout);
    expect(images.map(({ image }) => image)).toEqual(paths);
    const channels = new Set<number>();
    const sizes = new Set<string>();
    for (const { image, width, height, objects } of images) {
      const original = await readImage(image);
      const mask = await readImage(join(folder, objects[0]!.mask!));
      expect([width, height, mask.width, mask.height]).toEqual([
        original.width,
        original.height,
        original.width,
        original.height,
      ]);
      expect(mask.channels).toBe(1);
      expect(decodeRle(objects[0]!.rle).data).toEqual(Uint8Array.from(mask.data, Math.sign));
      channels.add(original.channels);
      sizes.add(`${width}x${height}`);
    }
    expect(channels).toEqual(new Set([1, 3]));
    expect(sizes.size).toBeGreaterThan(5);
  });
});
