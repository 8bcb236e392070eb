/**
 * Files: the built annotator, ONNX Runtime for browsers, and the models for the engine in the page. All from one
 * origin, so that the page needs nothing else and works offline once it is loaded.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { constants, createGzip } from 'node:zlib';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { SamusError } from '../../errors.js';
import type { ServerContext } from '../context.js';
import { modelFileSchema } from '../schemas.js';

/** Files whose name changes with their content. */
const FOREVER = 'public, max-age=31536000, immutable';
/** Cached, but revalidated each time, without a transfer. */
const REVALIDATE = 'no-cache';

/** The files that ONNX Runtime fetches by itself; the rest of its folder is for bundlers. */
const ORT_FILE = /^ort-wasm[\w.-]*\.(wasm|mjs)$/;

const PACKED = /\.(wasm|mjs|js|css|html|json|svg|map)$/;

export async function pageRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  packFiles(scope);
  const web = builtFolder();
  if (existsSync(join(web, 'index.html'))) {
    await scope.register(fastifyStatic, {
      root: web,
      decorateReply: false,
      cacheControl: false,
      dotfiles: 'ignore',
      setHeaders: (reply, path) => {
        // Vite puts what it names by content there.
        reply.header('cache-control', basename(dirname(path)) === 'assets' ? FOREVER : REVALIDATE);
      },
    });
  } else scope.get('/', { schema: { hide: true } }, async () => Promise.reject(notBuilt()));

  const ort = ortFolder();
  await scope.register(fastifyStatic, { root: ort.path, serve: false, cacheControl: false });
  for (const [url, cache] of [
    ['/ort/:file', REVALIDATE],
    [`/ort/${ort.version}/:file`, FOREVER],
  ] as const) {
    scope.get<{ Params: { file: string } }>(url, { schema: { hide: true } }, (request, reply) => {
      const { file } = request.params;
      if (!ORT_FILE.test(file) || !existsSync(join(ort.path, file))) throw fileUnknown();
      return reply.header('cache-control', cache).sendFile(file);
    });
  }

  scope.get<{ Params: { name: string; file: string } }>(
    '/models/:name/:file',
    { schema: modelFileSchema },
    (request, reply) => {
      const { name, file } = request.params;
      const path = context.models.find((model) => model.name === name)?.files.get(file);
      if (path === undefined) throw fileUnknown();
      return reply.header('cache-control', REVALIDATE).sendFile(basename(path), dirname(path));
    },
  );
}

/** Packs files while they are sent, with the least effort: the large ones then take a third of a second, once. */
function packFiles(scope: FastifyInstance): void {
  scope.addHook('onSend', async (request, reply, payload) => {
    const path = request.url.split('?')[0]!;
    const wanted = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const file = PACKED.test(path) || path === '/';
    if (!file || reply.statusCode !== 200 || !(payload instanceof Readable)) return payload;
    reply.header('vary', 'accept-encoding');
    if (!wanted || request.method !== 'GET' || reply.hasHeader('content-encoding')) return payload;
    reply.header('content-encoding', 'gzip').removeHeader('content-length').removeHeader('accept-ranges');
    const packed = createGzip({ level: constants.Z_BEST_SPEED });
    payload.on('error', (error) => packed.destroy(error));
    packed.on('close', () => payload.destroy());
    return payload.pipe(packed);
  });
}

function builtFolder(): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../../dist/web/' : '../../web/';
  return fileURLToPath(new URL(folder, import.meta.url));
}

function ortFolder(): { readonly path: string; readonly version: string } {
  const require = createRequire(import.meta.url);
  const path = dirname(require.resolve('onnxruntime-web'));
  const manifest: unknown = JSON.parse(readFileSync(join(path, '..', 'package.json'), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return { path, version: String(version) };
}

function fileUnknown(): SamusError {
  return new SamusError('ROUTE_UNKNOWN', 'cannot find anything at this address', 'see /docs for what there is');
}

function notBuilt(): SamusError {
  const message = 'the annotator is not built; only the API is served';
  return new SamusError('ROUTE_UNKNOWN', message, 'run npm run build and start the server again; see /docs');
}
