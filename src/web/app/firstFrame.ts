/** Opens a clip at a frame that can be read, because one damaged frame says nothing about the others. */
import { SamusError } from '../../errors.js';
import type { OpenedFile, OpenedImage } from '../open/imageContract.js';
import { text } from '../text/en.js';
import { sayProblem } from './messages.js';
import { damagedFrames } from './state.js';

/** How long frames are tried. A damaged one takes milliseconds, unless its decoder hangs. */
const MOST_MS = 10_000;

/** Errors of one frame. Others hold for the whole file. */
const OF_FRAME = new Set(['DICOM_PIXELS_DAMAGED', 'IMAGE_CORRUPT']);

/**
 * Reads a frame, or else the next one that can be read, or else one before it.
 * @returns the picture, and the frames that are damaged
 * @throws SamusError of the requested frame
 */
export async function readableFrame(
  file: Pick<OpenedFile, 'frames' | 'read'>,
  frame: number,
  signal: AbortSignal,
): Promise<{ readonly picture: OpenedImage; readonly damaged: ReadonlySet<number> }> {
  const damaged = new Set<number>();
  const end = performance.now() + MOST_MS;
  let first: unknown;
  const after = Array.from({ length: file.frames - frame + 1 }, (_, i) => frame + i);
  const before = Array.from({ length: frame - 1 }, (_, i) => frame - 1 - i);
  for (const at of [...after, ...before]) {
    try {
      return { picture: await file.read(at, signal), damaged };
    } catch (error) {
      first ??= error;
      if (!(error instanceof SamusError) || !OF_FRAME.has(error.code)) break;
      damaged.add(at);
      if (performance.now() > end) break;
    }
  }
  throw first;
}

/** Shows what is wrong with the frames of a file that was opened. */
export function sayFrameProblems({ frames, framesStated }: Pick<OpenedFile, 'frames' | 'framesStated'>): void {
  const damaged = [...damagedFrames.peek()].sort((a, b) => a - b);
  const problems = [
    ...(framesStated === undefined ? [] : [text.frames.cutOff(frames, framesStated)]),
    ...(damaged.length === 0 ? [] : [text.frames.damagedFrames(damaged)]),
  ];
  if (problems.length > 0) sayProblem(problems.join(' '), text.frames.copyAgain);
}
