/**
 * The curves of a training as one SVG: loss above, validation Dice below, over the steps. For people to look at;
 * programs read metrics.jsonl.
 */

/** Numbers by name, `step` among them. */
type Line = Readonly<Record<string, number>>;

interface Series {
  readonly name: string;
  readonly color: string;
  readonly width: number;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  readonly low: number;
  readonly high: number;
}

const WIDTH = 860;
const PANEL = 300;
const BOX = { left: 56, right: 210, top: 34, bottom: 34 };
/** Distinguishable for people who do not see all colours (Okabe and Ito 2008). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f', '#000000'];
/** More points than this are thinned out: a long training has one for each pixel then. */
const MOST_POINTS = 600;
/** Share of all points that the smoothed loss looks at on each side. */
const SMOOTHED = 0.03;
const VALIDATION = 'val_dice';

/** @param lines of metrics.jsonl, in the order of the steps */
export function curvesSvg(lines: readonly Line[]): string {
  const panels = [lossPanel(lines), dicePanel(lines)];
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
  const high = Math.max(0.1, ...values);
  const series = [
    { name: 'loss', color: '#b9cfe0', width: 1, points },
    { name: 'smoothed', color: COLORS[0]!, width: 2, points: smoothed(points) },
  ];
  return { title: 'Training loss', series, low: Math.min(0, ...values), high };
}

function dicePanel(lines: readonly Line[]): Panel {
  const names = new Set(lines.flatMap((line) => Object.keys(line).filter((name) => name.startsWith(`${VALIDATION}/`))));
  const parts = [...names].map((name, i) => ({
    name: name.slice(VALIDATION.length + 1),
    color: COLORS[(i + 1) % COLORS.length]!,
    width: 1,
    points: pointsOf(lines, name),
  }));
  const all = { name: 'all samples', color: COLORS[0]!, width: 2.5, points: pointsOf(lines, VALIDATION) };
  return { title: 'Validation Dice', series: [all, ...parts], low: 0, high: 1 };
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

function drawPanel({ title, series, low, high }: Panel, top: number, lastStep: number): string {
  const [x0, x1] = [BOX.left, WIDTH - BOX.right];
  const [y0, y1] = [top + PANEL - BOX.bottom, top + BOX.top];
  const x = (step: number) => (x0 + (step / lastStep) * (x1 - x0)).toFixed(1);
  const y = (value: number) => (y0 + ((value - low) / (high - low)) * (y1 - y0)).toFixed(1);
  const rows = Array.from({ length: 6 }, (_, i) => low + (i / 5) * (high - low));
  const columns = Array.from({ length: 6 }, (_, i) => Math.round((i / 5) * lastStep));
  const grid = [
    ...rows.map(
      (value) =>
        `<line x1="${x0}" x2="${x1}" y1="${y(value)}" y2="${y(value)}" stroke="#e4e4e4"/><text x="${x0 - 6}" y="${Number(y(value)) + 4}" text-anchor="end">${value.toFixed(2)}</text>`,
    ),
    ...columns.map((step) => `<text x="${x(step)}" y="${y0 + 18}" text-anchor="middle">${step}</text>`),
  ];
  const lines = series
    .filter(({ points }) => points.length > 0)
    .map(({ points, color, width }) => {
      const path = points.map(([step, value]) => `${x(step)},${y(value)}`).join(' ');
      const only =
        points.length === 1 ? `<circle cx="${x(points[0]![0])}" cy="${y(points[0]![1])}" r="3" fill="${color}"/>` : '';
      return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="${width}"/>${only}`;
    });
  const legend = series.map(({ name, color, points }, i) => {
    const value = points.at(-1)?.[1];
    const text = value === undefined ? name : `${name} ${value.toFixed(3)}`;
    return `<rect x="${x1 + 12}" y="${y1 + 16 * i}" width="10" height="10" fill="${color}"/><text x="${x1 + 28}" y="${y1 + 9 + 16 * i}">${escaped(text)}</text>`;
  });
  return `<text x="${x0}" y="${top + 22}" font-size="14" font-weight="bold">${title}</text>
${[...grid, ...lines, ...legend].join('\n')}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
