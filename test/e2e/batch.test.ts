/**
 * `samus batch` on this machine: inputs and results of a study, failed images, and what an interruption leaves.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Zippable, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDicomSeg } from '../../src/formats/dicom/readSeg.js';
import { decodeRle } from '../../src/formats/rle.js';
import { writeSparseClip } from '../support/dicomImages.js';
import { expectComplete, linesOf, MODEL, PROMPT, phantomFiles, results, writeTinyModel } from './batchFolder.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

/** Images of the study that is killed. */
const IMAGES = 40;

let folder = '';
let scans = new Map<string, Uint8Array>();
beforeAll(async () => {
  folder = newFolder();
  scans = await phantomFiles(IMAGES);
  await writeTinyModel(folder);
  mkdirSync(join(folder, 'scans', 'deeper'), { recursive: true });
  for (const [i, [name, bytes]] of [...scans].entries()) {
    writeFileSync(join(folder, 'scans', ...(i % 2 === 0 ? [] : ['deeper']), name), bytes);
  }
});
afterAll(() => removeFolder(folder));

async function batch(...args: readonly string[]) {
  const { code, stdout, stderr } = await samus(folder, 'batch', ...args, '--json');
  return { code, stderr, document: JSON.parse(stdout) };
}

describe('a study', () => {
  it('gives each image the masks that samus segment gives it', async () => {
    const { code, document } = await batch('scans', ...PROMPT, '--format', 'png,overlay', '--out', 'all');
    expect([code, document]).toMatchObject([0, { study: 'all', images: IMAGES, done: IMAGES, failed: [] }]);
    expect(document.images_per_second).toBeGreaterThan(0);
    expectComplete(join(folder, 'all'), IMAGES);
    const some = ['scans/scan-001.png', 'scans/deeper/scan-002.png'];
    await samus(folder, 'segment', ...some, ...PROMPT, '--format', 'png,overlay', '--out', 'single');
    for (const kind of ['object-1', 'overlay']) {
      const pairs = [`scan-001.${kind}.png`, `deeper/scan-002.${kind}.png`];
      for (const name of pairs) {
        const single = readFileSync(join(folder, 'single', name.replace('deeper/', '')));
        expect(readFileSync(join(folder, 'all', 'images', name)).equals(single)).toBe(true);
      }
    }
  });

  it('lists all masks as COCO and as measurements', () => {
    const coco = JSON.parse(readFileSync(join(folder, 'all', 'coco.json'), 'utf8'));
    const [header = '', ...rows] = readFileSync(join(folder, 'all', 'measurements.csv'), 'utf8')
      .trim()
      .split('\n');
    expect(coco.images).toHaveLength(IMAGES);
    expect(rows).toHaveLength(IMAGES);
    expect(coco.categories).toEqual([{ id: 1, name: 'object', supercategory: '' }]);
    const area = header.split(',').indexOf('area_px');
    const areas = new Map(rows.map((row) => [row.split(',')[0], Number(row.split(',')[area])]));
    for (const { id, image_id, segmentation, area: stated } of coco.annotations) {
      const { file_name } = coco.images[image_id - 1];
      const pixels = decodeRle(segmentation).data.reduce((sum: number, value: number) => sum + Number(value !== 0), 0);
      expect([id > 0, stated, areas.get(file_name)]).toEqual([true, pixels, pixels]);
    }
    expect([...areas.values()].filter((value) => value > 0)).toHaveLength(coco.annotations.length);
  });

  it('is not computed again, and takes in new images', async () => {
    const before = linesOf(join(folder, 'all'));
    writeFileSync(join(folder, 'scans', 'a-new.png'), scans.get('scan-003.png')!);
    const { document } = await batch('scans', ...PROMPT, '--format', 'png,overlay', '--out', 'all');
    rmSync(join(folder, 'scans', 'a-new.png'));
    expect(document).toMatchObject({ images: IMAGES + 1, done: IMAGES + 1 });
    expect(linesOf(join(folder, 'all')).slice(0, IMAGES)).toEqual(before);
    expectComplete(join(folder, 'all'), IMAGES + 1);
  });

  it('computes damaged results again', async () => {
    const path = join(folder, 'all', 'images', 'scan-001.object-1.png');
    const whole = readFileSync(path);
    writeFileSync(path, '');
    rmSync(join(folder, 'all', 'images', 'scan-003.json'));
    const lines = linesOf(join(folder, 'all')).length;
    const { document } = await batch('scans', ...PROMPT, '--format', 'png,overlay', '--out', 'all');
    expect(document).toMatchObject({ images: IMAGES, done: IMAGES });
    expect(readFileSync(path).equals(whole)).toBe(true);
    expect(linesOf(join(folder, 'all'))).toHaveLength(lines + 2);
  });

  it.each([
    ['another name', ['--study', 'other']],
    ['other settings', ['--multimask']],
  ])('refuses %s in its folder', async (_, args) => {
    const { code, document } = await batch('scans', ...PROMPT, '--format', 'png,overlay', '--out', 'all', ...args);
    expect([code, document.error.code]).toEqual([2, 'BATCH_STUDY']);
  });

  it('refuses a file study.json that it cannot read', async () => {
    mkdirSync(join(folder, 'newer'));
    writeFileSync(join(folder, 'newer', 'study.json'), '{"version": 99}');
    const { code, document } = await batch('scans', ...PROMPT, '--out', 'newer');
    expect([code, document.error.code]).toEqual([3, 'BATCH_STUDY_FILE']);
  });

  it.each([
    ['without a prompt', ['scans'], 'PROMPTS_MISSING', 2],
    ['without images', PROMPT, 'IMAGES_MISSING', 2],
    ['for an empty folder', ['empty', ...PROMPT], 'IMAGES_MISSING', 2],
    ['for a model without classes', ['scans', '--auto'], 'MODEL_CLASSES', 2],
    ['for a model that is not there', ['scans', '--everything', '--model', 'none'], 'MODEL_NOT_FOUND', 3],
  ])('ends with an error %s', async (_, args, code, exit) => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    const ended = await batch(...args, '--out', `error-${code}-${args.length}`);
    expect([ended.code, ended.document.error.code]).toEqual([exit, code]);
  });
});

describe('inputs', () => {
  it('are files, folders and archives; files that are no images are left out', async () => {
    const [a, b, c] = [...scans.values()];
    mkdirSync(join(folder, 'mixed'));
    writeFileSync(join(folder, 'mixed', 'notes.txt'), 'not an image');
    writeFileSync(join(folder, 'mixed', 'scan.png'), a!);
    const archive: Zippable = { 'x/scan.png': b!, 'x/notes.txt': new Uint8Array(9), 'y.bmp.png': [c!, { level: 0 }] };
    writeFileSync(join(folder, 'mixed', 'more.zip'), zipSync({ ...archive, '__MACOSX/x/._scan.png': a! }));
    writeFileSync(join(folder, 'other.zip'), zipSync({ 'scan.png': c! }));
    const args = ['mixed', 'other.zip', 'scans/scan-001.png', 'mixed/scan.png', ...PROMPT, '--out', 'inputs'];
    const { code, document } = await batch(...args);
    expect([code, document.images, document.done]).toEqual([0, 5, 5]);
    expect(filesIn(join(folder, 'inputs', 'images')).filter((path) => path.endsWith('.json'))).toEqual([
      ...['more/x/scan.json', 'more/y_bmp.json', 'scan-001.json', 'scan-2.json', 'scan.json'],
    ]);
    const images = linesOf(join(folder, 'inputs'), 'plan.jsonl').map(({ image }) => image);
    expect(images).toContain('mixed/more.zip/x/scan.png');
    expectComplete(join(folder, 'inputs'), 5);
  });

  it('get the prompts of a file by path or content; an image without one fails', async () => {
    const csv = 'image,object,kind,values\nscans/scan-001.png,lesion,box,10,10,40,40\nscans/scan-003.png,a,point,9,9\n';
    writeFileSync(join(folder, 'prompts.csv'), csv);
    const prompts = ['--prompts', 'prompts.csv', '--model', MODEL];
    const all = await batch(...prompts, '--out', 'listed');
    expect([all.code, all.document.done]).toEqual([0, 2]);
    const some = await batch('scans/scan-001.png', 'scans/scan-005.png', ...prompts, '--out', 'partly');
    expect([some.code, some.document]).toMatchObject([
      1,
      { done: 1, failed: [{ image: 'scans/scan-005.png', error: { code: 'PROMPTS_NO_IMAGE' } }] },
    ]);
    const found = await batch('scans', ...prompts, '--out', 'found');
    expect([found.code, found.document.images]).toEqual([0, 2]);
    expect(found.stderr).toContain(`has no prompt for ${IMAGES - 2} image(s)`);
    // A record is a prompts file itself, which finds its image by its content.
    writeFileSync(join(folder, 'moved.png'), scans.get('scan-001.png')!);
    const record = join('listed', 'images', 'scan-001.json');
    const again = await batch('moved.png', '--prompts', record, '--model', MODEL, '--out', 'again');
    expect(again.document.done).toBe(1);
    const mask = (study: string, name: string) => readFileSync(join(folder, study, 'images', `${name}.lesion.png`));
    expect(mask('again', 'moved').equals(mask('listed', 'scan-001'))).toBe(true);
  });

  it('can be DICOM, with one segmentation for all frames', async () => {
    writeSparseClip(join(folder, 'clip.dcm'), 64, 3, [1, 2, 3], '1.2.3.9');
    const args = ['clip.dcm', ...PROMPT, '--frames', 'all', '--format', 'dcmseg', '--out', 'clips'];
    const { code, document } = await batch(...args);
    expect([code, document.done]).toEqual([0, 1]);
    const seg = await readDicomSeg(readFileSync(join(folder, 'clips', 'images', 'clip.seg.dcm')));
    expect(seg.segments.flatMap(({ masks }) => masks.map(({ frame }) => frame))).toEqual([1, 2, 3]);
    expectComplete(join(folder, 'clips'), 1);
    // Not an image of DICOM.
    const mixed = await batch('clip.dcm', 'scans/scan-001.png', ...args.slice(1, -1), 'mixed-clips');
    expect([mixed.code, mixed.document.failed]).toMatchObject([1, [{ error: { code: 'DICOM_SEG_REFERENCE' } }]]);
  });
});

describe('failed images', () => {
  it('do not end a study, are listed, and succeed when they are repaired and tried again', async () => {
    const [good, ...others] = [...scans.values()];
    mkdirSync(join(folder, 'damaged'));
    writeFileSync(join(folder, 'damaged', 'a.png'), good!.subarray(0, 60));
    writeFileSync(join(folder, 'damaged', 'b.png'), others[0]!);
    writeFileSync(join(folder, 'damaged', 'c.zip'), zipSync({ 'c.png': others[1]! }).subarray(0, 80));
    const args = ['damaged', 'missing.png', 'damaged/b.png', ...PROMPT, '--out', 'failures'];
    const first = await batch(...args);
    const codes = first.document.failed.map(({ image, error }: Failed) => [image, error.code]);
    expect([first.code, first.document.done, codes]).toEqual([
      1,
      1,
      [
        ['damaged/a.png', 'IMAGE_CORRUPT'],
        ['damaged/c.zip', 'ARCHIVE_CORRUPT'],
        ['missing.png', 'IMAGE_NOT_FOUND'],
      ],
    ]);
    const csv = readFileSync(join(folder, 'failures', 'failed.csv'), 'utf8')
      .trim()
      .split('\n');
    expect(csv).toHaveLength(4);
    const lines = linesOf(join(folder, 'failures')).length;
    // Nothing is tried again without --retry-failed.
    expect((await batch(...args)).code).toBe(1);
    expect(linesOf(join(folder, 'failures'))).toHaveLength(lines);
    await batch(...args, '--retry-failed');
    expect(linesOf(join(folder, 'failures'))).toHaveLength(lines + 3);
    writeFileSync(join(folder, 'damaged', 'a.png'), good!);
    rmSync(join(folder, 'damaged', 'c.zip'));
    writeFileSync(join(folder, 'missing.png'), others[2]!);
    const repaired = await batch(...args, '--retry-failed');
    expect([repaired.code, repaired.document]).toMatchObject([0, { images: 3, done: 3, failed: [] }]);
  });
});

interface Failed {
  readonly image: string;
  readonly error: { readonly code: string };
}

describe.skipIf(process.platform === 'win32')('interruptions (signals are POSIX)', () => {
  it('by SIGKILL at any moment leave each image one right result', { timeout: 600_000 }, async () => {
    const args = ['batch', 'scans', ...PROMPT, '--concurrency', '2'];
    expect((await samus(folder, ...args, '--out', 'whole')).code).toBe(0);
    const study = join(folder, 'killed');
    let kills = 0;
    for (let delay = 3; ; delay = 3 + ((delay * 7) % 100)) {
      const { child, ended } = startSamus(folder, [...args, '--out', 'killed', '--study', 'whole']);
      // Some are killed while they start and plan, most while they segment.
      const begun = kills % 4 !== 0;
      const finished = countOf(study);
      while (begun && child.exitCode === null && countOf(study) === finished) await wait(5);
      await Promise.race([wait(delay), ended]);
      if (child.exitCode === null) kills++;
      child.kill('SIGKILL');
      const { code } = await ended;
      if (code !== null) {
        expect(code).toBe(0);
        break;
      }
    }
    expect(kills).toBeGreaterThan(2);
    expectComplete(study, IMAGES);
    expect(results(study)).toEqual(results(join(folder, 'whole')));
  });

  it('by Ctrl-C finish the images at hand; the next run goes on', async () => {
    const args = ['batch', 'scans', ...PROMPT, '--out', 'stopped', '--json'];
    const { child, ended } = startSamus(folder, args);
    while (countOf(join(folder, 'stopped')) === 0) await wait(10);
    // Stopped, so that it does not finish while the second one starts.
    child.kill('SIGSTOP');
    const second = await samus(folder, ...args);
    expect([second.code, JSON.parse(second.stdout).error.code]).toEqual([2, 'BATCH_LOCKED']);
    child.kill('SIGINT');
    child.kill('SIGCONT');
    const { code, stdout } = await ended;
    expect([code, JSON.parse(stdout).error.code]).toEqual([130, 'INTERRUPTED']);
    expect(countOf(join(folder, 'stopped'))).toBeLessThan(IMAGES);
    expect((await samus(folder, ...args)).code).toBe(0);
    expectComplete(join(folder, 'stopped'), IMAGES);
  });

  it('by a full disk end the study with an error; the next run goes on', async () => {
    // The limit of the shell is in kilobytes: the journal outgrows it.
    const args = ['scans', ...PROMPT, '--out', 'full'];
    const program = join(import.meta.dirname, '../../dist/cli/main.js');
    const command = `ulimit -f 12; exec "${process.execPath}" "${program}" batch ${args.map((arg) => `"${arg}"`).join(' ')} --json`;
    const { code, stdout } = await new Promise<{ code: number | null; stdout: string }>((resolve) => {
      const child = execFile('bash', ['-c', command], { cwd: folder }, (_, text) => {
        resolve({ code: child.exitCode, stdout: text });
      });
    });
    expect([code, JSON.parse(stdout).error.code]).toEqual([4, 'DISK_FULL']);
    const { code: next } = await batch(...args);
    expect(next).toBe(0);
    expectComplete(join(folder, 'full'), IMAGES);
  });

  it('follows links to folders', async () => {
    symlinkSync(join(folder, 'scans', 'deeper'), join(folder, 'linked'));
    const { document } = await batch('linked', ...PROMPT, '--out', 'links');
    expect(document.done).toBe(IMAGES / 2);
  });
});

function countOf(study: string): number {
  return existsSync(join(study, 'journal.jsonl')) ? linesOf(study).length : 0;
}
