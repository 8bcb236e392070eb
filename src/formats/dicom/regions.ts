/**
 * Millimetres of an ultrasound image: the regions of the US Region Calibration module (PS3.3 C.8.5.5), each with its own
 * distance between pixels, or the spacing of the whole image where there are no regions. With regions there is no other
 * spacing: outside them, and in Doppler and M-mode, pixels do not measure distances.
 */
import type { Json } from '../../errors.js';
import type { PixelBox, SpacingMm } from '../mask.js';
import { type DataSet, itemsOf, numberOf, numbersOf, tagName } from './dataSet.js';

export interface UltrasoundRegion {
  /** x0, y0, x1, y1 in pixels, as the file has them; the last ones belong to the region. */
  readonly box: readonly [number, number, number, number];
  /** Region Data Type: 1 tissue, 2 colour flow, 3 PW Doppler, ... */
  readonly type: number | null;
  /** Whether distances in it are lengths in tissue; if not, `why`. */
  readonly measures: boolean;
  readonly why: string | null;
  readonly spacingMm: SpacingMm | null;
  /** Whether it lies above regions that it overlaps. */
  readonly highPriority: boolean;
}

const CENTIMETRES = 3;

/** Millimetres of a pixel that are believed. Ultrasound has 0.001 (microscopy) to about 1; other numbers are damage. */
const [LEAST_MM, MOST_MM] = [1e-4, 100];
const OUT_OF_RANGE = `not from ${LEAST_MM} to ${MOST_MM} mm`;

/** Whether a pixel of ultrasound can have this width and height. */
export const isBelievable = (spacingMm: SpacingMm): boolean => spacingMm.every((mm) => mm >= LEAST_MM && mm <= MOST_MM);

/** The regions of an image, in the order of the file. */
export function readRegions(data: DataSet): UltrasoundRegion[] {
  const columns = numberOf(data, 0x00280011) ?? 0;
  const rows = numberOf(data, 0x00280010) ?? 0;
  return itemsOf(data, 0x00186011).map((item) => {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [0x00186018, 0x0018601a, 0x0018601c, 0x0018601e].map((tag) =>
      numberOf(item, tag),
    );
    const [dx, dy] = [numberOf(item, 0x0018602c), numberOf(item, 0x0018602e)];
    const units = [numberOf(item, 0x00186024), numberOf(item, 0x00186026)];
    const spacingMm: SpacingMm = [millimetres(dx ?? 0), millimetres(dy ?? 0)];
    const why =
      numberOf(item, 0x00186012) !== 1
        ? 'not a 2D region'
        : units.some((unit) => unit !== CENTIMETRES)
          ? 'units are not centimetres'
          : !dx || !dy
            ? 'delta is zero or no number'
            : x0 >= x1 || y0 >= y1
              ? 'empty rectangle'
              : x1 > columns || y1 > rows
                ? 'reaches out of the image'
                : !isBelievable(spacingMm)
                  ? `pixels are ${OUT_OF_RANGE}`
                  : null;
    return {
      box: [x0, y0, x1, y1],
      type: numberOf(item, 0x00186014) ?? null,
      measures: why === null,
      why,
      // The sign of a delta is a direction.
      spacingMm: why === null ? spacingMm : null,
      highPriority: ((numberOf(item, 0x00186016) ?? 0) & 1) === 0,
    };
  });
}

/** Without the noise of the product: 0.03 cm is 0.3 mm. */
const millimetres = (centimetres: number): number => Number((Math.abs(centimetres) * 10).toPrecision(12));

/** What a file says about distances between pixels; plain data. */
export interface Calibration {
  readonly regions: readonly UltrasoundRegion[];
  /** For images without regions, if the file specifies one. */
  readonly wholeMm: SpacingMm | null;
  /** Instead, if each frame specifies its own. */
  readonly framesMm?: readonly (SpacingMm | null)[];
  /** Why a spacing in the file is not used. */
  readonly whyNot?: string;
}

/** The spacing in a part of an image, or why there is none: one of them is null. */
export interface PartSpacing {
  readonly spacingMm: SpacingMm | null;
  readonly why: string | null;
}

export function readCalibration(data: DataSet): Calibration {
  const regions = readRegions(data);
  if (regions.length > 0) return { regions, wholeMm: null };
  const stated = wholeSpacings(data);
  const wholeMm = stated.find((one) => typeof one !== 'string') ?? null;
  const ofFrames = wholeMm ? [] : itemsOf(data, 0x52009230).map((group) => pixelMeasures(group));
  const framesMm = ofFrames.map((one) => (typeof one === 'object' ? one : null));
  const whyNot = [...stated, ...ofFrames].find((one) => typeof one === 'string');
  return {
    ...{ regions, wholeMm },
    ...(framesMm.some((mm) => mm !== null) && { framesMm }),
    ...(wholeMm === null && whyNot !== undefined && { whyNot }),
  };
}

/**
 * The spacing in a box of pixels, both ends included; without one, that of all regions that measure, if they agree.
 * Unknown where nothing justifies millimetres.
 * @param frame from 1
 */
export function spacingIn(calibration: Calibration, frame: number, box?: PixelBox): PartSpacing {
  const { regions, wholeMm, framesMm, whyNot = 'the file states no spacing' } = calibration;
  if (regions.length === 0) {
    const spacingMm = wholeMm ?? framesMm?.[frame - 1] ?? null;
    return spacingMm ? { spacingMm, why: null } : unknown(whyNot);
  }
  const measuring = regions.filter(({ measures }) => measures);
  if (measuring.length === 0) {
    const reasons = new Set(regions.map(({ why }) => why));
    return unknown(`no region measures: ${[...reasons].join('; ')}`);
  }
  const around = measuring.filter(({ box: region }) => !box || contains(region, box));
  if (around.length === 0) return unknown('outside of the calibrated region');
  const first = around.filter(({ highPriority }) => highPriority);
  const found = commonSpacing(around) ?? (box && commonSpacing(first));
  return found ? { spacingMm: found, why: null } : unknown('regions have different spacings');
}

const unknown = (why: string): PartSpacing => ({ spacingMm: null, why });

/** Regions as documents hold them. */
export const regionsJson = (regions: readonly UltrasoundRegion[]): Json =>
  regions.map(({ box, type, spacingMm, measures, why }) => ({
    box: [...box],
    type,
    spacing_x_mm: spacingMm?.[0] ?? null,
    spacing_y_mm: spacingMm?.[1] ?? null,
    measures,
    why,
  }));

function contains([x0, y0, x1, y1]: UltrasoundRegion['box'], box: PixelBox): boolean {
  return box[0] >= x0 && box[1] >= y0 && box[2] <= x1 && box[3] <= y1;
}

/** The spacing of regions that differ by less than 0.1 %. */
function commonSpacing(regions: readonly UltrasoundRegion[]): SpacingMm | undefined {
  const [first, ...others] = regions.flatMap(({ spacingMm }) => (spacingMm ? [spacingMm] : []));
  const same = others.every(
    (spacing) => first && spacing.every((mm, axis) => Math.abs(mm / first[axis]! - 1) <= 0.001),
  );
  return same ? first : undefined;
}

/** A spacing, or why that in the file is not used. */
type Stated = SpacingMm | string;

/** Of an image without regions: Pixel Spacing, then Nominal Scanned Pixel Spacing, then Pixel Measures of all frames. */
function wholeSpacings(data: DataSet): Stated[] {
  const [shared] = itemsOf(data, 0x52009229);
  const all = [statedSpacing(data, 0x00280030), statedSpacing(data, 0x00182010), shared && pixelMeasures(shared)];
  return all.filter((one) => one !== undefined);
}

/** Of a functional group. */
function pixelMeasures(group: DataSet): Stated | undefined {
  const [measures] = itemsOf(group, 0x00289110);
  return measures && statedSpacing(measures, 0x00280030);
}

/** An element that holds row and column spacing. */
function statedSpacing(data: DataSet, tag: number): Stated | undefined {
  const values = numbersOf(data, tag);
  const [y = Number.NaN, x = Number.NaN] = values;
  if (values.length === 0) return undefined;
  if (values.length !== 2 || !(x > 0 && y > 0)) return `${tagName(tag)} is not two numbers above 0`;
  return isBelievable([x, y]) ? [x, y] : `${tagName(tag)} is ${OUT_OF_RANGE}`;
}
