/**
 * How the command line behaves as a process: help, what goes where, interruption.
 */
import { execFile } from 'node:child_process';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/formats/imageFile.node.js';
import { goldenPath } from '../support/golden.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

let folder = '';
beforeAll(() => {
  folder = newFolder();
});
afterAll(() => removeFolder(folder));

const COMMANDS = [
  ['segment'],
  ['models'],
  ['models', 'convert'],
  ['models', 'init'],
  ['models', 'info'],
  ['phantom'],
  ['info'],
  [],
];

describe('help', () => {
  it.each(COMMANDS.map((words) => [['samus', ...words].join(' '), words] as const))('of %s', async (_, words) => {
    const { code, stdout, stderr } = await samus(folder, ...words, '--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Usage: samus');
    expect(stdout).toContain('Research use only, not for diagnosis');
    if (words.join() !== 'models') expect(stdout).toMatch(/Examples?:\n {2}samus /);
  });

  it('goes to stderr if the command is missing, with exit code 2', async () => {
    for (const words of [[], ['models']]) {
      const { code, stdout, stderr } = await samus(folder, ...words);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('Usage: samus');
      expect(stderr).toContain('error: the command is missing');
    }
  });

  it('prints the version', async () => {
    expect((await samus(folder, '--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('with --json', () => {
  it('stdout contains one document and nothing else, in every command', async () => {
    const model = ['--model', goldenPath('samus-tiny.pth')];
    const runs = [
      ['phantom', 'p', '--count', '2'],
      ['segment', '--prompts', 'p/prompts.csv', ...model],
      ['models', 'convert', goldenPath('sam-tiny.pth'), 'm'],
      ['models', 'info', 'm'],
    ];
    for (const args of runs) {
      const { code, stdout, stderr } = await samus(folder, ...args, '--json');
      expect([args[0], code]).toEqual([args[0], 0]);
      // Progress may be there, where the machine is slow.
      expect(stderr).not.toMatch(/error|warning/);
      expect(() => JSON.parse(stdout)).not.toThrow();
    }
  });
});

describe.skipIf(process.platform === 'win32')('interrupted (signals are POSIX)', () => {
  it('exits with 130 and a coded error, and leaves no partial file', async () => {
    const args = ['phantom', 'many', '--count', '100000', '--json'];
    const { child, ended } = startSamus(folder, args);
    while (!filesIn(folder).some((path) => path.startsWith('many/'))) await wait(20);
    await wait(200);
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout).error.code).toBe('INTERRUPTED');
    const written = filesIn(folder).filter((path) => path.startsWith('many/'));
    expect(written.length).toBeGreaterThan(0);
    expect(written.filter((path) => !/^many\/phantom-\d+(\.[a-z0-9-]+)?\.png$/.test(path))).toEqual([]);
  });

  it('stops a segmentation at once, with complete masks', async () => {
    await samus(folder, 'phantom', 'scans', '--seed', '1');
    const links = Array.from({ length: 300 }, (_, i) => `scan-${i}.png`);
    for (const link of links) symlinkSync(join('scans', 'phantom-1.png'), join(folder, link));
    const args = ['--point', '100,100', '--model', goldenPath('samus-tiny.pth'), '--out', 'cut', '--json'];
    const { child, ended } = startSamus(folder, ['segment', ...links, ...args]);
    while (!filesIn(folder).some((path) => path.startsWith('cut/'))) await wait(20);
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect([code, JSON.parse(stdout).error.code]).toEqual([130, 'INTERRUPTED']);
    const masks = filesIn(join(folder, 'cut'));
    expect(masks.length).toBeLessThan(links.length);
    for (const mask of masks) expect((await readImage(join(folder, 'cut', mask))).width).toBe(256);
  });

  it('prints it in plain text without --json', async () => {
    const { child, ended } = startSamus(folder, ['phantom', 'more', '--count', '100000']);
    while (!filesIn(folder).some((path) => path.startsWith('more/'))) await wait(20);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/^the command was interrupted; .*\n$/m);
  });

  it('tolerates a reader that stops early', async () => {
    const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const pipe = `"${process.execPath}" "${program}" segment --help | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', pipe]);
    expect([stdout, stderr]).toEqual(['0\n', '']);
  });
});

describe.skipIf(!existsSync('/dev/full'))('unwritable stdout (/dev/full)', () => {
  it('is reported, with exit code 4', async () => {
    const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const line = `"${process.execPath}" "${program}" phantom full --json > /dev/full; echo "$?"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line], { cwd: folder });
    expect(stdout).toBe('4\n');
    expect(stderr).toMatch(/^error: cannot write to stdout: ENOSPC\nhint: /);
  });
});

describe('work that takes longer than a second', () => {
  it('reports progress on stderr, as lines without a terminal', async () => {
    const { code, stderr } = await samus(folder, 'phantom', 'slow', '--count', '6', '--size', '1024x1024');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^making phantoms, \d of 6, \d+ s so far(, about \d+ s left)?\n/);
  });
});
