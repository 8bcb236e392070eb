/**
 * Qualitative figures as one SVG: a row for each image, a column for each system, outlines of label and answer.
 */
import { escapeText } from '../formats/svg.js';

/** One answer on one image. */
interface Panel {
  readonly title: string;
  readonly dice: number;
  /** Path of the answer's outline, in pixels of the image. */
  readonly prediction: string;
}

export interface PanelRow {
  /** Dataset, class and image. */
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** A `data:` address. */
  readonly picture: string;
  readonly truth: string;
  /** Where it was clicked, in pixels. */
  readonly clicks: readonly (readonly [x: number, y: number])[];
  readonly panels: readonly Panel[];
}

/** Longest side of a panel, and the space for titles, in points. */
const SIDE = 110;
const GAP = 6;
const HEAD = 16;
const FOOT = 14;
const LABEL = '#2fd6bd';
const ANSWER = '#ffab2e';

/** Columns follow the first row; all rows have the same systems. */
export function panelsSvg(rows: readonly PanelRow[]): string {
  const columns = rows[0]?.panels.length ?? 0;
  const width = (columns + 1) * (SIDE + GAP) + GAP;
  const height = rows.length * (SIDE + HEAD + FOOT) + HEAD;
  const drawn = rows.map((row, i) => rowSvg(row, i * (SIDE + HEAD + FOOT) + HEAD)).join('\n');
  const key = [
    [LABEL, 'label'],
    [ANSWER, 'answer'],
  ].map(([color, text], i) => {
    const x = GAP + i * 60;
    return `<line x1="${x}" x2="${x + 14}" y1="9" y2="9" stroke="${color}" stroke-width="2"/><text x="${x + 18}" y="12">${text}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="9">
<rect width="${width}" height="${height}" fill="#ffffff"/>${key.join('')}
${drawn}
</svg>
`;
}

function rowSvg(row: PanelRow, top: number): string {
  const scale = SIDE / Math.max(row.width, row.height);
  const at = (column: number): string => `translate(${GAP + column * (SIDE + GAP)} ${top + HEAD}) scale(${scale})`;
  const image = `<image href="${row.picture}" width="${row.width}" height="${row.height}"/>`;
  const outline = (path: string, color: string): string =>
    `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.2" vector-effect="non-scaling-stroke"/>`;
  const clicks = row.clicks
    .map(([x, y]) => `<circle cx="${x + 0.5}" cy="${y + 0.5}" r="${3 / scale}" fill="#ffffff" stroke="#111111"/>`)
    .join('');
  const caption = (column: number, text: string): string =>
    `<text x="${GAP + column * (SIDE + GAP)}" y="${top + HEAD - 4}">${escapeText(text)}</text>`;
  const below = (column: number, text: string): string =>
    `<text x="${GAP + column * (SIDE + GAP)}" y="${top + HEAD + row.height * scale + 10}">${escapeText(text)}</text>`;
  return [
    caption(0, row.title),
    `<g transform="${at(0)}">${image}${outline(row.truth, LABEL)}${clicks}</g>`,
    ...row.panels.flatMap(({ title, dice, prediction }, i) => [
      caption(i + 1, title),
      `<g transform="${at(i + 1)}">${image}${outline(row.truth, LABEL)}${outline(prediction, ANSWER)}</g>`,
      below(i + 1, `Dice ${dice.toFixed(3)}`),
    ]),
  ].join('\n');
}
