/**
 * Which image gets which prompts: those of the command line go to every image, those of a prompts file to the images
 * that it names.
 */
import { resolve } from 'node:path';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import type { PromptList, PromptSpec } from './promptOptions.js';
import { readPromptsFile } from './promptsFile.js';

/** One image to segment. */
export interface Job {
  readonly image: string;
  readonly objects: readonly PromptSpec[];
  /** Why it cannot be done; reported when its turn comes. */
  readonly problem?: SamusError;
}

/**
 * The work that a command line asks for.
 * @param images as named on the command line; with a prompts file, none of them means all that the file names
 * @throws SamusError IMAGES_MISSING, PROMPTS_MISSING, PROMPTS_TWICE, and as readPromptsFile
 */
export async function planJobs(
  images: readonly string[],
  prompts: PromptList,
  promptsFile: string | undefined,
): Promise<readonly Job[]> {
  if (promptsFile === undefined) {
    checkImages(images);
    if (prompts.isEmpty) {
      const hint = 'point at the object with --point x,y, or take --everything; --help tells of other prompts';
      throw usage('PROMPTS_MISSING', 'a prompt was expected, none came', hint);
    }
    const objects = prompts.list();
    return unique(images).map((image) => ({ image, objects }));
  }
  if (!prompts.isEmpty) {
    throw usage('PROMPTS_TWICE', 'prompts came both as options and as a file', 'use either --prompts or the options');
  }
  const file = await readPromptsFile(promptsFile);
  if (images.length === 0) return [...file].map(([image, objects]) => ({ image, objects }));
  const byPath = new Map([...file].map(([image, objects]) => [resolve(image), objects]));
  return unique(images).map((image) => {
    const objects = byPath.get(resolve(image));
    if (objects) return { image, objects };
    const message = `${promptsFile} has no prompt for ${image}`;
    const hint = 'add a line for it; paths are those of the command line, from the current folder';
    return { image, objects: [], problem: new SamusError('PROMPTS_NO_IMAGE', message, hint) };
  });
}

/** The work of `--everything`: objects are found, not named. @throws SamusError IMAGES_MISSING */
export function planEverything(images: readonly string[]): readonly Job[] {
  checkImages(images);
  return unique(images).map((image) => ({ image, objects: [] }));
}

function checkImages(images: readonly string[]): void {
  if (images.length === 0) throw usage('IMAGES_MISSING', 'an image was expected, none came', 'name an image file');
}

/** An image named twice would be written twice to the same place. */
function unique(images: readonly string[]): string[] {
  return [...new Map(images.map((image) => [resolve(image), image])).values()];
}

function usage(code: ErrorCode, message: string, hint: string): SamusError {
  return new SamusError(code, message, hint);
}
