/**
 * The pictures of a report: image, true outline, predicted outline and prompts, drawn over one another.
 */

import { escapeText, formatNumber, round } from '../../formats/svg.js';
import type { EvaluationSummary } from '../summary.js';
import type { GalleryEntry, Rank } from './examples.js';
import { groupName } from './table.js';

const RANKS: readonly (readonly [Rank, string])[] = [
  ['worst', 'Worst'],
  ['median', 'Median'],
  ['best', 'Best'],
];

/** The key of the pictures; its boxes switch what is drawn in all of them. */
export const EXAMPLES_LEGEND = `<div class="legend">
<label><input type="checkbox" id="show-truth" checked><i style="border-color:var(--truth)"></i>label</label>
<label><input type="checkbox" id="show-found" checked><i style="border-color:var(--found)"></i>prediction</label>
<label><input type="checkbox" id="show-prompt" checked><svg width="12" height="12" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.5" class="prompt"/></svg>prompt (red: not the object)</label>
</div>`;

/** All examples of a model, by dataset and class. */
export function examplesOf({ groups }: EvaluationSummary, gallery: readonly GalleryEntry[]): string {
  const sections = groups.map((group) => {
    const entries = gallery.filter(
      ({ sample }) => sample.dataset === group.dataset && sample.classId === group.classId,
    );
    if (entries.length === 0) return '';
    const ranks = RANKS.map(([rank, title]) => {
      const shown = entries.filter((entry) => entry.rank === rank).map(thumbnail);
      return shown.length > 0 ? `<div><h4>${title}</h4><div class="thumbs">${shown.join('')}</div></div>` : '';
    });
    return `<h3>${escapeText(groupName(group))}</h3><div class="ranks">${ranks.join('')}</div>`;
  });
  return sections.join('');
}

function thumbnail({ sample, width, height, picture, truth, prediction, prompt, dice }: GalleryEntry): string {
  const name = escapeText(sample.name);
  const radius = round(Math.max(width, height) / 55);
  const clicks = prompt.points.map(
    ([x, y, kind]) =>
      `<circle cx="${x + 0.5}" cy="${y + 0.5}" r="${radius}" class="prompt${kind === 1 ? '' : ' not'}"/>`,
  );
  const [x0, y0, x1, y1] = prompt.box ?? [0, 0, 0, 0];
  const box = prompt.box
    ? `<rect x="${x0}" y="${y0}" width="${x1 - x0 + 1}" height="${y1 - y0 + 1}" class="prompt frame"/>`
    : '';
  const outline = (path: string, kind: string): string => (path ? `<path d="${path}" class="outline ${kind}"/>` : '');
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${name}"><image href="${picture}" width="${width}" height="${height}" preserveAspectRatio="none"/>${outline(truth, 'truth')}${outline(prediction, 'found')}${box}${clicks.join('')}</svg><figcaption><span title="${name}">${name}</span><b>${formatNumber(dice, 3)}</b></figcaption></figure>`;
}
