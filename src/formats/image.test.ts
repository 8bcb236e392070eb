import { describe, expect, it } from 'vitest';
import { createImage, fromSamples, maskInAlpha, toGrey, toRgb } from './image.js';

describe('image', () => {
  it('takes grey values over exactly, from grey and from grey stored as RGB', () => {
    const grey = createImage(
      256,
      1,
      1,
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    expect(toGrey(grey)).toBe(grey);
    expect(toGrey(toRgb(grey)).data).toEqual(grey.data);
    expect(toRgb(toRgb(grey)).data).toHaveLength(768);
  });

  it("weighs colours by Pillow's rule", () => {
    const primaries = createImage(3, 1, 3, Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255));
    expect([...toGrey(primaries).data]).toEqual([76, 150, 29]);
  });

  it('drops alpha without blending', () => {
    expect([...fromSamples(2, 1, 2, Uint8Array.of(9, 0, 8, 255)).data]).toEqual([9, 8]);
    expect([...fromSamples(1, 1, 4, Uint8Array.of(1, 2, 3, 0)).data]).toEqual([1, 2, 3]);
  });

  it('finds a mask in the alpha of one colour', () => {
    const alphas = [0, 255, 100, 200];
    const of = (colours: readonly number[]) => alphas.flatMap((alpha) => [...colours, alpha]);
    for (const colours of [[255], [0], [255, 255, 255], [200, 0, 0]]) {
      const samples = colours.length === 1 ? 2 : 4;
      expect(maskInAlpha(samples, of(colours))).toEqual(Uint8Array.of(0, 255, 0, 255));
    }
    // As half-transparent overlays and 16 bits have it.
    expect(maskInAlpha(2, [9, 0, 9, 100])).toEqual(Uint8Array.of(0, 255));
    expect(maskInAlpha(2, Uint16Array.of(9, 0, 9, 65535))).toEqual(Uint8Array.of(0, 255));
    expect(maskInAlpha(2, [9, 255, 9, 255])).toBeUndefined();
    expect(maskInAlpha(2, [9, 0, 8, 255])).toBeUndefined();
    expect(maskInAlpha(4, [1, 2, 3, 0, 1, 2, 4, 255])).toBeUndefined();
    expect(maskInAlpha(3, [1, 1, 1, 2, 2, 2])).toBeUndefined();
  });

  it('keeps the high byte of 16 bits', () => {
    expect([...fromSamples(3, 1, 1, Uint16Array.of(255, 256, 65535)).data]).toEqual([0, 1, 255]);
  });

  it('refuses data that does not fit the size', () => {
    const refused = expect.objectContaining({ code: 'IMAGE_SHAPE' });
    expect(() => createImage(2, 2, 1, new Uint8Array(3))).toThrow(refused);
    expect(() => createImage(0, 2, 1, new Uint8Array(0))).toThrow(refused);
    expect(() => createImage(1.5, 2, 1, new Uint8Array(3))).toThrow(refused);
  });
});
