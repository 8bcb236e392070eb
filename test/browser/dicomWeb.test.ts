/**
 * The DICOMweb client of the library in a real Chromium, as modules without a bundler, with Orthanc behind the page's own
 * host. With CI set, Orthanc has to be there.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { dicomWeb } from '../../src/formats/dicomweb/dicomWeb.js';
import { instanceUids } from '../../src/formats/dicomweb/instanceUids.js';
import { ROOT } from '../support/docs.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/orthanc.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium } from './support/hooks.js';

const IMAGE = readFileSync(join(ROOT, 'test/fixtures/dicom/rle-rgb.dcm'));

declare global {
  interface Window {
    dicomWeb?: typeof dicomWeb;
  }
}

const PAGE = `<!doctype html><script type="module">
  import { dicomWeb } from '/formats/dicomweb/dicomWeb.js';
  window.dicomWeb = dicomWeb;
</script>`;

/** Serves a page, the built modules, Orthanc, and a redirect to another host. */
function startHost(orthanc: Orthanc): Server {
  return createServer(async (request, response) => {
    const { url = '', method = 'GET' } = request;
    if (url.startsWith('/moved/')) return response.writeHead(302, { location: `http://localhost:1${url}` }).end();
    if (url.endsWith('.js')) {
      return response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(join(ROOT, 'dist', url)));
    }
    if (!url.startsWith('/dicom-web/')) {
      return response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    }
    const { accept = '', 'content-type': type } = request.headers;
    const answer = await fetch(`${orthanc.home}${url}`, {
      method,
      headers: { accept, ...(type !== undefined && { 'content-type': type }) },
      ...(method === 'POST' && { body: Buffer.from(await text(request.setEncoding('latin1')), 'latin1') }),
    });
    const head = { 'content-type': answer.headers.get('content-type') ?? '' };
    return response.writeHead(answer.status, head).end(Buffer.from(await answer.arrayBuffer()));
  });
}

if (hasOrthanc || process.env.CI) {
  describeInChromium('dicomWeb in a page', () => {
    const chromium = useChromium();
    let orthanc: Orthanc | undefined;
    let host: Server | undefined;
    let root = '';
    beforeAll(async () => {
      orthanc = await startOrthanc();
      host = startHost(orthanc);
      await new Promise<void>((resolve) => host?.listen(0, '127.0.0.1', resolve));
      const address = host.address();
      root = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    });
    afterAll(async () => {
      host?.closeAllConnections();
      host?.close();
      await orthanc?.stop();
    });

    it('stores, finds and fetches, and follows no redirect', async () => {
      const uids = (await instanceUids(IMAGE))!;
      const page = await chromium.browser.newPage();
      await page.goto(root);
      await page.waitForFunction(() => window.dicomWeb);
      const result = await page.evaluate(
        async ({ root, uids, base64 }) => {
          const { dicomWeb } = window;
          if (!dicomWeb) return undefined;
          const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
          const client = dicomWeb(`${root}/dicom-web`);
          const stored = await client.store(bytes, uids.instance);
          const studies = await client.studies({ PatientID: 'PHANTOM' });
          const fetched = await client.instance(uids);
          const same = fetched.length === bytes.length && fetched.every((byte, i) => byte === bytes[i]);
          const moved = await dicomWeb(`${root}/moved`)
            .studies()
            .catch((error: { code: string }) => error.code);
          return { stored, study: studies[0]?.study, same, moved };
        },
        { root, uids, base64: IMAGE.toString('base64') },
      );
      await page.close();
      expect(result).toEqual({
        stored: { instance: uids.instance },
        study: uids.study,
        same: true,
        moved: 'PACS_REDIRECT',
      });
    });
  });
} else it.skip('dicomWeb in a page (needs Debian orthanc-dicomweb)', () => undefined);
