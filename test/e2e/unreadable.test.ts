/**
 * Files and folders that may not be read: named with the reason in words, and the others are used. Root may read
 * everything, so the command runs as another user where the tests run as root.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, newFolder, removeFolder } from './samusProcess.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const MATRIX = fileURLToPath(new URL('../fixtures/dicom/', import.meta.url));
const NOBODY = 65534;
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
/** Another user may not reach the program, and Windows has no such permissions. */
const hasUser =
  process.platform !== 'win32' &&
  spawnSync(process.execPath, [PROGRAM, '--version'], { cwd: '/', ...user }).status === 0;

let folder: string;
beforeAll(() => {
  folder = newFolder();
  chmodSync(folder, 0o777);
  for (const place of ['files', 'folders/closed']) mkdirSync(join(folder, place), { recursive: true });
  copyFileSync(join(MATRIX, 'mono8-explicit.dcm'), join(folder, 'files/a.dcm'));
  copyFileSync(join(MATRIX, 'mono8-explicit.dcm'), join(folder, 'folders/a.dcm'));
  copyFileSync(join(MATRIX, 'rle-mono8.dcm'), join(folder, 'files/IM_0001'));
  chmodSync(join(folder, 'files/IM_0001'), 0);
  chmodSync(join(folder, 'folders/closed'), 0);
});
afterAll(() => removeFolder(folder));

function samus(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: folder, ...user });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe.skipIf(!hasUser)('what may not be read', () => {
  it('is named by deidentify', async () => {
    const { code, stdout } = await samus('dicom', 'deidentify', 'files', '--out', 'copies', '--json');
    const { files, failed } = JSON.parse(stdout);
    expect([code, files.length]).toEqual([1, 1]);
    expect(failed).toMatchObject([
      { input: 'files/IM_0001', error: { message: 'cannot open files/IM_0001: permission is denied' } },
    ]);
  });

  it('is named by data import dicom', async () => {
    const { code, stdout } = await samus('data', 'import', 'dicom', 'files', 'data', '--json');
    const { datasets, skipped } = JSON.parse(stdout);
    expect([code, datasets[0].images]).toEqual([1, 3]);
    expect(skipped).toEqual([{ file: 'IM_0001', reason: 'it cannot be read: permission is denied' }]);
  });

  it.each([
    ['dicom', 'deidentify', 'folders', '--out', 'none'],
    ['data', 'import', 'dicom', 'folders', 'none'],
    ['pacs', 'put', 'folders', '--url', 'http://127.0.0.1:9'],
  ])('is named if it is a folder: %s %s', async (...args) => {
    const { code, stdout } = await samus(...args, '--json');
    const { error } = JSON.parse(stdout);
    expect([code, error.code, error.message]).toEqual([
      ...[3, 'FILE_UNREADABLE', 'cannot read the folder folders/closed: permission is denied'],
    ]);
  });
});
