/**
 * Serves enginePage.ts from the origin of a server under test, so that the engines meet that server's files, headers
 * and security policy. The page itself comes from a folder of its own, through a proxy: Playwright does not see what
 * workers of workers ask for.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import config from '../../../vite.config.js';

/** Of this process alone: test files that run at the same time build the same page. */
const FOLDER = mkdtempSync(join(tmpdir(), 'samus-engine-page-'));
process.once('exit', () => rmSync(FOLDER, { recursive: true, force: true }));
const PATH = '/engine-page/';
const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', html: 'text/html', wasm: 'application/wasm' };

/** Builds the page, as the annotator is built. Once for a test file. */
export async function buildEnginePage(): Promise<void> {
  await build({
    ...config,
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'error',
    plugins: [],
    build: {
      ...config.build,
      outDir: FOLDER,
      rolldownOptions: { input: fileURLToPath(new URL('./enginePage.html', import.meta.url)) },
    },
  });
}

/** Scripts that a test replaces, by the beginning of their names. */
const replaced = new Map<string, string>();

/** Serves another script in place of one; without `body`, the script itself again. */
export function replaceScript(name: string, body?: string): void {
  if (body === undefined) replaced.delete(name);
  else replaced.set(name, body);
}

/**
 * Opens the page in a tab of its own.
 * @param server root of the server, `http://127.0.0.1:1234/`
 * @param reportTo address that browsers send violations of the security policy to
 */
export async function openEnginePage(context: BrowserContext, server: string, reportTo?: string): Promise<Page> {
  const { headers } = await context.request.get(server).then((response) => ({ headers: response.headers() }));
  const policies = Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^(cross-origin-|content-security-policy)/.test(name)),
  );
  const policy = policies['content-security-policy'];
  if (reportTo !== undefined) policies['content-security-policy'] = `${policy};report-uri ${reportTo}`;
  const proxy = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url ?? '/', server);
    if (pathname.startsWith(PATH)) sendFile(pathname.slice(PATH.length), policies, answer);
    else relay(asked, answer, server);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  context.once('close', () => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${address.port}${PATH}enginePage.html`);
  await page.waitForFunction(() => 'samusTest' in window);
  return page;
}

function sendFile(path: string, headers: Readonly<Record<string, string>>, answer: ServerResponse): void {
  const type = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  const other = [...replaced].find(([name]) => basename(path).startsWith(name) && path.endsWith('.js'));
  const file = join(FOLDER, path);
  if (!other && !existsSync(file)) {
    answer.writeHead(404).end();
    return;
  }
  answer.writeHead(200, { ...headers, 'content-type': type, 'cache-control': 'no-store' });
  answer.end(other ? other[1] : readFileSync(file));
}

/** Everything else comes from the server under test. */
function relay(asked: IncomingMessage, answer: ServerResponse, server: string): void {
  const { method, headers, url } = asked;
  const upstream = request(new URL(url ?? '/', server), { method, headers }, (found) => {
    answer.writeHead(found.statusCode ?? 502, found.headers);
    found.pipe(answer);
  });
  upstream.on('error', () => answer.destroy());
  asked.pipe(upstream);
}
