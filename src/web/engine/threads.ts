/** How many processors the work of a page may take. */

/** More gain nothing at the sizes of samus-s, and take processors away from the page. */
const MOST_THREADS = 4;

/** Threads need memory that they share, which pages have only where nothing foreign can get into them. */
export function mostThreads(): number {
  return crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
}
