/**
 * Builds `src/` into `dist/`: compiles, removes what no source stands behind any more, makes the command line
 * executable, and bundles the annotator into `dist/web`. Files are overwritten in place and never all removed at once, so that programs which are running from
 * `dist/` meanwhile keep their files.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const target = join(root, 'dist');

/** Paths of all files under a folder, relative to it, with `/`. */
function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

function removeStale() {
  const modules = filesUnder(source)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('web/'))
    .map((path) => path.slice(0, -'.ts'.length));
  const wanted = new Set(modules.flatMap((module) => [`${module}.js`, `${module}.d.ts`]));
  // dist/web is Vite's, which removes what it does not write.
  const compiled = filesUnder(target).filter((path) => !path.startsWith('web/'));
  for (const path of compiled) if (!wanted.has(path)) rmSync(join(target, path));
  for (const folder of emptyFolders(target)) rmSync(folder, { recursive: true });
}

/** Folders without any file in them, outermost first. */
function emptyFolders(folder) {
  if (!existsSync(folder)) return [];
  if (filesUnder(folder).length === 0) return [folder];
  const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return inner.flatMap((entry) => emptyFolders(join(folder, entry.name)));
}

const require = createRequire(import.meta.url);
const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
const bundler = join(dirname(require.resolve('vite/package.json')), 'bin', 'vite.js');

/** @returns the exit status of a program of Node's */
function run(program, args) {
  return spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}

const compiled = run(compiler, ['-p', join(root, 'tsconfig.build.json')]);
removeStale();
const program = join(target, 'cli', 'main.js');
if (existsSync(program)) chmodSync(program, 0o755);
const bundled = run(bundler, ['build', '--logLevel', 'warn']);
process.exitCode = compiled || bundled;
