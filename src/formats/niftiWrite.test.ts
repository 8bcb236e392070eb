import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseNifti } from './nifti.js';
import { encodeNifti } from './niftiWrite.js';

const CLASSES = Uint8Array.from([0, 1, 2, 3, 255, 7]);

describe('class indices as NIfTI', () => {
  it('read back with their size and spacing', () => {
    const { size, spacingMm, channels, samples } = parseNifti(gunzipSync(encodeNifti(CLASSES, 3, 2, [0.25, 0.5])), 'a');
    expect(size).toEqual([3, 2, 1]);
    expect(spacingMm).toEqual([0.25, 0.5, 1]);
    expect(channels).toBe(1);
    expect(samples).toEqual(CLASSES);
  });

  it('have the header of nifti1.h, the axes turned as ITK turns those of a picture', () => {
    const bytes = gunzipSync(encodeNifti(CLASSES, 3, 2, [0.25, 0.5]));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    expect(bytes).toHaveLength(352 + 6);
    expect([view.getInt16(70, true), view.getInt16(72, true), bytes[123]]).toEqual([2, 8, 2]);
    expect([view.getInt16(252, true), view.getInt16(254, true)]).toEqual([1, 1]);
    const matrix = Array.from({ length: 12 }, (_, i) => view.getFloat32(280 + 4 * i, true));
    expect(matrix).toEqual([-0.25, 0, 0, 0, 0, -0.5, 0, 0, 0, 0, 1, 0]);
  });

  it('say no unit without spacing, and are the same bytes each time', () => {
    const bytes = encodeNifti(CLASSES, 2, 3);
    expect(gunzipSync(bytes)[123]).toBe(0);
    expect(encodeNifti(CLASSES, 2, 3)).toEqual(bytes);
  });

  it.each([
    [[3, 3, undefined], 'NIFTI_SIZE'],
    [[6, 1, [0, 1]], 'NIFTI_SPACING'],
    [[1, 6, [1, Number.NaN]], 'NIFTI_SPACING'],
  ] as const)('of %j are refused with %s', ([width, height, spacing], code) => {
    expect(() => encodeNifti(CLASSES, width, height, spacing)).toThrow(expect.objectContaining({ code }));
  });
});
