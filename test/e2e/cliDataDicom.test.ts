/**
 * `samus data import dicom`: a folder as a hospital exports it becomes a dataset; and DICOM segmentations as labels of
 * `samus data import pair`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOfName } from '../../src/formats/dicom/codes.js';
import { readDicomFile } from '../../src/formats/dicom/dicomFile.js';
import { writeDicomSeg } from '../../src/formats/dicom/writeSeg.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { dicomImage, identity } from '../support/dicomImages.js';
import { newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const [WIDTH, HEIGHT] = [51, 43];
const SPACING = [[0x0028_0030, ['0.5', '0.25']]] as const;
const SECRETS = /Phantom|PAT-|1\.2\.3\.4/;

let folder = '';
const into = (...path: readonly string[]) => join(folder, ...path);
const put = (bytes: Uint8Array | string, ...path: readonly string[]) => {
  mkdirSync(into(...path.slice(0, -1)), { recursive: true });
  writeFileSync(into(...path), bytes);
};
const image = (uid: string, patient: string, frames?: number) =>
  dicomImage({
    ...{ width: WIDTH, height: HEIGHT },
    ...(frames !== undefined && { frames }),
    elements: [...identity(uid, patient), ...SPACING],
  });

/** A rectangle of pixels, x from `from` on. */
function mask(from: number) {
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 10; y < 20; y++) data.fill(1, y * WIDTH + from, y * WIDTH + from + 12);
  return { width: WIDTH, height: HEIGHT, data };
}

async function segmentation(of: Uint8Array, masks: Readonly<Record<string, readonly (readonly [number, number])[]>>) {
  const objects = Object.entries(masks).map(([name, places]) => ({
    name,
    code: codeOfName(name),
    algorithm: 'MANUAL' as const,
    masks: places.map(([frame, from]) => ({ frame, mask: mask(from) })),
  }));
  return writeDicomSeg(await readDicomFile(of), objects, { version: '1', date: new Date(2026, 1, 1) }).bytes;
}

beforeAll(async () => {
  folder = newFolder();
  const clip = image('1.2.3.4.1', 'PAT-A', 4);
  put(clip, 'export', 'A', 'S1', 'IM_0001');
  put(image('1.2.3.4.2', 'PAT-A'), 'export', 'A', 'S2', 'IM_0001');
  const still = image('1.2.3.4.3', 'PAT-B');
  put(still, 'export', 'B', '1.2.840.5');
  put(
    await segmentation(clip, {
      lesion: [
        [2, 5],
        [4, 9],
      ],
      Gefäß: [[4, 30]],
    }),
    'export',
    'A',
    'S1',
    'IM_0002',
  );
  put(await segmentation(still, { Gefäß: [[1, 20]] }), 'export', 'B', 'seg.dcm');
  put(await segmentation(image('1.2.3.4.9', 'PAT-C'), { lesion: [[1, 2]] }), 'export', 'B', 'stray.dcm');
  put(dicomImage({ elements: [[0x0008_0016, '1.2.840.10008.1.3.10']] }), 'export', 'DICOMDIR');
  put(dicomImage({ elements: [[0x0008_0016, '1.2.840.10008.5.1.4.1.1.88.33']] }), 'export', 'B', 'report.dcm');
  put(clip.subarray(0, 1000), 'export', 'B', 'cut.dcm');
  put('a viewer', 'export', 'autorun.inf');
});
afterAll(() => removeFolder(folder));

/** Names of the images in the dataset `Own`. */
let [clip, second, still] = ['', '', ''];

const run = (...args: readonly string[]) => samus(folder, 'data', 'import', ...args, '--json');
const table = (dataset: string) =>
  readFileSync(into('root', dataset, 'images.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

describe('a folder of DICOM files', () => {
  it('becomes a dataset: frames, millimetres, patients as hashes, labels by the names of segments', async () => {
    const { code, stdout, stderr } = await run(
      'dicom',
      'export',
      '--out',
      'root',
      '--dataset',
      'Own',
      '--map',
      'map.csv',
    );
    // A file of the folder cannot be used.
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('warning: 1 DICOM object(s) without an image, such as reports, left out');
    const { datasets, skipped } = JSON.parse(stdout);
    expect(datasets).toEqual([{ dataset: 'Own', images: 6, empty: 0, unlabelled: 3, lists: ['all-Own'] }]);
    expect(skipped).toEqual([
      { file: join('B', 'stray.dcm'), reason: 'the images that it refers to are not in the folder' },
      { file: join('B', 'cut.dcm'), reason: expect.any(String), code: expect.stringMatching(/^DICOM_/) },
    ]);
    const rows = table('Own');
    [clip = '', second = '', still = ''] = [...new Set(rows.map((row) => row.at(-1) ?? ''))];
    expect(rows.map(([name, , ...others]) => [name, ...others])).toEqual([
      ...[1, 2, 3, 4].map((n) => [`${clip}.000${n}`, '51', '43', '0.25', '0.5', clip]),
      [second, '51', '43', '0.25', '0.5', second],
      [still, '51', '43', '0.25', '0.5', still],
    ]);
    for (const name of [clip, second, still]) expect(name).toMatch(/^US-[0-9A-F]{10}$/);
    expect(readFileSync(into('map.csv'), 'utf8').trim().split('\n')).toEqual([
      'dataset,name,file',
      ...[1, 2, 3, 4].map((n) => `Own,${clip}.000${n},A/S1/IM_0001`),
      ...[`Own,${second},A/S2/IM_0001`, `Own,${still},B/1.2.840.5`],
    ]);
    const patients = rows.map(([, patient]) => patient);
    expect(new Set(patients).size).toBe(2);
    expect(patients.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => patients[0]));
    const label = await readImage(into(`root/Own/label/${clip}.0004.png`));
    const [lesion, vessel] = [mask(9).data, mask(30).data];
    expect(label.data).toEqual(lesion.map((inside, i) => (vessel[i] === 1 ? 2 : inside)));
    expect(readFileSync(into('root/MainPatient/all-Own.txt'), 'utf8').trim().split('\n')).toEqual([
      ...[`1/Own/${clip}.0002`, `1/Own/${clip}.0004`, `2/Own/${clip}.0004`, `2/Own/${still}`],
    ]);
    const { Own } = JSON.parse(readFileSync(into('root/MainPatient/dataset.json'), 'utf8'));
    expect(Own.classes).toEqual(['background', 'lesion', 'Gefäß']);
    const shown = await readImage(into('export/A/S1/IM_0001'), { frame: 3 });
    expect(await readImage(into(`root/Own/img/${clip}.0003.png`))).toEqual(shown);
    const written = readdirSync(into('root'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect([stdout, stderr, ...written].join('\n')).not.toMatch(SECRETS);
  });

  it('has the complete frames of a clip that is cut off, and a warning', async () => {
    put(image('1.2.3.4.7', 'PAT-D', 4).subarray(0, -20), 'cut', 'IM_0001');
    const { code, stdout, stderr } = await run('dicom', 'cut', '--out', 'cut-root', '--dataset', 'Cut');
    const { datasets, warnings } = JSON.parse(stdout);
    expect([code, datasets[0].images]).toEqual([0, 3]);
    const note = 'IM_0001: the file is cut off after frame 3 of 4';
    expect([warnings.includes(note), stderr.includes(`warning: ${note}`)]).toEqual([true, true]);
  });

  it('is split by patient, and checked without an error', async () => {
    const check = await samus(folder, 'data', 'check', 'root', '--json');
    expect(check.code, check.stdout).toBe(0);
    const split = await samus(folder, 'data', 'split', 'root', '--ratios', '1,1', '--name', 'own');
    expect(split.code, split.stderr).toBe(0);
    const sides = ['train-own', 'val-own'].map((list) => {
      const lines = readFileSync(into('root/MainPatient', `${list}.txt`), 'utf8')
        .trim()
        .split('\n');
      return new Set(lines.map((line) => line.split('/')[2]!.split('.')[0]));
    });
    expect(sides.map((side) => [...side]).sort()).toEqual([[clip], [still]].sort());
  });

  it('has the frames that are asked for, and the same hashes when it is replaced', async () => {
    const before = new Map(table('Own').map(([name, patient]) => [name, patient]));
    const replaced = await run('dicom', 'export', 'root', '--dataset', 'Own', '--frames', 'masks', '--replace');
    expect(JSON.parse(replaced.stdout).datasets[0]).toMatchObject({ images: 3, empty: 0 });
    const rows = table('Own');
    expect(rows.map(([name]) => name)).toEqual([`${clip}.0002`, `${clip}.0004`, still]);
    for (const [name, patient] of rows) expect(patient).toBe(before.get(name));
    await run('dicom', 'export', 'root', '--dataset', 'Other', '--frames', 'every:3', '--classes', 'Gefäß');
    const others = table('Other');
    const [own, single, last] = [...new Set(others.map((row) => row.at(-1)))];
    expect(others.map(([name]) => name)).toEqual([`${own}.0001`, `${own}.0004`, single, last]);
    expect(others[0]![1]).not.toBe(rows[0]![1]);
    expect(own).not.toBe(clip);
    const list = readFileSync(into('root/MainPatient/all-Other.txt'), 'utf8');
    expect(list).toBe(`1/Other/${own}.0004\n1/Other/${last}\n`);
  });

  it.each([
    ['IMPORT_LAYOUT', ['dicom', 'root/Own/img', 'none']],
    ['USAGE_FRAMES', ['dicom', 'export', 'none', '--frames', 'every:0']],
    ['USAGE_OPTION', ['busi', 'export', 'none', '--frames', 'all']],
    ['USAGE_CONFLICT', ['dicom', 'export', 'none', '--out', 'none']],
    ['USAGE_MISSING_ARGUMENT', ['dicom', 'export']],
  ])('is refused with %s', async (code, args) => {
    const { stdout } = await run(...args);
    expect(JSON.parse(stdout).error.code).toBe(code);
  });
});

it('names of files and folders are not in the dataset, whatever they say', async () => {
  const names = ['Иванова/снимок.dcm', '02.01.2020/Smith', '17/2020_01_02.dcm', 'OTHER-4711/1.2.3.4.1.dcm'];
  for (const [i, name] of names.entries()) put(image(`1.2.3.4.${i + 1}`, `PAT-${i}`), 'named', ...name.split('/'));
  // Two files of one UID, and one without.
  put(image('1.2.3.4.1', 'PAT-0'), 'named', 'копия.dcm');
  const without = dicomImage({ width: WIDTH, height: HEIGHT, elements: [[0x0008_0018, '']] });
  put(without, 'named', 'Phantom.dcm');
  const { code, stdout, stderr } = await run('dicom', 'named', 'root', '--dataset', 'Named');
  expect(code, stdout).toBe(0);
  expect(stderr).toMatch(/they are copies/);
  const rows = table('Named');
  expect(rows.length).toBe(names.length + 2);
  for (const row of rows) expect([row[0], row.at(-1)]).toEqual([expect.stringMatching(/^US-[0-9A-F]{10}$/), row[0]]);
  const again = await run('dicom', 'named', 'root', '--dataset', 'Named', '--replace', '--map', 'root/map.csv');
  expect(again.stderr).toContain('warning: the file of --map is in the folder of the datasets');
  expect(table('Named')).toEqual(rows);
});

it('a zip archive is imported as its folder is, and leaves nothing behind', async () => {
  const files = Object.fromEntries(
    readdirSync(into('export'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [`CD/${relative(into('export'), path)}`, new Uint8Array(readFileSync(path))];
      }),
  );
  writeFileSync(into('export.zip'), zipSync(files));
  mkdirSync(into('temporary'));
  const runZip = (archive: string, ...more: readonly string[]) =>
    startSamus(folder, ['data', 'import', 'dicom', archive, 'zipped', ...more, '--json'], { TMPDIR: into('temporary') })
      .ended;
  const { code, stdout, stderr } = await runZip('export.zip', '--dataset', 'Own');
  expect(code, stderr).toBe(1);
  const own = await run('dicom', 'export', 'unzipped', '--dataset', 'Own');
  expect(JSON.parse(stdout)).toEqual(JSON.parse(own.stdout));
  const bare = (root: string) =>
    readFileSync(into(root, 'Own/images.csv'), 'utf8').replaceAll(/US-[0-9A-F]{10}|[0-9a-f]{16}/g, '');
  expect(bare('zipped')).toBe(bare('unzipped'));
  writeFileSync(into('cut.zip'), zipSync(files).subarray(0, 2000));
  const cut = JSON.parse((await runZip('cut.zip', '--dataset', 'Cut')).stdout).error;
  writeFileSync(into('none.zip'), zipSync({ 'notes.txt': new Uint8Array(3) }));
  const none = JSON.parse((await runZip('none.zip', '--dataset', 'None')).stdout).error;
  expect([cut.code, none.code]).toEqual(['ARCHIVE_CORRUPT', 'IMPORT_LAYOUT']);
  expect([cut.message, none.message]).toEqual([
    expect.stringContaining('cut.zip'),
    expect.stringContaining('none.zip'),
  ]);
  expect(JSON.stringify([cut, none])).not.toMatch(/temporary/);
  expect(readdirSync(into('temporary'))).toEqual([]);
});

it('segmentations are labels of pairs, frame by frame', async () => {
  const clip = image('1.2.3.4.1', 'PAT-A', 4);
  put(clip, 'pairs', 'images', 'clip.dcm');
  put(image('1.2.3.4.3', 'PAT-B'), 'pairs', 'images', 'still.dcm');
  put(await segmentation(clip, { lesion: [[2, 5]], vessel: [[3, 9]] }), 'pairs', 'labels', 'clip.seg.dcm');
  put(await segmentation(clip, { lesion: [[2, 5]] }), 'pairs', 'labels', 'still.dcm');
  const { code, stdout } = await run('pair', 'pairs', 'root', '--dataset', 'Pairs', '--classes', 'vessel,lesion');
  expect(code).toBe(1);
  expect(JSON.parse(stdout).skipped).toEqual([
    { file: 'images/still.dcm', reason: 'its segmentation is of another image' },
  ]);
  expect(table('Pairs').map(([name, , , , x, y]) => [name, x, y])).toEqual([
    ['clip.0002', '0.25', '0.5'],
    ['clip.0003', '0.25', '0.5'],
  ]);
  const label = await readImage(into('root/Pairs/label/clip.0002.png'));
  expect(label.data).toEqual(mask(5).data.map((inside) => 2 * inside));
});
