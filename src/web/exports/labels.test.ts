/** Masks as other programs and datasets have them; pictures that only a browser decodes are in test/browser. */
import { describe, expect, it } from 'vitest';
import { columns, HEIGHT, WIDTH, worked } from '../../../test/support/exportDocuments.js';
import { encodeClassPng } from '../../formats/classPng.js';
import { createImage } from '../../formats/image.js';
import { encodeNifti } from '../../formats/niftiWrite.js';
import { rleArea } from '../../formats/rle.js';
import { encodePicture } from '../open/pngPicture.js';
import { classMap, labelClasses, looksLikeMask, readLabel } from './labels.js';

const SIDE = 64;
const picture = (at: (x: number, y: number) => number): Uint8Array =>
  Uint8Array.from({ length: SIDE * SIDE }, (_, i) => at(i % SIDE, Math.floor(i / SIDE)));
const blob = (bytes: Uint8Array): Blob => new Blob([Uint8Array.from(bytes)]);
const distance = (x: number, y: number): number => Math.hypot(x - 32, y - 32);
const areas = async (bytes: Uint8Array) =>
  (await readLabel(blob(bytes))).classes.map(({ classId, mask }) => [classId, rleArea(mask)]);

describe('a mask file', () => {
  const disc = picture((x, y) => (distance(x, y) <= 20 ? 255 : 0));
  const discArea = disc.filter(Boolean).length;

  it('of an outline is filled (HC18), a thick ring stays one', async () => {
    const outline = picture((x, y) => (Math.abs(distance(x, y) - 20) <= 0.7 ? 255 : 0));
    const [[, area] = []] = await areas(encodeClassPng(outline, SIDE, SIDE));
    expect(Math.abs(area! / discArea - 1)).toBeLessThan(0.08);
    const ring = picture((x, y) => (Math.abs(distance(x, y) - 18) <= 3 ? 255 : 0));
    expect(await areas(encodeClassPng(ring, SIDE, SIDE))).toEqual([[1, ring.filter(Boolean).length]]);
  });

  it('of black and white in colours is a mask, one of colours is not', async () => {
    const rgb = Uint8Array.from({ length: disc.length * 3 }, (_, i) => disc[Math.floor(i / 3)]!);
    const grey = encodePicture(createImage(SIDE, SIDE, 3, rgb));
    expect(await areas(grey)).toEqual([[1, discArea]]);
    const red = rgb.map((value, i) => (i % 3 === 0 ? value : value / 2));
    await expect(readLabel(blob(encodePicture(createImage(SIDE, SIDE, 3, red))))).rejects.toMatchObject({
      code: 'CLASS_PNG_COLOURS',
    });
  });

  it('of the page itself opens again as NIfTI, with its millimetres', async () => {
    const classes = picture((x, y) => (distance(x, y) <= 20 ? 3 : x < 4 ? 1 : 0));
    const label = await readLabel(blob(encodeNifti(classes, SIDE, SIDE, [0.2, 0.1])));
    expect(label).toMatchObject({ width: SIDE, height: SIDE });
    expect(label.classes.map(({ classId, mask }) => [classId, rleArea(mask)])).toEqual([
      [1, 4 * SIDE],
      [3, discArea],
    ]);
    expect(label.spacingMm?.map((mm) => mm.toFixed(3))).toEqual(['0.200', '0.100']);
    expect(await readLabel(blob(encodeNifti(classes, SIDE, SIDE)))).not.toHaveProperty('spacingMm');
  });

  it('is distinguished from an image by its pixels', async () => {
    const grey = (values: Uint8Array) => blob(encodePicture(createImage(SIDE, SIDE, 1, values)));
    expect(await looksLikeMask(grey(disc))).toBe(true);
    expect(await looksLikeMask(grey(disc.map((value) => value / 85)))).toBe(true);
    expect(await looksLikeMask(grey(picture((x, y) => (x * y) % 256)))).toBe(false);
  });
});

describe('label pictures', () => {
  it('have the later object on top, and read back as one object for each class', () => {
    const classes = classMap(worked());
    expect([...classes.subarray(0, WIDTH)]).toEqual([0, 1, 3, 3, 0, 0]);
    expect(labelClasses(classes, WIDTH, HEIGHT)).toEqual([
      { classId: 1, mask: columns(1) },
      { classId: 3, mask: columns(2, 3) },
    ]);
  });

  it('of black and white are masks of the first class', () => {
    expect(labelClasses(Uint8Array.of(0, 255), 2, 1).map(({ classId }) => classId)).toEqual([1]);
  });
});
