/**
 * Runs jobs on this machine: reads the image, runs the model, writes the files. The caller prints the results and
 * handles failed jobs.
 */
import { dirname } from 'node:path';
import { listed, SamusError } from '../errors.js';
import { type AnnotatedImage, type AnnotatedObject, annotationJson } from '../formats/annotation.js';
import { makeFolder, writeTextFile } from '../formats/fileWrite.node.js';
import { type Image, maskToImage, toGrey } from '../formats/image.js';
import { openImage } from '../formats/imageFile.node.js';
import type { ImageSource } from '../formats/imageSource.js';
import { writePng } from '../formats/imageWrite.node.js';
import { drawOverlay } from '../formats/overlay.js';
import { encodeRle } from '../formats/rle.js';
import { writeSafetensorsFile } from '../formats/safetensorsFile.node.js';
import { ClassNetwork } from '../predict/classNetwork.js';
import type { Segmenter } from '../predict/segmenter.js';
import type { Encoding } from '../predict/types.js';
import { type Answered, answerClasses, answerTask } from './answerTask.js';
import { type JobRunner, jsonPath, maskPath, outputPaths, overlayPath, type SegmentJob } from './segmentJob.js';
import { segmentationTensors } from './segmentTensors.js';

/** Distinguishable with most kinds of colour blindness (Okabe and Ito, without black and grey). */
const COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const;

export interface LocalRunnerOptions {
  /** Checks files before they are written. Those of `outputPaths` are known before the job runs; those of objects found
   * without a prompt are not. */
  readonly check?: (paths: readonly string[]) => Promise<void>;
  /** Runs each write, so that the caller does not end during one. */
  readonly whole?: <T>(write: () => Promise<T>) => Promise<T>;
}

export class LocalRunner implements JobRunner {
  readonly #model: Segmenter | ClassNetwork;
  readonly #check: NonNullable<LocalRunnerOptions['check']>;
  readonly #whole: NonNullable<LocalRunnerOptions['whole']>;
  #last: { readonly path: string; readonly source: ImageSource } | undefined;

  /** @param model a network for classes finds every class and ignores the objects of its jobs */
  constructor(model: Segmenter | ClassNetwork, options: LocalRunnerOptions = {}) {
    this.#model = model;
    this.#check = options.check ?? (async () => undefined);
    this.#whole = options.whole ?? ((write) => write());
  }

  /** @throws SamusError of reading the image and its masks, of the model, and of writing */
  async run(job: SegmentJob, signal?: AbortSignal): Promise<AnnotatedImage> {
    const { outputs } = job;
    const { path, frame = 1 } = job.image;
    const source = await this.#open(path);
    const image = await source.read(frame);
    const { encoding, answers } = await this.#answer(job, image, signal);
    if (job.everything || this.#model instanceof ClassNetwork)
      await this.#check(outputPaths({ outputs, objects: answers.map(({ object }) => object) }));
    const { base, formats } = outputs;
    const entry: AnnotatedImage = {
      image: source.frames > 1 ? { ...job.image, frame } : job.image,
      ...(source.frames > 1 && { frames: source.frames }),
      width: image.width,
      height: image.height,
      objects: answers.map((answered) => annotatedObject(answered, formats.includes('png') ? base : undefined)),
      files: {
        ...(formats.includes('overlay') && { overlay: overlayPath(base) }),
        ...(formats.includes('json') && { json: jsonPath(base) }),
      },
    };
    await this.#write(job, image, encoding, answers, entry);
    return entry;
  }

  async #answer(
    job: SegmentJob,
    image: Image,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly encoding?: Encoding; readonly answers: readonly Answered[] }> {
    if (this.#model instanceof ClassNetwork) return { answers: await answerClasses(this.#model, image) };
    const { frame = 1 } = job.image;
    const encoding = await this.#model.encode(image);
    const answers: Answered[] = [];
    const options = { readMask: (mask: string) => readMaskOf(mask, frame), ...(signal && { signal }) };
    for await (const answered of answerTask(this.#model, encoding, job, options)) answers.push(answered);
    return { encoding, answers };
  }

  close(): Promise<void> {
    return this.#model.dispose();
  }

  /** Keeps the last file open, because jobs read its frames one after another. */
  async #open(path: string | undefined): Promise<ImageSource> {
    if (path === undefined) {
      throw new SamusError(
        'IMAGE_NOT_FOUND',
        'expected the path of an image, got only its content',
        'name the image file',
      );
    }
    if (this.#last?.path !== path) this.#last = { path, source: await openImage(path) };
    return this.#last.source;
  }

  /** Reports a folder that cannot be created before anything is written. */
  async #write(
    { outputs: { base, formats, tensors }, classes = [] }: SegmentJob,
    image: Image,
    encoding: Encoding | undefined,
    answers: readonly Answered[],
    entry: AnnotatedImage,
  ): Promise<void> {
    const written: string[] = [];
    const put = async (path: string, write: () => Promise<void>): Promise<void> => {
      try {
        await this.#whole(write);
        written.push(path);
      } catch (error) {
        throw withWritten(error, written);
      }
    };
    const masks = formats.includes('png') ? answers : [];
    if (masks.length > 0 || formats.some((format) => format !== 'png')) await makeFolder(dirname(base));
    const { name: model, config } = this.#model;
    if (tensors !== undefined && encoding) {
      await makeFolder(dirname(tensors));
      const proposed = answers.map(({ found }) => found.candidates).filter(({ length }) => length > 0);
      const values = segmentationTensors(config, encoding, proposed);
      await put(tensors, () => writeSafetensorsFile(tensors, values, new Map([['model', model]])));
    }
    for (const { object, found } of masks) {
      const mask = maskToImage(found.mask, found.width, found.height);
      const path = maskPath(base, object);
      await put(path, () => writePng(path, mask));
    }
    if (formats.includes('overlay')) {
      const drawn = overlayOf(image, answers);
      await put(overlayPath(base), () => writePng(overlayPath(base), drawn));
    }
    if (formats.includes('json')) {
      const text = `${JSON.stringify(annotationJson({ model, classes, images: [entry] }), null, 2)}\n`;
      await put(jsonPath(base), () => writeTextFile(jsonPath(base), text));
    }
  }
}

/** An error of writing that names the files of the image that were written before. */
function withWritten(error: unknown, written: readonly string[]): unknown {
  if (!(error instanceof SamusError) || written.length === 0) return error;
  const { code, message, hint, details } = error;
  return new SamusError(code, `${message}; already written: ${listed(written)}`, hint, { ...details, written });
}

/** The mask in a file, from the same frame if it has several. */
async function readMaskOf(path: string, frame: number): Promise<Image> {
  const source = await openImage(path);
  return toGrey(await source.read(source.frames === 1 ? 1 : frame, 'mask'));
}

/** @param base start of the mask's path, if it is written */
function annotatedObject({ object, found, stability }: Answered, base: string | undefined): AnnotatedObject {
  // Drop the previous model's name; the document names the current one.
  const { model, lowResLogits, ...prompted } = object;
  const { score, mask, width, height, answer } = found;
  return {
    ...prompted,
    score,
    ...(stability !== undefined && { stability }),
    ...(answer && { answer: encodeRle(answer, width, height) }),
    ...(base !== undefined && { maskFile: maskPath(base, object) }),
    mask: encodeRle(mask, width, height),
  };
}

/**
 * The image with masks and clicks drawn over it. Objects found without a prompt can be nested, so they are drawn from the
 * largest to the smallest, and without clicks.
 */
function overlayOf(image: Image, answers: readonly Answered[]): Image {
  const drawn = answers.map(({ object, found, stability }, i) => ({
    mask: found.mask,
    color: COLORS[i % COLORS.length]!,
    clicks: stability === undefined ? object.points.map(([x, y, label = 1]) => ({ x, y, positive: label === 1 })) : [],
    area: stability === undefined ? 0 : found.area,
  }));
  return drawOverlay(
    image,
    drawn.sort((a, b) => b.area - a.area),
  );
}
