/**
 * How values spread over images: for each row a histogram standing on a box of quartiles. Any number of values costs
 * the same room in a page.
 */

import { drawing, formatNumber, label, line, linearScale, round } from '../../formats/svg.js';
import { defined } from '../columns.js';
import { percentileOfSorted } from '../metricsSurface.js';
import { summarise } from '../statistics.js';

export interface DistributionRow {
  readonly name: string;
  /** Which colour of the page's series it has, from 0 on. */
  readonly series: number;
  /** Mean of a second rater, as a dashed line. */
  readonly ceiling?: number;
  /** 0 to 1; undefined ones are left out. */
  readonly values: Float64Array;
}

const WIDTH = 1060;
const LEFT = 270;
const RIGHT = 930;
const ROW = 46;
const BINS = 50;
/** Height of the fullest bin. */
const PEAK = 22;

/** @param what the values are, for example `Dice` */
export function distributionChart(rows: readonly DistributionRow[], what: string): string {
  const height = rows.length * ROW + 44;
  const bottom = rows.length * ROW + 8;
  const x = linearScale([0, 1], [LEFT, RIGHT]);
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (tick) => line(x(tick), 4, x(tick), bottom, 'grid') + label(x(tick), bottom + 15, String(tick), 'middle'),
  );
  const drawn = rows.map((row, i) => drawRow(row, 8 + i * ROW, x));
  return drawing(
    WIDTH,
    height,
    `${what} of the images of each dataset and class`,
    grid.join('') + drawn.join('') + label((LEFT + RIGHT) / 2, height - 4, what, 'middle', 'axis'),
  );
}

function drawRow(
  { name, series, values, ceiling }: DistributionRow,
  top: number,
  x: (value: number) => number,
): string {
  const sorted = defined(values).sort();
  const base = top + PEAK + 4;
  const text = label(LEFT - 14, base - 2, shortened(name), 'end', 'name');
  if (sorted.length === 0) return text + label(LEFT + 6, base, 'nothing measured');
  const { mean, std } = summarise(sorted);
  const counts = new Array<number>(BINS).fill(0);
  for (const value of sorted) counts[Math.max(0, Math.min(BINS - 1, Math.floor(value * BINS)))]!++;
  const most = Math.max(...counts);
  const bars = counts.map((count, bin) => {
    if (count === 0) return '';
    const [from, to] = [x(bin / BINS), x((bin + 1) / BINS)];
    const tall = Math.max(1, round((count / most) * PEAK));
    return `<rect x="${from}" y="${round(base - tall)}" width="${round(to - from - 1)}" height="${tall}"/>`;
  });
  const [low, first, median, third, high] = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    x(percentileOfSorted(sorted, share)),
  );
  const middle = base + 8;
  const box =
    line(low!, middle, high!, middle, 'whisker') +
    `<rect x="${first}" y="${middle - 4}" width="${Math.max(1, round(third! - first!))}" height="8" rx="2" class="box"/>` +
    line(median!, middle - 5, median!, middle + 5, 'median') +
    `<circle cx="${x(mean)}" cy="${middle}" r="2.6" class="mean"/>` +
    (ceiling === undefined ? '' : line(x(ceiling), top, x(ceiling), middle + 6, 'limit'));
  const numbers = label(RIGHT + 14, base + 6, `${formatNumber(mean, 3)} ± ${formatNumber(std, 3)}`, 'start', 'value');
  const title = `<title>${sorted.length} values, median ${formatNumber(percentileOfSorted(sorted, 0.5), 3)}</title>`;
  return `<g class="series s${series}">${title}<g class="bars">${bars.join('')}</g>${box}</g>${text}${numbers}`;
}

function shortened(name: string): string {
  return name.length > 40 ? `${name.slice(0, 39)}…` : name;
}
