import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, fromBase64, operations, SAME, stored } from '../../test/support/imageFixtures.js';
import { readGolden } from '../../test/support/safetensorsLite.js';
import { createImage, type Image } from './image.js';
import { longestSideSize, resizeBilinear, resizeNearest } from './resize.js';
import { resizeCubic } from './resizeCubic.js';

const resize = { bilinear: resizeBilinear, nearest: resizeNearest };
const anyImage = fc
  .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }), fc.constantFrom<1 | 3>(1, 3))
  .chain(([w, h, c]) =>
    fc.uint8Array({ minLength: w * h * c, maxLength: w * h * c }).map((data): Image => createImage(w, h, c, data)),
  );
const anySize = fc.integer({ min: 1, max: 40 });

describe('resize against Pillow', () => {
  for (const { image, results } of operations().resize) {
    for (const { method, width, height, data } of results) {
      it(`${method} ${image.width}x${image.height}x${image.channels} to ${width}x${height} equals Pillow`, () => {
        const out = resize[method](stored(image), width, height);
        expect(difference(out.data, fromBase64(data))).toEqual(SAME);
      });
    }
  }
});

describe('resizeCubic', () => {
  const grey = createImage(
    7,
    5,
    1,
    Uint8Array.from({ length: 35 }, (_, i) => (7 * i * i + 31 * i) % 251),
  );
  it('smooth equals skimage.transform.resize(order=3, anti_aliasing=True) cast to 8 bits', () => {
    const small = [32, 93, 224, 133, 46, 31, 63, 142, 83, 195, 130, 109];
    expect([...resizeCubic(grey, 4, 3, 'smooth').data]).toEqual(small);
    const large = resizeCubic(grey, 12, 9, 'smooth').data;
    // The third and the fourth row; 236 is the brightest level of the image, which the spline exceeds.
    expect([...large.subarray(24, 36)]).toEqual([67, 90, 183, 167, 76, 10, 64, 182, 184, 115, 88, 87]);
    expect(Math.max(...large)).toBe(236);
  });
  it('plain equals scipy.ndimage.zoom(order=3, grid_mode=True), rounded', () => {
    const small = [29, 93, 233, 135, 45, 30, 62, 146, 84, 203, 132, 110];
    expect([...resizeCubic(grey, 4, 3, 'plain').data]).toEqual(small);
    const tall = resizeCubic(grey, 7, 10, 'plain').data;
    expect([...tall.subarray(21, 35)]).toEqual([52, 177, 75, 0, 149, 133, 81, 33, 74, 33, 31, 81, 123, 130]);
  });
  it('keeps channels apart and a constant image constant', () => {
    const rgb = createImage(
      7,
      5,
      3,
      Uint8Array.from({ length: 105 }, (_, i) => (i % 3 === 1 ? grey.data[(i - 1) / 3]! : 200)),
    );
    const out = resizeCubic(rgb, 4, 3, 'smooth').data;
    const planes = [0, 1, 2].map((c) => [...out].filter((_, i) => i % 3 === c));
    const even = Array.from({ length: 12 }, () => 200);
    expect(planes).toEqual([even, [...resizeCubic(grey, 4, 3, 'smooth').data].map((v) => v), even]);
  });
});

const data = process.env.SAMUS_TEST_DATA;
describe.skipIf(!data)('resize against the golden images (needs SAMUS_TEST_DATA)', () => {
  const golden = readGoldenOnce();
  for (const n of [0, 1, 2, 3, 4]) {
    for (const [kind, size] of [
      ['image', 256],
      ['mask', 256],
      ['mask', 128],
    ] as const) {
      it(`${kind}${n} to ${size} equals Pillow`, () => {
        // Low-resolution masks are made from the 256 ones, as in the published pipeline.
        const { shape, bytes } = golden().get(size === 128 ? `${kind}${n}.to256` : `${kind}${n}`)!;
        const source = createImage(shape[1]!, shape[0]!, 1, bytes);
        const out = resize[kind === 'image' ? 'bilinear' : 'nearest'](source, size, size);
        expect(difference(out.data, golden().get(`${kind}${n}.to${size}`)!.bytes)).toEqual(SAME);
      });
    }
  }
  it('enlarging 256 to 301 equals Pillow', () => {
    for (const [kind, method] of [
      ['image', resizeBilinear],
      ['mask', resizeNearest],
    ] as const) {
      const source = createImage(256, 256, 1, golden().get(`${kind}1.to256`)!.bytes);
      expect(difference(method(source, 301, 301).data, golden().get(`scale301.${kind}`)!.bytes)).toEqual(SAME);
    }
  });
});

describe('resize', () => {
  it('keeps an image that has the size already', () => {
    const image = createImage(2, 1, 1, Uint8Array.of(1, 2));
    expect(resizeBilinear(image, 2, 1)).toBe(image);
    expect(resizeNearest(image, 2, 1)).toBe(image);
  });

  it('keeps a constant image constant, at every size', () => {
    fc.assert(
      fc.property(anySize, anySize, anySize, anySize, fc.integer({ min: 0, max: 255 }), (w, h, W, H, v) => {
        const image = createImage(w, h, 1, new Uint8Array(w * h).fill(v));
        const out = new Uint8Array(W * H).fill(v);
        expect(resizeBilinear(image, W, H).data).toEqual(out);
        expect(resizeNearest(image, W, H).data).toEqual(out);
      }),
    );
  });

  it('never leaves the range of the source, and nearest invents no value', () => {
    fc.assert(
      fc.property(anyImage, anySize, anySize, (image, w, h) => {
        const smooth = resizeBilinear(image, w, h);
        expect(smooth.data).toHaveLength(w * h * image.channels);
        expect(Math.min(...smooth.data)).toBeGreaterThanOrEqual(Math.min(...image.data));
        expect(Math.max(...smooth.data)).toBeLessThanOrEqual(Math.max(...image.data));
        const values = new Set(image.data);
        for (const v of resizeNearest(image, w, h).data) expect(values.has(v)).toBe(true);
      }),
    );
  });

  it('treats each channel of an RGB image as a grey one', () => {
    fc.assert(
      fc.property(anyImage, anySize, anySize, (image, w, h) => {
        const plane = (from: Image, c: number): Image =>
          createImage(
            from.width,
            from.height,
            1,
            from.data.filter((_, i) => i % from.channels === c),
          );
        for (const method of [resizeBilinear, resizeNearest]) {
          const whole = method(image, w, h);
          for (let c = 0; c < image.channels; c++) {
            expect(method(plane(image, c), w, h).data).toEqual(plane(whole, c).data);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('takes source index 2i + 1 when it halves, as the low-resolution masks of the reference need', () => {
    const line = createImage(
      256,
      1,
      1,
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    expect([...resizeNearest(line, 128, 1).data]).toEqual(Array.from({ length: 128 }, (_, i) => 2 * i + 1));
  });

  it('refuses sizes that are none', () => {
    const image = createImage(1, 1, 1, Uint8Array.of(1));
    for (const bad of [0, -1, 1.5, Number.NaN]) {
      expect(() => resizeBilinear(image, bad, 1)).toThrow(expect.objectContaining({ code: 'RESIZE_SIZE' }));
      expect(() => resizeNearest(image, 1, bad)).toThrow(expect.objectContaining({ code: 'RESIZE_SIZE' }));
    }
  });

  it("rounds SAM's shorter side half up", () => {
    expect(longestSideSize(220, 150, 1024)).toEqual({ width: 1024, height: 698 });
    expect(longestSideSize(600, 800, 1024)).toEqual({ width: 768, height: 1024 });
    expect(longestSideSize(4, 1, 2)).toEqual({ width: 2, height: 1 });
  });
});

function readGoldenOnce(): () => ReturnType<typeof readGolden> {
  let file: ReturnType<typeof readGolden> | undefined;
  return () => {
    file ??= readGolden(join(data ?? '', 'golden', 'images.safetensors'));
    return file;
  };
}
