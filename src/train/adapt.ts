/**
 * Adapts a model to a handful of the user's masks: trains it for a few more steps, then takes a weighted mean of the weights
 * before and after (Wortsman et al., arXiv:2109.01903): as much of the new ones as phantoms allow, so that the model keeps what it
 * could do. The result counts as better only if it also improves held-out images. Runs on any runtime, browsers included; reads
 * and writes no files.
 */
import { makePhantom, PHANTOM_KINDS } from '../data/phantom.js';
import { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import type { ModelConfig, PromptKind } from '../models/architecture.js';
import { inputShape } from '../models/graphs.js';
import { checkStateDict } from '../models/model.js';
import { requireFloat32Weights } from '../models/quantise.js';
import { isTrainable, promptedOf } from '../models/registry.js';
import type { Runtime } from '../runtime/session.js';
import { unshare } from '../runtime/tensorMemory.js';
import { ClickSession } from './clickSession.js';
import { BatchFeeds, gradientGraph, type LossRecipe, sampleShapeOf } from './gradientGraph.js';
import { ADAM } from './optimizer.js';
import { learningRate, type Schedule } from './schedule.js';
import { Stepper } from './stepper.js';
import { makeTrainingSample, pointsOf, SampleOrder, type SampleShape, validationExample } from './trainingSample.js';

export interface AdaptExample {
  readonly image: Image;
  /** Not 0 inside; row-major, of the image's size. */
  readonly mask: Uint8Array;
}

export interface AdaptOptions {
  /** Images to evaluate on, while all examples train; default: every fourth example is held out for it. */
  readonly validation?: readonly AdaptExample[];
  /** Which weights to train; default all. The published subset (adapters, CNN branch, position adapter) learns less and needs less memory. */
  readonly trained?: 'all' | 'published';
  /** Optimizer steps; default 40. */
  readonly steps?: number;
  /** Images per step; default 4. */
  readonly batch?: number;
  /** The highest, after a short warm-up; it falls as half a cosine. Default 5e-4. */
  readonly learningRate?: number;
  /** Seed of everything random; default 1. */
  readonly seed?: number;
  /** Threads of one operation; default 2. */
  readonly threads?: number;
  /** Aborts between two steps with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly progress?: (progress: AdaptProgress) => void;
}

export interface AdaptProgress {
  /** Evaluating the initial weights, preparing the training graph, training, evaluating the result. */
  readonly stage: 'before' | 'preparing' | 'training' | 'after';
  readonly done: number;
  /** 0 if unknown. */
  readonly total: number;
  /** The loss of the last step. */
  readonly loss?: number;
}

/** Mean Dice from the published click. */
export interface AdaptScores {
  readonly heldOut: number;
  readonly phantoms: number;
}

/** A mean of paired differences with its 95 % confidence interval (Student's t); null for a single image. */
export interface AdaptGain {
  readonly mean: number;
  readonly ci95: readonly [low: number, high: number] | null;
}

export interface Adaptation {
  /** Numbers of training images, and of images evaluated on: those held out, or `validation`. */
  readonly trained: number;
  readonly heldOut: number;
  readonly before: AdaptScores;
  readonly after: AdaptScores;
  /** Dice gained on the held-out images. */
  readonly gain: AdaptGain;
  /** Share of the trained weights in the result; the rest are those before. One of {@link SHARES}. */
  readonly share: number;
  /** Whether to use it: at least {@link LEAST_GAINED} better on held-out images, and at most {@link MOST_LOST} worse on phantoms. */
  readonly better: boolean;
  /** All weights of the adapted model, float32. */
  readonly tensors: StateDict;
}

/** Fewer images cannot be split into training and held-out ones; with other images to evaluate on, one is enough. */
export const LEAST_EXAMPLES = 5;
/** One image in this many is held out. */
const HELD_OUT_EACH = 4;
/** Mean Dice that an adaptation must gain on held-out images; less is noise. */
export const LEAST_GAINED = 0.005;
/** Most Dice on phantoms that an adaptation may lose. */
const MOST_LOST = 0.02;
const PHANTOM_SIDE = 256;
/** Shares of the trained weights that are tried, the largest first. */
export const SHARES = [1, 0.75, 0.5, 0.25] as const;
const WARMUP_STEPS = 5;

const RECIPE: LossRecipe = { kind: 'multi-prompt', rounds: 1 };
const CLASS = 1;

/**
 * @param weights the model's, of any floating type
 * @throws SamusError ADAPT_TOO_FEW for fewer than {@link LEAST_EXAMPLES} examples without `validation`, ADAPT_NAN if the loss is not finite, CHECKPOINT_… for weights that do not fit,
 *   MODEL_QUANTISED for weights in 8 bits, what sessions throw; and the reason of the signal
 */
export async function adaptModel(
  config: ModelConfig,
  weights: StateDict,
  examples: readonly AdaptExample[],
  runtime: Runtime,
  options: AdaptOptions = {},
): Promise<Adaptation> {
  requireFloat32Weights(config);
  const { seed = 1, threads = 2, signal, validation } = options;
  checkCounts(examples, validation);
  const full = checkStateDict(config, weights).tensors;
  const { train, held } = validation ? { train: examples, held: validation } : parted(examples, seed);
  const phantoms = phantomExamples();
  const scores = async (stage: 'before' | 'after', tensors: StateDict, images: readonly AdaptExample[]) => {
    options.progress?.({ stage, done: 0, total: images.length });
    const session = await ClickSession.create(runtime, config, tensors, { threads });
    try {
      const dice: number[] = [];
      for (const { image, mask } of images) {
        signal?.throwIfAborted();
        options.progress?.({ stage, done: dice.length, total: images.length });
        const example = validationExample(image, labelOf(mask), inputShape(config));
        dice.push((await session.answer(example.image, example.label.data, CLASS)).dice);
      }
      return dice;
    } finally {
      await session.dispose();
    }
  };
  const before = judged(await scores('before', full, [...held, ...phantoms]), held.length);
  const changed = await trained(config, full, train, runtime, options);
  const kept = before.phantoms - MOST_LOST;
  let [share, tensors, onPhantoms] = [0, full, before.phantoms];
  for (const tried of SHARES) {
    [share, tensors] = [tried, blended(full, changed, tried)];
    onPhantoms = mean(await scores('after', tensors, phantoms));
    if (onPhantoms >= kept) break;
  }
  const after: Judged = { each: await scores('after', tensors, held), phantoms: onPhantoms };
  const gain = pairedGain(after.each.map((dice, i) => dice - before.each[i]!));
  const better = gain.mean >= LEAST_GAINED && after.phantoms >= kept;
  const counts = { trained: train.length, heldOut: held.length };
  return { ...counts, before: scoresOf(before), after: scoresOf(after), gain, share, better, tensors };
}

function checkCounts(examples: readonly AdaptExample[], validation?: readonly AdaptExample[]): void {
  if (validation?.length === 0) {
    throw new SamusError(
      'ADAPT_TOO_FEW',
      'expected at least 1 image to evaluate on, got none',
      'add one with its mask',
    );
  }
  const least = validation ? 1 : LEAST_EXAMPLES;
  if (examples.length >= least) return;
  const message = `expected at least ${least} image${least === 1 ? '' : 's'} with masks, got ${examples.length}`;
  throw new SamusError('ADAPT_TOO_FEW', message, 'finish the masks of a few more images');
}

/** Dice of each held-out image, and the mean over the phantoms. */
interface Judged {
  readonly each: readonly number[];
  readonly phantoms: number;
}

const judged = (dice: readonly number[], held: number): Judged => ({
  each: dice.slice(0, held),
  phantoms: mean(dice.slice(held)),
});

const scoresOf = ({ each, phantoms }: Judged): AdaptScores => ({ heldOut: mean(each), phantoms });

/** 97.5 % quantiles of Student's t for 1 to 10 degrees of freedom; beyond 10, 1.96 + 2.4 / n is accurate to 0.02. */
const T_975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** @param differences after − before, for each image */
export function pairedGain(differences: readonly number[]): AdaptGain {
  const middle = mean(differences);
  const free = differences.length - 1;
  if (free < 1) return { mean: middle, ci95: null };
  const variance = differences.reduce((sum, one) => sum + (one - middle) ** 2, 0) / free;
  const half = (T_975[free - 1] ?? 1.96 + 2.4 / free) * Math.sqrt(variance / differences.length);
  return { mean: middle, ci95: [middle - half, middle + half] };
}

/** The weighted mean of two models; what training did not change is shared. */
function blended(before: StateDict, after: StateDict, share: number): StateDict {
  if (share === 1) return after;
  const mixed = [...before].map(([name, tensor]): [string, TensorData] => {
    const changed = after.get(name)!;
    if (changed === tensor || tensor.dtype !== 'float32' || changed.dtype !== 'float32') return [name, changed];
    const values = changed.data.map((value, i) => share * value + (1 - share) * tensor.data[i]!);
    return [name, { ...changed, data: values }];
  });
  return new Map(mixed);
}

/** Trains copies of the weights. */
async function trained(
  config: ModelConfig,
  weights: StateDict,
  examples: readonly AdaptExample[],
  runtime: Runtime,
  options: AdaptOptions,
): Promise<StateDict> {
  const { trained: which = 'all', steps = 40, batch = 4, learningRate: rate = 5e-4, seed = 1, threads = 2 } = options;
  const { signal, progress } = options;
  signal?.throwIfAborted();
  progress?.({ stage: 'preparing', done: 0, total: 0 });
  const graph = gradientGraph({
    config,
    batch,
    points: pointsOf('mixed'),
    isTrained: (name) => which === 'all' || isTrainable(config, name),
    recipe: RECIPE,
  });
  const copies = new Map(weights);
  for (const { name } of graph.trained) copies.set(name, unshare(weights.get(name)!));
  const schedule: Schedule = {
    kind: 'cosine',
    rate,
    warmup: Math.min(WARMUP_STEPS, steps - 1),
    steps,
    lowestRate: 0,
    drops: [],
    dropFactor: 1,
  };
  const optimizer = { rule: { kind: 'adam', ...ADAM } as const, clip: 1, ema: null, rateOf: () => 1 };
  const stepper = await Stepper.create(runtime, graph, copies, { threads }, { optimizer, seed });
  try {
    const batches = new AdaptBatches(config, examples, batch, seed);
    progress?.({ stage: 'training', done: 0, total: steps });
    for (let step = 0; step < steps; step++) {
      signal?.throwIfAborted();
      const { loss = Number.NaN } = await stepper.run(batches.at(step));
      if (!Number.isFinite(loss)) throw nanError(step);
      stepper.update(learningRate(schedule, step), stepper.norm());
      progress?.({ stage: 'training', done: step + 1, total: steps, loss });
    }
    return stepper.weights();
  } finally {
    await stepper.dispose();
  }
}

/** The batches of an adaptation, made on demand. */
class AdaptBatches {
  readonly #order: SampleOrder;
  readonly #shape: SampleShape;
  readonly #feeds: BatchFeeds;

  constructor(
    config: ModelConfig,
    private readonly examples: readonly AdaptExample[],
    private readonly size: number,
    seed: number,
  ) {
    this.#order = new SampleOrder(examples.length, seed);
    const prompts = promptsFor(promptedOf(config).prompts);
    const settings = { prompts, middleClicks: 0, beside: BESIDE, augment: 'flip', seed };
    this.#shape = sampleShapeOf(config, RECIPE, settings);
    this.#feeds = new BatchFeeds(this.#shape, size, promptedOf(config).shapes(config).lowRes);
  }

  at(step: number): Readonly<Record<string, TensorData>> {
    for (const [i, draw] of this.#order.batch(step, this.size).entries()) {
      const { image, mask } = this.examples[draw.index]!;
      this.#feeds.place(makeTrainingSample(image, labelOf(mask), CLASS, draw, this.#shape), i);
    }
    return this.#feeds.tensors;
  }
}

/**
 * For models with an object score: share of the samples with a click beside all objects. Every example has an object, so
 * without them the model would learn that there always is one.
 */
const BESIDE = 0.1;

/** A click or a box, as far as the model takes them: a network with a prompt channel takes one of both. */
export function promptsFor(takes: readonly PromptKind[]): SampleShape['prompts'] {
  if (!takes.includes('points')) return 'box';
  return takes.includes('box') ? 'mixed' : 'point';
}

/** Shuffled by the seed; every fourth image, and at least one, is held out. */
function parted(examples: readonly AdaptExample[], seed: number) {
  const [train, held]: [AdaptExample[], AdaptExample[]] = [[], []];
  const order = new SampleOrder(examples.length, seed).batch(0, examples.length);
  for (const [i, { index }] of order.entries()) (i % HELD_OUT_EACH === 0 ? held : train).push(examples[index]!);
  return { train, held };
}

/** One fixed phantom of each kind, to check that the model does not lose what it could do before. */
function phantomExamples(): AdaptExample[] {
  return PHANTOM_KINDS.map((kind, seed) => {
    const { image, objects } = makePhantom({ seed, width: PHANTOM_SIDE, height: PHANTOM_SIDE, kind });
    return { image, mask: objects[0]!.mask };
  });
}

const labelOf = (mask: Uint8Array): Uint8Array => mask.map((value) => (value === 0 ? 0 : CLASS));

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function nanError(step: number): SamusError {
  const message = `expected a finite loss in step ${step + 1}, got NaN or infinity`;
  return new SamusError('ADAPT_NAN', message, 'check the masks, or lower the learning rate');
}
