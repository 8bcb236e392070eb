/**
 * `samus segment` from files to files: frames, cleaned masks, everything in an image, long command lines.
 */
import { copyFileSync, linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { cleanMask } from '../../src/formats/maskRegions.js';
import { decodeRle, encodeRle } from '../../src/formats/rle.js';
import { fixturePath } from '../support/imageFixtures.js';
import { filesIn, removeFolder, samus } from './samusProcess.js';
import { parseDocument } from './segmentDocument.js';
import { HEIGHT, SAM, SAMUS, segmentFolder, WIDTH } from './segmentFolder.js';

let folder = '';

beforeAll(async () => {
  folder = await segmentFolder();
});

afterAll(() => removeFolder(folder));

describe('files of several frames', () => {
  const clip = (): string => {
    copyFileSync(fixturePath('frames.tif'), join(folder, 'clip.tif'));
    return 'clip.tif';
  };
  const segment = (...args: readonly string[]) =>
    samus(folder, 'segment', ...args, '--point', '4,5', '--model', SAMUS, '--json');

  it('of one name get a number before the frame', async () => {
    copyFileSync(fixturePath('frames.gif'), join(folder, 'clip.gif'));
    const { code } = await segment(clip(), 'clip.gif', '--frames', '1-2', '--out', 'both');
    expect(code).toBe(0);
    const names = ['clip-2.0001', 'clip-2.0002', 'clip.0001', 'clip.0002'].map((name) => `${name}.object-1.png`);
    expect(filesIn(join(folder, 'both'))).toEqual(names);
  });

  it('give a result of its own size and name for each chosen frame', async () => {
    const { code, stdout } = await segment(clip(), '--frames', 'all', '--out', 'frames');
    expect(code).toBe(0);
    const { images } = parseDocument(stdout);
    expect(images.map(({ image, frame, width, height }) => [image, frame, width, height])).toEqual([
      ['clip.tif', 1, 23, 17],
      ['clip.tif', 2, 23, 17],
      ['clip.tif', 3, 9, 31],
    ]);
    const files = ['clip.0001.object-1.png', 'clip.0002.object-1.png', 'clip.0003.object-1.png'];
    expect(filesIn(join(folder, 'frames'))).toEqual(files);
    expect(await readImage(join(folder, 'frames', files[2]!))).toMatchObject({ width: 9, height: 31 });
    // Each frame is segmented as if it were a file of its own, and again from its own document.
    await writePng(join(folder, 'third.png'), await readImage(join(folder, 'clip.tif'), { frame: 3 }));
    const alone = parseDocument((await segment('third.png')).stdout).images[0]!.objects[0]!;
    expect(images[2]!.objects[0]!.rle).toEqual(alone.rle);
    writeFileSync(join(folder, 'frames.json'), stdout);
    const again = await samus(folder, 'segment', '--prompts', 'frames.json', '--model', SAMUS, '--json');
    expect(parseDocument(again.stdout).images.map(({ frame, objects }) => [frame, objects[0]!.rle])).toEqual(
      images.map(({ frame, objects }) => [frame, objects[0]!.rle]),
    );
  });

  it('are selected by number and range', async () => {
    const framesOf = async (...args: readonly string[]): Promise<unknown> =>
      parseDocument((await segment(clip(), ...args)).stdout).images.map(({ frame }) => frame);
    expect(await framesOf('--frame', '2')).toEqual([2]);
    expect(await framesOf('--frames', '2-3,1,2')).toEqual([1, 2, 3]);
  });

  it('are counted in a warning if none is selected', async () => {
    const { code, stdout, stderr } = await segment(clip(), 'scan.png', '--out', 'first');
    expect(code).toBe(0);
    expect(stderr).toContain('warning: clip.tif has 3 frames; segmented only the first');
    expect(stderr).not.toContain('scan.png has');
    expect(parseDocument(stdout).images.map(({ image, frame }) => [image, frame])).toEqual([
      ['clip.tif', 1],
      ['scan.png', undefined],
    ]);
    expect(filesIn(join(folder, 'first'))).toEqual(['clip.object-1.png', 'scan.object-1.png']);
  });

  it('refuses missing and malformed frame numbers; other images continue', async () => {
    const codes = async (...args: readonly string[]): Promise<unknown> => {
      const { code, stdout } = await segment(...args);
      return [code, JSON.parse(stdout).error?.code];
    };
    expect(await codes(clip(), '--frame', '4')).toEqual([3, 'IMAGE_FRAME']);
    expect(await codes(clip(), '--frames', '2-9')).toEqual([3, 'IMAGE_FRAME']);
    for (const frames of ['0', '3-2', 'x', '1,', '1.5']) {
      expect(await codes(clip(), '--frames', frames), frames).toEqual([2, 'USAGE_FRAMES']);
    }
    expect((await segment(clip(), '--frame', '1', '--frames', '2')).code).toBe(2);
    const { code, stdout } = await segment(clip(), 'scan.png', '--frame', '2');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).images).toMatchObject([
      { image: 'clip.tif', frame: 2 },
      { image: 'scan.png', error: { code: 'IMAGE_FRAME' } },
    ]);
  });
});

describe('masks', () => {
  it('are cleaned by default, and match saved tensors', async () => {
    const args = ['segment', 'sam.png', '--point', '110,75', '--model', SAM, '--out', 'cleaned', '--json'];
    const objectOf = async (...more: readonly string[]) => {
      const { code, stdout } = await samus(folder, ...args, ...more);
      expect(code).toBe(0);
      return parseDocument(stdout).images[0]!.objects[0]!;
    };
    const save = ['--save-tensors', 'cleaned.safetensors'];
    const [cleaned, raw, saved] = [await objectOf(), await objectOf('--no-clean'), await objectOf(...save)];
    const points = [[110, 75]] as const;
    const rawMask = decodeRle(raw.rle);
    expect(cleaned.rle).toEqual(encodeRle({ width: 220, height: 150, data: cleanMask(rawMask, { points }).data }));
    expect(cleaned.rle).not.toEqual(raw.rle);
    expect([cleaned.parts, cleaned.score]).toEqual([1, raw.score]);
    expect(raw.parts).toBeGreaterThan(1);
    expect(saved.rle).toEqual(raw.rle);
    expect((await objectOf(...save, '--clean')).rle).toEqual(cleaned.rle);
  });
});

describe('everything in an image', () => {
  // A model with random weights is sure of nothing: every mask is let through, and the grid kept small.
  const all = ['--everything', '--points-per-side', '3', '--score-threshold', '0', '--stability-threshold', '0'];
  const run = (image: string, out: string, ...args: string[]) =>
    samus(folder, 'segment', image, ...all, '--model', SAMUS, '--out', out, ...args);

  it('gives objects as prompts do, and their masks and an overlay', async () => {
    const args = ['--overlap-threshold', '0.9', '--format', 'png,overlay', '--json'];
    const { code, stdout } = await run('scan.png', 'all', ...args);
    expect(code).toBe(0);
    const { objects } = parseDocument(stdout).images[0]!;
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.map(({ name }) => name)).toEqual(objects.map((_, i) => `object-${i + 1}`));
    const scores = objects.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const { mask, area, points, rle } of objects) {
      const written = await readImage(join(folder, mask!));
      expect(written.data.filter((value) => value > 0)).toHaveLength(area);
      expect(decodeRle(rle).data).toEqual(Uint8Array.from(written.data, Math.sign));
      expect(points).toHaveLength(1);
    }
    expect(filesIn(join(folder, 'all')).sort()).toEqual(
      [...objects.map(({ name }) => `scan.${name}.png`), 'scan.overlay.png'].sort(),
    );
  });

  it('reports that nothing was found if everything is too small', async () => {
    const { code, stdout } = await run('scan.png', 'none', '--min-area', String(WIDTH * HEIGHT + 1));
    expect(code).toBe(0);
    expect(stdout).toContain('scan.png: nothing found');
    expect(filesIn(folder).filter((path) => path.startsWith('none/'))).toEqual([]);
  });

  it('does not replace the image that it reads', async () => {
    mkdirSync(join(folder, 'own'));
    await writePng(join(folder, 'own/scan.object-1.png'), makePhantom({ seed: 7, width: 64, height: 64 }).image);
    await writePng(join(folder, 'own/scan.png'), makePhantom({ seed: 7, width: 64, height: 64 }).image);
    const { code, stdout } = await run('own/scan.png', 'own', 'own/scan.object-1.png', '--json');
    expect(code).toBe(1);
    expect(parseDocument(stdout).images[0]!.error?.code).toBe('OUTPUT_IS_INPUT');
  });
});

describe('a long command line', () => {
  it.each([60, 200])('of %d kB gives a mask for each image', async (kilobytes) => {
    const images = longPaths(kilobytes * 1000, 3000);
    const args = ['--point', '150,90', '--model', SAMUS, '--out', `long-${kilobytes}`, '--json'];
    const { code, stdout } = await samus(folder, 'segment', ...images, ...args);
    expect(code).toBe(0);
    expect(parseDocument(stdout).images.map(({ image }) => image)).toEqual(images);
    expect(filesIn(join(folder, `long-${kilobytes}`))).toHaveLength(images.length);
  });
});

/** Links to the image under paths of `each` characters, `total` characters in all. */
function longPaths(total: number, each: number): string[] {
  const parent = Array.from({ length: Math.floor(each / 200) }, () => 'f'.repeat(199)).join('/');
  mkdirSync(join(folder, parent), { recursive: true });
  return Array.from({ length: Math.ceil(total / each) }, (_, i) => {
    const path = `${parent}/scan-${total}-${i}.png`;
    linkSync(join(folder, 'scan.png'), join(folder, path));
    return path;
  });
}
