/**
 * The plots of a report that have two axes: areas by Bland and Altman, predicted against measured IoU, one model against
 * another, and curves such as Dice after each click.
 */

import {
  axes,
  drawing,
  escapeText,
  formatTick,
  label,
  line,
  linearScale,
  niceTicks,
  type Plot,
  round,
} from '../../formats/svg.js';
import type { Agreement } from '../areaAgreement.js';
import type { ScoreCalibration } from '../calibration.js';
import type { Interval } from '../statistics.js';

const PLOT: Plot = { left: 62, top: 12, right: 300, bottom: 212 };
const [WIDTH, HEIGHT] = [350, 252];
const SQUARE: Plot = { left: 52, top: 12, right: 272, bottom: 232 };
const [SQUARE_WIDTH, SQUARE_HEIGHT] = [290, 272];

/** A dot by its two values, and the image that it stands for. */
type Dot = readonly [x: number, y: number, name?: string];

/** The areas of an image. */
interface AreaPair {
  readonly name: string;
  readonly truth: number;
  readonly predicted: number;
}

/** Differences of areas over their means; pointing at a dot shows its image. @param unit for example `mm²` */
export function blandAltman(
  areas: readonly AreaPair[],
  { bias, low, high }: Agreement,
  unit: string,
  series: number,
): string {
  const dots = areas.map(({ truth, predicted, name }) => [(truth + predicted) / 2, predicted - truth, name] as const);
  const limits = [low, high].filter(Number.isFinite);
  const means = dots.map(([mean]) => mean);
  const reach = padded([...dots.map(([, difference]) => difference), ...limits, 0]);
  const range: readonly [number, number] = [0, Math.max(1e-9, ...means) * 1.05];
  const x = linearScale(range, [PLOT.left, PLOT.right]);
  const y = linearScale(reach, [PLOT.bottom, PLOT.top]);
  const marks = [
    line(PLOT.left, y(0), PLOT.right, y(0), 'zero'),
    ...limits.map((limit) => line(PLOT.left, y(limit), PLOT.right, y(limit), 'limit') + side(y(limit), limit)),
    line(PLOT.left, y(bias), PLOT.right, y(bias), 'bias') + side(y(bias), bias),
  ];
  const content =
    axes(
      PLOT,
      { scale: x, ticks: niceTicks(...range, 4), name: `mean of true and predicted area (${unit})` },
      { scale: y, ticks: niceTicks(...reach, 5), name: `predicted − true (${unit})` },
    ) +
    scatter(dots, x, y, series) +
    marks.join('');
  return drawing(WIDTH, HEIGHT, `Bland-Altman plot of areas in ${unit}`, content);
}

function side(y: number, value: number): string {
  return label(PLOT.right + 5, y + 3.5, formatTick(Number(value.toPrecision(3))), 'start', 'tick');
}

/** Predicted IoU against measured IoU: every answer as a dot, bins as discs of their size. */
export function reliabilityPlot(pairs: readonly Dot[], { bins }: ScoreCalibration, series: number): string {
  const { x, y, frame } = unitSquare('predicted IoU', 'measured IoU');
  const most = Math.max(...bins.map(({ n }) => n));
  const discs = bins
    .filter(({ n }) => n > 0)
    .map(({ predicted, measured, n }) => {
      const title = `<title>${n} answers: predicted ${predicted.toFixed(3)}, measured ${measured.toFixed(3)}</title>`;
      return `<circle cx="${x(clamp(predicted))}" cy="${y(measured)}" r="${round(3 + 6 * Math.sqrt(n / most))}" class="disc">${title}</circle>`;
    });
  const clamped = pairs.map(([predicted, measured]) => [clamp(predicted), measured] as const);
  const content = `${frame}${scatter(clamped, x, y, series)}<g class="series s${series}">${discs.join('')}</g>`;
  return drawing(SQUARE_WIDTH, SQUARE_HEIGHT, 'Measured IoU over predicted IoU', content);
}

/** Dice of one model against that of another, image by image. */
export function pairedPlot(pairs: readonly Dot[], first: string, second: string): string {
  const { x, y, frame } = unitSquare(`Dice of ${first}`, `Dice of ${second}`);
  return drawing(
    SQUARE_WIDTH,
    SQUARE_HEIGHT,
    `Dice of ${second} over Dice of ${first}`,
    frame + scatter(pairs, x, y, 1),
  );
}

export interface Curve {
  readonly name: string;
  readonly series: number;
  /** In ascending order of `at`. */
  readonly points: readonly { readonly at: number; readonly mean: number; readonly ci95?: Interval }[];
  /** Mean of a second rater, as a dashed line. */
  readonly ceiling?: number;
}

/** Names of the axes, and of the whole for those who cannot see it. */
interface CurveAxes {
  readonly x: string;
  readonly y: string;
  readonly title: string;
}

/** With more points than that, the axis has round numbers instead. */
const MOST_TICKS = 12;
/** More bands than that hide one another. */
const MOST_BANDS = 4;
const WIDE: Plot = { left: 56, top: 12, right: 640, bottom: 292 };

/** Shares up to 1 over something; few curves have their 95 % intervals as bands. */
export function curvePlot(curves: readonly Curve[], names: CurveAxes): string {
  const all = curves.flatMap(({ points }) => points);
  const ceilings = curves.flatMap(({ ceiling = Number.NaN }) => ceiling);
  const values = [...ceilings, ...all.flatMap(({ mean, ci95 }) => [mean, ...(ci95 ?? [])])].filter(Number.isFinite);
  const low = Math.max(0, Math.floor(Math.min(1, ...values) * 10) / 10);
  const steps = [...new Set(all.map(({ at }) => at))].sort((a, b) => a - b);
  const [from = 0, to = 1] = [steps[0], steps.at(-1)];
  const x = linearScale([from, to > from ? to : from + 1], [WIDE.left + 12, WIDE.right - 12]);
  const y = linearScale([low, 1], [WIDE.bottom, WIDE.top]);
  const lines = curves.map(({ points, series, name, ceiling }) => {
    const ends = points.flatMap(({ at, ci95 }) => (ci95 ? [{ at: x(at), ci95 }] : []));
    const upper = ends.map(({ at, ci95 }) => `${at},${y(ci95[1])}`);
    const lower = ends.map(({ at, ci95 }) => `${at},${y(ci95[0])}`).reverse();
    const dots = points.map(
      ({ at, mean }) =>
        `<circle cx="${x(at)}" cy="${y(mean)}" r="3.2" class="disc"><title>${mean.toFixed(3)}</title></circle>`,
    );
    const band = curves.length > MOST_BANDS ? '' : `<polygon points="${[...upper, ...lower].join(' ')}" class="band"/>`;
    const top = ceiling === undefined ? '' : line(WIDE.left, y(ceiling), WIDE.right, y(ceiling), 'limit');
    const path = points.map(({ at, mean }) => `${x(at)},${y(mean)}`).join(' ');
    return `<g class="series s${series}"><title>${escapeText(name)}</title>${band}<polyline points="${path}" class="curve"/>${dots.join('')}${top}</g>`;
  });
  const content =
    axes(
      WIDE,
      { scale: x, ticks: steps.length > MOST_TICKS ? niceTicks(from, to, 5) : steps, name: names.x },
      { scale: y, ticks: niceTicks(low, 1, 5), name: names.y },
    ) + lines.join('');
  return drawing(660, 332, names.title, content);
}

function unitSquare(nameX: string, nameY: string) {
  const x = linearScale([0, 1], [SQUARE.left, SQUARE.right]);
  const y = linearScale([0, 1], [SQUARE.bottom, SQUARE.top]);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const frame =
    axes(SQUARE, { scale: x, ticks, name: nameX }, { scale: y, ticks, name: nameY }) +
    line(x(0), y(0), x(1), y(1), 'zero');
  return { x, y, frame };
}

function scatter(
  dots: readonly Dot[],
  x: (value: number) => number,
  y: (value: number) => number,
  series: number,
): string {
  const known = dots.filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  const circles = known.map(([a, b, name]) => {
    const circle = `<circle cx="${x(a)}" cy="${y(b)}" r="2.4"`;
    return name === undefined ? `${circle}/>` : `${circle}><title>${escapeText(name)}</title></circle>`;
  });
  return `<g class="dots series s${series}">${circles.join('')}</g>`;
}

function padded(values: readonly number[]): readonly [number, number] {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [finite.reduce((a, b) => Math.min(a, b), 0), finite.reduce((a, b) => Math.max(a, b), 0)];
  const margin = (high - low) * 0.06 || 1;
  return [low - margin, high + margin];
}

function clamp(value: number): number {
  return Math.max(0, Math.min(1, value));
}
