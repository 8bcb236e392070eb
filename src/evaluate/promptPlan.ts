/**
 * The prompts of an evaluation: parsed from an option, and made from a sample's label, either fixed (as published) or
 * drawn from a seed. Correction clicks depend on the model's answers; they are in answerImage.ts.
 */
import { evaluationClick, jitteredBox, pixelOf, randomClick, randomClicks, tightBox } from '../data/prompts.js';
import type { Sample } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import type { PixelBox } from '../formats/mask.js';
import { Random } from '../nn/random.js';
import type { EvaluationPrompt } from './promptableModel.js';

/** The first prompt of a sample. */
export type FirstPrompt =
  | { readonly kind: 'points'; readonly count: number }
  | { readonly kind: 'box' }
  /** Without a prompt: none for any model, auto only for those that need none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'auto' };

/** Where a simulated user clicks on an object, and on an error to correct it. */
export type ClickMode =
  /** The middle of the object's pixels as published, with draws any pixel; corrections in the centre. */
  | { readonly kind: 'published' }
  /** The pixel farthest from the border. */
  | { readonly kind: 'centre' }
  /** A random pixel of the rim. */
  | { readonly kind: 'border' }
  /** Of some random pixels the one that is answered worst; corrections in the centre. */
  | { readonly kind: 'worst'; readonly of: number };

/** `published`, `centre`, `border` or `worst:N`. @throws SamusError EVALUATE_CLICK_MODE */
export function parseClickMode(text: string): ClickMode {
  if (text === 'published' || text === 'centre' || text === 'border') return { kind: text };
  const of = Number(/^worst:(\d+)$/.exec(text)?.[1] ?? 0);
  if (of >= 2 && of <= MOST_POINTS) return { kind: 'worst', of };
  const message = `expected published, centre, border or worst:N (2 to ${MOST_POINTS}) for --click-mode, got "${text}"`;
  throw new SamusError('EVALUATE_CLICK_MODE', message, 'correct the mode');
}

export function clickModeName(mode: ClickMode): string {
  return mode.kind === 'worst' ? `worst:${mode.of}` : mode.kind;
}

/** @throws SamusError EVALUATE_CLICK_MODE for a mode other than the published one without a single click */
export function requireClick(prompt: FirstPrompt, mode: ClickMode): void {
  if (mode.kind === 'published' || (prompt.kind === 'points' && prompt.count === 1)) return;
  const message = `expected --prompt point with --click-mode ${clickModeName(mode)}, got --prompt ${promptName(prompt)}`;
  throw new SamusError('EVALUATE_CLICK_MODE', message, 'give --prompt point, or leave out the mode');
}

/** The source of a random prompt. */
export interface PromptDraw {
  readonly seed: number;
  /** From 0 on. */
  readonly draw: number;
}

/** Most points of one prompt: more than anybody clicks, few enough not to slow the decoder down. */
const MOST_POINTS = 100;

/** `point`, `points:N`, `box`, `auto`, `none`. @throws SamusError EVALUATE_PROMPT */
export function parseFirstPrompt(text: string): FirstPrompt {
  if (text === 'point') return { kind: 'points', count: 1 };
  if (text === 'box' || text === 'none' || text === 'auto') return { kind: text };
  const count = Number(/^points:(\d+)$/.exec(text)?.[1] ?? 0);
  if (count >= 1 && count <= MOST_POINTS) return { kind: 'points', count };
  const message = `expected a prompt point, points:N (1 to ${MOST_POINTS}), box, auto or none, got "${text}"`;
  throw new SamusError('EVALUATE_PROMPT', message, 'correct the prompt');
}

/** The words of a prompt kind. */
export function promptName(prompt: FirstPrompt): string {
  if (prompt.kind !== 'points') return prompt.kind;
  return prompt.count === 1 ? 'point' : `points:${prompt.count}`;
}

/**
 * The first prompt of a sample.
 *
 * Without a draw it is always the same: the published click, N points that part the object's pixels in row-major order
 * evenly (the published click for N = 1), or the tight box. With a draw clicks are any pixels of the object, and boxes
 * vary by 5 % as in the published training. Where the class is absent, a click has label 0, and a box is the whole
 * image, as published; evaluation asks such images by {@link absentClick} instead.
 * @param label class indices at the size that is evaluated, row-major
 */
export function firstPrompt(
  prompt: FirstPrompt,
  label: Uint8Array,
  width: number,
  sample: Sample,
  draw?: PromptDraw,
  mode: ClickMode = { kind: 'published' },
): EvaluationPrompt {
  const random = draw && randomOf(sample, draw);
  const { classId } = sample;
  if (prompt.kind === 'none' || prompt.kind === 'auto') return { points: [] };
  if (prompt.kind === 'box') {
    const box = random ? jitteredBox(label, width, classId, random) : tightBox(label, width, classId);
    return { points: [], box: widened(box ?? [-1, -1, width, label.length / width]) };
  }
  const { count } = prompt;
  if ((mode.kind === 'centre' || mode.kind === 'border') && label.includes(classId)) {
    const outside = label.map((value) => Number(value !== classId));
    const pixel = pixelOf(outside, width, mode.kind === 'border' ? random : undefined);
    return { points: [[pixel % width, Math.floor(pixel / width), 1]] };
  }
  if (!random)
    return {
      points: count === 1 ? [evaluationClick(label, width, classId)] : evenClicks(label, width, classId, count),
    };
  if (count === 1) return { points: [randomClick(label, width, classId, random)] };
  const clicks = randomClicks(label, width, classId, { positive: count, negative: 0 }, random);
  return { points: clicks.length > 0 ? clicks : [randomClick(label, width, classId, random)] };
}

/** The random numbers of a sample and draw. */
export function randomOf({ dataset, name, classId }: Sample, { seed, draw }: PromptDraw): Random {
  return Random.seeded(seed, fnv1a(`${dataset}/${name}`), classId, draw);
}

/** Pixels in the middle of each of `count` equal parts of the object; fewer than `count` pixels are repeated. */
function evenClicks(label: Uint8Array, width: number, classId: number, count: number): EvaluationPrompt['points'] {
  const inside: number[] = [];
  for (let i = 0; i < label.length; i++) if (label[i] === classId) inside.push(i);
  if (inside.length === 0) return [evaluationClick(label, width, classId)];
  return Array.from({ length: count }, (_, i) => {
    const pixel = inside[Math.floor(((2 * i + 1) * inside.length) / (2 * count))]!;
    return [pixel % width, Math.floor(pixel / width), 1] as const;
  });
}

/**
 * How an image without the object is clicked: in its middle, or on a random pixel beside every labelled object; `auto` not
 * at all.
 */
const ABSENT_PROMPTS = ['centre', 'beside', 'auto'] as const;
export type AbsentPrompt = (typeof ABSENT_PROMPTS)[number];

/** `centre`, `beside` or `auto`. @throws SamusError EVALUATE_PROMPT */
export function parseAbsentPrompt(text: string): AbsentPrompt {
  const found = ABSENT_PROMPTS.find((name) => name === text);
  if (found) return found;
  const message = `expected centre, beside or auto for --absent-prompt, got "${text}"`;
  throw new SamusError('EVALUATE_PROMPT', message, 'correct the prompt');
}

/**
 * The one click on an image whose label does not contain the class; it says "there is an object here".
 * @param label class indices at the size that is evaluated, row-major
 */
export function absentClick(
  how: Exclude<AbsentPrompt, 'auto'>,
  label: Uint8Array,
  width: number,
  sample: Sample,
  seed: number,
): EvaluationPrompt {
  const height = label.length / width;
  const random = Random.seeded(seed, fnv1a(`${sample.dataset}/${sample.name}`), sample.classId);
  const background = label.includes(0);
  let [x, y] = [Math.floor(width / 2), Math.floor(height / 2)];
  if (how === 'beside' && background) {
    do [x, y] = [random.int(0, width), random.int(0, height)];
    while (label[y * width + x] !== 0);
  }
  return { points: [[x, y, 1]] };
}

/** A box around a line of pixels has no area between their centres: it gets half a pixel on each side. */
function widened([x0, y0, x1, y1]: PixelBox): PixelBox {
  const [dx, dy] = [x1 > x0 ? 0 : 0.5, y1 > y0 ? 0 : 0.5];
  return [x0 - dx, y0 - dy, x1 + dx, y1 + dy];
}

/** FNV-1a over the text's code units: random prompts must not depend on the place of an image in a list. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
