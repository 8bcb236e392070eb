/**
 * Detects changes of the device pixel ratio, after zooming the page or moving its window to another screen. Sizes in
 * CSS pixels stay the same then, so a ResizeObserver does not fire.
 */

/**
 * Starts listening.
 * @returns a function that stops it
 */
export function followPixelRatio(changed: () => void): () => void {
  const ending = new AbortController();
  // A media query names one ratio and fires when it is left; the next ratio needs a new query.
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
