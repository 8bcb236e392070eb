/**
 * How to feed an exported model and read its answer, in sentences: for the README and `model.json` of an export.
 */
import type { ModelConfig } from '../models/architecture.js';
import { logitSide } from '../models/graphs.js';
import { complete, type Preprocessing } from '../models/preprocessing.js';
import { minPresenceOf } from '../models/presence.js';
import { architectureOf, preprocessingOf } from '../models/registry.js';

export interface Feeding {
  /** From an image to the tensor `image`. */
  readonly image: readonly string[];
  /** From clicks, boxes and masks to the inputs of the decoder; none for a model without prompts. */
  readonly prompts: readonly string[];
  /** From the results to a mask. */
  readonly answer: readonly string[];
}

export function feedingOf(config: ModelConfig): Feeding {
  const preprocessing = preprocessingOf(config);
  const architecture = architectureOf(config);
  const image = imageSteps(preprocessing, config.imageSize);
  if (architecture.task === 'classes') return { image, prompts: [], answer: classSteps(config, preprocessing) };
  return { image, prompts: promptSteps(config, preprocessing), answer: maskSteps(config, preprocessing) };
}

const COLOURS = {
  grey: 'Grey levels 0 to 255: L = (19595·R + 38470·G + 7471·B + 32768) >> 16, as `convert("L")` of Pillow.',
  rgb: 'RGB, 0 to 255.',
  bgr: 'BGR, 0 to 255.',
};

const RESIZES = {
  bilinear: "bilinearly with Pillow's antialiasing (`resize(…, Image.BILINEAR)`)",
  nearest: 'to the nearest pixel',
  cubic: 'by cubic splines without a filter (`scipy.ndimage.zoom`, order 3)',
  'cubic-smooth': 'by cubic splines after a Gaussian filter (`skimage.transform.resize`, order 3)',
};

function imageSteps(preprocessing: Preprocessing, size: number): string[] {
  const {
    colour,
    levels,
    padding,
    percentiles,
    resize = 'bilinear',
    fit,
    mean,
    std,
    channels,
  } = complete(preprocessing);
  const steps = [COLOURS[colour]];
  if (percentiles) {
    const [low, high] = percentiles;
    steps.push(
      `Levels clipped to the percentiles ${low} and ${high} of those above 0, then stretched to 0 to 255, 8 bits.`,
    );
  }
  steps.push(
    fit === 'stretch'
      ? `Stretched to ${size}×${size} pixels ${RESIZES[resize]}.`
      : `Scaled ${RESIZES[resize]} so that the longest side has ${size} pixels, in the top left corner of ${size}×${size}.`,
  );
  if (levels === 'stretched')
    steps.push('Levels stretched so that the darkest of the image is 0 and the brightest 255.');
  steps.push(`(level − mean) / std for each channel, with mean [${mean.join(', ')}] and std [${std.join(', ')}].`);
  if (fit === 'longest-side') steps.push(`The rest of the square is ${padding}.`);
  const copies = channels === 3 && colour === 'grey' ? ', the same grey in all three channels' : '';
  return [...steps, `\`image\`: float32 [batch, ${channels}, ${size}, ${size}]${copies}.`];
}

function promptSteps(config: ModelConfig, preprocessing: Preprocessing): string[] {
  const architecture = architectureOf(config);
  const kinds = architecture.task === 'prompted' ? architecture.prompts : [];
  const { fit, points } = complete(preprocessing);
  const side = config.imageSize;
  const scale = fit === 'stretch' ? `${side} / width (for y: ${side} / height)` : `${side} / the longest side`;
  const mapped = points === 'centre' ? '(x + 0.5) · scale − 0.5' : 'x · scale';
  const steps = [
    `\`point_coords\` [objects, points, 2]: x, y in pixels of the model's square; x of the image becomes ${mapped}, with scale = ${scale}.`,
  ];
  if (kinds.includes('points')) {
    steps.push('`point_labels` [objects, points]: 1 for a click on the object, 0 for one beside it.');
    steps.push('Clicks without a box are followed by one point 0, 0 with the label −1, as SAM has it.');
  }
  if (kinds.includes('box'))
    steps.push('A box is two points: its top left corner with the label 2, its bottom right one with 3.');
  steps.push('Points with the label −2 are ignored: they fill up objects with fewer points.');
  if (kinds.includes('mask')) {
    const lowRes = logitSide(config);
    steps.push(
      `\`mask_input\` [objects, 1, ${lowRes}, ${lowRes}]: logits of a first guess, such as \`low_res_masks\` of the last answer; \`has_mask_input\` [objects]: 1, or 0 without a guess (then \`mask_input\` is all 0).`,
    );
  }
  return steps;
}

const BACK = {
  stretch: 'resized bilinearly (half-pixel centres) to the square, and from there to the size of the image',
  'longest-side':
    'resized bilinearly (half-pixel centres) to the square, cut to the part that shows the image, and resized to its size',
};

function maskSteps(config: ModelConfig, { fit }: Preprocessing): string[] {
  const steps = [
    `\`low_res_masks\`: logits. Each map is ${BACK[fit]}; the object is where it is above 0.`,
    'Mask 0 answers a clear prompt; the others, where there are any, an ambiguous one. `iou_predictions` is the expected IoU of each.',
  ];
  if (config.objectScore) {
    steps.push(
      `\`object_score_logits\`: the object is there with the probability 1 / (1 + e^−x); below ${minPresenceOf(config)} the mask counts as empty.`,
    );
  }
  return steps;
}

function classSteps(config: ModelConfig, { fit }: Preprocessing): string[] {
  const names = config.classNames ? ` Classes: ${config.classNames.join(', ')}.` : '';
  return [
    `\`logits\` [batch, maps, ${config.imageSize}, ${config.imageSize}], ${BACK[fit]}. With one map the object is where it is above 0; else the class of a pixel is the largest map, and 0 is the background.${names}`,
  ];
}
