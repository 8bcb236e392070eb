/**
 * `samus pacs` with a real PACS, Orthanc. With CI set, Orthanc has to be there: `npm test` installs it.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../../src/formats/dicom/dataSet.js';
import { readDicomFile } from '../../src/formats/dicom/dicomFile.js';
import { dicomWeb } from '../../src/formats/dicomweb/dicomWeb.js';
import { ROOT } from '../support/docs.js';
import { dicomJson, type FakePacs, fakePacs, sendJson, sendPart } from '../support/fakePacs.js';
import { goldenPath } from '../support/golden.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/orthanc.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const MATRIX = join(ROOT, 'test/fixtures/dicom');
const SHARED = process.env.SAMUS_TEST_DATA;
/** What samus wrote to stderr, which is a log. */
let log = '';
let folder = '';

beforeAll(() => {
  folder = newFolder();
});

afterAll(() => removeFolder(folder));

async function pacs(...args: readonly string[]) {
  const ended = await samus(folder, 'pacs', ...args, '--json');
  log += ended.stderr;
  return { code: ended.code, document: JSON.parse(ended.stdout) };
}

/** UIDs of all studies, and of a study's series and instances, as the goldens have them. */
const uidsOf = async (path: string): Promise<string[]> => {
  const { data } = await readDicomFile(readFileSync(path));
  return [0x0020_000d, 0x0020_000e, 0x0008_0018].map((tag) => textOf(data, tag) ?? '');
};

describe.skipIf(!hasOrthanc && !process.env.CI)('samus pacs with Orthanc (needs Debian orthanc-dicomweb)', () => {
  let orthanc: Orthanc;
  /** The files of the matrix by instance: the last of those with one UID. */
  const matrix = new Map<string, string>();

  beforeAll(async () => {
    orthanc = await startOrthanc();
    for (const name of readdirSync(MATRIX)
      .filter((file) => file.endsWith('.dcm'))
      .sort()) {
      matrix.set((await uidsOf(join(MATRIX, name)))[2]!, join(MATRIX, name));
    }
  });

  afterAll(() => orthanc.stop());

  it('stores the matrix, finds it, and fetches the same bytes', async () => {
    const put = await pacs('put', MATRIX, '--url', orthanc.url);
    expect(put).toMatchObject({ code: 0, document: { stored: 60, present: 0, failed: 0 } });
    const twins = put.document.files.filter((file: object) => 'sameUidAs' in file);
    expect(twins).toHaveLength(60 - matrix.size);
    const found = await pacs('find', '--modality', 'US', '--url', orthanc.url);
    expect(found.document.studies).toEqual([
      { study: expect.any(String), modalities: ['US'], series: 1, instances: matrix.size },
    ]);
    const [{ study }] = found.document.studies;
    const got = await pacs('get', '--study', study, '--modality', 'US', '--out', 'matrix', '--url', orthanc.url);
    expect(got).toMatchObject({ code: 0, document: { received: matrix.size, present: 0, failed: 0 } });
    expect(filesIn(join(folder, 'matrix'))).toEqual([...matrix.keys()].map((uid) => `${uid}.dcm`).sort());
    for (const [uid, path] of matrix) {
      const same = readFileSync(join(folder, 'matrix', `${uid}.dcm`)).equals(readFileSync(path));
      expect(same, path).toBe(true);
    }
  });

  it('prints patients only where asked', async () => {
    const plain = await samus(folder, 'pacs', 'find', '--url', orthanc.url);
    expect(plain.stdout).toMatch(/^[\d.]+ {2}US {2}1 series {2}\d+ instances\n$/);
    const shown = await pacs('find', '--patient', '--match', 'PatientID=PHANTOM', '--url', orthanc.url);
    expect(shown.document.studies[0].patient).toMatchObject({ name: 'Phantom^Samus', id: 'PHANTOM' });
    const none = await pacs('find', '--match', 'PatientID=ANOTHER', '--url', orthanc.url);
    expect(none.document.studies).toEqual([]);
    const { study } = shown.document.studies[0];
    const series = await pacs('find', '--study', study, '--url', orthanc.url);
    expect(series.document.series).toEqual([expect.objectContaining({ modality: 'US', instances: matrix.size })]);
    const [one] = series.document.series;
    const instances = await pacs('find', '--study', study, '--series', one.series, '--url', orthanc.url);
    expect(instances.document.instances).toHaveLength(matrix.size);
    expect(JSON.stringify([series, instances])).not.toMatch(/phantom/i);
  });

  it('says so where nothing matches, and takes modalities in small letters', async () => {
    const none = await samus(folder, 'pacs', 'find', '--match', 'PatientID=NOBODY', '--url', orthanc.url);
    expect([none.code, none.stdout, none.stderr]).toEqual([0, '', 'warning: the PACS has none that match\n']);
    const found = await pacs('find', '--modality', 'us', '--match', 'StudyDate=19000101-', '--url', orthanc.url);
    expect(found.document.studies).toHaveLength(1);
  });

  it('stores our segmentations, reports and captures, which are found as such', async () => {
    mkdirSync(join(folder, 'own'));
    copyFileSync(join(MATRIX, 'palette-2frames.dcm'), join(folder, 'own', 'clip.dcm'));
    const options = [
      '--frames',
      'all',
      '--object',
      'lesion',
      '--box',
      '10,10,50,40',
      '--model',
      goldenPath('samus-tiny.pth'),
    ];
    const formats = ['dcmseg', 'dcmsr', 'dcmsc'].flatMap((format) => ['--format', format]);
    expect((await samus(folder, 'segment', 'own/clip.dcm', ...options, ...formats, '--out', 'own')).code).toBe(0);
    writeFileSync(join(folder, 'own', 'notes.txt'), 'Phantom^Samus');
    const put = await pacs('put', 'own', '--url', orthanc.url);
    expect(put).toMatchObject({ code: 0, document: { failed: 0, other_files: 1 } });
    expect(put.document.files.map(({ file }: { file: string }) => file)).toEqual(
      ['clip.dcm', 'clip.sc.dcm', 'clip.seg.dcm', 'clip.sr.dcm'].map((name) => join('own', name)),
    );
    const [study] = await uidsOf(join(folder, 'own', 'clip.dcm'));
    for (const [modality, name] of [
      ['SEG', 'clip.seg.dcm'],
      ['SR', 'clip.sr.dcm'],
    ] as const) {
      const found = await pacs('find', '--modality', modality, '--url', orthanc.url);
      expect(found.document.studies).toMatchObject([{ study }]);
      const out = `got-${modality}`;
      expect(
        (await pacs('get', '--study', study!, '--modality', modality, '--out', out, '--url', orthanc.url)).code,
      ).toBe(0);
      const [file] = filesIn(join(folder, out));
      const original = join(folder, 'own', name);
      expect(file).toBe(`${(await uidsOf(original))[2]}.dcm`);
      expect(readFileSync(join(folder, out, file!)).equals(readFileSync(original))).toBe(true);
    }
    const again = await pacs('put', 'own', '--url', orthanc.url);
    expect(again).toMatchObject({ code: 0, document: { stored: 0, present: 4, failed: 0 } });
    expect((await pacs('put', 'own', '--again', '--url', orthanc.url)).document).toMatchObject({ stored: 4 });
  });

  it('reports what the PACS refuses, and stores the rest', async () => {
    mkdirSync(join(folder, 'mixed'));
    const garbage = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(3000, 'Phantom^Samus')]);
    writeFileSync(join(folder, 'mixed', 'a.dcm'), garbage);
    writeFileSync(join(folder, 'mixed', 'b.dcm'), 'no DICOM at all');
    copyFileSync(join(MATRIX, 'rle-rgb.dcm'), join(folder, 'mixed', 'c.dcm'));
    const put = await pacs('put', 'mixed', '--again', '--url', orthanc.url);
    expect(put).toMatchObject({ code: 1, document: { stored: 1, failed: 2 } });
    expect(put.document.files[2]).not.toHaveProperty('sameUidAs');
    for (const file of put.document.files.slice(0, 2)) {
      expect(file).toMatchObject({ state: 'refused', error: { code: 'PACS_REFUSED', details: { status: 400 } } });
    }
  });

  it.runIf(SHARED)('takes the shared files, but for the one that DCMTK cannot read', async () => {
    const sources = join(SHARED!, 'data', 'dicom');
    const put = await pacs('put', sources, '--url', orthanc.url);
    expect(put).toMatchObject({ code: 1, document: { stored: 16, failed: 1 } });
    const refused = put.document.files.filter(({ state }: { state: string }) => state === 'refused');
    expect(refused).toMatchObject([{ file: join(sources, 'DIRW0007'), error: { code: 'PACS_REFUSED' } }]);
    const client = dicomWeb(orthanc.url);
    const last = new Map<string, string>();
    for (const { file, state } of put.document.files) if (state === 'stored') last.set((await uidsOf(file))[2]!, file);
    for (const file of last.values()) {
      const [study = '', series = '', instance = ''] = await uidsOf(file);
      const bytes = await client.instance({ study, series, instance });
      expect(Buffer.from(bytes).equals(readFileSync(file)), file).toBe(true);
    }
  });

  /** Passes requests on to Orthanc, until one that is never answered. */
  const stalling = (
    method: string,
    most: number,
  ): Promise<{ readonly pacs: FakePacs; readonly stalled: Promise<void> }> => {
    let stop = (): void => undefined;
    const stalled = new Promise<void>((resolve) => {
      stop = resolve;
    });
    let count = 0;
    const running = fakePacs(async (response, nth, request) => {
      if (request.method === method && !request.url?.includes('?') && ++count > most) return stop();
      const { headers, body } = (await running).received[nth - 1]!;
      const { accept = '', 'content-type': type } = headers;
      const answer = await fetch(`${orthanc.home}${request.url}`, {
        method: request.method ?? 'GET',
        headers: { accept, ...(type !== undefined && { 'content-type': type }) },
        ...(method === 'POST' && request.method === 'POST' && { body: new Uint8Array(body) }),
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    return running.then((server) => ({ pacs: server, stalled }));
  };

  it('continues a put that was killed', async () => {
    const other = await startOrthanc();
    const before = orthanc;
    orthanc = other;
    try {
      const { pacs: server, stalled } = await stalling('POST', 5);
      const { child, ended } = startSamus(folder, ['pacs', 'put', MATRIX, '--url', server.url, '--json']);
      await stalled;
      child.kill('SIGKILL');
      log += (await ended).stderr;
      const put = await pacs('put', MATRIX, '--url', other.url);
      expect(put).toMatchObject({ code: 0, document: { stored: 55, present: 5, failed: 0 } });
      const statistics = await (await fetch(`${other.home}/statistics`)).json();
      expect(statistics).toMatchObject({ CountInstances: matrix.size });
    } finally {
      orthanc = before;
      await other.stop();
    }
  });

  it('continues a get that was killed, and leaves no half file', async () => {
    const [study] = await uidsOf(join(MATRIX, 'rle-rgb.dcm'));
    const { pacs: server, stalled } = await stalling('GET', 5);
    const args = ['get', '--study', study!, '--modality', 'US', '--out', 'resumed'];
    const { child, ended } = startSamus(folder, ['pacs', ...args, '--url', server.url, '--json']);
    await stalled;
    child.kill('SIGKILL');
    log += (await ended).stderr;
    const names = readdirSync(join(folder, 'resumed')).filter((name) => name.endsWith('.dcm'));
    expect(names).toHaveLength(5);
    rmSync(join(folder, 'resumed', names[0]!));
    const got = await pacs(...args, '--url', orthanc.url);
    expect(got).toMatchObject({ code: 0, document: { present: 4, failed: 0 } });
    for (const [uid, path] of matrix) {
      expect(readFileSync(join(folder, 'resumed', `${uid}.dcm`)).equals(readFileSync(path)), path).toBe(true);
    }
  });

  it('signs in with a file, whose content it never shows', async () => {
    const closed = await startOrthanc({ password: 'Geheim:nis 7' });
    try {
      writeFileSync(join(folder, 'auth'), 'samus:Geheim:nis 7\n');
      writeFileSync(join(folder, 'wrong'), 'samus:guess\n');
      expect(await pacs('find', '--url', closed.url)).toMatchObject({
        code: 2,
        document: { error: { code: 'PACS_DENIED' } },
      });
      const wrong = await pacs('find', '--url', closed.url, '--auth', 'wrong');
      expect(wrong.document).toHaveProperty('error.code', 'PACS_DENIED');
      const file = join(MATRIX, 'rle-mono8.dcm');
      const put = await pacs('put', file, '--url', closed.url, '--auth', 'auth');
      expect(put).toMatchObject({ code: 0, document: { stored: 1 } });
      expect(JSON.stringify([put, wrong])).not.toMatch(/Geheim|guess/);
    } finally {
      await closed.stop();
    }
  });

  it('wrote no name, UID or password to stderr', async () => {
    const uids = await Promise.all([...matrix.values()].map(uidsOf));
    for (const word of ['Phantom^Samus', 'PHANTOM', 'Geheim', 'guess', ...uids.flat()]) expect(log).not.toContain(word);
  });
});

describe('samus pacs without a PACS', () => {
  const url = 'http://127.0.0.1:9/dicom-web';
  it.each([
    ['a wrong UID', ['find', '--study', 'Phantom^Samus', '--url', url], 'PACS_UID'],
    ['a path as UID', ['get', '--study', '..', '--out', 'x', '--url', url], 'PACS_UID'],
    ['an element that is not searched', ['find', '--match', 'Pixel=PHANTOM', '--url', url], 'PACS_MATCH'],
    ['a date in another form', ['find', '--match', 'StudyDate=2026-01-01', '--url', url], 'PACS_MATCH'],
    ['a match that is none', ['find', '--match', 'PHANTOM', '--url', url], 'PACS_MATCH'],
    ['a password in the URL', ['find', '--url', 'http://samus:PHANTOM@127.0.0.1/'], 'PACS_URL'],
    ['a missing file with the token', ['find', '--url', url, '--auth', 'none'], 'PACS_AUTH_FILE'],
    ['nothing to put', ['put', '1.2.3.dcm', '--url', url], 'IMAGE_NOT_FOUND'],
    ['a series without its study', ['find', '--series', '1.2.3', '--url', url], 'USAGE_MISSING_OPTION'],
  ])('refuses %s', async (_, args, code) => {
    const { document } = await pacs(...args);
    expect(document).toHaveProperty('error.code', code);
    expect(JSON.stringify(document)).not.toMatch(/PHANTOM|Phantom|1\.2\.3/);
  });

  it.each([
    ['two lines', 'Bearer a\nX-Header: b'],
    ['nothing', '\n'],
  ])('refuses a token file with %s', async (_, content) => {
    writeFileSync(join(folder, 'odd'), content);
    expect((await pacs('find', '--url', url, '--auth', 'odd')).document).toHaveProperty('error.code', 'PACS_AUTH_FILE');
  });
});

it('says so where a study has no instances', async () => {
  const { url } = await fakePacs((response, _, { url: asked = '' }) => {
    const series = [{ '0020000E': dicomJson('UI', '1.2.4') }];
    sendJson(response, asked.split('?')[0]!.endsWith('/series') ? series : []);
  });
  const got = await pacs('get', '--study', '1.2.3', '--out', 'hollow', '--url', url);
  expect(got).toMatchObject({ code: 3, document: { error: { code: 'PACS_NOT_FOUND' } } });
});

it('says how many instances and series it cannot name, and why', async () => {
  const pixels = readFileSync(join(MATRIX, 'rle-mono8.dcm'));
  const [study = '', series = '', instance = ''] = await uidsOf(join(MATRIX, 'rle-mono8.dcm'));
  const { url } = await fakePacs((response, _, { url: asked = '' }) => {
    const place = asked.split('?')[0]!;
    const items = (tag: string, ...uids: readonly string[]) =>
      uids.map((uid) => ({ [tag]: dicomJson('UI', uid), '00080060': dicomJson('CS', 'US') }));
    if (place.endsWith('/series')) sendJson(response, items('0020000E', series, 'Phantom^Samus'));
    else if (place.endsWith('/instances')) sendJson(response, items('00080018', instance, '1.2/3', '../Phantom', ''));
    else sendPart(response, pixels);
  });
  const got = await pacs('get', '--study', study, '--out', 'partly', '--url', url);
  expect(got).toMatchObject({
    code: 1,
    document: { received: 1, failed: 0, unusable: { series: 1, instances: 3 } },
  });
  expect(filesIn(join(folder, 'partly'))).toEqual([`${instance}.dcm`]);
  const { code, stdout } = await samus(folder, 'pacs', 'get', '--study', study, '--out', 'partly', '--url', url);
  expect([code, stdout.trim().split('\n')]).toEqual([
    1,
    [
      '0 received, 1 already there, 0 failed, in partly',
      '1 of the series left out: the PACS lists them without a valid UID',
      '3 of the instances left out: the PACS lists them without a valid UID',
    ],
  ]);
  const found = await samus(folder, 'pacs', 'find', '--study', study, '--series', series, '--url', url);
  expect([found.code, found.stderr]).toEqual([
    0,
    'warning: 3 of the instances left out: the PACS lists them without a valid UID\n',
  ]);
});
