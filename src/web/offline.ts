/**
 * Has the page kept on this device by its service worker (serviceWorker.ts), and moves it to a newer version when one
 * has been put by. Where there is no service worker (an unsafe origin, a browser that forbids it) the page works all
 * the same, with a network.
 */

/** Longest wait for the service worker at the first visit, in milliseconds. */
const PATIENCE_MS = 3000;
/** A newer version that takes over within this time after the start reloads the page; later there is work to lose. */
const YOUNG_MS = 10_000;

let controlled: Promise<boolean> | undefined;

/**
 * Starts keeping the page. Call it once, first thing: a newer version that lies ready is taken over by a reload, before
 * there is anything to lose. What the page fetches of ONNX Runtime is kept only if it comes after this has ended, so
 * an engine waits for it.
 * @returns whether the page will open without a network
 */
export function keepOffline(): Promise<boolean> {
  controlled ??= start();
  return controlled;
}

async function start(): Promise<boolean> {
  const container = 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
  if (!container) return false;
  try {
    // Before anything else: a version that waited may take over by itself between the page before and this one.
    if (container.controller) {
      const young = AbortSignal.timeout(YOUNG_MS);
      container.addEventListener('controllerchange', () => location.reload(), { once: true, signal: young });
    }
    const registration = await container.register(new URL('serviceWorker.js', document.baseURI));
    if (container.controller) registration.waiting?.postMessage('take over');
    return await hasController(container);
  } catch {
    return false;
  }
}

function hasController(container: ServiceWorkerContainer): Promise<boolean> {
  if (container.controller) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PATIENCE_MS);
    container.addEventListener(
      'controllerchange',
      () => {
        clearTimeout(timer);
        resolve(true);
      },
      { once: true },
    );
  });
}
