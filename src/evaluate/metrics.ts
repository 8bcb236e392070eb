/**
 * All that is measured of one predicted mask, as a row of numbers under the names that reports and JSON use. What the
 * numbers mean is in metricsOverlap.ts, metricsSurface.ts and metricsRowSet.ts; statistics over images are not here.
 */
import { confusionOf, overlapMetrics } from './metricsOverlap.js';
import { rowSetHausdorff } from './metricsRowSet.js';
import { scaleDistances, surfaceDistances, surfaceMetrics } from './metricsSurface.js';

/** Every metric, in the order of tables and files. Lengths are in pixels unless the name ends in `_mm`. */
export const METRICS = [
  'dice',
  'iou',
  'accuracy',
  'sensitivity',
  'specificity',
  'hausdorff_px',
  'hd95_px',
  'assd_px',
  'nsd',
  'row_set_hausdorff',
  'hausdorff_mm',
  'hd95_mm',
  'assd_mm',
  'nsd_mm',
  'hd95_max_px',
  'hd95_max_mm',
] as const;

export type Metric = (typeof METRICS)[number];

/**
 * NaN is what is not defined: distances to an empty mask, the share of outlines of which there is none, millimetres
 * without spacing. `nsd` is 0 where one mask only is empty: none of the other's outline is near any.
 */
export type MaskMetrics = Readonly<Record<Metric, number>>;

export interface MeasureOptions {
  /** How far surfaces may be apart for `nsd`, in pixels. */
  readonly tolerancePx: number;
  /** How far surfaces may be apart for `nsd_mm`. */
  readonly toleranceMm: number;
  /** Width and height of a pixel, where they are known. */
  readonly spacingMm?: readonly [x: number, y: number];
}

/** Two pixels of 256: about what two readers differ by along a clear edge. One millimetre, the finest of callipers. */
export const DEFAULT_TOLERANCES = { tolerancePx: 2, toleranceMm: 1 } as const;

/**
 * Measures a prediction against the truth.
 * @param prediction not 0 inside; row-major, width · height values, as is `truth`
 */
export function maskMetrics(
  prediction: Uint8Array,
  truth: Uint8Array,
  width: number,
  height: number,
  { tolerancePx, toleranceMm, spacingMm }: MeasureOptions,
): MaskMetrics {
  const distances = surfaceDistances(prediction, truth, width, height);
  const pixels = surfaceMetrics(distances, tolerancePx);
  const missed = distances === undefined && prediction.some(isInside) !== truth.some(isInside);
  const millimetres = surfaceMetrics(distances && spacingMm && inMillimetres(), toleranceMm);
  function inMillimetres() {
    const [x, y] = spacingMm!;
    if (x === y) return scaleDistances(distances!, x);
    return surfaceDistances(prediction, truth, width, height, spacingMm);
  }
  return {
    ...overlapMetrics(confusionOf(prediction, truth)),
    hausdorff_px: pixels.hausdorff,
    hd95_px: pixels.hausdorff95,
    assd_px: pixels.assd,
    nsd: missed ? 0 : pixels.surfaceDice,
    row_set_hausdorff: rowSetHausdorff(prediction, truth, width, height),
    hausdorff_mm: millimetres.hausdorff,
    hd95_mm: millimetres.hausdorff95,
    assd_mm: millimetres.assd,
    hd95_max_px: pixels.hausdorff95Max,
    hd95_max_mm: millimetres.hausdorff95Max,
    nsd_mm: missed && spacingMm ? 0 : millimetres.surfaceDice,
  };
}

function isInside(value: number): boolean {
  return value !== 0;
}
