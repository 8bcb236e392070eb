/**
 * Selects the frames that `samus segment` segments.
 */
import { SamusError } from '../errors.js';
import { openImage } from '../formats/imageFile.node.js';
import { checkFrame, type ImageSource } from '../formats/imageSource.js';
import type { FrameChoice } from './promptOptions.js';
import type { PlannedImage } from './segmentJobs.js';

/**
 * One entry for each chosen frame; a frame named in a prompts file stays.
 * @throws SamusError what is wrong with an image that is the only one
 */
export async function eachFrame(images: readonly PlannedImage[], choice: FrameChoice): Promise<PlannedImage[]> {
  const found: PlannedImage[] = [];
  for (const one of images) {
    if (one.problem || one.image.frame !== undefined) {
      found.push(one);
      continue;
    }
    const frames = await attempt(
      async () => numbersOf(choice, await openImage(one.image.path), one.image.path),
      images.length,
    );
    if (frames instanceof SamusError) found.push({ ...one, problem: frames });
    else found.push(...frames.map((frame) => ({ ...one, image: { ...one.image, frame } })));
  }
  return found;
}

/** The frame numbers, sorted. @throws SamusError IMAGE_FRAME if the file has fewer frames */
function numbersOf(choice: FrameChoice, source: ImageSource, path: string): number[] {
  const ranges = choice === 'all' ? [[1, source.frames] as const] : choice;
  for (const [, to] of ranges) checkFrame(source, to, path);
  const numbers = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  return [...new Set(numbers)].sort((a, b) => a - b);
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
