/**
 * DICOM in a real Chromium, under the page's security policy: frames are the golden ones and those of Node, byte for
 * byte. The real files are in SAMUS_TEST_DATA, the matrix of small ones is a fixture.
 */
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImage } from '../../src/formats/imageFile.node.js';
import { frameHashes } from '../support/dicomImages.js';
import { Annotator } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { replaceScript } from './support/engineHarness.js';
import { useChromium, useContext, useEnginePage, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

interface Golden {
  readonly file: string;
  readonly error?: string;
  readonly frames: readonly string[];
  readonly tolerance: number;
}

const DATA = process.env.SAMUS_TEST_DATA;
const MATRIX = fileURLToPath(new URL('../fixtures/dicom/', import.meta.url));
const filesOf = (path: string): Golden[] => JSON.parse(readFileSync(path, 'utf8')).files;
const matrix = filesOf(join(MATRIX, 'matrix.json'));
const shared = DATA === undefined ? [] : filesOf(join(DATA, 'golden/dicom/shared.json'));

const hashesOnNode = async (path: string): Promise<string[]> => frameHashes(await openImage(path));

describeInChromium('DICOM in the worker of the page', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  /** What the security policy forbade in the page, its workers and theirs. */
  const violations: string[] = [];
  const reports = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const { 'csp-report': report } = JSON.parse(body);
      violations.push(`${report['effective-directive']} ${report['blocked-uri']}`);
      response.writeHead(204).end();
    });
  });
  beforeAll(async () => {
    reports.listen(0, '127.0.0.1');
    await once(reports, 'listening');
  });
  afterAll(() => reports.close());
  const reportTo = (): string => {
    const address = reports.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    return `http://127.0.0.1:${address.port}/`;
  };
  const harness = useEnginePage(server, chromium, reportTo);

  /** Hashes of all frames, or the code of the error. */
  function open(bytes: Uint8Array): Promise<readonly string[] | string> {
    return harness.page.evaluate(async (text) => {
      const file = new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], 'IM_0001');
      const hashes: string[] = [];
      try {
        for (let frame = 1, frames = 1; frame <= frames; frame++) {
          const picture = await window.samusTest.openFrame(file, undefined, frame);
          frames = picture.frames;
          const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(picture.image.data));
          hashes.push(Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join(''));
        }
        return hashes;
      } catch (error) {
        if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
        throw error;
      }
    }, Buffer.from(bytes).toString('base64'));
  }

  it('gives a frame up whose decoder hangs, and reads the next', { timeout: 200_000 }, async () => {
    replaceScript('charlswasm_decode', 'for (;;);');
    const hanging = open(readFileSync(join(MATRIX, 'jpegls-80-mono8.dcm')));
    // The worker that opened the file answers meanwhile.
    expect(await open(readFileSync(join(MATRIX, 'mono8-explicit.dcm')))).toHaveLength(3);
    expect(await hanging).toBe('DICOM_PIXELS_DAMAGED');
    replaceScript('charlswasm_decode');
    expect(await open(readFileSync(join(MATRIX, 'jpegls-80-rgb.dcm')))).toHaveLength(3);
  });

  it.each(matrix)('reads $file', async ({ file, error, frames, tolerance }) => {
    const path = join(MATRIX, file);
    const found = await open(readFileSync(path));
    if (error !== undefined || file === 'jpeg-51-mono12.dcm') {
      expect(found).toBe(error ?? 'DICOM_CODEC');
      return;
    }
    expect(found).toEqual(await hashesOnNode(path));
    // Where the hash may differ, src/formats/dicom/dicomGolden.test.ts compares the pixels of Node.
    if (tolerance === 0) expect(found).toEqual(frames);
  });

  describe.skipIf(DATA === undefined)('of real scanners', () => {
    it.each(shared)('reads $file', async ({ file, frames, tolerance }) => {
      const path = join(DATA!, 'data/dicom', file);
      const found = await open(readFileSync(path));
      expect(found).toEqual(await hashesOnNode(path));
      expect(found.length).toBe(frames.length);
      if (tolerance === 0) expect(found).toEqual(frames);
    });
  });

  it('did nothing that the security policy forbids', async () => {
    // Reports arrive in the order of violations: this one is the first.
    await harness.page.evaluate(() => fetch('https://example.invalid/').catch(() => undefined));
    await expect.poll(() => violations.length, { timeout: 60_000 }).toBeGreaterThan(0);
    expect(violations).toEqual(['connect-src https://example.invalid/']);
  });
});

describeInChromium('DICOM in the annotator', () => {
  const server = useServer(() => startTinyServer());
  const window = useContext(useChromium());
  const disc = mkdtempSync(join(tmpdir(), 'samus-disc-'));
  afterAll(() => rmSync(disc, { recursive: true }));

  const listed = async ({ page }: Annotator): Promise<string[]> => page.locator('.left .entry-name').allTextContents();

  it('is found by its content in a folder and in a zip archive, without the index of the disc, and offline', async () => {
    await window.context.addInitScript(() => Reflect.deleteProperty(globalThis, 'showDirectoryPicker'));
    const annotator = await Annotator.open(window.context, server.url);
    mkdirSync(join(disc, 'DICOM'));
    cpSync(join(MATRIX, 'jpeg-ybr422.dcm'), join(disc, 'DICOM/IM_0001'));
    writeFileSync(join(disc, 'DICOMDIR'), Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]));
    await annotator.choose('Open a folder', disc);
    await annotator.ready();
    expect(await listed(annotator)).toEqual(['IM_0001']);
    await annotator.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await window.context.setOffline(true);
    const archive = zipSync({ 'CD/IM_0002': new Uint8Array(readFileSync(join(MATRIX, 'j2k-91-ict.dcm'))) });
    await annotator.openImages({ name: 'cd.zip', mimeType: 'application/zip', buffer: Buffer.from(archive) });
    await annotator.page.locator('canvas.over[aria-label*="IM_0002"]').waitFor();
    await annotator.ready();
    expect(await listed(annotator)).toEqual(['IM_0001', 'IM_0002']);
    expect(annotator.failures).toEqual([]);
  });
});
