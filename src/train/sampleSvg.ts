/**
 * A validation sample as one SVG: the image, the outlines of label and prediction, the click, a legend and the Dice, in
 * the colours of the evaluation report.
 */
import type { Image } from '../formats/image.js';
import { outlinePath } from '../formats/outline.js';
import { escapeText } from '../formats/svg.js';

/** A sample to look at. */
export interface ValidationPicture {
  /** `Dataset/NAME` and the class. */
  readonly title: string;
  readonly dice: number;
  readonly image: Image;
  readonly truth: Uint8Array;
  readonly found: Uint8Array;
  /** Absent if the model takes no prompts. */
  readonly click?: readonly [x: number, y: number, label: 0 | 1];
}

const LABEL = '#2fd6bd';
const PREDICTION = '#ffab2e';
/** Longest side of the image on the page, in CSS pixels. */
const SIDE = 512;
const FOOT = 54;

/** @param href URL of the image's pixels, such as a `data:` URL of a PNG */
export function sampleSvg({ title, dice, image, truth, found, click }: ValidationPicture, href: string): string {
  const { width, height } = image;
  const scale = SIDE / Math.max(width, height);
  const [w, h] = [width * scale, height * scale];
  const outline = (mask: Uint8Array, color: string): string =>
    `<path d="${outlinePath({ width, height, data: mask })}" fill="none" stroke="${color}" stroke-width="2" vector-effect="non-scaling-stroke"/>`;
  const key = (at: number, color: string, text: string): string =>
    `<line x1="${at}" x2="${at + 22}" y1="${h + 40}" y2="${h + 40}" stroke="${color}" stroke-width="3"/><text x="${at + 28}" y="${h + 44}">${text}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h + FOOT}" width="${w}" height="${h + FOOT}" font-family="sans-serif" font-size="13">
<rect width="${w}" height="${h + FOOT}" fill="#ffffff"/>
<g transform="scale(${scale})"><image href="${href}" width="${width}" height="${height}"/>${outline(truth, LABEL)}${outline(found, PREDICTION)}</g>
${click ? clickMark(click, scale) : ''}<text x="8" y="${h + 20}" font-weight="bold">${escapeText(title)}</text><text x="${w - 8}" y="${h + 20}" text-anchor="end">Dice ${dice.toFixed(3)}</text>
${key(8, LABEL, 'label')}${key(90, PREDICTION, 'prediction')}${click ? `<circle cx="212" cy="${h + 40}" r="5" fill="#ffffff" stroke="#111111"/><text x="224" y="${h + 44}">click</text>` : ''}
</svg>
`;
}

function clickMark([x, y, positive]: readonly [number, number, 0 | 1], scale: number): string {
  return `<circle cx="${(x + 0.5) * scale}" cy="${(y + 0.5) * scale}" r="5" fill="${positive === 1 ? '#ffffff' : '#e5484d'}" stroke="#111111"/>
`;
}
