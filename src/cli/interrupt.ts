/**
 * Ctrl-C: the program ends with exit code 130, but never while it writes a file, and only after running sessions have
 * finished: ONNX Runtime aborts the process if its thread stops during a run. A second Ctrl-C does not wait.
 */
import { SamusError } from '../errors.js';

const writing = new Set<Promise<unknown>>();
const endings = new Set<() => Promise<void>>();
let interrupted = false;

/** After this wait, a message explains it. */
const PATIENCE_MS = 1000;
let explain = (): unknown =>
  process.stderr.write('interrupted: finishing the current step; press Ctrl-C again to stop at once\n');

/** Replaces that message, for commands that need another text or place. */
export function explainInterruptBy(other: () => unknown): void {
  explain = other;
}

let hint = 'run the command again; files already written are complete';

/** Replaces the hint, for commands that are resumed rather than run again. */
export function hintAfterInterrupt(other: string): void {
  hint = other;
}

/** Runs `work` to its end even if the program is interrupted meanwhile; starts no work after an interruption. */
export async function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
  // The program is about to end; callers must not continue.
  if (interrupted) return new Promise<never>(() => undefined);
  const running = work();
  writing.add(running);
  try {
    return await running;
  } finally {
    writing.delete(running);
  }
}

/** Calls `end` before an interrupted program ends. @returns a function that unregisters it */
export function beforeInterruptedEnd(end: () => Promise<void>): () => void {
  endings.add(end);
  return () => endings.delete(end);
}

/** Whether the program is about to end and should print nothing more. */
export function isInterrupted(): boolean {
  return interrupted;
}

/** Calls `exit` once after SIGINT or SIGTERM, as soon as all writing and computing has finished. */
export function onInterrupt(exit: (error: SamusError, exitCode: number) => void): void {
  const stop = async (exitCode: number): Promise<void> => {
    interrupted = true;
    const timer = setTimeout(() => explain(), PATIENCE_MS);
    await Promise.allSettled([...writing, ...[...endings].map((end) => end())]);
    clearTimeout(timer);
    exit(new SamusError('INTERRUPTED', 'the command was interrupted', hint), exitCode);
  };
  process.once('SIGINT', () => void stop(130));
  // 128 + 15, as a shell reports a program ended by SIGTERM.
  process.once('SIGTERM', () => void stop(143));
}
