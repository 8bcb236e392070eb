/**
 * Packages of npm and PyPI that judge what this program writes, each installed once into .cache/judges.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/docs.js';

const CACHE = join(ROOT, '.cache', 'judges');

/** @param packages of npm, with their versions @returns the folder with their `node_modules` */
export function installedFromNpm(name: string, packages: readonly string[]): string {
  return once(name, packages, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    // Without install scripts, onnxruntime-node fetches no libraries from elsewhere.
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages];
    execFileSync('npm', args, { cwd: folder, stdio: 'ignore' });
  });
}

/** @param packages of PyPI, with their versions @returns the Python that has them */
export function installedFromPyPi(name: string, packages: readonly string[]): string {
  const folder = once(name, packages, (path) => {
    execFileSync('python3', ['-m', 'venv', path]);
    execFileSync(join(path, 'bin', 'python'), ['-m', 'pip', 'install', '-q', ...packages], { stdio: 'ignore' });
  });
  return join(folder, 'bin', 'python');
}

/** Installs again if the list of packages has changed, or the last attempt failed. */
function once(name: string, packages: readonly string[], install: (folder: string) => void): string {
  const list = packages.join('\n').replaceAll(/[^\w.\n]+/g, '-');
  const folder = join(CACHE, name);
  const mark = join(folder, `installed-${Buffer.from(list).toString('hex').slice(-64)}`);
  if (existsSync(mark)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  install(folder);
  writeFileSync(mark, '');
  return folder;
}
