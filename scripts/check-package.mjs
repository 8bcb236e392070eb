/**
 * Checks the package as a user gets it: packs it, looks at what is inside, installs the archive into an empty folder,
 * and there runs the command and imports the library by each of its entries, the way Node does and a browser's bundler.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What may not be larger outside models/, in bytes. */
const LARGEST = 1e6;

/** The annotator is more than this, but without these there is none, or none that may be passed on. */
const PAGE = ['dist/web/index.html', 'dist/web/serviceWorker.js', 'dist/web/licenses.txt'];

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const problems = [];

function run(command, args, cwd) {
  // See .npmrc, which does not travel with the package.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) problems.push(`${command} ${args.join(' ')} failed: ${(error?.message ?? stderr).trim()}`);
  return stdout ?? '';
}

/** Packs what is built; without scripts, because the build has run. @returns the entry of npm's report */
function pack(into) {
  const report = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into], root);
  return problems.length === 0 ? JSON.parse(report)[0] : { filename: '', files: [] };
}

function checkContents(files) {
  const paths = new Set(files.map((file) => file.path));
  const entries = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );
  const modules = entries.filter((path) => path.endsWith('.js'));
  const types = modules.map((path) => path.replace(/\.js$/, '.d.ts'));
  for (const path of [...Object.values(manifest.bin), manifest.main, manifest.types, ...modules, ...types]) {
    if (!paths.has(path.replace('./', ''))) problems.push(`the package lacks ${path}, which package.json names`);
  }
  for (const path of PAGE) if (!paths.has(path)) problems.push(`the package lacks ${path} of the annotator`);
  for (const { path, size } of files) {
    if (/(^|\/)test\/|\.test\.|(^|\/)src\//.test(path)) problems.push(`the package holds ${path}`);
    if (size > LARGEST && !path.startsWith('models/')) problems.push(`the package holds ${path} of ${size} bytes`);
  }
}

function checkInstalled(folder, archive) {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'try', private: true, type: 'module' }));
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--omit=dev', archive], folder);
  if (problems.length > 0) return;
  const version = run('npx', ['--no-install', 'samus', '--version'], folder).trim();
  if (version !== manifest.version) problems.push(`samus --version printed "${version}", not ${manifest.version}`);
  for (const entry of Object.keys(manifest.exports).filter((name) => !name.endsWith('.json'))) {
    const name = entry.replace('.', manifest.name);
    const program = `const library = await import(${JSON.stringify(name)});
      if (Object.keys(library).length === 0) throw new Error(${JSON.stringify(`${name} exports nothing`)});`;
    // As Node resolves it, and as bundlers for browsers do; that the latter is free of Node, check-layers.mjs sees to.
    for (const flags of [[], ['--conditions=browser']]) {
      run(process.execPath, [...flags, '--input-type=module', '-e', program], folder);
    }
  }
}

const folder = mkdtempSync(join(tmpdir(), 'samus-package-'));
try {
  const { filename, files } = pack(folder);
  checkContents(files);
  if (problems.length === 0) checkInstalled(folder, join(folder, filename));
  console.log(`package: ${files.length} files, ${problems.length} problem(s)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
