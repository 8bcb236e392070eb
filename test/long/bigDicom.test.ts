/**
 * A clip of a gigabyte on the command line: it is read in parts, never as a whole. Beside the memory, the same results as
 * for a small file show that the right parts are read.
 */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataSet, encodeFile } from '../../src/formats/dicom/writeDataSet.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { filesIn, newFolder, removeFolder, startSamus } from '../e2e/samusProcess.js';
import { writeTinyModel } from '../e2e/serveProcess.js';

const SIDE = 1024;
const FRAMES = 1000;
/** Above what the same command takes for a small file. */
const MOST_GROWTH = 300e6;

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  writeClip(join(folder, 'big.dcm'), FRAMES, [1, 500, 700]);
  writeClip(join(folder, 'small.dcm'), 2, [1]);
});
afterAll(() => removeFolder(folder));

/** A native clip in which some frames are bright in their middle; the others are holes of the file. */
function writeClip(path: string, frames: number, bright: readonly number[]): void {
  const head = encodeFile(
    dataSet(
      [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
      [0x0008_0018, '1.2.3'],
      [0x0020_000d, '1.2.4'],
      [0x0020_000e, '1.2.5'],
      [0x0028_0002, 1],
      [0x0028_0004, 'MONOCHROME2'],
      [0x0028_0008, String(frames)],
      [0x0028_0010, SIDE],
      [0x0028_0011, SIDE],
      [0x0028_0100, 8],
      [0x0028_0101, 8],
      [0x0028_0102, 7],
      [0x0028_0103, 0],
    ),
  );
  const pixels = Buffer.from([0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 0, 0, 0, 0]);
  pixels.writeUInt32LE(SIDE * SIDE * frames, 8);
  const start = head.length + pixels.length;
  writeFileSync(path, Buffer.concat([head, pixels]));
  truncateSync(path, start + SIDE * SIDE * frames);
  const file = openSync(path, 'r+');
  const row = Buffer.alloc(SIDE / 2, 200);
  for (const frame of bright) {
    for (let y = SIDE / 4; y < (3 * SIDE) / 4; y++) {
      writeSync(file, row, 0, row.length, start + (frame - 1) * SIDE * SIDE + y * SIDE + SIDE / 4);
    }
  }
  closeSync(file);
}

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
