/**
 * The work of `samus segment`: its jobs and their files, which failures end it, and what is said of the results.
 */
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { type AnnotatedImage, type AnnotatedObject, annotationJson, type FailedImage } from '../formats/annotation.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { rleArea, rleBox } from '../formats/rle.js';
import { partCount } from '../formats/runs.js';
import { LocalRunner } from '../jobs/localRunner.node.js';
import { type JobOutputs, outputPaths, type SegmentJob } from '../jobs/segmentJob.js';
import { isAsked } from '../predict/asking.js';
import type { AutomaticSettings } from '../predict/automaticOptions.js';
import { beforeInterruptedEnd, whole } from './interrupt.js';
import type { ModelOptions } from './modelOptions.js';
import { openClassNetwork, openSegmenter } from './openModel.js';
import { modelFiles, outputCheck, outputStems } from './output.js';
import { NOTICE } from './packageInfo.js';
import { Progress } from './progress.js';
import type { FrameChoice } from './promptOptions.js';
import { type Outcome, warn } from './run.js';
import { attempt, eachFrame } from './segmentFrames.js';
import type { Plan } from './segmentJobs.js';

export interface SegmentOptions extends ModelOptions {
  readonly prompts?: string;
  readonly multimask?: boolean;
  /** Default: unless tensors are saved, whose masks those on disk then are. */
  readonly clean?: boolean;
  readonly out: string;
  readonly format?: JobOutputs['formats'];
  readonly saveTensors?: string;
  readonly json?: boolean;
  /** Find everything in place of what is prompted. */
  readonly everything?: AutomaticSettings;
  /** Find every class of a network in place of what is prompted. */
  readonly classes?: boolean;
  /** Of files with several frames; the first unless given. */
  readonly frames?: FrameChoice;
}

/**
 * Segments the images one after the other; one that fails, or whose results cannot be written, does not stop the others.
 * @throws SamusError what stops the whole run: a wrong call, a model that cannot be loaded, a full disk, and anything
 *   about an image that is the only one
 */
export async function segmentAll(plan: Plan, options: SegmentOptions): Promise<Outcome> {
  const { out, saveTensors, frames } = options;
  const { classes } = plan;
  const images = frames === undefined ? plan.images : await eachFrame(plan.images, frames);
  if (saveTensors !== undefined && images.length > 1) {
    throw new SamusError(
      'SAVE_TENSORS_ONE_IMAGE',
      `expected one image with --save-tensors, got ${images.length}`,
      'run the command once for each image',
    );
  }
  const jobs = jobsOf({ images, classes }, options);
  const check = await outputCheck(inputsOf(jobs, options));
  await check(jobs.flatMap(outputPaths));
  const model = await (options.classes ? openClassNetwork : openSegmenter)(options);
  const runner = new LocalRunner(model, { check, whole });
  // A folder that cannot be made is known before the first of many images has been segmented.
  if (images.length > 1) await makeFolder(out);
  for (const warning of otherModels(jobs, model.name)) warn(warning);
  const forget = beforeInterruptedEnd(() => runner.close());
  const progress = new Progress('segmenting', images.length);
  const entries: (AnnotatedImage | FailedImage)[] = [];
  const lines: string[] = [];
  try {
    for (const [i, job] of jobs.entries()) {
      const { image, problem } = images[i]!;
      const name = image.frame === undefined ? image.path : `${image.path} frame ${image.frame}`;
      progress.update(i, name);
      const done = await attempt(async () => {
        if (problem) throw problem;
        return runner.run(job);
      }, jobs.length);
      if (done instanceof SamusError) {
        entries.push({ image, error: done });
        lines.push(`${name}: error: ${done.message} (${done.hint})`);
        continue;
      }
      entries.push(done);
      lines.push(...resultLines(name, done));
      if (image.frame === undefined && done.frames !== undefined) {
        warn(`${name} has ${done.frames} frames; the first is segmented (see --frame and --frames)`);
      }
    }
  } finally {
    progress.end();
    forget();
    await runner.close();
  }
  const document = annotationJson({ model: model.name, classes, images: entries });
  return { document, lines: [...lines, NOTICE], exitCode: entries.some((entry) => 'error' in entry) ? 1 : 0 };
}

function jobsOf({ images, classes }: Plan, options: SegmentOptions): SegmentJob[] {
  const { out, format = ['png'], saveTensors, multimask = false, everything } = options;
  const { clean = saveTensors === undefined } = options;
  const stems = outputStems(images.map(({ image }) => image));
  return images.map(({ image, objects }, i) => ({
    image,
    // What is asked for on the command line holds for documents that say otherwise.
    objects: options.clean === undefined ? objects : objects.map((one) => ({ ...one, clean: options.clean! })),
    classes,
    multimask,
    clean,
    ...(everything && { everything }),
    outputs: {
      base: join(out, stems[i]!),
      formats: format,
      ...(saveTensors !== undefined && { tensors: saveTensors }),
    },
  }));
}

/** Every file that the command reads. */
function inputsOf(jobs: readonly SegmentJob[], { prompts, model }: SegmentOptions): string[] {
  const read = jobs.flatMap(({ image, objects }) => [image.path, ...objects.map(({ guess }) => guess?.path)]);
  return [...new Set([...read, prompts, ...modelFiles(model)])].filter((path) => path !== undefined);
}

/** A mask is made again only by the model that made it. */
function otherModels(jobs: readonly SegmentJob[], name: string): string[] {
  const asked = jobs.flatMap(({ objects }) => objects.filter(isAsked));
  const models = asked.flatMap(({ model }) => (model === undefined || model === name ? [] : [model]));
  return [...new Set(models)].map((model) => {
    const count = models.filter((one) => one === model).length;
    const objects = count === 1 ? '1 object was' : `${count} objects were`;
    return `${objects} answered by the model ${model}; ${name} is asked now and may give other masks (see --model)`;
  });
}

/** One line for each object, and for each file of the image. */
function resultLines(path: string, { objects, files = {} }: AnnotatedImage): string[] {
  const lines = objects.length === 0 ? [`${path}: nothing found`] : objects.map((object) => objectLine(path, object));
  return [...lines, ...Object.entries(files).map(([what, file]) => `${path}: ${what} -> ${file}`)];
}

function objectLine(path: string, { name, score = null, mask, maskFile }: AnnotatedObject): string {
  const box = mask && rleBox(mask);
  const parts = mask ? partCount(mask) : 0;
  const several = parts > 1 ? `${parts} parts, ` : '';
  const found = mask && box ? `${several}area ${rleArea(mask)} px, box ${box.join(',')}` : 'nothing found';
  const origin = score === null ? 'made by hand' : `score ${score.toFixed(3)}`;
  return `${path}: ${name}, ${origin}, ${found}${maskFile === undefined ? '' : ` -> ${maskFile}`}`;
}
