/**
 * Millimetres of an ultrasound image: the regions of the US Region Calibration module (PS3.3 C.8.5.5), each with its own
 * distance between pixels, or the spacing of the whole image where there are no regions. With regions there is no other
 * spacing: outside of them, and in Doppler and M-mode, pixels are no distances.
 */
import type { SpacingMm } from '../image.js';
import type { PixelBox } from '../mask.js';
import { type DataSet, itemsOf, numberOf, numbersOf } from './dataSet.js';

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
                : null;
    return {
      box: [x0, y0, x1, y1],
      type: numberOf(item, 0x00186014) ?? null,
      measures: why === null,
      why,
      // The sign of a delta is a direction.
      spacingMm: why === null && dx && dy ? [millimetres(dx), millimetres(dy)] : null,
      highPriority: ((numberOf(item, 0x00186016) ?? 0) & 1) === 0,
    };
  });
}

/** Without the noise of the product: 0.03 cm is 0.3 mm. */
const millimetres = (centimetres: number): number => Number((Math.abs(centimetres) * 10).toPrecision(12));

/**
 * The spacing in a box of pixels, both ends included; without one, that of all regions that measure, if they agree.
 * Undefined where nothing justifies millimetres.
 */
export function spacingIn(data: DataSet, regions: readonly UltrasoundRegion[], box?: PixelBox): SpacingMm | undefined {
  if (regions.length === 0) return wholeSpacing(data);
  const around = regions.filter(({ measures, box: region }) => measures && (!box || contains(region, box)));
  return commonSpacing(around) ?? (box && commonSpacing(around.filter(({ highPriority }) => highPriority)));
}

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

/** Of an image without regions: Pixel Spacing, then Nominal Scanned Pixel Spacing, then Pixel Measures; row, column. */
function wholeSpacing(data: DataSet): SpacingMm | undefined {
  const [shared] = itemsOf(data, 0x52009229);
  const [measures] = shared ? itemsOf(shared, 0x00289110) : [];
  const stated = [
    numbersOf(data, 0x00280030),
    numbersOf(data, 0x00182010),
    measures ? numbersOf(measures, 0x00280030) : [],
  ];
  const found = stated.find((values) => values.length === 2 && values.every((mm) => Number.isFinite(mm) && mm > 0));
  return found && [found[1]!, found[0]!];
}
