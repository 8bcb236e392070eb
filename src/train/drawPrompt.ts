/**
 * The random prompt of a training sample, as a fixed number of points with SAM's labels. Correction clicks need the
 * model's mask, so the graph samples them (multiPromptLoss.ts).
 */
import { type Click, evaluationClick, jitteredBox, randomClick, randomClicks } from '../data/prompts.js';
import { POINT_LABEL, type PromptKind } from '../models/architecture.js';
import type { Random } from '../nn/random.js';

/**
 * `point`: one click, as published; `points`: one to three clicks on the object and up to three beside it; `box`: the
 * published jittered box; `mixed`: a click or a box, each for half of the samples.
 */
export const TRAINING_PROMPTS = ['point', 'points', 'box', 'mixed'] as const;
export type TrainingPrompt = (typeof TRAINING_PROMPTS)[number];

/** What a model must take for each kind. */
export const ASKED: Readonly<Record<TrainingPrompt, readonly PromptKind[]>> = {
  point: ['points'],
  points: ['points'],
  box: ['box'],
  mixed: ['points', 'box'],
};

export interface PointList {
  /** x then y of each point, in pixels of the model's input. */
  readonly coords: number[];
  /** Values of POINT_LABEL. */
  readonly labels: number[];
}

/** Most clicks of each sort in `points`. */
const MOST = 3;

/** Points of every prompt of a kind, SAM's padding point included, so that batches have one size. */
export function pointsOf(kind: TrainingPrompt): number {
  return kind === 'points' ? 2 * MOST + 1 : 2;
}

/**
 * @param label class indices at the size of the model's input, which is square
 * @param middleClicks probability that a single click is the published evaluation click, in the middle of the object's
 *   pixels, instead of a random one
 */
export function drawPrompt(
  kind: TrainingPrompt,
  label: Uint8Array,
  classId: number,
  random: Random,
  middleClicks = 0,
): PointList {
  const side = Math.sqrt(label.length);
  if (kind === 'box' || (kind === 'mixed' && random.chance(0.5))) {
    const [x0, y0, x1, y1] = jitteredBox(label, side, classId, random);
    return { coords: [x0, y0, x1, y1], labels: [POINT_LABEL.boxTopLeft, POINT_LABEL.boxBottomRight] };
  }
  if (kind !== 'points') {
    // Draws nothing for probability 0, so that trainings from before this setting reproduce.
    const middle = middleClicks > 0 && random.chance(middleClicks);
    return clickPrompt([middle ? evaluationClick(label, side, classId) : randomClick(label, side, classId, random)], 2);
  }
  const counts = { positive: random.int(1, MOST + 1), negative: random.int(0, MOST + 1) };
  const clicks = randomClicks(label, side, classId, counts, random);
  return clickPrompt(clicks.length > 0 ? clicks : [randomClick(label, side, classId, random)], pointsOf(kind));
}

/** Clicks, padded with SAM's padding points. @param points total number, more than the clicks */
export function clickPrompt(clicks: readonly Click[], points: number): PointList {
  const padding = points - clicks.length;
  return {
    coords: [...clicks.flatMap((click) => click.slice(0, 2)), ...Array.from({ length: 2 * padding }, () => 0)],
    labels: [...clicks.map(([, , label]) => label), ...Array.from({ length: padding }, () => POINT_LABEL.notAPoint)],
  };
}
