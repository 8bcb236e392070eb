/**
 * Registers the service worker (serviceWorker.ts), which keeps the page for offline use, and switches to a newer
 * version when one is ready. Without service workers (insecure origin, blocked by the browser) the page works online
 * only.
 */

/** Longest wait for the service worker on the first visit, in milliseconds. */
const PATIENCE_MS = 3000;
/** How long a page that has loaded may still fetch by itself, such as its icon. */
const SETTLE_MS = 500;
/** Longest wait for a newer version to take over: the page shows nothing meanwhile. */
const TAKE_OVER_MS = 2000;

let controlled: Promise<boolean> | undefined;

/**
 * Has a newer version that lies ready take over, by a reload of the page. Call it before anything else of the page runs:
 * then there is nothing to lose, and nothing is fetched, for a browser puts the change off, by half a minute and more,
 * while the older service worker has something to answer.
 */
export async function renew(): Promise<void> {
  const container = workers();
  if (!container?.controller) return;
  const young = new AbortController();
  // A version that waited may also take over by itself, between the page before and this one.
  container.addEventListener('controllerchange', () => location.reload(), { once: true, signal: young.signal });
  const registration = await container.getRegistration().catch(() => undefined);
  const newer = registration?.waiting ?? registration?.active;
  if (newer && newer !== container.controller) {
    await loaded();
    await pause(SETTLE_MS);
    newer.postMessage('take over');
    await pause(TAKE_OVER_MS);
  }
  young.abort();
}

/**
 * Starts keeping the page, the first time it is called. Files of ONNX Runtime are kept only if they are fetched
 * after this has ended, so an engine waits for it.
 * @returns whether the page will open without a network
 */
export function keepOffline(): Promise<boolean> {
  controlled ??= start();
  return controlled;
}

async function start(): Promise<boolean> {
  const container = workers();
  if (!container) return false;
  try {
    await container.register(new URL('serviceWorker.js', document.baseURI));
    return await hasController(container);
  } catch {
    return false;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when the page's own files are fetched. */
function loaded(): Promise<unknown> {
  if (document.readyState === 'complete') return Promise.resolve();
  return new Promise((resolve) => addEventListener('load', resolve, { once: true }));
}

/** The browser's service workers, if it has them. */
function workers(): ServiceWorkerContainer | undefined {
  return 'serviceWorker' in navigator ? navigator.serviceWorker : undefined;
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
