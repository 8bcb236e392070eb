import { describe, expect, it } from 'vitest';
import { imageFor, isNamedAsImage, maskKind, namedAsObjects, objectIn, stem } from './maskNames.js';

const listed = (...paths: readonly string[]) => paths.map((path) => ({ path }));

describe('a mask', () => {
  it.each([
    ['scan_mask.png', 'scan.jpg'],
    ['label/lung.png', 'img/lung.png'],
    ['LUNG.bmp', 'img/lung.png'],
    ['p2/label/001.png', 'p2/img/001.png'],
    ['set/p2/label/001.png', 'p2/img/001.png'],
    ['p1/img/001.png', 'p1/img/001.png'],
  ])('%s goes to %s', (mask, image) => {
    const images = listed('scan.jpg', 'img/lung.png', 'p1/img/001.png', 'p2/img/001.png');
    expect(imageFor(mask, images)?.path).toBe(image);
  });

  it('goes nowhere if it may be that of several images, or of none', () => {
    expect(imageFor('001.png', listed('p1/001.png', 'p2/001.png'))).toBeUndefined();
    expect(imageFor('p3/label/001.png', listed('p1/img/001.png', 'p2/img/001.png'))).toBeUndefined();
    expect(imageFor('002.png', listed('001.png'))).toBeUndefined();
  });

  it.each([
    ['scan.object-1.png', 'scan.jpg', 'object-1'],
    ['scan.v2.left lobe.png', 'scan.v2.png', 'left lobe'],
    ['p2/001.cyst.png', 'p2/001.png', 'cyst'],
    ['a_b_.wall.png', 'a:b?.png', 'wall'],
  ])('of one object, %s, goes to %s', (mask, image, object) => {
    const images = listed('scan.jpg', 'scan.v2.png', 'p1/001.png', 'p2/001.png', 'a:b?.png');
    expect(namedAsObjects([{ path: mask }], images)).toEqual([{ path: mask }]);
    expect(imageFor(mask, images)?.path).toBe(image);
    expect(objectIn(mask, image)).toBe(object);
  });

  it('of one object may not be of images that are not there, nor of several', () => {
    expect(namedAsObjects(listed('a.b.png', 'c.png'), listed('a.b.png', 'c.png'))).toEqual([]);
    expect(imageFor('001.cyst.png', listed('p1/001.png', 'p2/001.png'))).toBeUndefined();
    // That of the image that no folder was opened for.
    expect(imageFor('001.cyst.png', listed('001.png', 'p2/001.png'))?.path).toBe('001.png');
  });

  it.each([
    ['Dataset_BUSI/benign/benign (1)_mask.png', 'Dataset_BUSI/benign/benign (1).png'],
    ['Dataset_BUSI/benign/benign (1)_mask_1.png', 'Dataset_BUSI/benign/benign (1).png'],
    ['training_set/010_2HC_Annotation.png', 'training_set/010_2HC.png'],
    ['tg3k/thyroid-mask/0001.jpg', 'tg3k/thyroid-image/0001.jpg'],
    ['TN3K/test-mask/0001.jpg', 'TN3K/test-image/0001.jpg'],
    ['carotid/Expert mask images/v_slice_1.png', 'carotid/US images/v_slice_1.png'],
    ['UDIAT/GT/000001.png', 'UDIAT/original/000001.png'],
    ['x/Ground truth/7.bmp', 'x/scans/7.bmp'],
  ])('as published, %s, goes to %s', (mask, image) => {
    const other = image.replace('test-', 'trainval-');
    const images = listed(...new Set([image, other]));
    expect(isNamedAsImage(image)).toBe(true);
    expect(maskKind(mask, new Set(images.map(({ path }) => stem(path))))).toBe('likely');
    expect(imageFor(mask, images)?.path).toBe(image);
  });

  it('is recognised by its folder, its suffix, or the name of an image', () => {
    const kind = (path: string) => maskKind(path, new Set(['scan']));
    expect(['a/label/x.png', 'Masks/x.png', 'x.json', 'scan.nii.gz'].map(kind)).toEqual(Array(4).fill('certain'));
    expect(['scan_mask.png', 'b/scan-seg.png', 'label/scan.jpg'].map(kind)).toEqual(Array(3).fill('likely'));
    expect(['scan.png', 'liver_mask.png', 'label/x.jpg', 'labels.png'].map(kind)).toEqual(Array(4).fill(null));
  });
});
