/**
 * The annotator on another machine, as docs/serve.md has it: plain HTTP under a name that is not the loopback's, with a
 * token. Browsers keep much from such a page (SHA-256, random ids, threads, locks, service workers); it works without.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { decodeClassPng } from '../../src/formats/classPng.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

const HOST = 'samus.test';
const TOKEN = 'a-token-that-nobody-knows';

describeInChromium('the annotator from another machine, on plain HTTP', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'samus-remote-'));
    await writeFile(join(folder, 'token.txt'), TOKEN);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const server = useServer(() => startServer(['--host', '0.0.0.0', '--token-file', join(folder, 'token.txt')]));
  const window = useContext(useChromium([`--host-resolver-rules=MAP ${HOST} 127.0.0.1`]));
  const { file, clicks } = phantomFile(3);
  let annotator: Annotator;

  /** Signs in and says what the page cannot do there. */
  beforeEach(async () => {
    annotator = await Annotator.open(window.context, `http://${HOST}:${new URL(server.url).port}/?token=${TOKEN}`);
    expect(annotator.page.url()).not.toContain(TOKEN);
    expect(await annotator.page.evaluate(() => isSecureContext)).toBe(false);
    await annotator.message(/one processor core.*not work offline/);
  });

  it('opens, clicks, exports, and has the work again after a reload', async () => {
    await annotator.openImages(file);
    await annotator.ready();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score/);
    const area = await annotator.area();
    expect(area).toBeGreaterThan(0);
    const mask = await annotator.export(/Masks as PNG/);
    expect(decodeClassPng(mask.bytes).classes.filter((value) => value === 255)).toHaveLength(area);

    await annotator.page.locator('.saving.saved').waitFor();
    await annotator.page.reload();
    await annotator.ready();
    await annotator.objects(/Score/);
    expect(annotator.failures).toEqual([]);
  });

  it('uses the server for masks on request', async () => {
    await annotator.page.getByLabel('Run model on').first().selectOption('server');
    await annotator.openImages(file);
    await annotator.ready();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score/);
    expect(annotator.failures).toEqual([]);
  });
});
