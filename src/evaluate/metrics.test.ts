import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../../test/support/safetensorsLite.js';
import { DEFAULT_TOLERANCES, type MaskMetrics, METRICS, type Metric, maskMetrics } from './metrics.js';

const DATA = process.env.SAMUS_TEST_DATA;

/** A mask drawn with `#`. */
function mask(...rows: readonly string[]): Uint8Array {
  return Uint8Array.from(rows.join(''), (char) => (char === '#' ? 1 : 0));
}

function measure(
  prediction: Uint8Array,
  truth: Uint8Array,
  width: number,
  spacingMm?: readonly [number, number],
): MaskMetrics {
  const options = { ...DEFAULT_TOLERANCES, ...(spacingMm && { spacingMm }) };
  return maskMetrics(prediction, truth, width, truth.length / width, options);
}

function expectClose(found: MaskMetrics, expected: Partial<Record<Metric, number>>): void {
  for (const name of METRICS)
    if (expected[name] !== undefined) expect(found[name], name).toBeCloseTo(expected[name], 12);
}

const pairs = fc
  .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) => {
    const size = { minLength: width * height, maxLength: width * height };
    const some = fc.array(fc.constantFrom(0, 0, 1), size).map((values) => Uint8Array.from(values));
    return fc.record({ width: fc.constant(width), a: some, b: some });
  });

describe('metrics of a mask', () => {
  // Expected values: NumPy and SciPy (binary_erosion, distance_transform_edt with sampling, percentile).
  const truth = mask('........', '..####..', '..####..', '..####..', '........', '........');
  const prediction = mask('........', '........', '...####.', '...####.', '...####.', '.......#');

  it('agree with SciPy, in pixels', () => {
    expectClose(measure(prediction, truth, 8), {
      dice: 0.4800002079999168,
      iou: 0.3157898337948243,
      accuracy: 0.7291667230902661,
      sensitivity: 0.5000004166663194,
      specificity: 0.8055556095678862,
      hausdorff_px: 2.8284271247461903,
      hd95_px: Math.SQRT2,
      assd_px: 0.9317398002604406,
      nsd: 0.9523809523809523,
      row_set_hausdorff: 2,
    });
  });

  it('have both 95th percentiles of distances, as SciPy computes them', () => {
    const at = (inside: (x: number, y: number) => boolean): Uint8Array =>
      Uint8Array.from({ length: 24 * 24 }, (_, i) => Number(inside(i % 24, Math.floor(i / 24))));
    const one = at((x, y) => (x - 9) ** 2 / 36 + (y - 10) ** 2 / 16 <= 1);
    const other = at((x, y) => (x - 13) ** 2 / 25 + (y - 12) ** 2 / 49 <= 1 || (y >= 3 && y < 5 && x >= 20 && x < 22));
    // MedPy pools the distances of both directions; MONAI takes the larger percentile of the two directions.
    expectClose(measure(one, other, 24, [0.4, 0.7]), {
      hd95_px: 7.041851547833508,
      hd95_max_px: 7.873251694004628,
      hd95_mm: 3.824292506269528,
      hd95_max_mm: 4.030803239679647,
    });
  });

  it('agree with SciPy in millimetres of pixels that are not square', () => {
    expectClose(measure(prediction, truth, 8, [0.7, 0.3]), {
      hausdorff_mm: 1.5231546211727816,
      hd95_mm: 0.7615773105863908,
      assd_mm: 0.4187484987911001,
      nsd_mm: 0.9523809523809523,
    });
  });

  it('know no millimetres without a spacing, and no distance to an empty mask', () => {
    expect(measure(prediction, truth, 8).hausdorff_mm).toBeNaN();
    const empty = new Uint8Array(truth.length);
    for (const [a, b] of [
      [empty, truth],
      [truth, empty],
      [empty, empty],
    ] as const) {
      const { hausdorff_px, hd95_px, assd_px, hausdorff_mm, nsd, nsd_mm } = measure(a, b, 8, [1, 1]);
      expect([hausdorff_px, hd95_px, assd_px, hausdorff_mm]).toEqual(new Array(4).fill(Number.NaN));
      // A missed object is a share of 0, so that it does not drop out of the mean.
      expect([nsd, nsd_mm]).toEqual(new Array(2).fill(a === b ? Number.NaN : 0));
      expect(measure(a, b, 8).nsd_mm).toBeNaN();
    }
    expect(measure(empty, empty, 8)).toMatchObject({ dice: 1, iou: 1, row_set_hausdorff: 0 });
  });

  it('are perfect for equal masks', () => {
    fc.assert(
      fc.property(pairs, ({ width, a }) => {
        const found = measure(
          a,
          a.map((value) => value * 255),
          width,
          [0.2, 0.3],
        );
        expect(found).toMatchObject({
          dice: 1,
          iou: 1,
          accuracy: 1,
          sensitivity: 1,
          specificity: 1,
          row_set_hausdorff: 0,
        });
        if (a.some((value) => value !== 0))
          expect(found).toMatchObject({ hausdorff_mm: 0, hd95_px: 0, assd_px: 0, nsd: 1, nsd_mm: 1 });
      }),
    );
  });

  it('do not ask which of two masks is the truth, but for sensitivity', () => {
    fc.assert(
      fc.property(pairs, ({ width, a, b }) => {
        const [there, back] = [measure(a, b, width, [0.2, 0.3]), measure(b, a, width, [0.2, 0.3])];
        for (const name of METRICS.filter((metric) => metric !== 'sensitivity' && metric !== 'specificity')) {
          expect(back[name], name).toEqual(Number.isNaN(there[name]) ? Number.NaN : expect.closeTo(there[name], 12));
        }
      }),
    );
  });

  it('keep their order: iou under dice, assd and hd95 under hausdorff', () => {
    fc.assert(
      fc.property(pairs, ({ width, a, b }) => {
        const found = measure(a, b, width);
        expect(found.iou).toBeLessThanOrEqual(found.dice);
        expect(found.row_set_hausdorff).toBeLessThanOrEqual(width);
        if (Number.isNaN(found.hausdorff_px)) return;
        expect(found.hd95_px).toBeLessThanOrEqual(found.hausdorff_px);
        expect(found.assd_px).toBeLessThanOrEqual(found.hausdorff_px);
      }),
    );
  });

  it('scale with the spacing', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0.01, max: 9, noNaN: true }), ({ width, a, b }, step) => {
        const { hausdorff_px, hausdorff_mm, hd95_px, hd95_mm, assd_px, assd_mm } = measure(a, b, width, [step, step]);
        expect([hausdorff_mm, hd95_mm, assd_mm]).toEqual(
          [hausdorff_px, hd95_px, assd_px].map((value) =>
            Number.isNaN(value) ? Number.NaN : expect.closeTo(value * step, 9),
          ),
        );
      }),
    );
  });
});

describe.skipIf(!DATA)('metrics of the reference (SAMUS_TEST_DATA names the folder with golden/)', () => {
  const NAMES = [
    'dice',
    'iou',
    'accuracy',
    'sensitivity',
    'specificity',
    'hausdorff_px',
    'hd95_px',
    'assd_px',
    'row_set_hausdorff',
  ] as const;

  it('are the same to 1e-9 for all pairs', () => {
    const tensors = readGolden(join(DATA!, 'golden/metrics.safetensors'));
    const table = tensors.get('values')!;
    const values = new Float64Array(table.bytes.buffer, table.bytes.byteOffset, table.bytes.byteLength / 8);
    const count = table.shape[0]!;
    for (let pair = 0; pair < count; pair++) {
      const prediction = tensors.get(`pair${pair}.prediction`)!;
      const truth = tensors.get(`pair${pair}.truth`)!;
      const found = maskMetrics(prediction.bytes, truth.bytes, truth.shape[1]!, truth.shape[0]!, DEFAULT_TOLERANCES);
      for (const [column, name] of NAMES.entries()) {
        const expected = values[pair * NAMES.length + column]!;
        if (Number.isNaN(expected)) expect(found[name], `${name} of pair ${pair}`).toBeNaN();
        else expect(Math.abs(found[name] - expected), `${name} of pair ${pair}`).toBeLessThanOrEqual(1e-9);
      }
    }
    expect(count).toBe(16);
  });
});
