/**
 * A new version of the page: the one that is open stays whole, the next start brings the new one, and what pages of the
 * old one may still load is kept until there is one more.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInChromium } from './support/chromium.js';
import { useChromium } from './support/hooks.js';
import { type StaticServer, staticServer } from './support/staticServer.js';

const BUILT = new URL('../../dist/web/', import.meta.url);

function built(path: string): Buffer | undefined {
  const file = fileURLToPath(new URL(path, BUILT));
  return existsSync(file) ? readFileSync(file) : undefined;
}

const PATIENT = { timeout: 30_000 };

describeInChromium('a new version of the page', () => {
  const chromium = useChromium();
  let server: StaticServer;
  let version = 'one';
  beforeAll(async () => {
    server = await staticServer((path) => {
      const content = built(path);
      if (!content) return undefined;
      // What a build changes: the page, and the version in the service worker.
      if (path === 'index.html') return Buffer.from(content.toString().replace(/<title>[^<]*/, `<title>${version}`));
      if (path === 'serviceWorker.js')
        return Buffer.from(content.toString().replace('samus-shell-${', `$&"${version}"+`));
      return content;
    });
  });
  afterAll(() => server?.close());

  it('takes over at the next start, whole', { timeout: 240_000 }, async () => {
    const page = await chromium.browser.newPage();
    const shells = () => page.evaluate(async () => (await caches.keys()).filter((name) => name.includes('shell')));
    const isWaiting = () => page.evaluate(async () => !!(await navigator.serviceWorker.getRegistration())?.waiting);
    await page.goto(server.url);
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    expect(await page.title()).toBe('one');
    const [first] = await shells();

    version = 'two';
    // The version that is kept is shown, and the new one put by.
    await page.reload();
    expect(await page.title()).toBe('one');
    await expect.poll(shells, PATIENT).toHaveLength(2);
    await expect.poll(isWaiting, PATIENT).toBe(true);

    // It takes the page over, by one more reload of its own.
    await page.reload();
    await page.waitForFunction(() => document.title === 'two', undefined, PATIENT);
    // What pages of the first version may still load is there until the third has taken over.
    expect(await shells()).toContain(first);
    version = 'three';
    await page.reload();
    await expect.poll(isWaiting, PATIENT).toBe(true);
    await page.reload();
    await page.waitForFunction(() => document.title === 'three', undefined, PATIENT);
    await expect.poll(shells, PATIENT).toHaveLength(2);
    expect(await shells()).not.toContain(first);
  });
});
