/**
 * No name, number, date or UID of a DICOM file leaves samus where none belongs: in messages, logs, headers and metrics of
 * the command line and the server, for files as they are and for damaged ones. The patient of the fixtures is
 * Phantom^Samus, PHANTOM, of 2026-01-01.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';
import { picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const MATRIX = fileURLToPath(new URL('../fixtures/dicom/', import.meta.url));
const SECRETS = /phantom|samus\^|1\.2\.826\.0\.1\.3680043\.10\.1999|20260101|2026-01-01/i;
const PATIENT = Buffer.from('Phantom^Samus');
const UID = Buffer.from('1.2.826.0.1.3680043.10.1999.1');

/** Files of each kind, and copies of them that are damaged where messages quote what they found. */
function damaged(bytes: Buffer): Map<string, Buffer> {
  const replaced = (found: Buffer | string, by: Buffer | string): Buffer => {
    const at = bytes.indexOf(found);
    const copy = Buffer.from(bytes);
    if (at >= 0) Buffer.from(by).copy(copy, at);
    return copy;
  };
  const header = (group: number, element: number, vr: string): Buffer =>
    Buffer.from([group & 255, group >> 8, element & 255, element >> 8, vr.charCodeAt(0), vr.charCodeAt(1)]);
  return new Map([
    ['whole', bytes],
    ['cut', bytes.subarray(0, bytes.length - 200)],
    ['cut-in-name', bytes.subarray(0, bytes.indexOf(PATIENT) + 5)],
    ['name-as-syntax', replaced('1.2.840.10008.1.2', 'Phantom^Samus.1.2')],
    ['uid-as-syntax', replaced('1.2.840.10008.1.2', '1.2.826.0.1.36800')],
    ['name-as-class', replaced('1.2.840.10008.5.1.4.1.1', 'Phantom^Samus.PHANTOM.1')],
    [
      'name-as-photometric',
      replaced(
        Buffer.concat([header(0x28, 4, 'CS'), Buffer.from([12, 0])]),
        Buffer.concat([header(0x28, 4, 'CS'), Buffer.from([12, 0]), Buffer.from('Phantom^Samu')]),
      ),
    ],
    ['name-as-rows', replaced(header(0x28, 0x10, 'US'), header(0x28, 0x10, 'PN'))],
    [
      'long-name',
      replaced(
        Buffer.concat([header(0x10, 0x10, 'PN')]),
        Buffer.concat([header(0x10, 0x10, 'PN'), Buffer.from([0xf0, 0xff])]),
      ),
    ],
    ['name-as-instance', replaced(UID, 'Phantom^Samus.PHANTOM.2026010')],
    ['name-is-sequence', replaced(header(0x10, 0x10, 'PN'), header(0x10, 0x10, 'SQ'))],
    ['id-is-pixels', replaced(header(0x10, 0x20, 'LO'), header(0x7fe0, 0x10, 'OB'))],
    ['no-pixels', replaced(Buffer.from([0xe0, 0x7f, 0x10, 0]), Buffer.from([0xe1, 0x7f, 0x10, 0]))],
  ]);
}

let folder: string;
let names: string[];
let server: ServeProcess;
beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  mkdirSync(join(folder, 'scans'));
  const sources = [
    'jpeg-ybr422',
    'mono12-signed-rescale',
    'rle-mono8',
    'jpegls-80-rgb',
    'j2k-91-ict',
    'video-h264',
    'jxl-112',
  ];
  for (const source of sources) {
    const bytes = readFileSync(join(MATRIX, `${source}.dcm`));
    expect([bytes.includes(PATIENT), bytes.includes(UID)]).toEqual([true, true]);
    for (const [kind, copy] of damaged(bytes)) writeFileSync(join(folder, 'scans', `${source}.${kind}.dcm`), copy);
  }
  names = readdirSync(join(folder, 'scans')).map((name) => `scans/${name}`);
  server = await startServe(folder, '--model', 'tiny', '--folder', 'scans', '--log-level', 'debug');
});
afterAll(async () => {
  removeFolder(folder);
  await server.stop();
});

/** Output without the UID that documents of `segment` name an instance by. */
const shown = (text: string): string => text.replaceAll(/"sopInstanceUid": ?"[0-9.]+"/g, '');

describe('the command line', () => {
  it.each([
    [
      'segment',
      ['segment', '*', '--point', '9,9', '--model', 'tiny', '--out', 'masks', '--format', 'png,json,overlay'],
    ],
    [
      'segment all frames',
      ['segment', '*', '--frames', 'all', '--box', '2,2,30,30', '--model', 'tiny', '--out', 'all', '--json'],
    ],
    [
      'segment to DICOM',
      [
        'segment',
        '*',
        '--box',
        '2,2,30,30',
        '--model',
        'tiny',
        '--out',
        'objects',
        '--json',
        '--format',
        'dcmseg,dcmsr',
      ],
    ],
    ['deidentify', ['dicom', 'deidentify', 'scans', '--out', 'copies', '--json']],
    ['deidentify and clean', ['dicom', 'deidentify', 'scans', '--out', 'clean', '--clean-pixels']],
    ['import a folder', ['data', 'import', 'dicom', 'scans', 'folders', '--map', 'map.csv', '--json']],
    ['import', ['data', 'import', 'pair', 'pairs', 'data', '--dataset', 'Leak', '--json']],
    ['evaluate', ['evaluate', '--data', 'data', '--list', 'all-Leak', '--model', 'tiny', '--prompt', 'box', '--json']],
  ])('says nothing of the patient: %s', { timeout: 120_000 }, async (_, args) => {
    mkdirSync(join(folder, 'pairs/images'), { recursive: true });
    mkdirSync(join(folder, 'pairs/labels'), { recursive: true });
    for (const name of names) {
      writeFileSync(join(folder, 'pairs/images', name.slice(6)), readFileSync(join(folder, name)));
      writeFileSync(join(folder, 'pairs/labels', name.slice(6).replace(/dcm$/, 'png')), await picturePng(1, 61, 43));
    }
    const { stdout, stderr } = await samus(folder, ...args.flatMap((one) => (one === '*' ? names : [one])));
    expect(stdout.length).toBeGreaterThan(100);
    expect(shown(stdout + stderr)).not.toMatch(SECRETS);
  });

  it('says nothing of the patient: info and frames, file by file', { timeout: 240_000 }, async () => {
    const some = names.filter((name) => /jpeg-ybr422/.test(name));
    for (const name of some) {
      const info = await samus(folder, 'dicom', 'info', name);
      const frames = await samus(folder, 'dicom', 'frames', name, '--out', 'frames', '--json');
      expect(info.stdout + info.stderr + frames.stdout + frames.stderr, name).not.toMatch(SECRETS);
    }
  });

  it('writes none of it, but into objects that belong to the study', () => {
    const written = ['masks', 'all', 'copies', 'clean', 'clean.sheets', 'frames', 'data', 'folders'].flatMap((place) =>
      filesIn(join(folder, place)).map((name) => join(folder, place, name)),
    );
    expect(written.length).toBeGreaterThan(50);
    for (const path of written) expect(shown(readFileSync(path, 'latin1')), path).not.toMatch(SECRETS);
  });
});

describe('the server', () => {
  it('says nothing of the patient in answers, headers, log and metrics', { timeout: 120_000 }, async () => {
    const said: string[] = [];
    const note = async (response: Response): Promise<unknown> => {
      const body = await response.text();
      said.push(`${JSON.stringify([...response.headers])} ${body}`);
      return body.startsWith('{') ? JSON.parse(body) : undefined;
    };
    let encoded = 0;
    for (const name of names) {
      const bytes = readFileSync(join(folder, name));
      const type = { 'content-type': 'application/dicom' };
      await note(await server.postImage(bytes, type));
      await note(await server.postImage(bytes, type, '?frame=2'));
      const form = new FormData();
      form.set('image', new Blob([new Uint8Array(bytes)]), 'scan.dcm');
      await note(await fetch(`${server.url}/api/v1/images`, { method: 'POST', body: form }));
      const answer = await note(await server.post('/api/v1/images', { path: name.slice(6) }));
      if (typeof answer !== 'object' || answer === null || !('image' in answer)) continue;
      encoded += 1;
      const place = `/api/v1/images/${answer.image}`;
      await note(await fetch(`${server.url}${place}`));
      for (const format of ['rle', 'png', 'polygons'])
        await note(await server.post(`${place}/segment`, { objects: [{ points: [[9, 9, 1]] }], format }));
      await note(await server.post(`${place}/segment`, { objects: [{ points: [[900, 900, 1]] }] }));
      await note(await server.post(`${place}/everything`, { options: { pointsPerSide: 2 } }));
    }
    expect(encoded).toBeGreaterThan(10);
    await note(await fetch(`${server.url}/metrics`));
    await note(await fetch(`${server.url}/api/v1/models`));
    const { stdout, stderr } = await server.stop();
    expect(stderr.split('\n').length).toBeGreaterThan(names.length);
    for (const text of [...said, stdout, stderr]) expect(text).not.toMatch(SECRETS);
  });
});
