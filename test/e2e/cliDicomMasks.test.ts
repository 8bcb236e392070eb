/**
 * DICOM segmentations as masks and prompts of `samus segment`, and folders of DICOM files as discs have them.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dicomImage, identity } from '../support/dicomImages.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';
import { writeTinyModel } from './serveProcess.js';

let folder = '';
const SECRETS = /Phantom|PHANTOM|1\.2\.3\.4/;
const LESION = ['--object', 'lesion', '--box', '10,8,40,30'];
const VESSEL = ['--object', 'Gefäß', '--point', '20,20'];
const segment = (...args: readonly string[]) => samus(folder, 'segment', ...args, '--model', 'tiny');

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  writeFileSync(join(folder, 'clip'), dicomImage({ width: 61, height: 43, frames: 4, elements: identity('1.2.3.4') }));
  writeFileSync(join(folder, 'other.dcm'), dicomImage({ width: 61, height: 43, elements: identity('1.2.3.9') }));
  const formats = ['--format', 'dcmseg,png', '--out', 'first'];
  const { code, stderr } = await segment('clip', '--frames', '2,4', ...LESION, ...VESSEL, ...formats);
  expect(code, stderr).toBe(0);
});
afterAll(() => removeFolder(folder));

it('are prompts of the frames that they name', async () => {
  const { code, stdout, stderr } = await segment('clip', '--prompts', 'first/clip.seg.dcm', '--out', 'again', '--json');
  expect(code, stderr).toBe(0);
  const { images } = JSON.parse(stdout);
  expect(images.map(({ frame }: { frame: number }) => frame)).toEqual([2, 4]);
  const before = await segment('clip', '--frames', '2,4', ...LESION, ...VESSEL, '--out', 'second', '--json');
  for (const [i, { objects }] of JSON.parse(before.stdout).images.entries()) {
    expect(images[i].objects.map(({ name, prompt }: { name: string; prompt: object }) => [name, prompt])).toMatchObject(
      objects.map(({ name, rle, box }: { name: string; rle: object; box: object }) => [
        name,
        { box, start: { ...rle, origin: 'file' } },
      ]),
    );
  }
});

it('are prompts of the chosen frames only, as those of JSON documents', async () => {
  const framesOf = async (...args: readonly string[]) => {
    const { code, stdout } = await segment(...args, '--out', 'chosen', '--json');
    return [
      code,
      JSON.parse(stdout).images?.map(({ frame }: { frame: number }) => frame) ?? JSON.parse(stdout).error.code,
    ];
  };
  expect(await framesOf('clip', '--prompts', 'first/clip.seg.dcm', '--frames', '1,3-4')).toEqual([0, [4]]);
  expect(await framesOf('clip', '--prompts', 'first/clip.seg.dcm', '--frame', '3')).toEqual([2, 'PROMPTS_FRAME']);
  const { stdout } = await segment('clip', '--prompts', 'first/clip.seg.dcm', '--out', 'json', '--json');
  writeFileSync(join(folder, 'prompts.json'), stdout);
  expect(await framesOf('--prompts', 'prompts.json', '--frame', '2')).toEqual([0, [2]]);
});

it('are masks of the objects of their names, as pictures of them are', async () => {
  const frame = ['--frame', '4', ...LESION];
  const seg = await segment('clip', ...frame, '--mask', 'first/clip.seg.dcm', '--out', 'of-seg');
  const png = await segment('clip', ...frame, '--mask', 'first/clip.0004.lesion.png', '--out', 'of-png');
  expect([seg.code, png.code], seg.stderr + png.stderr).toEqual([0, 0]);
  const [a, b] = ['of-seg', 'of-png'].map((out) => readFileSync(join(folder, out, 'clip.0004.lesion.png')));
  expect(a).toEqual(b);
});

it.each([
  ['DICOM_SEG_REFERENCE', ['clip', '--frame', '4', '--object', 'stone', '--mask', 'first/clip.seg.dcm']],
  ['DICOM_SEG_REFERENCE', ['clip', '--frame', '3', '--object', 'lesion', '--mask', 'first/clip.seg.dcm']],
  ['DICOM_SEG_REFERENCE', ['other.dcm', '--object', 'lesion', '--mask', 'first/clip.seg.dcm']],
  ['DICOM_SEG_REFERENCE', ['first/clip.0004.lesion.png', '--object', 'lesion', '--mask', 'first/clip.seg.dcm']],
  ['DICOM_NO_PIXELS', ['first/clip.seg.dcm', '--point', '1,1']],
])('are refused with %s where they do not fit', async (error, args) => {
  const { code, stdout, stderr } = await segment(...args, '--out', 'none', '--json');
  expect([code, JSON.parse(stdout).error.code]).toEqual([3, error]);
  expect(stdout + stderr).not.toMatch(SECRETS);
});

it('as prompts name the image that they are not of, and need its file', async () => {
  const both = await segment('clip', 'other.dcm', '--prompts', 'first/clip.seg.dcm', '--out', 'both', '--json');
  expect(both.code).toBe(1);
  const { images } = JSON.parse(both.stdout);
  expect(images.at(-1)).toMatchObject({ image: 'other.dcm', error: { code: 'DICOM_SEG_REFERENCE' } });
  expect(images).toHaveLength(3);
  const none = await segment('--prompts', 'first/clip.seg.dcm', '--json');
  expect(JSON.parse(none.stdout).error.code).toBe('PROMPTS_NO_IMAGE');
});

it('of a folder are left out, and its images found by their content', async () => {
  const study = join(folder, 'disc', 'PATIENT', 'STUDY');
  mkdirSync(study, { recursive: true });
  for (const name of ['IM_0002', 'IM_0001', '1.2.840.5']) copyFileSync(join(folder, 'clip'), join(study, name));
  copyFileSync(join(folder, 'first/clip.seg.dcm'), join(study, 'IM_0003'));
  writeFileSync(join(study, 'readme'), 'no image');
  for (const [i, sopClass] of NO_IMAGES.entries()) writeFileSync(join(study, `IM_001${i}`), objectOf(sopClass));
  writeFileSync(join(folder, 'disc', 'DICOMDIR'), objectOf('1.2.840.10008.1.3.10'));
  const { code, stdout, stderr } = await segment(
    'disc',
    '--everything',
    '--points-per-side',
    '1',
    '--out',
    'all',
    '--json',
  );
  expect(code, stderr).toBe(0);
  const names = ['1.2.840.5', 'IM_0001', 'IM_0002'].map((name) => join('disc', 'PATIENT', 'STUDY', name));
  expect(JSON.parse(stdout).images.map(({ image }: { image: string }) => image)).toEqual(names);
  // The segmentation, and the others; the directory of a disc is no loss.
  expect(stderr).toContain('disc: 4 DICOM object(s) without an image, such as segmentations and reports, left out');
  const named = await segment(join('disc/PATIENT/STUDY/IM_0010'), '--everything', '--json');
  expect([named.code, JSON.parse(named.stdout).error.code]).toEqual([3, 'DICOM_NO_PIXELS']);
  mkdirSync(join(folder, 'reports'));
  copyFileSync(join(study, 'IM_0010'), join(folder, 'reports/one.dcm'));
  const reports = await segment('reports', '--everything', '--json');
  expect(JSON.parse(reports.stdout).error).toMatchObject({
    code: 'IMAGES_MISSING',
    message: expect.stringContaining('got 1 DICOM object(s) without an image'),
  });
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'empty', 'notes'), 'none');
  const empty = await segment('empty', '--everything', '--json');
  expect(JSON.parse(empty.stdout).error.code).toBe('IMAGES_MISSING');
  expect(filesIn(join(folder, 'empty'))).toEqual(['notes']);
});

/** A report, key objects and a document. */
const NO_IMAGES = ['88.33', '88.59', '104.1'].map((id) => `1.2.840.10008.5.1.4.1.1.${id}`);

/** Without pixels. */
const objectOf = (sopClass: string): Uint8Array => {
  const bytes = dicomImage({ elements: [[0x0008_0016, sopClass]] });
  return bytes.subarray(0, Buffer.from(bytes).indexOf(Buffer.from([0xe0, 0x7f, 0x10, 0])));
};
