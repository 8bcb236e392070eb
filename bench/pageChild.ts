/**
 * The measured process for the annotator: first a whole visit (firstVisit.ts), then the page's engine and the server alone,
 * both with the bundled model. It has the protocol of child.ts. The runs call the page's worker directly, without the
 * display.
 *
 * Facts: `first_mask_ms`, `first_load_mb` and `later_load_mb`. Each run: `ms` of an encoder in the page and `decode_ms` of a
 * click, messages included; `server_encode_ms` and `server_decode_ms` as reported by the server.
 */
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { makePhantom } from '#dist/data/phantom.js';
import { encodePng } from '#dist/formats/imageWrite.node.js';
import { firstMask, loadCosts } from './firstVisit.js';
import { type StartedServer, startServer } from './startServer.js';

const MODEL = 'samus-s';
const ROOT = new URL('../../', import.meta.url);

type Numbers = Readonly<Record<string, number>>;

/** A picture of a common size that is in no cache. */
function picture(seed: number) {
  const { image, objects } = makePhantom({ seed, width: 640, height: 480 });
  return { image, click: objects[0]!.click };
}

async function startBrowser(): Promise<Browser> {
  const { findChromium }: typeof import('../scripts/testPrograms.mjs') = await import(
    new URL('scripts/testPrograms.mjs', ROOT).href
  );
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('Chromium is missing: install it or set CHROMIUM_PATH');
  const args = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : [];
  return chromium.launch({ executablePath, args });
}

/** Makes the page's worker load the model. */
async function openPage(browser: Browser, server: string): Promise<Page> {
  const page = await browser.newPage();
  // Any document of the origin will do; the annotator itself would load the model as well.
  await page.goto(`${server}/api/v1/health`);
  const assets = readdirSync(new URL('dist/web/assets', ROOT));
  const worker = assets.find((name) => /^engineWorker-.*\.js$/.test(name));
  if (worker === undefined) throw new Error('the annotator is not built');
  await page.evaluate(
    async ({ worker, base, model }) => {
      const target = new Worker(worker, { type: 'module' });
      let last = 0;
      const call = (method: string, input: unknown): Promise<unknown> => {
        const id = ++last;
        target.postMessage({ type: 'call', id, method, input });
        return new Promise((resolve, reject) => {
          target.addEventListener('message', function receive({ data }) {
            if (data.id !== id || data.type === 'progress') return;
            target.removeEventListener('message', receive);
            if (data.type === 'done') resolve(data.value);
            else reject(new Error(data.error.message));
          });
        });
      };
      Object.assign(window, { call });
      await call('load', { base, model, provider: 'wasm', threads: Math.min(4, navigator.hardwareConcurrency) });
    },
    { worker: `${server}/assets/${worker}`, base: `${server}/`, model: MODEL },
  );
  return page;
}

/** Encodes one picture and answers one click in the page. */
async function inPage(page: Page, seed: number): Promise<Numbers> {
  const { image, click } = picture(seed);
  const pixels = Buffer.from(image.data).toString('base64');
  return page.evaluate(
    async ({ pixels, width, height, click: [x, y], key }) => {
      const call: unknown = Reflect.get(window, 'call');
      if (typeof call !== 'function') throw new Error('the page is not ready');
      const data = Uint8Array.from(atob(pixels), (c) => c.charCodeAt(0));
      const started = performance.now();
      await call('encode', { key, image: { width, height, channels: 1, data } });
      const encoded = performance.now();
      await call('segment', { key, prompt: { points: [[x, y]] }, multimask: false });
      return { ms: encoded - started, decode_ms: performance.now() - encoded };
    },
    { pixels, width: image.width, height: image.height, click: [...click], key: String(seed) },
  );
}

async function onServer(server: string, seed: number): Promise<Numbers> {
  const { image, click } = picture(seed);
  const post = async (path: string, type: string, body: BodyInit): Promise<Record<string, unknown>> => {
    const response = await fetch(`${server}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    if (!response.ok) throw new Error(`the server answered with ${response.status}`);
    return response.json();
  };
  const sent = await post('images', 'image/png', new Blob([Uint8Array.from(await encodePng(image))]));
  const body = JSON.stringify({ objects: [{ points: [click] }] });
  const masks = await post(`images/${sent.image}/segment`, 'application/json', body);
  return { server_encode_ms: Number(sent.encode_ms), server_decode_ms: Number(masks.decode_ms) };
}

function answer(numbers: Readonly<Record<string, number | string>>): void {
  process.stdout.write(`${JSON.stringify(numbers)}\n`);
}

let browser: Browser | undefined;
let server: StartedServer | undefined;
try {
  // A user's browser is already running; only its cache is empty.
  browser = await startBrowser();
  const started = performance.now();
  server = await startServer();
  const { url } = server;
  const firstMaskMs = (await firstMask(browser, url)) - started;
  answer({ first_mask_ms: firstMaskMs, ...(await loadCosts(browser, url)) });
  const page = await openPage(browser, url);
  let seed = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'run') throw new Error(`unknown command ${line}`);
    const numbers = await inPage(page, seed);
    answer({ ...numbers, ...(await onServer(url, seed++)) });
  }
} catch (error) {
  answer({ error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
} finally {
  await browser?.close();
  await server?.stop();
}
