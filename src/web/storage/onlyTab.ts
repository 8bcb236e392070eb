/** Makes sure that only one tab writes to the browser's storage: two would silently overwrite each other. */

const LOCK = 'samus-annotator';

/** A reload has to wait for the previous page to go, which takes a while on a busy machine. */
const PATIENCE_MS = 2000;

/**
 * Acquires the lock for the lifetime of this page. Without the Web Locks API every tab gets it.
 * @returns false if another tab has it
 */
export function takeOnlyTab(): Promise<boolean> {
  // Typed as always present, but missing in insecure contexts and older browsers.
  const locks: LockManager | undefined = navigator.locks;
  if (!locks) return Promise.resolve(true);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return new Promise((resolve) => {
    const hold = (): Promise<never> => {
      resolve(true);
      return new Promise(() => undefined);
    };
    // An immediate rejection means that the browser blocks locks, not that another tab has it.
    locks.request(LOCK, { signal }, hold).catch(() => resolve(!signal.aborted));
  });
}
