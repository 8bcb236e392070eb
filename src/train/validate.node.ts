/**
 * Validates a model during training: Dice at the model's input size from the published click, as the published training
 * does to select its best checkpoint. evaluate/ has the thorough evaluation.
 */
import type { Dataset } from '../data/dataset.node.js';
import { type SampleList, sampleOrigin } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { createImage, type Image } from '../formats/image.js';
import type { StateDict } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { inputShape } from '../models/graphs.js';
import { takesColour } from '../models/preprocessing.js';
import type { Runtime, SessionOptions } from '../runtime/session.js';
import { ClickSession } from './clickSession.js';
import { START_AGAIN } from './runFolder.node.js';
import type { ValidationPicture } from './sampleSvg.js';
import { validationExample } from './trainingSample.js';

export interface ValidationOptions {
  readonly runtime: Runtime;
  readonly compute: Pick<SessionOptions, 'threads' | 'provider'>;
  readonly config: ModelConfig;
  readonly dataset: Dataset;
  readonly list: SampleList;
  /** Number of samples, spread over the list, to return as pictures. */
  readonly pictures: number;
  readonly progress: (done: number, total: number) => void;
  /** Checked before each sample: whether to abort. */
  readonly stopped: () => boolean;
}

export interface Validation {
  /** Mean over all samples. */
  readonly dice: number;
  /** Mean over the classes of `parts`, each counting once. */
  readonly classDice: number;
  /**
   * Mean over the samples of each dataset and class, by names like `Breast-BUSI/1`; with an object score `Breast-BUSI/1/absent` for
   * those without the object, of which it is the share that is answered so.
   */
  readonly parts: Readonly<Record<string, number>>;
  readonly pictures: readonly ValidationPicture[];
}

/**
 * @returns undefined if stopped
 * @throws SamusError TRAIN_NAN for logits that are not finite; they would count as an empty mask, which may be correct
 */
export async function validate(weights: StateDict, options: ValidationOptions): Promise<Validation | undefined> {
  const { config, list, dataset } = options;
  const shape = inputShape(config);
  const colour = takesColour(shape.preprocessing);
  const session = await ClickSession.create(options.runtime, config, weights, options.compute);
  const parts = new Map<string, number[]>();
  const pictures: ValidationPicture[] = [];
  const shown = new Set(Array.from({ length: options.pictures }, (_, i) => pictured(i, options.pictures, list.length)));
  try {
    for (let i = 0; i < list.length; i++) {
      if (options.stopped()) return undefined;
      options.progress(i, list.length);
      const sample = list.at(i);
      const read = await dataset.read(sample, { colour });
      const { image, label } = validationExample(read.image, read.label, shape);
      const { click, found, truth, dice, finite } = await session.answer(image, label.data, sample.classId);
      if (!finite) throw nanError(sampleOrigin(sample));
      const there = label.data.includes(sample.classId);
      const name = `${sample.dataset}/${sample.classId}${config.objectScore && !there ? '/absent' : ''}`;
      const values = parts.get(name) ?? [];
      values.push(dice);
      parts.set(name, values);
      if (shown.has(i)) {
        const className = dataset.classes(sample.dataset).names[sample.classId] ?? `class ${sample.classId}`;
        const title = `${sample.dataset}/${sample.name}, ${className}`;
        pictures.push({
          title,
          dice,
          image: picture(image, config.imageSize),
          truth,
          found,
          ...(click && { click }),
        });
      }
    }
  } finally {
    await session.dispose();
  }
  const means = [...parts].map(([name, values]): [string, number] => [name, mean(values)]);
  const classDice = mean(means.map(([, value]) => value));
  return { dice: mean([...parts.values()].flat()), classDice, parts: Object.fromEntries(means), pictures };
}

function nanError(sample: string): SamusError {
  const message = `expected a finite mask of ${sample}, got NaN or infinity`;
  return new SamusError('TRAIN_NAN', message, `${START_AGAIN}, with a lower --lr or --clip 1`, { sample });
}

/** The sample of the n-th picture: spread evenly, so that every dataset of a sorted list appears. */
function pictured(n: number, pictures: number, samples: number): number {
  return Math.floor(((n + 0.5) * samples) / pictures);
}

/** The first channel of the model's input as an image; SAM's normalised values are scaled to the visible range. */
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
