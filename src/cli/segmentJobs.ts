/**
 * Plans what to segment: prompts of the command line go to every image, those of a prompts file to the images it names.
 * Then the plan is limited to chosen frames and to images that can have DICOM objects.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import type { AnnotationClass } from '../formats/annotation.js';
import { storedPath } from '../formats/fileSystem.node.js';
import type { FrameRanges } from '../jobs/frames.js';
import type { PlannedImage, PromptedImage } from '../jobs/segmentJob.js';
import type { PromptList } from './promptOptions.js';
import { warn } from './run.js';

export interface SegmentPlan {
  readonly images: readonly PlannedImage[];
  readonly classes: readonly AnnotationClass[];
}

/**
 * The images to segment and their prompts.
 * @param images as named on the command line; with a prompts file, none means all images in the file
 * @throws SamusError IMAGES_MISSING, PROMPTS_MISSING, PROMPTS_TWICE, and as readPromptsFile
 */
export async function planJobs(
  images: readonly string[],
  prompts: PromptList,
  promptsFile: string | undefined,
): Promise<SegmentPlan> {
  if (promptsFile === undefined) {
    checkImages(images);
    if (prompts.isEmpty) {
      const hint = 'add --point x,y, or use --everything, or --classes with a network; --help lists other prompts';
      throw usage('PROMPTS_MISSING', 'expected a prompt, got none', hint);
    }
    const objects = prompts.list();
    return { images: (await unique(images)).map(({ path }) => ({ image: { path }, objects })), classes: [] };
  }
  if (!prompts.isEmpty) {
    throw usage('PROMPTS_TWICE', 'expected prompts as options or in a file, got both', 'use one of the two');
  }
  const { segmentationPrompts } = await import('./segPrompts.js');
  const segmented = await segmentationPrompts(promptsFile, async () => (await unique(images)).map(({ path }) => path));
  if (segmented) return { images: segmented, classes: [] };
  const { readPromptsFile } = await import('./promptsFile.js');
  const file = await readPromptsFile(promptsFile);
  const { classes } = file;
  if (images.length === 0) return { images: file.images.map((one) => withPath(one, promptsFile)), classes };
  const byFile = new Map<string, PromptedImage[]>();
  for (const one of file.images) {
    if (one.image.path === undefined) continue;
    const key = await keyOf(one.image.path);
    byFile.set(key, [...(byFile.get(key) ?? []), one]);
  }
  const paths = await unique(images);
  const found = await Promise.all(
    paths.map(async ({ path, key }) => {
      const ofPath = byFile.get(key) ?? (await promptsOfContent(path, file.images));
      if (ofPath.length > 0) return ofPath.map(({ image, objects }) => ({ image: { ...image, path }, objects }));
      const message = `${promptsFile} has no prompt for ${path}`;
      const hint = 'add a line for it; paths are relative to the current folder';
      return [{ image: { path }, objects: [], problem: new SamusError('PROMPTS_NO_IMAGE', message, hint) }];
    }),
  );
  return { images: found.flat(), classes };
}

/**
 * The images for `--everything`, `--classes` and `--auto`, without prompts. A folder means the images in it.
 * @throws SamusError IMAGES_MISSING, also for a folder without images
 */
export async function planWithoutPrompts(images: readonly string[]): Promise<SegmentPlan> {
  checkImages(images);
  const all = (await Promise.all(images.map(imagesIn))).flat();
  return { images: (await unique(all)).map(({ path }) => ({ image: { path }, objects: [] })), classes: [] };
}

/**
 * One entry for each chosen frame. Of the frames that a prompts file names, the chosen ones stay.
 * @throws SamusError what is wrong with an image that is the only one
 */
export async function eachFrame(images: readonly PlannedImage[], choice: FrameRanges): Promise<PlannedImage[]> {
  const { openImage } = await import('../formats/imageFile.node.js');
  const { chosenFrames, frameNumbers } = await import('../jobs/frames.js');
  const found: PlannedImage[] = [];
  for (const path of new Set(images.map(({ image }) => image.path))) {
    const planned = images.filter(({ image }) => image.path === path);
    const opened = planned.filter(({ problem }) => !problem);
    found.push(...planned.filter(({ problem }) => problem));
    if (opened.length === 0) continue;
    const frames = await attempt(
      async () => chosenFrames(opened, frameNumbers(choice, await openImage(path), path)),
      images.length,
    );
    if (frames instanceof SamusError) found.push({ ...opened[0]!, problem: frames });
    else found.push(...frames);
  }
  return found;
}

/** The same images; those that are not DICOM get a problem. @throws SamusError for an image that is the only one */
export async function onlyDicom(images: readonly PlannedImage[]): Promise<PlannedImage[]> {
  const { checkDicom } = await import('../jobs/dicomResults.node.js');
  const problems = new Map<string, SamusError | undefined>();
  for (const { image } of images) {
    if (problems.has(image.path)) continue;
    const error = await attempt(() => checkDicom(image.path), images.length);
    problems.set(image.path, error instanceof SamusError ? error : undefined);
  }
  return images.map((one) => {
    const problem = one.problem ?? problems.get(one.image.path);
    return problem ? { ...one, problem } : one;
  });
}

/** The error of one image among several is part of the result; machine errors end the run. */
export async function attempt<T>(work: () => Promise<T>, images: number): Promise<T | SamusError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SamusError && images > 1 && error.kind !== 'machine') return error;
    throw error;
  }
}

/** The image files of a folder, or the path itself if it is none. @throws SamusError IMAGES_MISSING */
async function imagesIn(path: string): Promise<string[]> {
  const folder = await storedPath(path);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) return [path];
  const { imageFiles } = await import('../formats/imageFolder.node.js');
  const { images, leftOut } = await imageFiles(folder);
  const others = `${leftOut} DICOM object(s) without an image, such as segmentations and reports`;
  if (images.length > 0) {
    if (leftOut > 0) warn(`${path}: ${others}, left out`);
    return images.map((name) => join(path, name));
  }
  throw usage(
    'IMAGES_MISSING',
    `expected images in the folder ${path}, got ${leftOut > 0 ? others : 'none'}`,
    'name another folder, or image files',
  );
}

/** A file may name an image by content hash alone; then the command line must give its path. */
function withPath({ image, objects }: PromptedImage, promptsFile: string): PlannedImage {
  const { path } = image;
  if (path !== undefined) return { image: { ...image, path }, objects };
  const message = `expected the path of each image in ${promptsFile}, got only a content hash (${image.content})`;
  throw usage('PROMPTS_NO_IMAGE', message, 'name the image files on the command line');
}

/** The prompts of a file that name an image by its content hash. */
async function promptsOfContent(path: string, all: readonly PromptedImage[]): Promise<PromptedImage[]> {
  if (all.every(({ image }) => image.content === undefined)) return [];
  const hash = createHash('sha256');
  try {
    // A pipe could wait for its other end.
    if (!(await stat(path)).isFile()) return [];
    await pipeline(createReadStream(path), hash);
  } catch {
    // Opening the image reports that it cannot be read.
    return [];
  }
  const content = hash.digest('hex');
  return all.filter(({ image }) => image.content !== undefined && content.startsWith(image.content.toLowerCase()));
}

function checkImages(images: readonly string[]): void {
  if (images.length === 0) throw usage('IMAGES_MISSING', 'expected an image, got none', 'name an image file');
}

/** An image named twice would write the same output twice. */
async function unique(images: readonly string[]): Promise<{ readonly path: string; readonly key: string }[]> {
  const keyed = await Promise.all(images.map(async (path) => ({ path, key: await keyOf(path) })));
  return [...new Map(keyed.map((one) => [one.key, one])).values()];
}

/**
 * The file that a path names. Two names on disk that differ only in their Unicode normal form are two files; a missing
 * name means the one in another form.
 */
const keyOf = async (path: string): Promise<string> => resolve(await storedPath(path));

function usage(code: ErrorCode, message: string, hint: string): SamusError {
  return new SamusError(code, message, hint);
}
