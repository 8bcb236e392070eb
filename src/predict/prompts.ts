/**
 * The prompts of an object on their way to the decoder: as questions, each with the prompts so far and a first guess, and
 * a question as the decoder's inputs, checked against the image, mapped to the model's pixels and padded. The command
 * line, the server and the page share this file. formats/runs.ts applies strokes to the answer.
 */
import type { ErrorCode } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';
import type { PromptedObject } from '../formats/annotation.js';
import type { PixelBox } from '../formats/mask.js';
import { float32, type TensorData } from '../graph/tensorData.js';
import {
  type ImageFrame,
  maskToLowRes,
  POINT_LABEL,
  type PromptToken,
  pointToModel,
  promptTokens,
} from '../models/imageFrame.js';
import type { Candidate, ObjectPrompt, PointPrompt } from './types.js';

/** One question to the decoder: the prompts so far. */
export interface Question {
  readonly points: readonly PointPrompt[];
  readonly box?: PixelBox;
  /** Ask for three masks and keep the best. */
  readonly multimask: boolean;
}

type Prompts = Pick<PromptedObject, 'points' | 'multimask' | 'oneByOne'> & { readonly box?: PixelBox | null };

/** Whether there is a click or a box. */
export const hasPrompts = ({ points, box }: Pick<Prompts, 'points' | 'box'>): boolean =>
  points.length > 0 || (box !== null && box !== undefined);

/**
 * Whether to ask the model. Without click and box, it is asked about a first guess alone, unless the user drew strokes or
 * the object is asked click by click; then the first guess is the mask.
 */
export const isAsked = (object: Prompts & Pick<PromptedObject, 'added' | 'erased'>): boolean =>
  hasPrompts(object) || !(object.oneByOne || object.added || object.erased);

/**
 * The questions about one object. One by one: the box alone if there is one, then click by click, as in training. Only
 * the first question may ask for three masks, because a correction is not ambiguous.
 */
export function questionsOf({ points, box, multimask = false, oneByOne = false }: Prompts): Question[] {
  const corners = box ? { box } : {};
  const counts = oneByOne ? [...(box ? [0] : []), ...points.map((_, i) => i + 1)] : [points.length];
  return counts.map((count, i) => ({ points: points.slice(0, count), ...corners, multimask: i === 0 && multimask }));
}

/** The first guess of a question: a mask at the image's size, not 0 inside the object, or a previous answer. */
export type FirstGuess = Uint8Array | Pick<Candidate, 'lowResLogits'>;

/**
 * The answer to the last of several questions. The first uses the first guess, each later one the previous answer.
 * @param guess called if needed
 * @param ask answers one question; `index` is its position
 */
export async function askInTurn<A extends Pick<Candidate, 'lowResLogits'>>(
  questions: readonly Question[],
  guess: (() => FirstGuess) | undefined,
  ask: (prompt: () => ObjectPrompt, question: Question, index: number) => Promise<A>,
): Promise<A> {
  let last: A | undefined;
  for (const [index, question] of questions.entries()) {
    const before = last;
    last = await ask(() => promptOf(question, before ?? guess?.()), question, index);
  }
  if (!last) throw new Error('an object without a question was asked');
  return last;
}

/** One question in the form of the segmenter. */
export function promptOf({ points, box }: Question, before: FirstGuess | undefined): ObjectPrompt {
  return {
    ...(points.length > 0 && { points }),
    ...(box && { box }),
    ...(before && (before instanceof Uint8Array ? { mask: before } : { lowResLogits: before.lowResLogits })),
  };
}

/** Pixels that a box may extend beyond the image; tools with exclusive upper limits exceed it by one. */
const BOX_MARGIN = 1;

/** The decoder's memory grows with the square of the points: this many take 1.1 GB. */
const MAX_POINTS = 4096;

/** The decoder's inputs for several objects, without the image embedding. */
export type PromptFeeds = Readonly<
  Record<'point_coords' | 'point_labels' | 'mask_input' | 'has_mask_input', TensorData<'float32'>>
>;

/**
 * @param allowEmpty whether an object may have no prompt at all
 * @throws SamusError PROMPT_EMPTY, PROMPT_POINTS, PROMPT_POINT_OUTSIDE, PROMPT_LABEL, PROMPT_BOX_EMPTY, PROMPT_BOX_OUTSIDE,
 *   PROMPT_MASK_SIZE, PROMPT_MASK_VALUE, PROMPT_MASK_TWICE; the details name the object
 */
export function promptFeeds(frame: ImageFrame, objects: readonly ObjectPrompt[], allowEmpty = false): PromptFeeds {
  const tokens = objects.map((object, i) => objectTokens(frame, object, objectName(object, i), allowEmpty));
  const masks = objects.map((object, i) => objectMask(frame, object, objectName(object, i)));
  // At least one, because some providers do not support empty axes.
  const count = Math.max(1, ...tokens.map((list) => list.length));
  const coords = new Float32Array(objects.length * count * 2);
  const labels = new Float32Array(objects.length * count).fill(POINT_LABEL.absent);
  for (const [o, list] of tokens.entries()) {
    for (const [t, [x, y, label]] of list.entries()) {
      coords.set([x, y], 2 * (o * count + t));
      labels[o * count + t] = label;
    }
  }
  const side = frame.logitSide;
  const maskInput = new Float32Array(objects.length * side * side);
  for (const [o, mask] of masks.entries()) if (mask) maskInput.set(mask, o * side * side);
  return {
    point_coords: float32(coords, [objects.length, count, 2]),
    point_labels: float32(labels, [objects.length, count]),
    mask_input: float32(maskInput, [objects.length, 1, side, side]),
    has_mask_input: float32(
      masks.map((mask) => (mask ? 1 : 0)),
      [objects.length],
    ),
  };
}

/** The name of an object, given or from its position in the list. */
export function objectName(object: ObjectPrompt, index: number): string {
  return object.name ?? `object-${index + 1}`;
}

function objectTokens(frame: ImageFrame, object: ObjectPrompt, name: string, allowEmpty: boolean): PromptToken[] {
  const { points = [], box, mask, lowResLogits } = object;
  if (!allowEmpty && points.length === 0 && !box && !mask && !lowResLogits) {
    throw promptError(name, 'PROMPT_EMPTY', 'has no prompt', 'give a point, a box or a mask');
  }
  if (points.length > MAX_POINTS) {
    const hint = 'give fewer points, or a mask';
    throw promptError(name, 'PROMPT_POINTS', `has ${points.length} points, expected at most ${MAX_POINTS}`, hint, {
      points: points.length,
    });
  }
  return promptTokens(
    points.map((point) => pointToken(frame, point, name)),
    box && boxToModel(frame, box, name),
  );
}

function pointToken(frame: ImageFrame, [x, y, label = POINT_LABEL.foreground]: PointPrompt, name: string): PromptToken {
  if (label !== POINT_LABEL.foreground && label !== POINT_LABEL.background) {
    throw promptError(
      name,
      'PROMPT_LABEL',
      `has a point with label ${label}, expected 1 or 0`,
      'use 1 for the object and 0 for the background',
      { label },
    );
  }
  if (!inside(x, frame.width, 0.5) || !inside(y, frame.height, 0.5)) {
    throw promptError(
      name,
      'PROMPT_POINT_OUTSIDE',
      Number.isFinite(x) && Number.isFinite(y)
        ? `has the point ${x}, ${y} outside the image of ${frame.width}x${frame.height} pixels`
        : `has the point ${JSON.stringify([x, y])}, expected two numbers`,
      `give x from 0 to ${frame.width - 1} and y from 0 to ${frame.height - 1}`,
      { point: [x, y], width: frame.width, height: frame.height },
    );
  }
  return [...pointToModel(frame, x, y), label];
}

function boxToModel(frame: ImageFrame, box: PixelBox, name: string): PixelBox {
  const [x0, y0, x1, y1] = box;
  const details = { box: [x0, y0, x1, y1], width: frame.width, height: frame.height };
  // Without types, coordinates can be text, which compares like numbers and adds up differently.
  if (!(box.every(Number.isFinite) && x1 > x0 && y1 > y0)) {
    throw promptError(
      name,
      'PROMPT_BOX_EMPTY',
      `has the empty box ${box.join(', ')}`,
      'give left, top, right and bottom, in this order',
      details,
    );
  }
  const fits = [x0, x1].every((x) => inside(x, frame.width, BOX_MARGIN));
  if (!fits || ![y0, y1].every((y) => inside(y, frame.height, BOX_MARGIN))) {
    throw promptError(
      name,
      'PROMPT_BOX_OUTSIDE',
      `has the box ${box.join(', ')} beyond the image of ${frame.width}x${frame.height} pixels`,
      'give the box in pixels of the stored image',
      details,
    );
  }
  return [...pointToModel(frame, x0, y0), ...pointToModel(frame, x1, y1)];
}

/** The first guess as low-resolution logits, if there is one. */
function objectMask(frame: ImageFrame, object: ObjectPrompt, name: string): Float32Array | undefined {
  const { mask, lowResLogits } = object;
  if (!mask && !lowResLogits) return undefined;
  if (mask && lowResLogits) {
    throw promptError(name, 'PROMPT_MASK_TWICE', 'has two first guesses', 'give either mask or lowResLogits');
  }
  const side = frame.logitSide;
  const [width, height] = mask ? [frame.width, frame.height] : [side, side];
  const values = mask ?? lowResLogits;
  if (values?.length !== width * height) {
    throw promptError(
      name,
      'PROMPT_MASK_SIZE',
      `has a mask prompt of ${values?.length ?? 0} values, expected ${width}x${height}`,
      mask ? 'give a mask of the size of the image' : 'give the low-resolution logits of a result of this model',
      { values: values?.length ?? 0, width, height },
    );
  }
  const logits = mask ? maskToLowRes(frame, mask) : lowResLogits;
  if (logits?.every(Number.isFinite)) return logits;
  throw promptError(name, 'PROMPT_MASK_VALUE', 'has a mask prompt with infinite values or NaN', 'give finite numbers');
}

/** Pixels extend half a pixel around their centres. */
function inside(value: number, size: number, margin: number): boolean {
  return Number.isFinite(value) && value >= -margin && value <= size - 1 + margin;
}

function promptError(
  object: string,
  code: ErrorCode,
  what: string,
  hint: string,
  details: { readonly [key: string]: Json } = {},
): SamusError {
  return new SamusError(code, `${object} ${what}`, hint, { object, ...details });
}
