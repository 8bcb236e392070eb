/**
 * Tells when the page has another number of the screen's pixels in one of its own: it was zoomed, or its window went
 * to another screen. Sizes in the page's pixels stay the same then, so that no observer of sizes hears of it.
 */

/** Begins to listen. @returns what ends it */
export function followPixelRatio(changed: () => void): () => void {
  const ending = new AbortController();
  // A query names one ratio: it tells that this one is left, and the next one needs a query of its own.
  const listen = (): void => {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener('change', next, { once: true, signal: ending.signal });
  };
  const next = (): void => {
    listen();
    changed();
  };
  listen();
  return () => ending.abort();
}
