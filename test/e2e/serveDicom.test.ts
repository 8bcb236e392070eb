/**
 * DICOM files over HTTP: sent and named as other images are, frame by frame, with their millimetres; masks back as DICOM
 * segmentations and reports.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../../src/formats/dicom/dataSet.js';
import { readDicomFile } from '../../src/formats/dicom/dicomFile.js';
import { readDicomSeg } from '../../src/formats/dicom/readSeg.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { drawOverlay, OVERLAY_COLORS } from '../../src/formats/overlay.js';
import { decodeRle, encodeRle } from '../../src/formats/rle.js';
import { dicomImage } from '../support/dicomImages.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { idOf, jsonOf as json, picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const fixture = (name: string): Uint8Array =>
  readFileSync(fileURLToPath(new URL(`../fixtures/dicom/${name}`, import.meta.url)));
const SECRETS = /Phantom|PHANTOM|1\.2\.826\.0\.1\.3680043|20260101/;
const DICOM = { 'content-type': 'application/dicom' };
const REGIONS = [{ box: [0, 0, 60, 42], type: 1, spacing_x_mm: 0.25, spacing_y_mm: 0.5, measures: true, why: null }];

const clip = fixture('jpeg-ybr422.dcm');
let folder: string;
let server: ServeProcess;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  mkdirSync(join(folder, 'scans'));
  writeFileSync(join(folder, 'scans', 'IM_0001'), clip);
  server = await startServe(folder, '--model', 'tiny', '--folder', 'scans');
});

afterAll(async () => {
  await server?.stop();
  removeFolder(folder);
});

const segment = (id: string, body: object, status?: number) =>
  json(server.post(`/api/v1/images/${id}/segment`, body), status);
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

function errorsOf(bytes: Uint8Array): string[] {
  const path = join(folder, 'judged.dcm');
  writeFileSync(path, bytes);
  const { stderr } = spawnSync('dciodvfy', ['-new', path], { encoding: 'utf8' });
  return stderr.split('\n').filter((line) => line.startsWith('Error'));
}

describe('DICOM over HTTP', () => {
  it('is known by content and frame, however it is sent', async () => {
    const sent = await json(server.postImage(clip, DICOM), 201);
    const facts = {
      width: 61,
      height: 43,
      frames: 3,
      regions: REGIONS,
      spacing_mm: { x: 0.25, y: 0.5 },
      model: 'tiny',
    };
    const first = { ...facts, image: idOf(clip), frame: 1 };
    expect(sent).toEqual({ ...first, cached: false, encode_ms: expect.any(Number) });
    const third = await json(server.postImage(clip, DICOM, '?frame=3'), 201);
    expect(third).toMatchObject({ ...facts, frame: 3, cached: false });
    expect(third.image).not.toBe(sent.image);
    const again = { ...third, cached: true, encode_ms: 0 };
    expect(await json(fetch(`${server.url}/api/v1/images/${third.image}`))).toEqual(again);
    expect(await json(server.post('/api/v1/images', { path: 'IM_0001', frame: 3 }))).toEqual(again);
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(clip)]), 'IM_0001');
    const url = `${server.url}/api/v1/images?frame=3`;
    expect(await json(fetch(url, { method: 'POST', body: form }))).toEqual(again);
    const plain = await json(server.postImage(clip, { 'content-type': 'application/octet-stream' }));
    expect(plain).toMatchObject({ ...first, cached: true });
  });

  it('is said to be cut off where it is', async () => {
    const cut = new Uint8Array(dicomImage({ frames: 3 }).subarray(0, -20));
    const sent = await json(server.postImage(cut, DICOM, '?frame=2'), 201);
    expect(sent).toMatchObject({ frames: 2, frames_stated: 3, frame: 2 });
    expect(await json(fetch(`${server.url}/api/v1/images/${sent.image}`))).toMatchObject({ frames_stated: 3 });
    const { error } = await json(server.postImage(cut, DICOM, '?frame=3'), 422);
    expect([error.code, error.message]).toEqual([
      'DICOM_TRUNCATED',
      expect.stringContaining('the file is cut off after frame 2 of 3'),
    ]);
  });

  it('has null for a spacing that the file does not state, and no DICOM fields for other images', async () => {
    const bare = await json(server.postImage(dicomImage(), DICOM), 201);
    expect(bare).toMatchObject({
      frames: 1,
      frame: 1,
      regions: [],
      spacing_mm: null,
      why_no_mm: 'the file states no spacing',
    });
    const { objects } = await segment(bare.image, { objects: [{ points: [[20, 20]] }] });
    expect(objects[0]).toMatchObject({ area_mm2: null, why_no_mm: 'the file states no spacing' });
    // Nothing can refer to an image without UIDs.
    const refused = await segment(bare.image, { objects: [{ points: [[20, 20]] }], format: 'dcmseg' }, 422);
    expect(refused.error.code).toBe('DICOM_SEG_REFERENCE');
    expect(Object.keys(await json(server.postImage(await picturePng(7)), 201))).toEqual(
      expect.not.arrayContaining(['frame', 'regions', 'spacing_mm']),
    );
  });

  it('measures masks in millimetres', async () => {
    const { image } = await json(server.postImage(clip, DICOM));
    const { objects } = await segment(image, { objects: [{ points: [[20, 20]] }] });
    expect(objects[0].area_mm2).toBeCloseTo(objects[0].area * 0.125, 9);
    expect(objects[0].long_axis_mm).toBeGreaterThanOrEqual(objects[0].short_axis_mm);
    const found = await json(server.post(`/api/v1/images/${image}/everything`, { options: { scoreThreshold: 0 } }));
    for (const one of found.objects) expect(one.area_mm2).toBeCloseTo(one.area * 0.125, 9);
  });

  it('answers with a segmentation of the frame, and a report on it', async () => {
    const { image } = await json(server.postImage(clip, DICOM, '?frame=3'));
    const objects = [
      { name: 'lesion', points: [[20, 20]] },
      { name: 'Gefäß', box: [5, 5, 40, 30] },
    ];
    const { objects: plain } = await segment(image, { objects });
    const answer = await segment(image, { objects, format: 'dcmsr' });
    expect(Object.keys(answer.objects[0])).not.toContain('rle');
    const [seg, sr] = [bytesOf(answer.dcmseg), bytesOf(answer.dcmsr)];
    const { segments } = await readDicomSeg(seg);
    const { data } = await readDicomFile(clip);
    expect(segments.map(({ label, masks }) => [label, masks.map(({ frame }) => frame)])).toEqual([
      ['lesion', [3]],
      ['Gefäß', [3]],
    ]);
    expect(segments.map(({ masks }) => encodeRle(masks[0]!.mask))).toEqual(
      plain.map(({ rle }: { rle: unknown }) => rle),
    );
    expect(segments[0]!.masks[0]!.source).toBe(textOf(data, 0x0008_0018));
    for (const bytes of [seg, sr]) {
      const written = (await readDicomFile(bytes)).data;
      for (const tag of [0x0010_0010, 0x0020_000d]) expect(textOf(written, tag)).toBe(textOf(data, tag));
    }
    // JPEG of 61x43 pixels in three colours: the ratio is that of the file.
    const written = (await readDicomFile(seg)).data;
    expect([textOf(written, 0x0028_2110), Number(textOf(written, 0x0028_2112))]).toEqual(['01', expect.any(Number)]);
    expect(Number(textOf(written, 0x0028_2112))).toBeGreaterThan(1);
    if (!spawnSync('dciodvfy', ['-version']).error) expect([...errorsOf(seg), ...errorsOf(sr)]).toEqual([]);
  });

  it('answers with a picture of the frame with the masks drawn in', async () => {
    const objects = [{ name: 'lesion', box: [5, 5, 40, 30] }];
    for (const [bytes, frame] of [
      [clip, 3],
      [fixture('mono8-explicit.dcm'), 2],
    ] as const) {
      const { image } = await (await server.postImage(bytes, DICOM, `?frame=${frame}`)).json();
      const { objects: plain } = await segment(image, { objects });
      const answer = await segment(image, { objects, format: 'dcmsc' });
      expect(answer).not.toHaveProperty('dcmseg');
      expect(Object.keys(answer.objects[0])).not.toContain('rle');
      const sc = bytesOf(answer.dcmsc);
      const drawn = await readImage(sc);
      const mask = decodeRle(plain[0].rle).data;
      const shown = await readImage(bytes, { frame });
      expect(drawn).toEqual(drawOverlay(shown, [{ mask, color: OVERLAY_COLORS[0] }]));
      const [written, source] = [(await readDicomFile(sc)).data, (await readDicomFile(bytes)).data];
      expect(textOf(written, 0x0008_0016)).toBe('1.2.840.10008.5.1.4.1.1.7');
      for (const tag of [0x0010_0010, 0x0020_000d]) expect(textOf(written, tag)).toBe(textOf(source, tag));
      if (!spawnSync('dciodvfy', ['-version']).error) expect(errorsOf(sc)).toEqual([]);
    }
    const { image } = await json(server.postImage(await picturePng(9)), 201);
    expect((await segment(image, { objects, format: 'dcmsc' }, 422)).error.code).toBe('DICOM_SEG_REFERENCE');
  });

  it('refuses what is no image, no frame, or cannot be a segmentation', async () => {
    const errorOf = async (answer: Promise<Response>, status: number) => (await json(answer, status)).error.code;
    expect(await errorOf(server.postImage(clip, DICOM, '?frame=4'), 422)).toBe('DICOM_FRAME');
    expect(await errorOf(server.postImage(fixture('video-h264.dcm'), DICOM), 415)).toBe('DICOM_VIDEO');
    expect(await errorOf(server.postImage(clip.subarray(0, 900), DICOM), 422)).toMatch(/^DICOM_/);
    const { image } = await json(server.postImage(await picturePng(8)), 201);
    const { error } = await segment(image, { objects: [{ points: [[2, 2]] }], format: 'dcmseg' }, 422);
    expect(error.code).toBe('DICOM_SEG_REFERENCE');
  });

  it('is described, and leaves no text of a file in log and headers', async () => {
    const read = async (path: string) => (await fetch(`${server.url}${path}`)).text();
    expect((await describedAnswers(read)).unlisted).toEqual([]);
    const { headers } = await server.postImage(clip, DICOM);
    const { stdout, stderr } = await server.stop();
    expect(`${JSON.stringify([...headers])}${stdout}${stderr}`).not.toMatch(SECRETS);
  });
});
