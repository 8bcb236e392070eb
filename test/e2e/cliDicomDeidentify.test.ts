/**
 * `samus dicom deidentify` on files and folders, and its copies before other programs: dciodvfy and dcmdump, where they
 * are installed.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf } from '../../src/formats/dicom/dataSet.js';
import { readDicomFile } from '../../src/formats/dicom/dicomFile.js';
import { createImage } from '../../src/formats/image.js';
import { openImage, readImage } from '../../src/formats/imageFile.node.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';
import { writeTinyModel } from './serveProcess.js';

const MATRIX = fileURLToPath(new URL('../fixtures/dicom/', import.meta.url));
const SECRETS = /Phantom|PHANTOM|1\.2\.826\.0\.1\.3680043\.10\.1999\.[123]|20260101/;
const DATA = process.env.SAMUS_TEST_DATA;

let folder: string;
beforeAll(() => {
  folder = newFolder();
  mkdirSync(join(folder, 'study/Phantom'), { recursive: true });
  copyFileSync(join(MATRIX, 'jpeg-ybr422.dcm'), join(folder, 'study/IM_0001'));
  copyFileSync(join(MATRIX, 'mono8-explicit.dcm'), join(folder, 'study/Phantom/IM_0002.dcm'));
  copyFileSync(join(MATRIX, 'video-h264.dcm'), join(folder, 'study/video.dcm'));
  writeFileSync(join(folder, 'study/notes.txt'), 'Phantom');
});
afterAll(() => removeFolder(folder));

/** Patient Identity Removed. */
const removed = async (path: string): Promise<string | undefined> =>
  textOf((await readDicomFile(readFileSync(join(folder, path)))).data, 0x0012_0062);
const text = (...parts: readonly string[]): string => readFileSync(join(folder, ...parts), 'latin1');

it('copies the files of a folder, names those that fail, and goes on', async () => {
  const { code, stdout, stderr } = await samus(folder, 'dicom', 'deidentify', 'study', '--out', 'copies', '--json');
  expect(code, stderr).toBe(1);
  const document = JSON.parse(stdout);
  expect(document.failed).toMatchObject([{ input: 'study/video.dcm', error: { code: 'DICOM_VIDEO' } }]);
  expect(document).toMatchObject({ skipped: ['study/notes.txt'], key: 'copies.key', may_show_text: 2 });
  const copies = filesIn(join(folder, 'copies')).sort();
  expect(document.files.map(({ output }: { output: string }) => output.slice('copies/'.length)).sort()).toEqual(copies);
  expect(copies.map((name) => name.replaceAll(/[0-9A-F]{10}/g, '*')).sort()).toEqual(['*.dcm', '*/*.dcm']);
  for (const copy of copies) expect(text('copies', copy)).not.toMatch(SECRETS);
  expect(stderr).not.toMatch(SECRETS);
  expect(text('copies.key')).toMatch(/^[0-9a-f]{64}\n$/);
  expect(statSync(join(folder, 'copies.key')).mode & 0o077).toBe(0);
});

/** The copy of `study/IM_0001` in a folder of copies of the key of `copies`. */
let first = '';

it('makes the same copy again with the same key, and copies a file to a file', async () => {
  first = filesIn(join(folder, 'copies')).find((name) => !name.includes('/'))!;
  const again = ['dicom', 'deidentify', 'study/IM_0001', '--out', 'again.dcm', '--key', 'copies.key'];
  expect((await samus(folder, ...again)).code).toBe(0);
  expect(text('again.dcm')).toBe(text('copies', first));
  expect(await readImage(join(folder, 'again.dcm'), { frame: 3 })).toEqual(
    await readImage(join(MATRIX, 'jpeg-ybr422.dcm'), { frame: 3 }),
  );
});

it('cleans pixels, and takes the word of a person only after contact sheets', async () => {
  const clean = ['dicom', 'deidentify', 'study/IM_0001', '--out', 'clean', '--clean-pixels', '--key', 'copies.key'];
  const early = await samus(folder, ...clean, '--i-have-looked', '--json');
  expect([early.code, JSON.parse(early.stdout).error.code]).toEqual([3, 'DICOM_BURNED_IN']);
  expect(existsSync(join(folder, 'clean', first))).toBe(false);
  const before = await samus(folder, ...clean);
  expect(before.code, before.stderr).toBe(0);
  expect(before.stdout).toMatch(/look at the pictures in clean\.sheets/);
  const sheet = await openImage(join(folder, `clean.sheets/${first}.png`));
  expect([sheet.width, sheet.height]).toEqual([122, 43]);
  expect(await removed(`clean/${first}`)).toBe('NO');
  expect((await samus(folder, ...clean, '--i-have-looked')).code).toBe(0);
  expect(await removed(`clean/${first}`)).toBe('YES');
  // Other pixels than those that were seen.
  await writePng(join(folder, 'mask.png'), createImage(61, 43, 1, new Uint8Array(61 * 43).fill(255, 0, 400)));
  const other = await samus(folder, ...clean, '--mask', 'mask.png', '--i-have-looked', '--json');
  expect([other.code, JSON.parse(other.stdout).error.code]).toEqual([3, 'DICOM_BURNED_IN']);
});

describe('names of files and folders', () => {
  const NAMES = [
    'Иванова Мария/снимок.dcm',
    '田中花子/Smith.dcm',
    'Jones_born_Miller/02.01.2020.dcm',
    '02-01-20/17.dcm',
    '2020_01_02/OTHER-4711.dcm',
    'scan.SEG.dcm',
  ];
  const put = (place: string) => {
    for (const [i, name] of NAMES.entries()) {
      mkdirSync(join(folder, place, name, '..'), { recursive: true });
      const bytes = readFileSync(join(MATRIX, 'mono8-explicit.dcm'));
      const uid = Buffer.from('1.2.826.0.1.3680043.10.1999.1');
      bytes.write(`1.2.826.0.1.3680043.10.1999.${i + 2}`, bytes.lastIndexOf(uid), 'latin1');
      writeFileSync(join(folder, place, name), bytes);
    }
  };

  it('are in no copy, whatever they say; a table of them is written on request', async () => {
    put('hospital');
    const run = await samus(folder, 'dicom', 'deidentify', 'hospital', '--out', 'safe', '--map', 'map.csv');
    expect(run.code, run.stderr).toBe(0);
    const copies = filesIn(join(folder, 'safe'));
    expect(copies.length).toBe(NAMES.length);
    for (const name of copies) expect(name).toMatch(/^(?:[0-9A-F]{10}\/)?[0-9A-F]{10}(?:-\d)?\.dcm$/);
    const [head, ...rows] = text('map.csv').trim().split('\n');
    expect(head).toBe('file,copy');
    expect(
      Buffer.from(
        rows
          .map((row) => row.split(',')[0])
          .sort()
          .join('\n'),
        'latin1',
      ).toString(),
    ).toBe(
      NAMES.map((name) => join('hospital', name))
        .sort()
        .join('\n'),
    );
    expect(rows.map((row) => row.split(',')[1]!.slice('safe/'.length)).sort()).toEqual([...copies].sort());
    expect(statSync(join(folder, 'map.csv')).mode & 0o077).toBe(0);
  });

  it('stay where the user wants it', async () => {
    const args = ['--out', 'named', '--keep-names', '--key', 'safe.key', '--map', 'named/map.csv'];
    const { code, stderr } = await samus(folder, 'dicom', 'deidentify', 'hospital', ...args);
    expect(code, stderr).toBe(0);
    expect(
      filesIn(join(folder, 'named'))
        .filter((name) => name !== 'map.csv')
        .sort(),
    ).toEqual([...NAMES].sort());
    expect(stderr).toMatch(/^warning: the file of --map is in the folder of the copies/);
  });
});

describe('the key', () => {
  it('is that of the copies that are there', async () => {
    const copy = (...more: readonly string[]) =>
      samus(folder, 'dicom', 'deidentify', 'study/IM_0001', '--out', 'mixed', '--json', ...more);
    expect((await copy()).code).toBe(0);
    const key = text('mixed.key');
    const before = filesIn(join(folder, 'mixed'));
    const foreign = await copy('--key', 'copies.key');
    expect([foreign.code, JSON.parse(foreign.stdout).error]).toMatchObject([3, { code: 'DICOM_KEY' }]);
    rmSync(join(folder, 'mixed.key'));
    const lost = await copy();
    expect([lost.code, JSON.parse(lost.stdout).error]).toMatchObject([3, { code: 'DICOM_KEY' }]);
    expect(existsSync(join(folder, 'mixed.key'))).toBe(false);
    writeFileSync(join(folder, 'mixed.key'), key);
    expect((await copy()).code).toBe(0);
    expect(filesIn(join(folder, 'mixed'))).toEqual(before);
  });

  it('is not said to be kept where no copy was made', async () => {
    mkdirSync(join(folder, 'videos'));
    copyFileSync(join(MATRIX, 'video-h264.dcm'), join(folder, 'videos/a.dcm'));
    const args = ['dicom', 'deidentify', 'videos', '--out', 'nothing'];
    const [plain, document] = [await samus(folder, ...args), await samus(folder, ...args, '--json')];
    expect(plain.code).toBe(1);
    expect(plain.stdout).not.toMatch(/keep/);
    expect(JSON.parse(document.stdout)).toMatchObject({ files: [], key: null });
    expect(filesIn(folder).filter((name) => /^nothing/.test(name))).toEqual([]);
  });
});

it('ends with the first error where nothing can be written', async () => {
  writeFileSync(join(folder, 'file'), '');
  for (const more of [
    ['--out', 'file/copies'],
    ['--out', 'elsewhere', '--key', 'file/key'],
  ]) {
    const { code, stdout, stderr } = await samus(folder, 'dicom', 'deidentify', 'study', ...more);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr.match(/cannot be written: a file is in the way/g)).toHaveLength(1);
  }
});

it.each([
  ['OUTPUT_IS_INPUT', ['study', '--out', 'study/copies']],
  ['OUTPUT_IS_INPUT', ['study/IM_0001', '--out', 'study']],
  ['USAGE_MISSING_OPTION', ['study', '--out', 'x', '--i-have-looked']],
  ['DICOM_KEY', ['study', '--out', 'x', '--key', 'study/notes.txt']],
  ['IMAGE_FORMAT', ['study/notes.txt', '--out', 'x']],
  ['FILE_NOT_FOUND', ['study/nothing.dcm', '--out', 'x']],
  ['DICOM_VIDEO', ['study/video.dcm', '--out', 'x']],
])('answers with %s', async (error, args) => {
  const { stdout } = await samus(folder, 'dicom', 'deidentify', ...args, '--json');
  expect(JSON.parse(stdout).error.code).toBe(error);
  expect(filesIn(folder).filter((name) => /^x/.test(name))).toEqual([]);
});

/** Lines of errors. */
const errorsOf = (program: string, ...args: readonly string[]): string[] =>
  spawnSync(program, args, { encoding: 'latin1' })
    .stderr.split('\n')
    .filter((line) => /^(Error|E:)/.test(line));

describe.skipIf(DATA === undefined)('the test data', () => {
  const hasPrograms = ['dciodvfy', 'dcentvfy', 'dcmdump'].every(
    (program) => spawnSync(program, ['--version']).error === undefined,
  );

  it('is copied with segmentations, reports and pictures of it', { timeout: 120_000 }, async () => {
    await writeTinyModel(folder);
    mkdirSync(join(folder, 'objects'));
    for (const name of ['OBXXXX1A.dcm', 'US-YBR_FULL_422-EVRLE.dcm']) {
      copyFileSync(join(DATA!, 'data/dicom', name), join(folder, 'objects', name));
      const args = ['--object', 'Phantom', '--box', '200,100,300,200', '--model', 'tiny', '--out', 'objects'];
      const formats = ['--format', 'dcmseg,dcmsr,dcmsc'];
      const { code, stderr } = await samus(folder, 'segment', `objects/${name}`, ...args, ...formats);
      expect(code, stderr).toBe(0);
    }
    for (const [out, ...more] of [['plain'], ['blackened', '--clean-pixels']] as const) {
      const { code, stdout } = await samus(folder, 'dicom', 'deidentify', 'objects', '--out', out, ...more, '--json');
      // A secondary capture has no regions.
      expect([code, JSON.parse(stdout).failed.length]).toEqual(more.length > 0 ? [1, 2] : [0, 0]);
      const pairs: { input: string; output: string }[] = JSON.parse(stdout).files;
      expect(pairs.length).toBe(more.length > 0 ? 6 : 8);
      for (const { output } of pairs) expect(text(output), output).not.toMatch(SECRETS);
      if (!hasPrograms) continue;
      for (const { input: name, output } of pairs) {
        const known = new Set(errorsOf('dciodvfy', '-new', join(folder, name)));
        const found = errorsOf('dciodvfy', '-new', join(folder, output));
        expect(
          found.filter((line) => !known.has(line)),
          name,
        ).toEqual([]);
      }
      for (const stem of ['OBXXXX1A', 'US-YBR_FULL_422-EVRLE']) {
        const about = ['dcm', 'seg.dcm', 'sr.dcm'].map((ending) => {
          const { output } = pairs.find(({ input: name }) => name === `objects/${stem}.${ending}`)!;
          expect(output.endsWith(`.${ending}`)).toBe(true);
          return join(folder, output);
        });
        expect(errorsOf('dcentvfy', ...about)).toEqual([]);
      }
    }
  });

  it('is copied with its pixels and without new errors', { timeout: 120_000 }, async () => {
    const source = join(DATA!, 'data/dicom');
    const { code, stdout, stderr } = await samus(folder, 'dicom', 'deidentify', source, '--out', 'shared', '--json');
    expect(code, stderr).toBe(0);
    const pairs: { input: string; output: string }[] = JSON.parse(stdout).files;
    expect(pairs.map(({ input: name }) => name).sort()).toEqual(
      readdirSync(source)
        .filter((name) => name !== 'licences')
        .map((name) => join(source, name))
        .sort(),
    );
    for (const { input: before, output } of pairs) {
      const [name, after] = [basename(before), join(folder, output)];
      const [one, two] = [await openImage(before), await openImage(after)];
      for (const frame of new Set([1, one.frames])) {
        const pixels = Buffer.from((await two.read(frame)).data);
        expect(pixels.equals((await one.read(frame)).data), `${name}, frame ${frame}`).toBe(true);
      }
      expect(two.spacingMm(1)).toEqual(one.spacingMm(1));
      if (!hasPrograms) continue;
      const known = new Set(errorsOf('dciodvfy', '-new', before));
      expect(
        errorsOf('dciodvfy', '-new', after).filter((line) => !known.has(line)),
        name,
      ).toEqual([]);
      expect(errorsOf('dcmdump', '-q', after), name).toEqual([]);
    }
  });
});
