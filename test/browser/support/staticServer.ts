/**
 * A server of files alone, which a test can change under the page: for what happens when a new version of the page is
 * put in place. Everything else is tested against `samus serve`.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
  css: 'text/css',
  svg: 'image/svg+xml',
};

export interface StaticServer {
  readonly url: string;
  close(): Promise<void>;
}

/** @param read the content of a path such as `index.html`, or undefined if there is none */
export async function staticServer(read: (path: string) => Buffer | undefined): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://server').pathname.slice(1) || 'index.html';
    const content = read(path);
    if (!content) response.writeHead(404).end();
    else {
      const type = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(content);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
