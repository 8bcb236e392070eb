/**
 * The curves of a training as one SVG that fits into a paper: loss above, validation Dice below, over the optimizer
 * steps. Programs read metrics.jsonl instead.
 */
import { escapeText, formatTick, linearScale, niceTicks } from '../formats/svg.js';

/** Numbers by name, `step` among them. */
type Line = Readonly<Record<string, number>>;

interface Series {
  readonly name: string;
  readonly stroke: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Panel {
  readonly title: string;
  readonly axis: string;
  readonly series: readonly Series[];
  readonly low: number;
  readonly high: number;
}

const WIDTH = 920;
const PANEL = 320;
const BOX = { left: 68, right: 270, top: 36, bottom: 50 };
/** Distinguishable for people who do not see all colours (Okabe and Ito 2008); black is the mean over all samples. */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f'];
/** Once every colour is used, the next dash pattern distinguishes the lines. */
const DASHES = ['', '7 3', '2 3', '9 3 2 3'];
/** A longer series is thinned to this many points. */
const MOST_POINTS = 600;
/** Share of all points that the smoothed loss averages on each side. */
const SMOOTHED = 0.03;
const VALIDATION = 'val_dice';

/**
 * @param lines of metrics.jsonl, in the order of the steps
 * @param nameOf the name to print for a dataset and class such as `Breast-BUSI/1`
 */
export function curvesSvg(lines: readonly Line[], nameOf: (part: string) => string = (part) => part): string {
  const panels = [lossPanel(lines), dicePanel(lines, nameOf)];
  const last = lines.reduce((most, { step }) => Math.max(most, step!), 1);
  const height = PANEL * panels.length;
  const drawn = panels.map((panel, i) => drawPanel(panel, i * PANEL, last));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${drawn.join('\n')}
</svg>
`;
}

function lossPanel(lines: readonly Line[]): Panel {
  const points = pointsOf(lines, 'loss');
  const values = points.map(([, y]) => y);
  const series = [
    { name: 'each logged step', stroke: 'stroke="#b9cfe0"', points },
    { name: 'moving average', stroke: `stroke="${COLORS[0]}" stroke-width="2"`, points: smoothed(points) },
  ];
  return { title: 'Training loss', axis: 'loss', series, low: Math.min(0, ...values), high: Math.max(0.1, ...values) };
}

function dicePanel(lines: readonly Line[], nameOf: (part: string) => string): Panel {
  const names = new Set(lines.flatMap((line) => Object.keys(line).filter((name) => name.startsWith(`${VALIDATION}/`))));
  const parts = [...names].map((name, i) => {
    const dash = DASHES[Math.floor(i / COLORS.length) % DASHES.length]!;
    const dashes = dash && ` stroke-dasharray="${dash}"`;
    return {
      name: nameOf(name.slice(VALIDATION.length + 1)),
      stroke: `stroke="${COLORS[i % COLORS.length]}" stroke-width="1.4"${dashes}`,
      points: pointsOf(lines, name),
    };
  });
  const all = {
    name: 'all samples',
    stroke: 'stroke="#000000" stroke-width="2.5"',
    points: pointsOf(lines, VALIDATION),
  };
  return { title: 'Validation', axis: 'Dice', series: [all, ...parts], low: 0, high: 1 };
}

function pointsOf(lines: readonly Line[], name: string): [number, number][] {
  const points = lines.flatMap((line): [number, number][] => {
    const value = line[name];
    return value === undefined ? [] : [[line.step!, value]];
  });
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/** The mean of each point and its neighbours on both sides. */
function smoothed(points: readonly (readonly [number, number])[]): [number, number][] {
  const reach = Math.ceil(points.length * SMOOTHED);
  return points.map(([x], i) => {
    const near = points.slice(Math.max(0, i - reach), i + reach + 1);
    return [x, near.reduce((sum, [, y]) => sum + y, 0) / near.length];
  });
}

function drawPanel({ title, axis, series, low, high }: Panel, top: number, lastStep: number): string {
  const [x0, x1] = [BOX.left, WIDTH - BOX.right];
  const [y0, y1] = [top + PANEL - BOX.bottom, top + BOX.top];
  const rows = niceTicks(low, high, 5);
  // The axis ends at a tick, so that the highest value has a grid line above it.
  const step = rows.length > 1 ? rows[1]! - rows[0]! : high;
  const end = Math.max(high, Math.ceil(high / step - 1e-9) * step);
  const x = linearScale([0, lastStep], [x0, x1]);
  const y = linearScale([low, end], [y0, y1]);
  const across = niceTicks(low, end, 5).map(
    (value) =>
      `<line x1="${x0}" x2="${x1}" y1="${y(value)}" y2="${y(value)}" stroke="#e4e4e4"/><text x="${x0 - 8}" y="${y(value) + 4}" text-anchor="end">${formatTick(value)}</text>`,
  );
  const down = niceTicks(0, lastStep, 6)
    .filter(Number.isInteger)
    .map(
      (value) =>
        `<line x1="${x(value)}" x2="${x(value)}" y1="${y0}" y2="${y0 + 5}" stroke="#666666"/><text x="${x(value)}" y="${y0 + 19}" text-anchor="middle">${formatTick(value)}</text>`,
    );
  const frame = `<path d="M${x0} ${y1}V${y0}H${x1}" fill="none" stroke="#666666"/>`;
  const names = `<text x="${(x0 + x1) / 2}" y="${y0 + 38}" text-anchor="middle">optimizer steps</text><text text-anchor="middle" transform="translate(18 ${(y0 + y1) / 2}) rotate(-90)">${axis}</text>`;
  const curves = series
    .filter(({ points }) => points.length > 0)
    .map(({ points, stroke }) => {
      const path = points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ');
      const only =
        points.length === 1
          ? `<circle cx="${x(points[0]![0])}" cy="${y(points[0]![1])}" r="3" fill="none" ${stroke}/>`
          : '';
      return `<polyline points="${path}" fill="none" ${stroke}/>${only}`;
    });
  const legend = series.map(({ name, stroke, points }, i) => {
    const value = points.at(-1)?.[1];
    const text = value === undefined ? name : `${name} ${value.toFixed(3)}`;
    const at = y1 + 5 + 17 * i;
    return `<line x1="${x1 + 14}" x2="${x1 + 38}" y1="${at}" y2="${at}" ${stroke}/><text x="${x1 + 46}" y="${at + 4}">${escapeText(text)}</text>`;
  });
  return `<text x="${x0}" y="${top + 24}" font-size="14" font-weight="bold">${title}</text>
${[...across, ...down, frame, names, ...curves, ...legend].join('\n')}`;
}
