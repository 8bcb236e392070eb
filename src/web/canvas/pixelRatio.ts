/**
 * Detects changes of the device pixel ratio, after zooming the page or moving its window to another screen. Sizes in
 * CSS pixels stay the same then, so a ResizeObserver does not fire.
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
