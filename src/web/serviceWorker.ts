/**
 * Keeps the page for offline use: its own files, and the parts of ONNX Runtime that it fetched. The engine caches
 * models (engine/modelFiles.ts); images and answers of the server are never kept. This file imports nothing, so that
 * browsers without module workers can run it.
 *
 * A page is always served from one version. A newer version waits until no page is open, or until a page that has just
 * started asks for it (offline.ts).
 */

/** Put in by the build (vite.config.ts): files of the page, a version made of their contents, and ONNX Runtime's. */
declare const __SHELL__: readonly string[];
declare const __VERSION__: string;
declare const __RUNTIME__: string;

/** What service workers have beyond the types of a page. */
interface Scope {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const SHELL = `samus-shell-${__VERSION__}`;
const RUNTIME = `samus-ort-${__RUNTIME__}`;
const OURS = [
  ['samus-shell-', SHELL],
  ['samus-ort-', RUNTIME],
] as const;
const ROOT = new URL('./', location.href).href;

function isScope(value: unknown): value is Scope {
  return typeof value === 'object' && value !== null && 'clients' in value && 'skipWaiting' in value;
}

function isExtendable(event: Event): event is Extendable {
  return 'waitUntil' in event;
}

function isFetching(event: Event): event is Fetching {
  return isExtendable(event) && 'respondWith' in event && 'request' in event;
}

/** All or nothing: a page half kept would not start. */
async function install(): Promise<void> {
  const cache = await caches.open(SHELL);
  await cache.addAll(__SHELL__.map((path) => new URL(path, ROOT).href));
}

/**
 * Versions before the last one go; the last is kept for pages of it that are still open and load a part only now. The
 * page that brought this worker is taken over at once: what it fetches next is kept.
 */
async function activate(scope: Scope): Promise<void> {
  const kept = await caches.keys();
  const old = OURS.flatMap(([prefix, own]) =>
    kept.filter((name) => name.startsWith(prefix) && name !== own).slice(0, -1),
  );
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function fromShell(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  // The names of parts contain hashes of their contents, so a copy from an older version is as good.
  const part = request.mode === 'navigate' ? cache.match(ROOT) : caches.match(request, { ignoreVary: true });
  return (await part) ?? fetch(request);
}

async function fromRuntime(request: Request): Promise<Response> {
  const cache = await caches.open(RUNTIME);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200) await cache.put(request, response.clone());
  return response;
}

/** The page itself and its files; not the signing in of a server with a token, nor other pages of the server. */
function isShell({ mode, url }: Request): boolean {
  const { href, search, searchParams } = new URL(url);
  const page = href.slice(0, href.length - search.length - new URL(url).hash.length);
  if (mode === 'navigate') return page === ROOT && !searchParams.has('token');
  return url.startsWith(`${ROOT}assets/`);
}

self.addEventListener('install', (event) => {
  if (isExtendable(event)) event.waitUntil(install());
});

self.addEventListener('activate', (event) => {
  if (isExtendable(event) && isScope(self)) event.waitUntil(activate(self));
});

self.addEventListener('message', (event) => {
  if (isExtendable(event) && isScope(self) && event.data === 'take over') event.waitUntil(self.skipWaiting());
});

self.addEventListener('fetch', (event) => {
  if (!isFetching(event) || event.request.method !== 'GET') return;
  if (event.request.url.startsWith(`${ROOT}ort/`)) event.respondWith(fromRuntime(event.request));
  else if (isShell(event.request)) event.respondWith(fromShell(event.request));
});
