/** Makes sure that only one tab writes to the browser's storage: two would silently overwrite each other. */

const LOCK = 'samus-annotator';

/** A reload waits for the page that it replaces; on a busy machine that takes more than a moment. */
const PATIENCE_MS = 2000;

/**
 * Takes the right to write, for as long as this page lives. Browsers without locks give it to each.
 * @returns false: another tab has it
 */
export function takeOnlyTab(): Promise<boolean> {
  // Typed as always there, but not so in an insecure context and in older browsers.
  const locks: LockManager | undefined = navigator.locks;
  if (!locks) return Promise.resolve(true);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return new Promise((resolve) => {
    const hold = (): Promise<never> => {
      resolve(true);
      return new Promise(() => undefined);
    };
    // Refused without having waited, the browser forbids locks and not this page.
    locks.request(LOCK, { signal }, hold).catch(() => resolve(!signal.aborted));
  });
}
