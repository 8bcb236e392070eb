/**
 * How good a model is on a list while it is trained: Dice at the model's input size from the published click, as the
 * published training measures it to choose its best checkpoint. Thorough evaluation is not here (evaluate/).
 */
import type { Dataset } from '../data/dataset.node.js';
import { evaluationClick } from '../data/prompts.js';
import type { SampleList } from '../data/sampleList.js';
import { createImage, type Image } from '../formats/image.js';
import { resizeLogits } from '../formats/resizeLogits.js';
import { slice } from '../graph/ops/shape.js';
import { input } from '../graph/tensor.js';
import { asFloat32, float32, type StateDict } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/config.js';
import { encode } from '../models/graphs.js';
import { compile } from '../nn/compile.js';
import { Parameters } from '../nn/parameters.js';
import type { Runtime } from '../runtime/session.js';
import { clickPrompt } from './drawPrompt.js';
import type { Validation, ValidationPicture } from './position.js';
import { promptedDecoder } from './promptedDecoder.js';
import { imageShape, validationExample } from './trainingSample.js';

export interface ValidationOptions {
  readonly runtime: Runtime;
  readonly threads: number;
  readonly config: ModelConfig;
  readonly dataset: Dataset;
  readonly list: SampleList;
  /** How many samples, spread over the list, to give back as pictures. */
  readonly pictures: number;
  readonly progress: (done: number, total: number) => void;
  /** Asked before each sample: whether to give up. */
  readonly stopped: () => boolean;
}

/** Added to both sides of the fraction, as published: two empty masks are equal. */
const EPSILON = 1e-5;

/** @returns undefined if it was told to stop */
export async function validate(weights: StateDict, options: ValidationOptions): Promise<Validation | undefined> {
  const { config, list, dataset } = options;
  const side = 4 * config.tokenGrid;
  const size = config.imageSize;
  const session = await compile(options.runtime, forwardGraph(config), weights, { threads: options.threads });
  const parts = new Map<string, number[]>();
  const pictures: ValidationPicture[] = [];
  const shown = new Set(Array.from({ length: options.pictures }, (_, i) => pictured(i, options.pictures, list.length)));
  const noMask = float32(new Float32Array(side * side), [1, 1, side, side]);
  try {
    for (let i = 0; i < list.length; i++) {
      if (options.stopped()) return undefined;
      options.progress(i, list.length);
      const sample = list.at(i);
      const { image, label, width, height } = await dataset.read(sample);
      const example = validationExample(image, createImage(width, height, 1, label), config);
      const click = evaluationClick(example.label, size, sample.classId);
      const { coords, labels } = clickPrompt([click], 2);
      const { logits } = await session.run({
        image: float32(example.image, [1, ...imageShape(config)]),
        point_coords: float32(coords, [1, 2, 2]),
        point_labels: float32(labels, [1, 2]),
        mask_input: noMask,
        has_mask_input: float32([0], [1]),
      });
      const found = resizeLogits(asFloat32(logits!).data, side, side, size, size);
      const mask = Uint8Array.from(found, (value) => (value > 0 ? 1 : 0));
      const truth = example.label.map((value) => (value === sample.classId ? 1 : 0));
      const name = `${sample.dataset}/${sample.classId}`;
      const values = parts.get(name) ?? [];
      values.push(dice(mask, truth));
      parts.set(name, values);
      if (shown.has(i)) pictures.push({ image: picture(example.image, size), truth, found: mask, click });
    }
  } finally {
    await session.dispose();
  }
  const means = [...parts].map(([name, values]): [string, number] => [name, mean(values)]);
  const classDice = mean(means.map(([, value]) => value));
  return { dice: mean([...parts.values()].flat()), classDice, parts: Object.fromEntries(means), pictures };
}

/** One image and one prompt to the logits of mask 0. */
function forwardGraph(config: ModelConfig) {
  const parameters = new Parameters();
  const side = 4 * config.tokenGrid;
  const decode = promptedDecoder(
    parameters,
    config,
    encode(parameters, config, input('image', [1, ...imageShape(config)])),
  );
  const { lowResLogits } = decode({
    coords: input('point_coords', [1, 2, 2]),
    labels: input('point_labels', [1, 2]),
    mask: input('mask_input', [1, 1, side, side]),
    hasMask: input('has_mask_input', [1]),
  });
  return { logits: slice(lowResLogits, 1, 0, 1) };
}

/** Which sample the n-th picture shows: spread evenly, so that every dataset of a sorted list comes up. */
function pictured(n: number, pictures: number, samples: number): number {
  return Math.floor(((n + 0.5) * samples) / pictures);
}

/** The first channel of the model's input as a picture; SAM's normalised one is stretched to what can be seen. */
function picture(input: Float32Array, size: number): Image {
  const grey = input.subarray(0, size * size);
  let [low, high] = [0, 1];
  for (const value of grey) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return createImage(
    size,
    size,
    1,
    Uint8Array.from(grey, (value) => Math.round((255 * (value - low)) / (high - low))),
  );
}

/** 2 |A ∩ B| / (|A| + |B|) of two masks of 0 and 1. */
function dice(found: Uint8Array, truth: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < found.length; i++) {
    both += found[i]! & truth[i]!;
    either += found[i]! + truth[i]!;
  }
  return (2 * both + EPSILON) / (either + EPSILON);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
