/**
 * A clip of a gigabyte on the command line: it is read in parts, never as a whole. Beside the memory, the same results as
 * for a small file show that the right parts are read.
 */
import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/formats/imageFile.node.js';
import { filesIn, newFolder, removeFolder, startSamus } from '../e2e/samusProcess.js';
import { writeTinyModel } from '../e2e/serveProcess.js';
import { writeSparseClip } from '../support/dicomImages.js';

const SIDE = 1024;
const FRAMES = 1000;
/** Above what the same command takes for a small file. */
const MOST_GROWTH = 300e6;

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  writeSparseClip(join(folder, 'big.dcm'), SIDE, FRAMES, [1, 500, 700], '1.2.3');
  writeSparseClip(join(folder, 'small.dcm'), SIDE, 2, [1], '1.2.3');
});
afterAll(() => removeFolder(folder));

/** Runs a command and says how much memory it took at most, in bytes. */
async function measured(...args: readonly string[]) {
  const report = "process.on('exit', () => process.stderr.write('PEAK ' + process.resourceUsage().maxRSS))";
  const hook = `--import=data:text/javascript,${encodeURIComponent(report)}`;
  const { code, stdout, stderr } = await startSamus(folder, args, { NODE_OPTIONS: hook }).ended;
  expect(code, stderr + stdout).toBe(0);
  return { stdout, peak: Number(/PEAK (\d+)/.exec(stderr)?.[1]) * 1024 };
}

describe('a clip of a gigabyte', () => {
  it('is described, and a frame of it written', { timeout: 60_000 }, async () => {
    const { peak } = await measured('dicom', 'info', 'small.dcm', '--json');
    const info = await measured('dicom', 'info', 'big.dcm', '--json');
    expect(JSON.parse(info.stdout)).toMatchObject({ frames: FRAMES, rows: SIDE });
    expect(info.peak - peak).toBeLessThan(MOST_GROWTH);
    const frames = await measured('dicom', 'frames', 'big.dcm', '--frames', '500', '--out', 'frames');
    expect(frames.peak - peak).toBeLessThan(MOST_GROWTH);
    expect(filesIn(join(folder, 'frames'))).toContain('big.0500.png');
    expect(await readImage(join(folder, 'frames/big.0500.png'))).toEqual(await readImage(join(folder, 'small.dcm')));
  });

  it('is segmented', { timeout: 60_000 }, async () => {
    const args = ['--point', '512,512', '--model', 'tiny', '--json', '--out', 'masks'];
    const { peak } = await measured('segment', 'small.dcm', ...args);
    const found = await measured('segment', 'big.dcm', '--frame', '700', ...args, '--format', 'png,dcmseg');
    expect(found.peak - peak).toBeLessThan(MOST_GROWTH);
    expect(JSON.parse(found.stdout).images[0]).toMatchObject({ frame: 700, frames: FRAMES });
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(folder, 'big.dcm')), hash);
    const [image] = JSON.parse(found.stdout).images;
    const named = { ...image, image: undefined, content: hash.digest('hex') };
    writeFileSync(join(folder, 'prompts.json'), JSON.stringify({ ...JSON.parse(found.stdout), images: [named] }));
    const again = await measured('segment', 'big.dcm', '--prompts', 'prompts.json', '--model', 'tiny', '--json');
    expect(again.peak - peak).toBeLessThan(MOST_GROWTH);
    expect(JSON.parse(again.stdout).images[0]).toMatchObject({ frame: 700, objects: [{ rle: image.objects[0].rle }] });
  });
});
