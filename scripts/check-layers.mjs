/**
 * Checks that the imports of `src/` follow the layers: they point down, never in a circle, and what can run in a
 * browser never reaches Node. Types count as imports. Tests (`*.test.ts`) may import what they like.
 *
 * Also that an architecture is known in its own folder only, models/NAME/: others ask the registry, compare no name of an
 * architecture, and know no names of its weights.
 *
 * Usage: node scripts/check-layers.mjs [FOLDER], the folder holding `src/` and package.json; default: this repository.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders of `src/`, lowest first; folders of one row do not know each other, but for EXCEPTIONS. */
const ROWS = [
  ['errorCodes.ts'],
  ['errors.ts'],
  ['graph', 'runtime'],
  ['nn', 'formats'],
  ['models', 'data'],
  ['predict', 'train', 'evaluate'],
  // The unit of work: one image with what is asked about it, and its runner. The paper's comparisons. Models for other programs.
  ['jobs', 'reproduce', 'export'],
  // The entry of the library: it gathers what is below and knows neither terminal nor server.
  ['index.ts', 'index.node.ts'],
  ['cli', 'server', 'web'],
];

/** Imports within a row that are part of the design; `only` limits them to these files. */
const EXCEPTIONS = [
  { from: 'runtime', to: 'graph', only: ['graph/tensorData.ts', 'graph/onnxProto.ts'] },
  { from: 'models', to: 'data', only: ['data/augmentSteps.ts', 'data/networkAugment.ts'] },
  { from: 'cli', to: 'server' },
  { from: 'index.node.ts', to: 'index.ts' },
];

/** Folders that run on Node alone; elsewhere Node-only code sits in files named `*.node.ts`. */
const NODE_FOLDERS = ['reproduce', 'cli', 'server'];

/** Packages that only work on Node. */
const NODE_PACKAGES = ['onnxruntime-node', 'sharp', 'commander', 'vega', 'vega-lite', 'bullmq', 'ioredis'];

/** What a bundler puts together beforehand: its packages need not be installed where the program runs. */
const BUNDLED_FOLDERS = ['web'];

/** Folders in which no file, not even a `*.node.ts`, may touch Node. */
const PURE_FOLDERS = ['graph', 'nn', 'models'];

/** Which architectures import from which others. */
const BUILDS_ON = {
  autosamus: ['sam', 'samus'],
  medsam: ['sam'],
  msa: ['sam'],
  samadapter: ['sam'],
  samed: ['sam'],
  samus: ['sam'],
};

/** Who may import from the folder of an architecture: the registry, and entries that publish its types. */
const ENTRIES = ['models/registry.ts', 'models/index.ts', 'index.ts'];

/** Knows models that are not architectures by the names of their weights. */
const UNSUPPORTED = 'models/unsupported.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const source = join(folder, 'src');
const problems = [];

/** Paths of the sources below `src/`, with `/`. */
function sources() {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => relative(source, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function read(path) {
  return readFileSync(join(source, path), 'utf8');
}

/** What a file names in static imports, re-exports, dynamic imports and `import('…')` types. */
function specifiers(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const fromClause = /^[ \t]*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm;
  const sideEffect = /^[ \t]*import\s*['"]([^'"]+)['"]/gm;
  const dynamic = /\bimport\s*\(\s*['"]([^'"]+)['"]/g;
  return [fromClause, sideEffect, dynamic].flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]));
}

/** The source behind the path of an import: `.js` stands for `.ts` or `.tsx`. */
function sourceOf(path) {
  const markup = path.replace(/\.js$/, '.tsx');
  return existsSync(join(source, markup)) ? markup : path.replace(/\.js$/, '.ts');
}

/** The part of the design that a file belongs to: its folder, or its own name at the top of `src/`. */
function partOf(path) {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path;
}

function rowOf(path) {
  return ROWS.findIndex((row) => row.includes(partOf(path)));
}

function runsOnNode(path) {
  return path.endsWith('.node.ts') || NODE_FOLDERS.includes(partOf(path));
}

/** The package of a bare specifier: `sharp`, `@bufbuild/protobuf`. */
function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isBuiltin(specifier) {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function checkPackage(path, specifier, declared) {
  if (isBuiltin(specifier)) {
    if (PURE_FOLDERS.includes(partOf(path))) {
      problems.push(`${path} imports ${specifier}: nothing in ${partOf(path)}/ may touch Node`);
    } else if (!runsOnNode(path)) {
      problems.push(`${path} imports ${specifier}: only *.node.ts, ${NODE_FOLDERS.join('/ and ')}/ may`);
    }
    return;
  }
  const name = packageOf(specifier);
  if (!declared.has(name) && !(BUNDLED_FOLDERS.includes(partOf(path)) && declaredForBuild.has(name)))
    problems.push(`${path} imports ${name}, which package.json does not list under dependencies`);
  if (name.startsWith('onnxruntime-') && partOf(path) !== 'runtime') {
    problems.push(`${path} imports ${name}: only runtime/ knows ONNX Runtime`);
  }
  if (NODE_PACKAGES.includes(name) && !runsOnNode(path)) {
    problems.push(`${path} imports ${name}, which works on Node only: move it to a *.node.ts`);
  }
}

function checkLayer(path, target) {
  if (!runsOnNode(path) && target.endsWith('.node.ts')) {
    problems.push(`${path} imports ${target}: a file that can run in a browser may not import a *.node.ts`);
  }
  const [from, to] = [partOf(path), partOf(target)];
  if (from === to || rowOf(path) > rowOf(target)) return;
  if (rowOf(path) < rowOf(target)) {
    problems.push(`${path} imports ${target}: imports point down, and ${to} stands above ${from}`);
    return;
  }
  const exception = EXCEPTIONS.find((e) => e.from === from && e.to === to);
  if (!exception) {
    problems.push(`${path} imports ${target}: ${from} and ${to} stand side by side and do not know each other`);
  } else if (exception.only && !exception.only.includes(target)) {
    problems.push(`${path} imports ${target}: of ${to}, ${from} may know only ${exception.only.join(' and ')}`);
  }
}

/** The architecture whose folder a file lies in. */
function architectureOf(path) {
  return /^models\/([^/]+)\//.exec(path)?.[1];
}

function checkArchitecture(path, target) {
  const [from, to] = [architectureOf(path), architectureOf(target)];
  if (to === undefined || from === to || ENTRIES.includes(path)) return;
  if (from === undefined) {
    problems.push(`${path} imports ${target}: ask models/registry.ts; only it knows the folders of architectures`);
  } else if (!BUILDS_ON[from]?.includes(to)) {
    problems.push(`${path} imports ${target}: ${from} does not build on ${to}; declare it in BUILDS_ON if it does`);
  }
}

function withoutComments(text) {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** Names of the modules of architectures, which begin the names of their weights. */
function moduleNames(paths) {
  const names = new Set();
  for (const path of paths) {
    if (architectureOf(path) === undefined) continue;
    for (const [, name] of withoutComments(read(path)).matchAll(/\.at\(\s*['"`]([A-Za-z]\w*)/g)) names.add(name);
  }
  return [...names];
}

/**
 * A comparison with the id of an architecture, as `===`, `case`, or a member of a list or set. Other strings may be such an
 * id: `samus` is the name of the program, too.
 */
function choosesById(code, ids) {
  const literal = `['"\`](?:${ids.join('|')})['"\`]`;
  return [
    /architecture\s*[!=]==?\s*['"`]|['"`]\s*[!=]==?\s*[\w.]*architecture\b/,
    new RegExp(`\\bcase\\s+${literal}`),
    new RegExp(
      `\\[(?:[^\\[\\]]*,)?\\s*${literal}\\s*(?:,[^\\[\\]]*)?\\]\\s*(?:\\.(?:includes|some|find|indexOf)\\b|\\))`,
    ),
    new RegExp(
      `\\b\\w*(?:architecture|config)\\w*\\b[\\w.?]*\\.(?:startsWith|endsWith|includes|match)\\(\\s*${literal}`,
      'i',
    ),
  ].some((pattern) => pattern.test(code));
}

/** A name with an underscore is that of an architecture wherever it stands, another only where a name of a weight begins. */
function knowsWeights(code, name) {
  const start = name.includes('_') ? '(?<!\\w)' : '(?:\\.(?:startsWith|has|get)\\(\\s*[\'"`]|/\\^\\(?)';
  return new RegExp(`${start}${name}\\\\?\\.`).test(code);
}

function checkNames(path, code, names, ids) {
  if (architectureOf(path) !== undefined || path === UNSUPPORTED) return;
  if (choosesById(code, ids)) {
    problems.push(`${path} compares the name of an architecture: ask the architecture instead (models/registry.ts)`);
  }
  const found = names.find((name) => knowsWeights(code, name));
  if (found) problems.push(`${path} knows weights by the name ${found}: only the folder of their architecture may`);
}

/** Circles, each reported once, as the files that it goes through. */
function checkCycles(graph) {
  const state = new Map();
  const trail = [];
  const visit = (path) => {
    state.set(path, 'open');
    trail.push(path);
    for (const next of graph.get(path) ?? []) {
      if (state.get(next) === 'open') {
        problems.push(`imports go in a circle: ${[...trail.slice(trail.indexOf(next)), next].join(' -> ')}`);
      } else if (!state.has(next)) visit(next);
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of graph.keys()) if (!state.has(path)) visit(path);
}

const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
const declaredForBuild = new Set(Object.keys(manifest.devDependencies ?? {}));
const paths = sources();
const names = moduleNames(paths);
const ids = [...new Set(paths.flatMap((path) => architectureOf(path) ?? []))];
const graph = new Map();
for (const path of paths) {
  const targets = [];
  if (rowOf(path) < 0)
    problems.push(`${path}: ${partOf(path)} is not a folder of the design; add it to ROWS of this check`);
  checkNames(path, withoutComments(read(path)), names, ids);
  for (const specifier of specifiers(read(path))) {
    if (!specifier.startsWith('.')) {
      checkPackage(path, specifier, declared);
      continue;
    }
    const target = sourceOf(posix.join(dirname(path), specifier));
    if (!existsSync(join(source, target))) problems.push(`${path} imports ${specifier}, and there is no src/${target}`);
    else if (rowOf(path) >= 0 && rowOf(target) >= 0) checkLayer(path, target);
    checkArchitecture(path, target);
    targets.push(target);
  }
  graph.set(path, targets);
}
checkCycles(graph);

for (const problem of problems) console.error(problem);
console.log(
  problems.length === 0
    ? `layers: ${paths.length} files follow them`
    : `layers: ${problems.length} problem(s) in ${paths.length} files`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
