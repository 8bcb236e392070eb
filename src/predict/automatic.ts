/**
 * Segments everything in an image without prompts: predicts three masks for each click of a grid, keeps the confident
 * and stable ones, and of overlapping ones the best. This is SAM's automatic mask generator (Kirillov et al., Segment
 * Anything, 2023, appendix B) on the whole image, without its crops.
 */
import { extentOf, type PixelBox } from '../formats/mask.js';
import { removeSmallRegions } from '../formats/maskRegions.js';
import { frameOf } from '../models/graphs.js';
import { type ImageFrame, imageLogits } from '../models/imageFrame.js';
import { type AutomaticOptions, type AutomaticSettings, automaticSettings } from './automaticOptions.js';
import { MAX_BATCH, maskFields, objectResult, type Segmenter } from './segmenter.js';
import type { Candidate, Encoding, ObjectResult } from './types.js';

export type { AutomaticOptions } from './automaticOptions.js';

/** An object found without a prompt. */
export interface AutomaticResult extends ObjectResult {
  /** The grid click that found it, in pixels of the image. */
  readonly point: readonly [x: number, y: number];
  /** IoU of the masks at the raised and at the lowered threshold: near 1 for a sharp border. */
  readonly stability: number;
}

/** A non-empty object, which has a box. */
type Found = AutomaticResult & { readonly box: PixelBox };

/** Longest time between two yields of the thread. */
const PATIENCE_MS = 30;

/** A candidate. Its pixels are recomputed at the end, for the few candidates that remain. */
interface Proposal {
  readonly candidate: Candidate;
  readonly point: readonly [x: number, y: number];
  readonly stability: number;
  readonly box: PixelBox;
  readonly score: number;
}

/**
 * Everything that the model finds in an image, best predicted IoU first; objects can be nested. The decoder runs once
 * for {@link MAX_BATCH} clicks, and the thread yields in between.
 * @throws SamusError AUTOMATIC_OPTION, as the segmenter, and the reason of the signal
 */
export async function segmentEverything(
  segmenter: Segmenter,
  encoding: Encoding,
  options: AutomaticOptions = {},
): Promise<AutomaticResult[]> {
  const { signal, progress, ...chosen } = options;
  const settings = automaticSettings(chosen);
  const frame = frameOf(segmenter.config, encoding.width, encoding.height);
  const clicks = clickGrid(frame, settings.pointsPerSide);
  const rest = new Rest(signal);
  const proposals: Proposal[] = [];
  for (let done = 0; done < clicks.length; done += MAX_BATCH) {
    await rest.take();
    const batch = clicks.slice(done, done + MAX_BATCH);
    const prompts = batch.map(([x, y]) => ({ points: [[x, y, 1] as const] }));
    const answers = await segmenter.propose(encoding, prompts, { multimask: true });
    for (const [i, candidates] of answers.entries()) {
      await rest.takeIfDue();
      for (const candidate of candidates) {
        const proposal = assess(frame, candidate, batch[i]!, settings);
        if (proposal) proposals.push(proposal);
      }
    }
    progress?.(done + batch.length, clicks.length);
  }
  const results: Found[] = [];
  for (const proposal of withoutOverlaps(proposals, settings.overlapThreshold)) {
    await rest.takeIfDue();
    const result = resultOf(frame, proposal, settings.minArea);
    if (result) results.push(result);
  }
  const distinct = settings.minArea > 0 ? withoutOverlaps(results, settings.overlapThreshold) : results;
  return distinct.map((result, i) => ({ ...result, name: `object-${i + 1}` }));
}

/** The centres of the cells of a square grid over the image, row by row. */
function clickGrid({ preprocessing, width, height }: ImageFrame, perSide: number): [x: number, y: number][] {
  // Corner-aligned coordinates start pixel 0 at 0, without half a pixel; see pointToModel.
  const shift = preprocessing.points === 'corner' ? 0 : 0.5;
  const along = (size: number): number[] =>
    Array.from({ length: perSide }, (_, i) => Math.min(((i + 0.5) / perSide) * size - shift, size - 0.5));
  const columns = along(width);
  return along(height).flatMap((y) => columns.map((x): [number, number] => [x, y]));
}

/** Whether to keep a mask, and its box. */
function assess(
  frame: ImageFrame,
  candidate: Candidate,
  point: readonly [number, number],
  { scoreThreshold, stabilityThreshold, stabilityOffset }: AutomaticSettings,
): Proposal | undefined {
  const { score, lowResLogits } = candidate;
  if (scoreThreshold > 0 && !(score > scoreThreshold)) return undefined;
  // Interpolation cannot exceed the maximum, so a mask below the threshold need not be resized.
  const needed = stabilityThreshold > 0 ? stabilityOffset : 0;
  if (!lowResLogits.some((logit) => logit > needed)) return undefined;
  const logits = imageLogits(frame, lowResLogits);
  const { box } = extentOf(logits, frame.width);
  if (!box) return undefined;
  const stability = stabilityOf(logits, stabilityOffset);
  if (stabilityThreshold > 0 && !(stability >= stabilityThreshold)) return undefined;
  return { candidate, point, stability, box, score };
}

/** IoU of the masks at the thresholds `offset` and `-offset`. */
function stabilityOf(logits: Float32Array, offset: number): number {
  let [surely, perhaps] = [0, 0];
  for (let i = 0; i < logits.length; i++) {
    if (logits[i]! > -offset) perhaps++;
    if (logits[i]! > offset) surely++;
  }
  return surely / perhaps;
}

/** The object at the size of the image; undefined if removing small regions leaves too little. */
function resultOf(frame: ImageFrame, { candidate, point, stability }: Proposal, minArea: number): Found | undefined {
  const result = objectResult(frame, '', [candidate]);
  if (minArea <= 0) return result.box ? { ...result, box: result.box, point, stability } : undefined;
  const { width, height } = frame;
  const fields = maskFields(removeSmallRegions({ width, height, data: result.mask }, minArea));
  const { area, box } = fields;
  return area < minArea || !box ? undefined : { ...result, ...fields, box, point, stability };
}

/** Yields the thread at intervals, and stops on the signal. */
class Rest {
  #since = performance.now();

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** @throws the reason of the signal */
  async take(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.signal?.throwIfAborted();
    this.#since = performance.now();
  }

  /** @throws the reason of the signal */
  async takeIfDue(): Promise<void> {
    if (performance.now() - this.#since > PATIENCE_MS) await this.take();
  }
}

/** A candidate with its box and score. */
interface Scored {
  readonly box: PixelBox;
  readonly score: number;
}

/**
 * Greedy non-maximum suppression, equal to torchvision's: the items, best first, without those whose box overlaps that of a better one by more than `most`; among equal scores,
 * the earlier item is better.
 * @param most maximum intersection over union, 0 to 1
 */
function withoutOverlaps<T extends Scored>(items: readonly T[], most: number): T[] {
  const kept: T[] = [];
  // Sorting is stable.
  for (const item of [...items].sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => boxOverlap(better.box, item.box) <= most)) kept.push(item);
  }
  return kept;
}

/**
 * Intersection over union of two boxes. Sides run through pixel centres, as in the reference; boxes without area overlap
 * only if they are equal.
 */
function boxOverlap([ax0, ay0, ax1, ay1]: PixelBox, [bx0, by0, bx1, by1]: PixelBox): number {
  const across = Math.max(0, Math.min(ax1, bx1) - Math.max(ax0, bx0));
  const down = Math.max(0, Math.min(ay1, by1) - Math.max(ay0, by0));
  const union = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - across * down;
  if (union > 0) return (across * down) / union;
  return ax0 === bx0 && ay0 === by0 && ax1 === bx1 && ay1 === by1 ? 1 : 0;
}
