/**
 * The work of `samus segment`: makes jobs, runs them, and decides which failures end the run.
 */
import { basename, extname, join } from 'node:path';
import { SamusError } from '../errors.js';
import { type AnnotatedImage, annotationJson, type FailedImage } from '../formats/annotation.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { cutOffNote } from '../formats/imageSource.js';
import { outputStems } from '../formats/outputNames.js';
import { type DicomRequest, dicomPaths, writeDicomObjects } from '../jobs/dicomResults.node.js';
import type { FrameRanges } from '../jobs/frames.js';
import { chosenClasses } from '../jobs/jobModel.node.js';
import { LocalRunner, outputPaths } from '../jobs/localRunner.node.js';
import {
  DICOM_FORMATS,
  type DicomFormat,
  type JobOutputs,
  OUTPUT_FORMATS,
  type PlannedImage,
  type SegmentJob,
} from '../jobs/segmentJob.js';
import type { AutomaticSettings } from '../predict/automaticOptions.js';
import { isAsked } from '../predict/prompts.js';
import { beforeInterruptedEnd, uninterrupted } from './interrupt.js';
import type { FlipOptions, ModelOptions } from './modelOptions.js';
import { openClassNetwork, openSegmenter } from './openModel.js';
import { modelFiles, outputCheck } from './output.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';
import { attempt, eachFrame, onlyDicom, type SegmentPlan } from './segmentJobs.js';
import { dicomLines, resultLines } from './segmentLines.js';

export interface SegmentRunOptions extends ModelOptions, FlipOptions {
  readonly prompts?: string;
  readonly multimask?: boolean;
  /** Default: true unless tensors are saved, so that masks on disk match the tensors. */
  readonly clean?: boolean;
  /** Of a model with an object score. */
  readonly minPresence?: number;
  readonly out: string;
  readonly format?: readonly (JobOutputs['formats'][number] | DicomFormat)[];
  readonly dicomGeometry?: DicomRequest['geometry'];
  readonly dicomSeg?: DicomRequest['kind'];
  readonly saveTensors?: string;
  readonly json?: boolean;
  /** Find everything, without prompts. */
  readonly everything?: AutomaticSettings;
  /** Segment every class of a model that takes no prompts. */
  readonly auto?: boolean;
  /** Names of the classes, in place of those of the model. */
  readonly classNames?: readonly string[];
  /** Frames of files with several (default: the first). */
  readonly frames?: FrameRanges;
}

/**
 * Segments the images one after another. A failed image, or results that cannot be written, do not stop the others.
 * @throws SamusError what stops the whole run: wrong usage, a model that cannot be loaded, a full disk, and any error of
 *   a single image
 */
export async function segmentAll(plan: SegmentPlan, options: SegmentRunOptions): Promise<Outcome> {
  const { out, saveTensors, frames } = options;
  const dicom = DICOM_FORMATS.filter((format) => options.format?.includes(format));
  const named = frames === undefined ? plan.images : await eachFrame(plan.images, frames);
  const images = dicom.length === 0 ? named : await onlyDicom(named);
  if (saveTensors !== undefined && images.length > 1) {
    throw new SamusError(
      'SAVE_TENSORS_ONE_IMAGE',
      `expected one image with --save-tensors, got ${images.length}`,
      'run the command once for each image',
    );
  }
  const jobs = plannedJobs(images, options);
  const check = await outputCheck(inputsOf(jobs, options));
  const objects = dicomPaths(
    images.flatMap(({ image, problem }) => (problem ? [] : [image.path])),
    dicom,
    out,
  );
  await check([...jobs.flatMap(outputPaths), ...[...objects.values()].flatMap((paths) => [...paths.values()])]);
  const model = await (options.auto ? openClassNetwork : openSegmenter)(options);
  const classes = plan.classes.length > 0 ? plan.classes : chosenClasses(model, options.classNames);
  const runner = new LocalRunner(model, { check, uninterrupted });
  // Fail before the first of many images if the folder cannot be created.
  if (images.length > 1) await makeFolder(out);
  for (const warning of otherModels(jobs, model.name)) warn(warning);
  const forget = beforeInterruptedEnd(() => runner.close());
  const progress = new Progress('segmenting', images.length);
  const entries: (AnnotatedImage | FailedImage)[] = [];
  const lines: string[] = [];
  const files = new Set(images.map(({ image }) => image.path)).size;
  let failed = false;
  try {
    for (const [i, { problem, ...job }] of jobs.entries()) {
      const { image } = job;
      const name = image.frame === undefined ? image.path : `${image.path} frame ${image.frame}`;
      progress.update(i, name);
      const done = await attempt(async () => {
        if (problem) throw problem;
        return runner.run({ ...job, classes });
      }, jobs.length);
      if (done instanceof SamusError) {
        entries.push({ image, error: done });
        lines.push(`${name}: error: ${done.message} (${done.hint})`);
        continue;
      }
      entries.push(done);
      lines.push(...resultLines(name, done, options.auto ? classes : undefined));
      const { frames: count = 1 } = done;
      const note = cutOffNote({ ...done, frames: count });
      if (note !== undefined && jobs[i + 1]?.image.path !== image.path) warn(`${image.path}: ${note}`);
      if (image.frame === undefined && count > 1) {
        warn(`${name} has ${count} frames; segmented only the first (see --frame and --frames)`);
      }
    }
    const request = { ...dicomRequest(options), model: model.name, classes };
    for (const [path, paths] of objects) {
      const error = await attempt(
        () => writeDicomObjects(path, entries, paths, request, { uninterrupted, warn }),
        files,
      );
      if (error) warn(`${path}: ${error.message}; wrote no DICOM objects`);
      failed ||= error !== undefined && error.code !== 'DICOM_SEG_EMPTY';
    }
  } finally {
    progress.end();
    forget();
    await runner.close();
  }
  const made = entries.flatMap((entry) => ('error' in entry ? [] : dicomLines(entry)));
  lines.push(...new Set(made));
  const document = annotationJson({ model: model.name, classes, images: entries });
  failed ||= entries.some((entry) => 'error' in entry);
  return { document, lines: [...lines, NOTICE], exitCode: failed ? 1 : 0 };
}

function dicomRequest(options: SegmentRunOptions) {
  const { dicomGeometry, dicomSeg, auto = false, everything } = options;
  return {
    version: packageVersion(),
    automatic: auto || everything !== undefined,
    named: everything === undefined,
    ...(dicomGeometry && { geometry: dicomGeometry }),
    ...(dicomSeg && { kind: dicomSeg }),
  };
}

type PlannedJob = SegmentJob & Pick<PlannedImage, 'image' | 'problem'>;

function plannedJobs(images: SegmentPlan['images'], options: SegmentRunOptions): PlannedJob[] {
  const { out, format = ['png'] as const, saveTensors, multimask = false, everything, auto = false } = options;
  // A map of classes is left as the model gives it.
  const { clean = saveTensors === undefined && !auto, minPresence } = options;
  const stems = outputStems(
    images.map(({ image }) => image),
    (path) => basename(path, extname(path)),
  );
  return images.map(({ image, objects, problem }, i) => ({
    image,
    ...(problem && { problem }),
    // The command line overrides documents.
    objects: options.clean === undefined ? objects : objects.map((one) => ({ ...one, clean: options.clean! })),
    multimask,
    clean,
    ...(minPresence !== undefined && { minPresence }),
    ...(auto && { auto }),
    ...(everything && { everything }),
    outputs: {
      base: join(out, stems[i]!),
      formats: OUTPUT_FORMATS.filter((one) => format.includes(one)),
      ...(saveTensors !== undefined && { tensors: saveTensors }),
    },
  }));
}

/** All files that the command reads. */
function inputsOf(jobs: readonly SegmentJob[], { prompts, model }: SegmentRunOptions): string[] {
  const read = jobs.flatMap(({ image, objects }) => [image.path, ...objects.map(({ guess }) => guess?.path)]);
  return [...new Set([...read, prompts, ...modelFiles(model)])].filter((path) => path !== undefined);
}

/** Warns about masks that another model made, since this one may not reproduce them. */
function otherModels(jobs: readonly SegmentJob[], name: string): string[] {
  const asked = jobs.flatMap(({ objects }) => objects.filter(isAsked));
  const models = asked.flatMap(({ model }) => (model === undefined || model === name ? [] : [model]));
  return [...new Set(models)].map((model) => {
    const count = models.filter((one) => one === model).length;
    const objects = count === 1 ? '1 object was' : `${count} objects were`;
    return `${objects} segmented by the model ${model}; ${name} may give different masks (see --model)`;
  });
}
