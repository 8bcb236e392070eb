/**
 * Keeps the page on this device, so that it opens without a network once it has been loaded: its own files, and what
 * it has fetched of ONNX Runtime. Models are kept by the engine (engine/modelFiles.ts); pictures and answers of the
 * server are never kept. It stands alone and imports nothing: browsers that know no module workers run it too.
 */

/** Files of the page, and a version that changes with their content; the build (vite.config.ts) puts both in. */
declare const __SHELL__: readonly string[];
declare const __VERSION__: string;

/** What service workers have beyond the types of a page. */
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const SHELL = `samus-shell-${__VERSION__}`;
const RUNTIME = 'samus-ort';
const PAGE = new URL('./', location.href).href;

function isExtendable(event: Event): event is Extendable {
  return 'waitUntil' in event;
}

function isFetching(event: Event): event is Fetching {
  return isExtendable(event) && 'respondWith' in event && 'request' in event;
}

/** All or nothing: a page half kept would not start. */
async function install(): Promise<void> {
  const cache = await caches.open(SHELL);
  await cache.addAll(__SHELL__.map((path) => new URL(path, PAGE).href));
}

/** Older pages go; their files are not asked for again. */
async function tidy(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith('samus-shell-') && name !== SHELL).map((n) => caches.delete(n)),
  );
}

async function answerShell(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  const address = request.mode === 'navigate' ? PAGE : request;
  return (await cache.match(address, { ignoreVary: true })) ?? fetch(request);
}

/** From the network when there is none kept; what is kept serves at once and is renewed by {@link RUNTIME}'s name. */
async function answerRuntime(request: Request): Promise<Response> {
  const cache = await caches.open(RUNTIME);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

self.addEventListener('install', (event) => {
  if (isExtendable(event)) event.waitUntil(install());
});

self.addEventListener('activate', (event) => {
  if (isExtendable(event)) event.waitUntil(tidy());
});

self.addEventListener('fetch', (event) => {
  if (!isFetching(event) || event.request.method !== 'GET') return;
  const { request } = event;
  const path = request.url.startsWith(PAGE) ? request.url.slice(PAGE.length) : undefined;
  if (path === undefined) return;
  if (path.startsWith('ort/')) event.respondWith(answerRuntime(request));
  else if (path.startsWith('assets/') || (request.mode === 'navigate' && /^(\?|#|$)/.test(path))) {
    event.respondWith(answerShell(request));
  }
});
