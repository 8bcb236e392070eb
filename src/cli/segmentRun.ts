/**
 * The work of `samus segment`: its order, its files, and which failures end it.
 */
import { dirname, join } from 'node:path';
import { type Json, SamusError } from '../errors.js';
import { type AnnotatedImage, type AnnotationClass, annotationJson, type FailedImage } from '../formats/annotation.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { type Image, maskToImage, toGrey } from '../formats/image.js';
import { openImage } from '../formats/imageFile.node.js';
import type { ImageSource } from '../formats/imageSource.js';
import { writePng } from '../formats/imageWrite.node.js';
import { decodeRle, encodeRle } from '../formats/rle.js';
import { writeSafetensorsFile } from '../formats/safetensorsFile.node.js';
import { type AskedObject, askAll } from '../jobs/askObjects.js';
import type { JobObject } from '../jobs/segmentJob.js';
import { isAsked } from '../predict/asking.js';
import { segmentEverything } from '../predict/automatic.js';
import type { AutomaticSettings } from '../predict/automaticOptions.js';
import type { Segmenter } from '../predict/segmenter.js';
import type { Encoding } from '../predict/types.js';
import { beforeInterruptedEnd, whole } from './interrupt.js';
import type { ModelOptions } from './modelOptions.js';
import { openSegmenter } from './openModel.js';
import { modelFiles, outputCheck, outputStems, writeText } from './output.js';
import { NOTICE } from './packageInfo.js';
import { Progress } from './progress.js';
import type { FrameChoice } from './promptOptions.js';
import { type Outcome, warn } from './run.js';
import { attempt, jobsOfFrames, keepingLast, withFrame } from './segmentFrames.js';
import type { Job, Plan } from './segmentJobs.js';
import { annotatedImage, overlayOf, resultLines, type SegmentedObject } from './segmentResult.js';
import { segmentationTensors } from './segmentTensors.js';

export type Format = 'png' | 'overlay' | 'json';

export interface SegmentOptions extends ModelOptions {
  readonly prompts?: string;
  readonly multimask?: boolean;
  /** Default: unless tensors are saved, whose masks those on disk then are. */
  readonly clean?: boolean;
  readonly out: string;
  readonly format?: readonly Format[];
  readonly saveTensors?: string;
  readonly json?: boolean;
  /** Find everything in place of what is prompted. */
  readonly everything?: AutomaticSettings;
  /** Of files with several frames; the first unless given. */
  readonly frames?: FrameChoice;
}

/**
 * Segments the images one after the other; one that fails, or whose results cannot be written, does not stop the others.
 * @throws SamusError what stops the whole run: a wrong call, a model that cannot be loaded, a full disk, and anything
 *   about an image that is the only one
 */
export async function segmentAll({ jobs: images, classes }: Plan, options: SegmentOptions): Promise<Outcome> {
  const { out, saveTensors, frames } = options;
  const jobs = frames === undefined ? images : await jobsOfFrames(images, frames);
  if (saveTensors !== undefined && jobs.length > 1) {
    throw new SamusError(
      'SAVE_TENSORS_ONE_IMAGE',
      `expected one image with --save-tensors, got ${jobs.length}`,
      'run the command once for each image',
    );
  }
  const read = jobs.flatMap(({ image, objects }) => [image.path, ...guessFiles(objects)]);
  const prompts = options.prompts === undefined ? [] : [options.prompts];
  const check = await outputCheck([...new Set(read), ...prompts, ...modelFiles(options.model)]);
  const stems = outputStems(jobs.map(({ image }) => image));
  const plans = jobs.map((job, i) => ({ job, files: planFiles(job, join(out, stems[i]!), options) }));
  await check([...plans.flatMap(({ files }) => files.all), ...(saveTensors === undefined ? [] : [saveTensors])]);
  const segmenter = await openSegmenter(options);
  // A folder that cannot be made is known before the first of many images has been segmented.
  if (jobs.length > 1) await makeFolder(out);
  for (const warning of otherModels(jobs, segmenter.name)) warn(warning);
  const forget = beforeInterruptedEnd(() => segmenter.dispose());
  const progress = new Progress('segmenting', jobs.length);
  const open = keepingLast();
  const entries: (AnnotatedImage | FailedImage)[] = [];
  const lines: string[] = [];
  let failed = 0;
  try {
    for (const [i, { job, files }] of plans.entries()) {
      const { path, frame } = job.image;
      const name = frame === undefined ? path : `${path} frame ${frame}`;
      progress.update(i, name);
      const { overlay, json } = files;
      const drawn = { ...(overlay && { overlay }), ...(json && { json }) };
      const done = await attempt(async () => {
        if (job.problem) throw job.problem;
        const source = await open(job.image.path);
        const asked = withFrame(job, source);
        const segmented = await segmentImage(segmenter, asked, source, files, options);
        const { image, objects } = segmented;
        // What is found is not known beforehand, and with it the names of its files.
        if (options.everything) await check(masksOf(segmented));
        const entry = annotatedImage(asked, image, objects, drawn);
        await writeFiles(segmenter, segmented, files, documentOf(segmenter.name, classes, [entry]), saveTensors);
        return { entry, objects };
      }, jobs.length);
      if (done instanceof SamusError) {
        failed++;
        entries.push({ image: job.image, error: done });
        lines.push(`${name}: error: ${done.message} (${done.hint})`);
        continue;
      }
      entries.push(done.entry);
      lines.push(...resultLines(name, done.objects));
      for (const [what, path] of Object.entries(drawn)) lines.push(`${name}: ${what} -> ${path}`);
    }
  } finally {
    progress.end();
    forget();
    await segmenter.dispose();
  }
  const document = documentOf(segmenter.name, classes, entries);
  return { document, lines: [...lines, NOTICE], exitCode: failed > 0 ? 1 : 0 };
}

/** A mask is made again only by the model that made it. */
function otherModels(jobs: readonly Job[], name: string): string[] {
  const asked = jobs.flatMap(({ objects }) => objects.filter(isAsked));
  const models = asked.flatMap(({ model }) => (model === undefined || model === name ? [] : [model]));
  return [...new Set(models)].map((model) => {
    const count = models.filter((one) => one === model).length;
    const objects = count === 1 ? '1 object was' : `${count} objects were`;
    return `${objects} answered by the model ${model}; ${name} is asked now and may give other masks (see --model)`;
  });
}

function documentOf(
  model: string,
  classes: readonly AnnotationClass[],
  images: readonly (AnnotatedImage | FailedImage)[],
): Record<string, Json> {
  return annotationJson({ model, classes, images });
}

/** Files of first guesses. */
const guessFiles = (objects: readonly JobObject[]): string[] =>
  objects.flatMap(({ guess }) => (guess?.path === undefined ? [] : [guess.path]));

/** Where the files of an image go. */
interface Files {
  /** Path of an object's mask, by what its file is called by. */
  readonly mask?: (file: string) => string;
  readonly overlay?: string;
  readonly json?: string;
  /** Those that are known before the image is segmented. */
  readonly all: readonly string[];
}

function planFiles({ objects }: Job, base: string, { format = ['png'] }: SegmentOptions): Files {
  const mask = format.includes('png') && ((file: string) => `${base}.${file}.png`);
  const overlay = format.includes('overlay') && `${base}.overlay.png`;
  const json = format.includes('json') && `${base}.json`;
  return {
    ...(mask && { mask }),
    ...(overlay && { overlay }),
    ...(json && { json }),
    all: [
      ...(mask ? objects.map(({ name, file = name }) => mask(file)) : []),
      ...(overlay ? [overlay] : []),
      ...(json ? [json] : []),
    ],
  };
}

interface SegmentedImage {
  readonly image: Image;
  readonly encoding: Encoding;
  readonly objects: readonly SegmentedObject[];
}

/** Where the masks of an image go. */
function masksOf({ objects }: Pick<SegmentedImage, 'objects'>): string[] {
  return objects.flatMap(({ maskPath }) => maskPath ?? []);
}

async function segmentImage(
  segmenter: Segmenter,
  job: Job,
  source: ImageSource,
  files: Files,
  { multimask = false, saveTensors, clean = saveTensors === undefined, everything }: SegmentOptions,
): Promise<SegmentedImage> {
  const { frame = 1 } = job.image;
  const image = await source.read(frame);
  const questions = await Promise.all(job.objects.map((object) => readGuess(object, image, frame)));
  const encoding = await segmenter.encode(image);
  const found: SegmentedObject[] = everything
    ? (await segmentEverything(segmenter, encoding, everything)).map((result) => ({
        prompt: { name: result.name, points: [[...result.point, 1] as const] },
        result,
        stability: result.stability,
      }))
    : (await askAll(segmenter, encoding, questions, { multimask, clean })).map((result, i) => ({
        prompt: { ...(multimask && { multimask }), ...withGuess(questions[i]!, image) },
        result,
      }));
  const objects = found.map((object) => ({
    ...object,
    ...(files.mask && { maskPath: files.mask(object.prompt.file ?? object.prompt.name) }),
  }));
  return { image, encoding, objects };
}

/** With the run lengths of a first guess, so that the document needs no other file. */
function withGuess({ object, guess }: AskedObject, { width, height }: Image): JobObject {
  return guess ? { ...object, guess: { ...object.guess, rle: encodeRle(guess, width, height) } } : object;
}

/**
 * @param frame of the image, whose mask is taken from a file that has masks for several
 * @throws SamusError PROMPT_MASK_SIZE, RLE_INVALID, and as openImage
 */
async function readGuess(object: JobObject, image: Image, frame: number): Promise<AskedObject> {
  const { name, guess } = object;
  const { path, rle } = guess ?? {};
  const mask = rle ? decodeRle(rle) : path !== undefined && (await readMaskOf(path, frame));
  if (!mask) return { object };
  if (mask.width === image.width && mask.height === image.height) return { object, guess: mask.data };
  throw new SamusError(
    'PROMPT_MASK_SIZE',
    `expected a mask of ${image.width}x${image.height} pixels, got ${mask.width}x${mask.height} (${path ?? name})`,
    'give a mask of the size of the image',
  );
}

async function readMaskOf(path: string, frame: number): Promise<Image> {
  const source = await openImage(path);
  return toGrey(await source.read(source.frames === 1 ? 1 : frame, 'mask'));
}

/** Writes the results of an image; places that cannot be written to are found before anything is. */
async function writeFiles(
  segmenter: Segmenter,
  { image, encoding, objects }: SegmentedImage,
  files: Files,
  document: Json,
  tensorsPath: string | undefined,
): Promise<void> {
  const [first] = [...files.all, ...masksOf({ objects })];
  if (first !== undefined) await makeFolder(dirname(first));
  if (tensorsPath !== undefined) {
    await makeFolder(dirname(tensorsPath));
    const results = objects.map(({ result }) => result.candidates).filter(({ length }) => length > 0);
    const tensors = segmentationTensors(segmenter.config, encoding, results);
    await whole(() => writeSafetensorsFile(tensorsPath, tensors, new Map([['model', segmenter.name]])));
  }
  for (const { result, maskPath } of objects) {
    if (maskPath === undefined) continue;
    await whole(() => writePng(maskPath, maskToImage(result.mask, result.width, result.height)));
  }
  if (files.overlay) await whole(() => writePng(files.overlay!, overlayOf(image, objects)));
  if (files.json) await writeText(files.json, `${JSON.stringify(document, null, 2)}\n`);
}
