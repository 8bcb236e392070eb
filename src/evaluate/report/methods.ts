/**
 * What the numbers of a report mean and how they were made, in words, so that the page can stand alone.
 */

import { escapeText, formatTick } from '../../formats/svg.js';
import type { EvaluateOptions } from '../evaluate.js';
import { clickModeName, promptName } from '../promptPlan.js';
import type { EvaluationSummary } from '../summary.js';
import type { Provenance } from './content.js';

export function methodsSection(
  protocol: EvaluateOptions,
  summaries: readonly EvaluationSummary[],
  { command, version, date, models }: Provenance,
): string {
  const patients = summaries.some(({ groups }) => groups.some(({ resampled }) => resampled === 'patient'));
  const absent = summaries.some(({ groups }) => groups.some((group) => group.absent));
  const entries: readonly (readonly [string, string])[] = [
    ['Size', sizeText(protocol)],
    ['Prompt', promptText(protocol)],
    ...(protocol.clicks > 0
      ? [
          [
            'Correction clicks',
            `${protocol.clicks}, each at the pixel of the largest wrong region that ${protocol.clickMode?.kind === 'border' ? 'is on its rim' : 'is farthest from its border'}; the last mask's logits are fed back. All measures but the curve are those after the last click. NoC@85 and NoC@90 count interactions, the first prompt included, until IoU is 0.85 and 0.90.`,
          ] as const,
        ]
      : []),
    [
      'Mask',
      `The model’s first mask where its logit is above 0${protocol.clean ? '; holes are filled and stray parts removed' : ''}.${flipText(protocol)}`,
    ],
    [
      'Dice, IoU, …',
      'Counted on each image with 10⁻⁵ added to both sides of each ratio, as in the published code; two empty masks agree fully. Mean and population standard deviation over images.',
    ],
    [
      'HD, HD95, ASSD',
      'Distances between the outlines (pixels of the mask with one of four neighbours outside): largest, 95th percentile of both directions together (HD95) and the larger of the percentiles of each direction (HD95 max), mean of both directed means. Not defined where a mask is empty.',
    ],
    [
      'NSD',
      `Share of both outlines that lies within ${formatTick(protocol.tolerancePx)} pixels (${formatTick(protocol.toleranceMm)} mm) of the other; 0 where one mask only is empty, not defined where both are.`,
    ],
    [
      'Row-set HD',
      'What the published code prints as Hausdorff distance: it treats the rows of the masks as points. Use it only to compare with published tables; it is not a distance in the image.',
    ],
    [
      '95 % intervals',
      `Percentile bootstrap of the mean, seed ${protocol.seed}${patients ? '; patients with all their images are resampled where they are known, else images with all their classes' : ''}; none for less than five.`,
    ],
    ...(protocol.draws > 0 ? [['Random prompts', 'The value of an image is the mean over its draws.'] as const] : []),
    ...(summaries.length > 1
      ? [
          [
            'Wilcoxon',
            `Signed-rank test of the paired differences, two-sided; exact up to 50 that differ, ties included${patients ? '; the images of a patient are one difference, their mean' : ''}. With three or more models, Holm’s correction for each dataset and class.`,
          ] as const,
          [
            'P(claim false)',
            'The probability that the model with the larger mean is not the better one: Student’s t of the same differences with a flat prior (Christodoulou et al., arXiv 2505.04720).',
          ] as const,
        ]
      : []),
    ...(absent ? [['Images without the object', absentText(protocol)] as const] : []),
    ['Command', command],
    ['Version', `samus ${version}, ${date}`],
    ...models.map(({ model, sha256 }) => [`Weights of ${model}`, `SHA-256 ${sha256 || 'unknown'}`] as const),
  ];
  const list = entries.map(([name, text]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(text)}</dd>`);
  return `<section><h2>How this was measured</h2><dl>${list.join('')}</dl></section>`;
}

function absentText({ absentPrompt = 'centre', prompt }: EvaluateOptions): string {
  const asked =
    prompt.kind === 'none' || prompt.kind === 'auto'
      ? 'Asked without a prompt'
      : `Asked by one click ${absentPrompt === 'centre' ? 'in the middle of the image' : 'beside every labelled object'}`;
  return `${asked}. A false positive is an answer with at least one pixel. These images count in no mean.`;
}

function flipText({ flips = [] }: EvaluateOptions): string {
  return flips.length > 0 ? ` Its logits are the mean over the image and its flips (${flips.join(', ')}).` : '';
}

function sizeText({ native }: EvaluateOptions): string {
  return native
    ? 'Images and labels as stored; masks are brought to that size before they are compared.'
    : 'Images and labels at 256 × 256 pixels, as published; distances in pixels are of that size.';
}

/** Where clicks go that are not the published ones. */
const CLICK_MODES = {
  centre: 'the pixel of the object that is farthest from its border',
  border: 'a random pixel of the object’s rim, and of the rim of each error',
  worst: 'of several random pixels of the object the one whose mask has the lowest Dice',
} as const;

function promptText({ prompt, draws, seed, clickMode }: EvaluateOptions): string {
  const name = promptName(prompt);
  if (prompt.kind === 'none') return 'None at all.';
  if (prompt.kind === 'auto') return 'None: the model needs no prompt.';
  if (clickMode && clickMode.kind !== 'published') {
    return `${name}, ${clickModeName(clickMode)}: ${CLICK_MODES[clickMode.kind]}; seed ${seed}.`;
  }
  if (draws > 0) {
    const what =
      prompt.kind === 'box'
        ? 'the box of the label, straying by up to 5 %'
        : 'any pixels of the object, each equally likely';
    return `${name}: ${what}; ${draws} draw(s) for each object from seed ${seed}.`;
  }
  if (prompt.kind === 'box') return 'box: the smallest one around the object in the label.';
  if (prompt.count === 1) return 'point: of the object’s pixels in row-major order the middle one, as published.';
  return `${name}: pixels that part the object’s pixels in row-major order evenly.`;
}
