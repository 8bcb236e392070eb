/**
 * `samus serve --dicomweb`: the PACS through the server, with Orthanc behind it. What the server says about it, in its log,
 * its headers and its errors, identifies nobody.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dicomWeb } from '../../src/formats/dicomweb/dicomWeb.js';
import { instanceUids } from '../../src/formats/dicomweb/instanceUids.js';
import { ROOT } from '../support/docs.js';
import { dicomJson, fakePacs, MULTIPART, sendJson } from '../support/fakePacs.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/orthanc.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';
import { type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const MATRIX = join(ROOT, 'test/fixtures/dicom');
const [FIRST, SECOND] = ['rle-rgb.dcm', 'mono8-implicit.dcm'].map((name) => readFileSync(join(MATRIX, name)));
const PASSWORD = 'Geheim-Nis-7';

let folder: string;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
});

afterAll(() => removeFolder(folder));

describe.skipIf(!hasOrthanc && !process.env.CI)('a server with a PACS (needs Debian orthanc-dicomweb)', () => {
  let orthanc: Orthanc;
  let server: ServeProcess;
  let uids: { study: string; series: string; instance: string };
  /** Headers of all answers and the bodies of errors. */
  const said: string[] = [];

  beforeAll(async () => {
    orthanc = await startOrthanc({ password: PASSWORD });
    writeFileSync(join(folder, 'auth'), `samus:${PASSWORD}`);
    const authorization = `Basic ${Buffer.from(`samus:${PASSWORD}`).toString('base64')}`;
    await dicomWeb(orthanc.url, { authorization }).store(FIRST!);
    uids = (await instanceUids(FIRST!))!;
    const options = ['--dicomweb', orthanc.url, '--dicomweb-auth', 'auth', '--log-level', 'debug'];
    server = await startServe(folder, '--model', 'tiny', ...options);
  });

  afterAll(() => orthanc.stop());

  async function ask(path: string, init: RequestInit = {}, base = server.url) {
    const response = await fetch(`${base}/api/v1/pacs${path}`, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    said.push(JSON.stringify([...response.headers]), ...(response.ok ? [] : [bytes.toString()]));
    return { status: response.status, headers: response.headers, bytes, json: () => JSON.parse(bytes.toString()) };
  }

  const store = (body: string | Buffer, type = 'application/dicom') =>
    ask('/instances', {
      method: 'POST',
      headers: { 'content-type': type },
      body: new Blob([new Uint8Array(Buffer.from(body))]),
    });

  it('lists studies, series and instances, without patients unless asked', async () => {
    expect((await ask('')).json()).toEqual({ available: true });
    const studies = await ask('/studies?modality=US');
    expect(studies.json()).toEqual({
      studies: [{ study: uids.study, modalities: ['US'], series: 1, instances: 1 }],
      more: false,
    });
    expect(studies.headers.get('cache-control')).toBe('no-store');
    const shown = await ask('/studies?patient=true&patientId=PHANTOM&patientName=Phantom*&date=20200101-');
    expect(shown.json().studies[0].patient).toMatchObject({ name: 'Phantom^Samus', id: 'PHANTOM' });
    expect((await ask('/studies?patientId=ANOTHER')).json().studies).toEqual([]);
    const series = await ask(`/series?study=${uids.study}`);
    expect(series.json().series).toMatchObject([{ series: uids.series, modality: 'US', instances: 1 }]);
    const instances = await ask(`/instances?study=${uids.study}&series=${uids.series}`);
    expect(instances.json().instances).toMatchObject([{ instance: uids.instance }]);
    for (const { bytes } of [studies, series, instances]) expect(bytes.toString()).not.toMatch(/phantom/i);
  });

  it('passes an instance on as it is, and stores another', async () => {
    const got = await ask(`/instances/${uids.instance}?study=${uids.study}&series=${uids.series}`);
    expect([got.status, got.headers.get('content-type')]).toEqual([200, 'application/dicom']);
    expect(got.bytes.equals(FIRST!)).toBe(true);
    const other = (await instanceUids(SECOND!))!;
    const stored = await store(SECOND!);
    expect([stored.status, stored.json()]).toEqual([200, { instance: other.instance }]);
    const back = await ask(`/instances/${other.instance}?study=${other.study}&series=${other.series}`);
    expect(back.bytes.equals(SECOND!)).toBe(true);
  });

  it('refuses what is no UID, no DICOM, or another PACS', async () => {
    const failed = async (answer: ReturnType<typeof ask>) => {
      const { status, json } = await answer;
      return [status, json().error.code];
    };
    expect(await failed(ask('/series?study=..'))).toEqual([400, 'REQUEST_INVALID']);
    expect(await failed(ask('/series?study=Phantom^Samus'))).toEqual([400, 'REQUEST_INVALID']);
    expect(await failed(ask('/series'))).toEqual([400, 'REQUEST_INVALID']);
    expect(await failed(ask('/instances/1.2%2f3?study=1&series=1'))).toEqual([400, 'REQUEST_INVALID']);
    expect(await failed(ask(`/instances/1.2.3?study=${uids.study}&series=1.2.3`))).toEqual([404, 'PACS_NOT_FOUND']);
    expect(await failed(ask('/studies?url=http://127.0.0.1:1/'))).toEqual([400, 'REQUEST_INVALID']);
    expect(await failed(ask('/studies?patientName=PHANTOM&date=PHANTOM'))).toEqual([400, 'REQUEST_INVALID']);
    expect(await failed(store(Buffer.alloc(3000, 'PHANTOM')))).toEqual([422, 'PACS_REFUSED']);
    expect(await failed(store(''))).toEqual([400, 'REQUEST_EMPTY']);
    expect(await failed(store('{}', 'application/json'))).toEqual([415, 'REQUEST_MEDIA_TYPE']);
    const foreign = { headers: { origin: 'http://elsewhere.example' } };
    expect(await failed(ask('/studies', foreign))).toEqual([403, 'ORIGIN_FOREIGN']);
  });

  it('reports a PACS that is lost in the middle, redirects, denies or is away', async () => {
    const fake = await fakePacs((response, nth) => {
      if (nth === 1) return response.writeHead(302, { location: 'http://127.0.0.1:1/Phantom^Samus' }).end();
      if (nth === 2) return response.writeHead(401).end('PHANTOM');
      if (nth === 3) return response.writeHead(200).end('<html>PHANTOM');
      response.writeHead(200, { 'content-type': `${MULTIPART}b`, 'content-length': '100000' });
      response.write(`--b\r\n\r\n${'PHANTOM'.repeat(1000)}`, () => response.destroy());
    });
    const other = await startServe(folder, '--model', 'tiny', '--dicomweb', fake.url);
    const ofOther = (path: string) => ask(path, {}, other.url);
    try {
      for (const code of ['PACS_REDIRECT', 'PACS_DENIED', 'PACS_ANSWER']) {
        const { status, json } = await ofOther('/studies');
        expect([status, json().error.code]).toEqual([502, code]);
      }
      // What has begun can only be cut off.
      await expect(ofOther('/instances/1.2.3?study=1.2.4&series=1.2.5')).rejects.toThrow();
      expect((await fetch(`${other.url}/api/v1/health`)).status).toBe(200);
    } finally {
      said.push((await other.stop()).stderr);
    }
  });

  it('counts what the PACS lists without a valid UID', async () => {
    const fake = await fakePacs((response, _, { url = '' }) => {
      const tag = { studies: '0020000D', series: '0020000E', instances: '00080018' }[
        url.split('?')[0]!.split('/').at(-1)!
      ];
      sendJson(
        response,
        ['1.2.3', 'Phantom^Samus', ''].map((uid) => ({ [tag!]: dicomJson('UI', uid) })),
      );
    });
    const other = await startServe(folder, '--model', 'tiny', '--dicomweb', fake.url);
    try {
      for (const path of ['/studies', '/series?study=1.2', '/instances?study=1.2&series=1.3']) {
        expect((await ask(path, {}, other.url)).json(), path).toMatchObject({ unusable: 2 });
      }
    } finally {
      said.push((await other.stop()).stderr);
    }
  });

  it('wrote no name, UID or password to its log, headers or errors, and keeps to its description', async () => {
    const read = async (path: string) => (await fetch(`${server.url}${path}`)).text();
    const { listed, unlisted } = await describedAnswers(read);
    expect(unlisted).toEqual([]);
    expect(listed).toEqual(
      expect.arrayContaining(['GET /api/v1/pacs/instances/:instance 200', 'POST /api/v1/pacs/instances 422']),
    );
    said.push(await read('/metrics'), (await server.stop()).stderr);
    expect(said.join('\n')).toContain('/api/v1/pacs/instances/:instance');
    const files = readdirSync(MATRIX).filter((name) => name.endsWith('.dcm'));
    const known = await Promise.all(files.map((name) => instanceUids(readFileSync(join(MATRIX, name)))));
    const words = ['Phantom', 'PHANTOM', PASSWORD, '1.2.3', ...known.flatMap((one) => Object.values(one ?? {}))];
    for (const word of new Set(words)) expect(said.join('\n')).not.toContain(word);
  });
});

describe('a server without a PACS', () => {
  it('says so', async () => {
    const server = await startServe(folder, '--model', 'tiny');
    try {
      const ask = async (path: string) => (await fetch(`${server.url}/api/v1/pacs${path}`)).json();
      expect(await ask('')).toEqual({ available: false });
      expect(await ask('/studies')).toHaveProperty('error.code', 'PACS_NOT_SERVED');
    } finally {
      await server.stop();
    }
  });

  it.each([
    ['a password in the URL', ['--dicomweb', 'http://samus:PHANTOM@127.0.0.1/'], 'PACS_URL'],
    ['a missing file with the token', ['--dicomweb', 'http://127.0.0.1/', '--dicomweb-auth', 'none'], 'PACS_AUTH_FILE'],
    ['a token without a PACS', ['--dicomweb-auth', 'none'], 'USAGE_MISSING_OPTION'],
  ])('does not start with %s', async (_, args, code) => {
    const { stdout } = await samus(folder, 'serve', '--port', '0', '--model', 'tiny', '--json', ...args);
    expect(JSON.parse(stdout)).toHaveProperty('error.code', code);
    expect(stdout).not.toContain('PHANTOM');
  });
});
