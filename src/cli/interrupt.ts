/**
 * Ctrl-C: the program ends with exit code 130, but never in the middle of writing a file, and not before sessions
 * have ended their run: ONNX Runtime aborts the process when its thread is stopped within one. A second Ctrl-C does
 * not wait.
 */
import { SamusError } from '../errors.js';

const writing = new Set<Promise<unknown>>();
const endings = new Set<() => Promise<void>>();
let interrupted = false;

/** Waiting longer than this is explained. */
const PATIENCE_MS = 1000;
let explain = (): unknown =>
  process.stderr.write('interrupted: ends after the step at hand; once more ends it at once\n');

/** Has it explained otherwise, by a command for which that text or that place is not right. */
export function explainInterruptBy(other: () => unknown): void {
  explain = other;
}

let hint = 'run the command again; files that are there are whole';

/** What to do after an interruption, for a command that is not just run again. */
export function hintAfterInterrupt(other: string): void {
  hint = other;
}

/** Runs `work` to its end even if the program is interrupted meanwhile; after that nothing is begun any more. */
export async function whole<T>(work: () => Promise<T>): Promise<T> {
  // The program ends before this could matter: what waits for it must not go on.
  if (interrupted) return new Promise<never>(() => undefined);
  const running = work();
  writing.add(running);
  try {
    return await running;
  } finally {
    writing.delete(running);
  }
}

/** Calls `end` before an interrupted program ends. @returns what takes that back */
export function beforeInterruptedEnd(end: () => Promise<void>): () => void {
  endings.add(end);
  return () => endings.delete(end);
}

/** Whether the program is about to end; what it would print then is no longer of interest. */
export function isInterrupted(): boolean {
  return interrupted;
}

/** Calls `exit` once after SIGINT or SIGTERM, when nothing is being written or computed any more. */
export function onInterrupt(exit: (error: SamusError, exitCode: number) => void): void {
  const stop = async (exitCode: number): Promise<void> => {
    interrupted = true;
    const timer = setTimeout(() => explain(), PATIENCE_MS);
    await Promise.allSettled([...writing, ...[...endings].map((end) => end())]);
    clearTimeout(timer);
    exit(new SamusError('INTERRUPTED', 'the command was interrupted', hint), exitCode);
  };
  process.once('SIGINT', () => void stop(130));
  // 128 + 15, as a shell reports a program that SIGTERM ended.
  process.once('SIGTERM', () => void stop(143));
}
