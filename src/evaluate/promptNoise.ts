/**
 * Prompts of an imprecise user: the first click at some distance from where it should be, or a box with wrong sides. The
 * noise of an object and draw has one direction, which all levels share: so a curve over the levels shows their effect
 * and not that of new random numbers.
 */
import type { Sample } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { Random } from '../nn/random.js';
import type { EvaluationPrompt } from './promptableModel.js';
import { type FirstPrompt, fnv1a, promptName } from './promptPlan.js';

/** Most levels: each asks the model for every object and draw once more. */
const MOST_LEVELS = 20;

/**
 * Levels in per cent of the object's size, such as `0,10,20,30`, in ascending order.
 * @throws SamusError EVALUATE_NOISE
 */
export function parseNoise(text: string): readonly number[] {
  const levels = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const ascending = levels.every((level, i) => level >= 0 && level <= 100 && (i === 0 || level > levels[i - 1]!));
  if (ascending && levels.length >= 2 && levels.length <= MOST_LEVELS) return levels;
  const message = `expected 2 to ${MOST_LEVELS} ascending percentages from 0 to 100 for --prompt-noise, got "${text}"`;
  throw new SamusError('EVALUATE_NOISE', message, 'write it like 0,10,20,30');
}

/** @throws SamusError EVALUATE_NOISE for a prompt that has no place to be wrong about */
export function requireNoisy(prompt: FirstPrompt): void {
  if (prompt.kind === 'box' || (prompt.kind === 'points' && prompt.count === 1)) return;
  const message = `expected --prompt point or box with --prompt-noise, got --prompt ${promptName(prompt)}`;
  throw new SamusError('EVALUATE_NOISE', message, 'give --prompt point or box');
}

/**
 * A first prompt with noise. A click moves by a share of the object's size, the diameter of a circle of its area, and may
 * leave the object; each side of a box moves by up to a share of the box's width or height, outwards or inwards. All stay
 * in the image.
 * @param percent of the size, 0 leaves the prompt as it is
 * @param truth 1 inside the object, row-major
 */
export function noisyPrompt(
  { points, box, ...prompt }: EvaluationPrompt,
  percent: number,
  truth: Uint8Array,
  width: number,
  sample: Sample,
  { seed, draw }: { readonly seed: number; readonly draw: number },
): EvaluationPrompt {
  const random = Random.seeded(seed, fnv1a(`noise of ${sample.dataset}/${sample.name}`), sample.classId, draw);
  const [share, height] = [percent / 100, truth.length / width];
  const within = (value: number, limit: number): number => Math.max(0, Math.min(limit - 1, value));
  if (box) {
    const [x0, y0, x1, y1] = box;
    const moved = (side: number, length: number): number => side + random.uniform(-1, 1) * share * length;
    const [a, b] = [moved(x0, x1 - x0), moved(x1, x1 - x0)].map((x) => within(x, width)).sort(ascending);
    const [c, d] = [moved(y0, y1 - y0), moved(y1, y1 - y0)].map((y) => within(y, height)).sort(ascending);
    // A box needs an area, whatever became of its sides.
    return { ...prompt, points, box: [a!, c!, Math.max(b!, a! + 0.5), Math.max(d!, c! + 0.5)] };
  }
  const area = truth.reduce((sum, inside) => sum + inside, 0);
  const distance = share * 2 * Math.sqrt(area / Math.PI);
  const angle = random.uniform(0, 2 * Math.PI);
  const moved = points.map(([x, y, label]) => {
    const [toX, toY] = [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
    return [within(Math.round(toX), width), within(Math.round(toY), height), label] as const;
  });
  return { ...prompt, points: moved };
}

const ascending = (a: number, b: number): number => a - b;
