/**
 * Which frames of the images of `samus segment` are segmented, and opening images for them.
 */
import { SamusError } from '../errors.js';
import { openImage } from '../formats/imageFile.node.js';
import { checkFrame, type ImageSource } from '../formats/imageSource.js';
import type { FrameChoice } from './promptOptions.js';
import { warn } from './run.js';
import type { Job } from './segmentJobs.js';

/**
 * A job for each frame that is asked for; a frame that a prompts file names stays.
 * @throws SamusError what is wrong with an image that is the only one
 */
export async function jobsOfFrames(jobs: readonly Job[], choice: FrameChoice): Promise<Job[]> {
  const found: Job[] = [];
  for (const job of jobs) {
    if (job.problem || job.image.frame !== undefined) {
      found.push(job);
      continue;
    }
    const frames = await attempt(
      async () => numbersOf(choice, await openImage(job.image.path), job.image.path),
      jobs.length,
    );
    if (frames instanceof SamusError) found.push({ ...job, problem: frames });
    else found.push(...frames.map((frame) => ({ ...job, image: { ...job.image, frame } })));
  }
  return found;
}

/** The frames of a file, in their order. @throws SamusError IMAGE_FRAME if it has not so many */
function numbersOf(choice: FrameChoice, source: ImageSource, path: string): number[] {
  const ranges = choice === 'all' ? [[1, source.frames] as const] : choice;
  for (const [, to] of ranges) checkFrame(source, to, path);
  const numbers = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** The first frame, with a warning, where the file has several and none was asked for. */
export function withFrame(job: Job, { frames }: ImageSource): Job {
  const { path, frame } = job.image;
  if (frame !== undefined || frames === 1) return job;
  warn(`${path} has ${frames} frames; the first is segmented (see --frame and --frames)`);
  return { ...job, image: { ...job.image, frame: 1 } };
}

/** Opens images; the last one stays open, because its frames are asked for one after the other. */
export function keepingLast(): (path: string) => Promise<ImageSource> {
  let last: { readonly path: string; readonly source: ImageSource } | undefined;
  return async (path) => {
    if (last?.path !== path) last = { path, source: await openImage(path) };
    return last.source;
  };
}

/** The error of one image among several is part of the result; what this machine cannot do ends the run. */
export async function attempt<T>(work: () => Promise<T>, images: number): Promise<T | SamusError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SamusError && images > 1 && error.kind !== 'machine') return error;
    throw error;
  }
}
