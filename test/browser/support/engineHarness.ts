/**
 * Serves enginePage.ts from the origin of a server under test, so that the engines meet that server's files, headers
 * and security policy. The page itself comes from a folder of the build cache.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import config from '../../../vite.config.js';

const FOLDER = fileURLToPath(new URL('../../../.cache/engine-page', import.meta.url));
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

/** Opens the page in a tab of its own. @param server root of the server, `http://127.0.0.1:1234/` */
export async function openEnginePage(context: BrowserContext, server: string): Promise<Page> {
  const { headers } = await context.request.get(server).then((response) => ({ headers: response.headers() }));
  const policies = Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^(cross-origin-|content-security-policy)/.test(name)),
  );
  await context.route(`**${PATH}**`, (route) => {
    const path = new URL(route.request().url()).pathname.slice(PATH.length);
    const contentType = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    return route.fulfill({ body: readFileSync(join(FOLDER, path)), headers: policies, contentType });
  });
  const page = await context.newPage();
  await page.goto(new URL(`${PATH}enginePage.html`, server).href);
  await page.waitForFunction(() => 'samusTest' in window);
  return page;
}
