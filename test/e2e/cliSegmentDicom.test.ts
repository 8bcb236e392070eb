/**
 * `samus segment --format dcmseg,dcmsr,dcmsc`: DICOM objects of the masks on a clip made here.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { itemsOf, numbersOf, textOf } from '../../src/formats/dicom/dataSet.js';
import { readDicomFile } from '../../src/formats/dicom/dicomFile.js';
import { readDicomSeg } from '../../src/formats/dicom/readSeg.js';
import { dataSet, encodeFile } from '../../src/formats/dicom/writeDataSet.js';
import { encodeRle } from '../../src/formats/rle.js';
import { goldenPath } from '../support/golden.js';
import { fixturePath } from '../support/imageFixtures.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';

const MODEL = goldenPath('samus-tiny.pth');
const [WIDTH, HEIGHT] = [93, 61];
let folder = '';

beforeAll(() => {
  folder = newFolder();
  const frames = [1, 2, 3].map((seed) => makePhantom({ seed, width: WIDTH, height: HEIGHT }).image.data);
  const pixels = new Uint8Array(3 * WIDTH * HEIGHT + 1);
  for (const [n, data] of frames.entries()) {
    const step = data.length / (WIDTH * HEIGHT);
    for (let i = 0; i < WIDTH * HEIGHT; i++) pixels[n * WIDTH * HEIGHT + i] = data[i * step]!;
  }
  const clip = dataSet(
    [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
    [0x0008_0018, '1.2.3.4'],
    [0x0010_0010, 'Phantom^Samus'],
    [0x0020_000d, '1.2.3'],
    [0x0020_000e, '1.2.3.5'],
    [0x0028_0002, 1],
    [0x0028_0004, 'MONOCHROME2'],
    [0x0028_0008, '3'],
    [0x0028_0010, HEIGHT],
    [0x0028_0011, WIDTH],
    [0x0028_0030, ['0.5', '0.25']],
    [0x0028_0100, 8],
    [0x0028_0101, 8],
    [0x0028_0102, 7],
    [0x0028_0103, 0],
    [0x7fe0_0010, { vr: 'OB', bytes: pixels }],
  );
  writeFileSync(join(folder, 'clip.dcm'), encodeFile(clip));
});

afterAll(() => removeFolder(folder));

const segment = (...args: readonly string[]) => samus(folder, 'segment', ...args, '--model', MODEL, '--json');
const data = async (...path: readonly string[]) => (await readDicomFile(readFileSync(join(folder, ...path)))).data;

describe('DICOM objects of a clip', () => {
  it('hold the masks of all frames, their millimetres and pictures', async () => {
    const prompts = ['--object', 'lesion', '--point', '40,30', '--object', 'Gefäß', '--box', '10,10,50,40'];
    const formats = ['--format', 'dcmsr', '--format', 'dcmsc', '--out', 'all'];
    const { code, stdout, stderr } = await segment('clip.dcm', '--frames', '1,3', ...prompts, ...formats);
    expect([code, stderr.includes('Phantom')]).toEqual([0, false]);
    expect(filesIn(join(folder, 'all'))).toEqual(['clip.sc.dcm', 'clip.seg.dcm', 'clip.sr.dcm']);
    const { images } = JSON.parse(stdout);
    const [dcmseg, dcmsr, dcmsc] = ['seg', 'sr', 'sc'].map((name) => join('all', `clip.${name}.dcm`));
    expect(images).toMatchObject([1, 3].map((frame) => ({ frame, dcmseg, dcmsr, dcmsc })));
    const seg = await readDicomSeg(readFileSync(join(folder, 'all', 'clip.seg.dcm')));
    const read = seg.segments.map(({ label, masks }) => ({
      label,
      masks: masks.map(({ frame, mask }) => ({ frame, rle: encodeRle(mask) })),
    }));
    const printed = ['lesion', 'Gefäß'].map((name, k) => ({
      label: name,
      masks: images
        .map((image: { frame: number; objects: { rle: unknown; area: number }[] }) => ({
          frame: image.frame,
          rle: image.objects[k]!.rle,
          area: image.objects[k]!.area,
        }))
        .filter(({ area }: { area: number }) => area > 0)
        .map(({ frame, rle }: { frame: number; rle: unknown }) => ({ frame, rle })),
    }));
    expect(read).toEqual(printed.filter(({ masks }) => masks.length > 0));
    const shared = itemsOf(await data('all', 'clip.seg.dcm'), 0x5200_9229)[0] ?? new Map();
    expect(itemsOf(shared, 0x0028_9110).map((item) => numbersOf(item, 0x0028_0030))).toEqual([[0.5, 0.25]]);
    const capture = await data('all', 'clip.sc.dcm');
    expect(textOf(capture, 0x0028_0008)).toBe('2');
  });

  it.each([
    ['--dicom-seg', 'labelmap', 'png'],
    ['--dicom-geometry', 'none', 'dcmsc'],
  ])('are asked for by %s only with a segmentation', async (option, value, format) => {
    const { code, stdout } = await segment('clip.dcm', '--point', '40,30', option, value, '--format', format);
    const message = `expected --format dcmseg with ${option}, got ${format}`;
    expect([code, JSON.parse(stdout).error]).toMatchObject([2, { code: 'USAGE_MISSING_OPTION', message }]);
  });

  it('follow --dicom-geometry and --dicom-seg', async () => {
    const options = ['--format', 'dcmseg', '--dicom-geometry', 'none', '--dicom-seg', 'labelmap', '--out', 'other'];
    expect((await segment('clip.dcm', '--frame', '2', '--box', '10,10,50,40', ...options)).code).toBe(0);
    const seg = await data('other', 'clip.seg.dcm');
    expect([textOf(seg, 0x0062_0001), seg.has(0x0020_0052)]).toEqual(['LABELMAP', false]);
  });

  it('are refused of other images, before the model answers', async () => {
    copyFileSync(fixturePath('frames.tif'), join(folder, 'scan.tif'));
    const { code, stdout } = await segment(
      'clip.dcm',
      'scan.tif',
      '--point',
      '4,5',
      '--format',
      'dcmseg',
      '--out',
      'two',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout).images[1]).toHaveProperty('error.code', 'DICOM_SEG_REFERENCE');
    expect(filesIn(join(folder, 'two'))).toEqual(['clip.seg.dcm']);
  });
});
