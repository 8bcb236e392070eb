/**
 * DICOM files on the command line, as an export of a clip has them: `samus dicom` and `samus segment`.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataSet } from '../../src/formats/dicom/writeDataSet.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { dicomImage } from '../support/dicomImages.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';
import { writeTinyModel } from './serveProcess.js';

const MATRIX = fileURLToPath(new URL('../fixtures/dicom/', import.meta.url));
const SECRETS = /Phantom|PHANTOM|1\.2\.826\.0\.1\.3680043\.10\.1999\.[123]|20260101/;

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  // As on discs: no extension.
  copyFileSync(join(MATRIX, 'jpeg-ybr422.dcm'), join(folder, 'IM_0001'));
  copyFileSync(join(MATRIX, 'video-h264.dcm'), join(folder, 'video.dcm'));
  const waveform = dicomImage({ elements: [[0x0008_0016, '1.2.840.10008.5.1.4.1.1.9.1.1']] });
  writeFileSync(join(folder, 'waveform.dcm'), waveform.subarray(0, waveform.length - 2012));
  await writeTinyModel(folder);
});
afterAll(() => removeFolder(folder));

it('describes a file, and the patient only when asked', async () => {
  const { code, stdout, stderr } = await samus(folder, 'dicom', 'info', 'IM_0001', '--json');
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    sopClass: '1.2.840.10008.5.1.4.1.1.3.1',
    transferSyntax: '1.2.840.10008.1.2.4.50',
    rows: 43,
    columns: 61,
    frames: 3,
    photometric: 'YBR_FULL_422',
    regions: [{ box: [0, 0, 60, 42], type: 1, spacing_x_mm: 0.25, spacing_y_mm: 0.5, measures: true, why: null }],
    frame_times_ms: [40],
    spacing_x_mm: 0.25,
    spacing_y_mm: 0.5,
  });
  const lines = await samus(folder, 'dicom', 'info', 'IM_0001');
  expect(lines.stdout + lines.stderr + stdout + stderr).not.toMatch(SECRETS);
  const asked = await samus(folder, 'dicom', 'info', 'IM_0001', '--patient', '--json');
  expect(JSON.parse(asked.stdout).patient).toMatchObject({ name: 'Phantom^Samus', id: 'PHANTOM' });
});

describe('a clip that is cut off', () => {
  const cuts = {
    'compressed.dcm': () => readFileSync(join(MATRIX, 'jpeg-fragments-no-bot.dcm')),
    'native.dcm': () => Buffer.from(dicomImage({ frames: 3 })),
  };

  it.each(Object.entries(cuts))('is said to be by every command that reads it: %s', async (name, bytes) => {
    writeFileSync(join(folder, name), bytes().subarray(0, -20));
    const note = `${name}: the file is cut off after frame 2 of 3`;
    const info = await samus(folder, 'dicom', 'info', name);
    expect(info.stdout).toContain('the file is cut off after frame 2 of 3');
    const frames = await samus(folder, 'dicom', 'frames', name, '--out', `${name}-frames`, '--json');
    expect([frames.code, frames.stderr]).toEqual([0, expect.stringContaining(`warning: ${note}`)]);
    expect(JSON.parse(frames.stdout)).toMatchObject({ frames: { length: 2 }, frames_stated: 3 });
    const asked = ['--box', '10,8,40,30', '--model', 'tiny', '--json', '--out', `${name}-out`];
    const all = await samus(folder, 'segment', name, '--frames', 'all', ...asked);
    expect([all.code, all.stderr.split(note).length]).toEqual([0, 2]);
    expect(JSON.parse(all.stdout).images).toMatchObject([
      { frame: 1, frames: 2, frames_stated: 3 },
      { frame: 2, frames: 2, frames_stated: 3 },
    ]);
    const study = await samus(
      folder,
      'batch',
      name,
      '--box',
      '10,8,40,30',
      '--model',
      'tiny',
      '--out',
      `${name}-study`,
    );
    expect([study.code, study.stderr]).toEqual([0, expect.stringContaining('1 file(s) are cut off and lack frames')]);
    const missing = await samus(folder, 'segment', name, '--frame', '3', ...asked);
    expect(missing.code).toBe(3);
    const message = `cannot read frame 3 of ${name}: the file is cut off after frame 2 of 3`;
    const details = { frame: 3, frames: 2, frames_stated: 3 };
    expect(JSON.parse(missing.stdout).error).toMatchObject({ code: 'DICOM_TRUNCATED', message, details });
    const beyond = await samus(folder, 'dicom', 'frames', name, '--frames', '4', '--out', 'beyond', '--json');
    expect(JSON.parse(beyond.stdout).error).toMatchObject({
      code: 'DICOM_FRAME',
      message: `expected a frame from 1 to 2 of ${name}, got 4; the file is cut off after frame 2 of 3`,
    });
  });
});

it('describes a video, whose frames are not read', async () => {
  const { code, stdout, stderr } = await samus(folder, 'dicom', 'info', 'video.dcm', '--json');
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'video', coding: 'H.264', rows: 43, columns: 61, frames: 3 });
  const lines = await samus(folder, 'dicom', 'info', 'video.dcm');
  expect(lines.stdout).toContain('H.264 video of 61x43 pixels, 3 frame(s)');
  expect(lines.stdout + stdout).not.toMatch(SECRETS);
});

it('describes segmentations, reports and secondary captures, and UIDs only when asked', async () => {
  const prompts = ['--frames', '1,2', '--object', 'lesion', '--box', '10,8,40,30'];
  const formats = ['--format', 'dcmseg,dcmsr,dcmsc', '--out', 'objects', '--model', 'tiny'];
  expect((await samus(folder, 'segment', 'IM_0001', ...prompts, ...formats)).code).toBe(0);
  const info = async (name: string, ...options: readonly string[]) =>
    samus(folder, 'dicom', 'info', `objects/IM_0001.${name}.dcm`, ...options);
  const documents = await Promise.all(
    ['seg', 'sr', 'sc'].map(async (name) => JSON.parse((await info(name, '--json')).stdout)),
  );
  const image = { kind: 'image', frames: [1, 2] };
  expect(documents).toMatchObject([
    {
      ...{ kind: 'segmentation', segmentation: 'BINARY', rows: 43, columns: 61, frames: 2, references: [image] },
      segments: [{ number: 1, label: 'lesion', type: 'Lesion', algorithm: 'SEMIAUTOMATIC', frames: 2 }],
    },
    {
      ...{ kind: 'report', title: 'Imaging Measurement Report' },
      measurements: [1, 2].map(() => ({ finding: 'Lesion', values: { length: 4 } })),
      references: [{ kind: 'image' }, { kind: 'segmentation' }],
    },
    { kind: 'secondary capture', frames: 2, photometric: 'RGB', references: [image] },
  ]);
  expect(documents[1].measurements[0].values[0]).toMatchObject({ name: 'Area', unit: 'mm2' });
  const lines = await Promise.all(['seg', 'sr', 'sc'].map(async (name) => (await info(name)).stdout));
  expect(lines[0]).toContain('segment 1, lesion: Lesion, SEMIAUTOMATIC, 2 frame(s)\nrefers to an image, frame(s) 1-2');
  expect(JSON.stringify([documents, lines])).not.toMatch(/Phantom|PHANTOM|1\.2\.826|2\.25\./);
  const asked = await info('sr', '--uids');
  expect(asked.stdout).toMatch(/refers to an image 1\.2\.826[0-9.]+\nrefers to a segmentation 2\.25\./);
  expect((await info('seg', '--patient')).stdout).toContain('name: Phantom^Samus');
});

it('writes frames as PNG, with their millimetres', async () => {
  const { code, stderr } = await samus(folder, 'dicom', 'frames', 'IM_0001', '--out', 'frames', '--frames', '2-3');
  expect(code, stderr).toBe(0);
  expect(filesIn(join(folder, 'frames'))).toEqual(['IM_0001.0002.png', 'IM_0001.0003.png', 'images.csv']);
  const table = readFileSync(join(folder, 'frames/images.csv'), 'utf8');
  expect(table).toBe('frame,spacing_x_mm,spacing_y_mm\n2,0.25,0.5\n3,0.25,0.5\n');
  const stored = await readImage(join(MATRIX, 'jpeg-ybr422.dcm'), { frame: 3 });
  expect(await readImage(join(folder, 'frames/IM_0001.0003.png'))).toEqual(stored);
});

it('segments a frame', async () => {
  const args = [
    'segment',
    'IM_0001',
    '--frame',
    '3',
    '--point',
    '20,20',
    '--model',
    'tiny',
    '--out',
    'masks',
    '--json',
  ];
  const { code, stdout, stderr } = await samus(folder, ...args);
  expect(code, stderr).toBe(0);
  const [image] = JSON.parse(stdout).images;
  expect(image).toMatchObject({ frame: 3, frames: 3, width: 61, spacing_x_mm: 0.25, spacing_y_mm: 0.5 });
  expect(image.sopInstanceUid).toMatch(/^1\.2\.826/);
  expect(filesIn(join(folder, 'masks'))).toEqual(['IM_0001.0003.object-1.png']);
  const [object] = image.objects;
  expect(object.area_mm2).toBeCloseTo(object.area * 0.25 * 0.5, 9);
  expect(object.long_axis_mm).toBeGreaterThanOrEqual(object.short_axis_mm);
  expect(object).not.toHaveProperty('why_no_mm');
});

it('describes a spacing that varies over frames, and gives the reason for each null', async () => {
  const measures = (spacing: readonly string[]) => dataSet([0x0028_9110, [dataSet([0x0028_0030, spacing])]]);
  const groups = [measures(['0.5', '0.25']), measures(['0.5', '0.25']), measures(['1', '1']), measures(['1e300', '1'])];
  const clip = dicomImage({ frames: 4, elements: [[0x5200_9230, groups]] });
  writeFileSync(join(folder, 'varies.dcm'), clip);
  const document = JSON.parse((await samus(folder, 'dicom', 'info', 'varies.dcm', '--json')).stdout);
  const [first, third] = [
    { x: 0.25, y: 0.5 },
    { x: 1, y: 1 },
  ];
  expect(document).toMatchObject({
    ...{ spacing_x_mm: null, spacing_y_mm: null, why_no_mm: 'frames have different spacings' },
    frame_spacings_mm: [first, first, third, null],
  });
  const { stdout } = await samus(folder, 'dicom', 'info', 'varies.dcm');
  const why = '(0028,0030) is not from 0.0001 to 100 mm';
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'frame(s) 1-2: pixels of 0.25 x 0.5 mm',
      'frame(s) 3: pixels of 1 x 1 mm',
      `frame(s) 4: no millimetres (${why})`,
    ]),
  );
  const frames = await samus(folder, 'dicom', 'frames', 'varies.dcm', '--out', 'varies', '--json');
  expect(JSON.parse(frames.stdout).frames.map((one: { why_no_mm?: string }) => one.why_no_mm)).toEqual([
    ...[undefined, undefined, undefined, why],
  ]);
});

it('says why a mask has no millimetres, also in a file without UID', async () => {
  // The spacing of the detector of an X-ray says nothing about tissue.
  const image = dicomImage({ elements: [[0x0018_1164, ['0.5', '0.5']]] });
  writeFileSync(join(folder, 'bare.dcm'), image);
  const args = ['segment', 'bare.dcm', '--point', '20,20', '--model', 'tiny', '--out', 'bare'];
  const { code, stdout, stderr } = await samus(folder, ...args, '--json');
  expect(code, stderr).toBe(0);
  const [entry] = JSON.parse(stdout).images;
  expect(entry).toMatchObject({ frame: 1, sopInstanceUid: null, spacing_x_mm: null, spacing_y_mm: null });
  const none = { area_mm2: null, perimeter_mm: null, long_axis_mm: null, short_axis_mm: null };
  expect(entry).toHaveProperty('why_no_mm', 'the file states no spacing');
  expect(entry.objects[0]).toMatchObject({ ...none, why_no_mm: 'the file states no spacing' });
  const lines = await samus(folder, ...args);
  expect(lines.stdout).toContain('no millimetres (the file states no spacing)');
});

it.each([
  ['DICOM_FRAME', ['segment', 'IM_0001', '--frame', '4', '--point', '1,1', '--model', 'tiny']],
  ['DICOM_VIDEO', ['segment', 'video.dcm', '--point', '1,1', '--model', 'tiny']],
  ['DICOM_VIDEO', ['dicom', 'frames', 'video.dcm', '--out', 'video']],
  ['DICOM_NO_PIXELS', ['dicom', 'info', 'waveform.dcm']],
  ['IMAGE_NOT_FOUND', ['dicom', 'info', 'nothing.dcm']],
])('answers with %s without text of the file', async (error, args) => {
  const { code, stdout, stderr } = await samus(folder, ...args, '--json');
  expect(code).toBe(3);
  expect(JSON.parse(stdout).error.code).toBe(error);
  expect(stdout + stderr).not.toMatch(SECRETS);
});
