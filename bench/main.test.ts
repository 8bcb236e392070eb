/**
 * The benchmark program on the smallest model. Tests its output, not times.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
const run = promisify(execFile);
const bench = (...args: string[]) => run(process.execPath, [join(root, '.cache', 'bench', 'main.js'), ...args]);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samus-bench-test-'));
  await run(process.execPath, [compiler, '-p', join(root, 'bench')]);
});

afterAll(() => rm(folder, { recursive: true }));

describe('npm run bench', () => {
  it('prints one list of numbers with names and units', async () => {
    const file = join(folder, 'list.json');
    const { stdout, stderr } = await bench('--quick', '--only', 'samus_s', '--json', '--save', file);
    const list: unknown = JSON.parse(stdout);
    const number = { name: expect.any(String), value: expect.any(Number), unit: expect.any(String) };
    expect(list).toEqual(expect.arrayContaining([number]));
    const named = (name: string, unit: string) => ({ name, value: expect.any(Number), unit });
    expect(list).toEqual(
      expect.arrayContaining([
        named('matmul.gflops', 'GFLOP/s'),
        named('samus_s.encode_ms', 'ms'),
        named('samus_s.decode_ms', 'ms'),
        named('samus_s.gemm_share', '1'),
        named('samus_s.encode_peak_mb', 'MB'),
        named('samus_s.session_ms', 'ms'),
      ]),
    );
    expect(stdout).not.toContain('samus_b');
    expect(stderr).toContain('round 1 of 1');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(list);
  });

  it('says that the Python it was given is not there', async () => {
    const python = join(folder, 'no-python');
    const failure = bench('--quick', '--only', 'reference', '--reference', folder, '--python', python);
    await expect(failure).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('no-python') });
  });

  it('refuses unknown options and names', async () => {
    await expect(bench('--only', 'samus_xl')).rejects.toMatchObject({ code: 2, stdout: '' });
    await expect(bench('--rounds', '0')).rejects.toMatchObject({ code: 2, stdout: '' });
  });
});
