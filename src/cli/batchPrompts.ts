/**
 * The prompts of the images of a study: those of a prompts file, by the path or the content of the image, or of a DICOM
 * segmentation.
 */
import { resolve } from 'node:path';
import { SamusError } from '../errors.js';
import type { AnnotationClass } from '../formats/annotation.js';
import { readSegFile } from '../formats/dicom/dicomKind.node.js';
import { storedPath } from '../formats/fileSystem.node.js';
import type { PromptsOf } from '../jobs/batch/plan.node.js';
import type { AskedFrame } from '../jobs/batch/study.js';
import type { PromptedImage } from '../jobs/segmentJob.js';
import { readPromptsFile } from './promptsFile.js';
import { framesOf } from './segPrompts.js';

export interface PromptsSource {
  readonly classes: readonly AnnotationClass[];
  /** Paths of the images that the file names. */
  readonly named: readonly string[];
  readonly promptsOf: PromptsOf;
}

/** Every image gets the prompts of the settings. */
export const NO_PROMPTS: PromptsSource = { classes: [], named: [], promptsOf: async () => undefined };

/**
 * @param clean in place of what the file says about its objects
 * @throws SamusError as readPromptsFile
 */
export async function promptsSource(path: string, clean?: boolean): Promise<PromptsSource> {
  const seg = await readSegFile(path);
  if (seg) {
    return {
      classes: [],
      named: [],
      promptsOf: ({ open }) =>
        open(async (file) => {
          const planned = await framesOf(file, seg);
          const problem = planned[0]?.problem;
          if (problem) throw problem;
          return planned.map((one) => askedFrame(one, clean));
        }),
    };
  }
  const { images, classes } = await readPromptsFile(path);
  const byPath = new Map<string, PromptedImage[]>();
  const byContent: PromptedImage[] = [];
  for (const one of images) {
    if (one.image.content !== undefined) byContent.push(one);
    if (one.image.path === undefined) continue;
    const key = await keyOf(one.image.path);
    byPath.set(key, [...(byPath.get(key) ?? []), one]);
  }
  return {
    classes,
    named: images.flatMap(({ image }) => image.path ?? []),
    promptsOf: async ({ image, content }) => {
      const found =
        byPath.get(await keyOf(image)) ??
        byContent.filter((one) => content.startsWith(one.image.content!.toLowerCase()));
      if (found.length > 0) return found.map((one) => askedFrame(one, clean));
      const message = `${path} has no prompt for ${image}`;
      const hint = 'add a line for it; paths are relative to the current folder';
      throw new SamusError('PROMPTS_NO_IMAGE', message, hint);
    },
  };
}

function askedFrame({ image: { frame }, objects }: PromptedImage, clean: boolean | undefined): AskedFrame {
  const asked = clean === undefined ? objects : objects.map((one) => ({ ...one, clean }));
  return { ...(frame !== undefined && { frame }), objects: asked };
}

const keyOf = async (path: string): Promise<string> => resolve(await storedPath(path));
