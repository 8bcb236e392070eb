/**
 * Ctrl-C: the program ends at once with exit code 130, but never in the middle of writing a file. What writes is
 * wrapped in {@link whole}; a signal that comes meanwhile waits for it, a matter of moments.
 */
import { SamusError } from '../errors.js';

const writing = new Set<Promise<unknown>>();

/** Runs `work` to its end even if the program is interrupted meanwhile. */
export async function whole<T>(work: () => Promise<T>): Promise<T> {
  const running = work();
  writing.add(running);
  try {
    return await running;
  } finally {
    writing.delete(running);
  }
}

/** Calls `end` once after SIGINT or SIGTERM, when nothing is being written any more. */
export function onInterrupt(end: (error: SamusError, exitCode: number) => void): void {
  const stop = async (exitCode: number): Promise<void> => {
    await Promise.allSettled(writing);
    const hint = 'run the command again; files that are there are whole';
    end(new SamusError('interrupted', 'INTERRUPTED', 'the command was interrupted', hint), exitCode);
  };
  process.once('SIGINT', () => void stop(130));
  // 128 + 15, as a shell reports a program that SIGTERM ended.
  process.once('SIGTERM', () => void stop(143));
}
