import { describe, expect, it } from 'vitest';
import type { DataSet, DicomElement, ValueRepresentation } from './dataSet.js';
import { readCalibration, readRegions, spacingIn } from './regions.js';

const WRITE: Readonly<Partial<Record<ValueRepresentation, (view: DataView, value: number) => void>>> = {
  US: (view, value) => view.setUint16(0, value, true),
  UL: (view, value) => view.setUint32(0, value, true),
  FD: (view, value) => view.setFloat64(0, value, true),
};

function binary(vr: 'US' | 'UL' | 'FD', value: number): DicomElement {
  const bytes = new Uint8Array({ US: 2, UL: 4, FD: 8 }[vr]);
  WRITE[vr]?.(new DataView(bytes.buffer), value);
  return { vr, bytes };
}

interface Stated {
  readonly box: readonly [number, number, number, number];
  readonly delta?: readonly [number, number];
  readonly format?: number;
  readonly units?: readonly [number, number];
  readonly flags?: number;
}

const region = ({ box, delta = [0.05, 0.05], format = 1, units = [3, 3], flags = 0 }: Stated): DataSet =>
  new Map([
    [0x00186012, binary('US', format)],
    [0x00186014, binary('US', 1)],
    [0x00186016, binary('UL', flags)],
    ...[0x00186018, 0x0018601a, 0x0018601c, 0x0018601e].map((tag, i) => [tag, binary('UL', box[i]!)] as const),
    [0x00186024, binary('US', units[0])],
    [0x00186026, binary('US', units[1])],
    [0x0018602c, binary('FD', delta[0])],
    [0x0018602e, binary('FD', delta[1])],
  ]);

const text = (value: string): DicomElement => ({ vr: 'DS', bytes: new TextEncoder().encode(value) });

/** An image of 800x600 pixels. */
function image(regions: readonly Stated[], others: readonly (readonly [number, DicomElement])[] = []): DataSet {
  return new Map([
    [0x00280010, binary('US', 600)],
    [0x00280011, binary('US', 800)],
    ...(regions.length > 0
      ? [[0x00186011, { vr: 'SQ', items: regions.map(region) } satisfies DicomElement] as const]
      : []),
    ...others,
  ]);
}

const spacing = (data: DataSet, box?: readonly [number, number, number, number]) =>
  spacingIn(readCalibration(data), 1, box).spacingMm ?? undefined;
const LEFT = [0, 0, 399, 599] as const;
const RIGHT = [400, 0, 800, 600] as const;

describe('millimetres', () => {
  it('are those of the region around a box, x and y apart, whatever the direction', () => {
    const data = image([
      { box: LEFT, delta: [-0.025, 0.05] },
      { box: RIGHT, delta: [0.1, 0.1] },
    ]);
    expect(spacing(data, [10, 10, 20, 20])).toEqual([0.25, 0.5]);
    expect(spacing(data, [500, 10, 520, 20])).toEqual([1, 1]);
    expect(spacing(data, [390, 10, 410, 20])).toBeUndefined();
    expect(spacing(data)).toBeUndefined();
  });

  it('are none in M-mode, Doppler, other units and regions out of the image', () => {
    const data = image([
      { box: LEFT },
      { box: [400, 0, 599, 299], format: 2 },
      { box: [600, 0, 799, 299], format: 3, units: [4, 7] },
      { box: [400, 300, 599, 599], units: [0, 0] },
      { box: [600, 300, 801, 599] },
      { box: [600, 300, 600, 599] },
      { box: [600, 300, 799, 599], delta: [0, 0.1] },
    ]);
    expect(readRegions(data).map(({ why }) => why)).toEqual([
      ...[null, 'not a 2D region', 'not a 2D region', 'units are not centimetres', 'reaches out of the image'],
      ...['empty rectangle', 'delta is zero or no number'],
    ]);
    expect(spacing(data, [500, 400, 510, 410])).toBeUndefined();
    expect(spacing(data)).toEqual([0.5, 0.5]);
  });

  it('of regions that overlap are those of high priority, if they differ', () => {
    const low = { box: LEFT, delta: [0.1, 0.1], flags: 1 } as const;
    expect(spacing(image([low, { box: [50, 50, 200, 200] }]), [60, 60, 70, 70])).toEqual([0.5, 0.5]);
    expect(spacing(image([{ ...low, flags: 0 }, { box: [50, 50, 200, 200] }]), [60, 60, 70, 70])).toBeUndefined();
    expect(spacing(image([{ box: LEFT }, { box: LEFT, delta: [0.05002, 0.05] }]), [60, 60, 70, 70])).toEqual([
      0.5, 0.5,
    ]);
  });

  it('are not Pixel Spacing where there are regions, and row before column where there are none', () => {
    const stated = [[0x00280030, text('0.5\\0.25')]] as const;
    expect(spacing(image([{ box: LEFT, format: 2 }], stated), [1, 1, 2, 2])).toBeUndefined();
    expect(spacing(image([], stated), [1, 1, 2, 2])).toEqual([0.25, 0.5]);
    expect(spacing(image([], [[0x00181164, text('0.5\\0.25')]]))).toBeUndefined();
    expect(spacing(image([], [[0x00182010, text('0.3\\0.2')]]))).toEqual([0.2, 0.3]);
    expect(spacing(image([], [[0x00280030, text('0\\x')]]))).toBeUndefined();
  });

  it('are none beyond any ultrasound image, whatever states them', () => {
    const why = 'pixels are not from 0.0001 to 100 mm';
    for (const delta of [
      [1e300, 0.05],
      [0.05, 1e-300],
      [-1e4, 0.05],
      [10.1, 10.1],
      [1e-6, 1e-6],
    ] as const) {
      expect(readRegions(image([{ box: LEFT, delta }]))).toMatchObject([{ measures: false, spacingMm: null, why }]);
    }
    for (const delta of [
      [10, 10],
      [-1e-5, 1e-5],
    ] as const) {
      expect(readRegions(image([{ box: LEFT, delta }]))[0]?.why).toBeNull();
    }
    const stated = (tag: number, value: string) => spacingIn(readCalibration(image([], [[tag, text(value)]])), 1);
    const tooLarge = '(0028,0030) is not from 0.0001 to 100 mm';
    expect(stated(0x00280030, '1e300\\1')).toEqual({ spacingMm: null, why: tooLarge });
    expect(stated(0x00280030, '1\\1e-200')).toEqual({ spacingMm: null, why: tooLarge });
    expect(stated(0x00182010, '101\\1').why).toBe('(0018,2010) is not from 0.0001 to 100 mm');
    for (const value of ['0\\1', '-1\\1', 'x', '1', '1\\1\\1', '1e999\\1']) {
      expect(stated(0x00280030, value).why, value).toMatch(/^\(0028,0030\) is not/);
    }
    const both = image(
      [],
      [
        [0x00280030, text('1e9\\1e9')],
        [0x00182010, text('0.3\\0.2')],
      ],
    );
    expect(spacingIn(readCalibration(both), 1)).toEqual({ spacingMm: [0.2, 0.3], why: null });
  });

  it('of frames that state their own are those of the frame', () => {
    const group = (stated: string): DataSet =>
      new Map([[0x00289110, { vr: 'SQ', items: [new Map([[0x00280030, text(stated)]])] }]]);
    const data = image([], [[0x52009230, { vr: 'SQ', items: [group('0.5\\0.25'), group('1\\1'), new Map()] }]]);
    const calibration = readCalibration(data);
    const found = [1, 2, 3, 4].map((frame) => spacingIn(calibration, frame).spacingMm);
    expect(found).toEqual([[0.25, 0.5], [1, 1], null, null]);
  });

  it('say why they are unknown', () => {
    const why = (data: DataSet, box?: readonly [number, number, number, number]) =>
      spacingIn(readCalibration(data), 1, box).why;
    const sides = image([{ box: LEFT }, { box: RIGHT, delta: [0.1, 0.1] }]);
    expect(why(sides, [390, 10, 410, 20])).toBe('outside of the calibrated region');
    expect(why(sides)).toBe('regions have different spacings');
    expect(why(sides, [1, 1, 2, 2])).toBeNull();
    expect(why(image([]))).toBe('the file states no spacing');
    const none = image([
      { box: LEFT, format: 2 },
      { box: LEFT, units: [0, 0] },
      { box: RIGHT, format: 3 },
    ]);
    expect(why(none)).toBe('no region measures: not a 2D region; units are not centimetres');
  });
});
