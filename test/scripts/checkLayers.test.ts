/**
 * The check of the layers, on small trees that each break one rule: what it must report, and that it reports nothing
 * else.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/check-layers.mjs', import.meta.url));

/** A tree that keeps all rules, for the cases to add to. */
const SOUND: Readonly<Record<string, string>> = {
  'errors.ts': 'export class E {}',
  'graph/tensorData.ts': "import { E } from '../errors.js';\nexport type T = E;",
  'graph/tensor.ts': "import type { T } from './tensorData.js';\nexport type G = T;",
  'runtime/session.ts': "import type { T } from '../graph/tensorData.js';\nexport type S = T;",
  'runtime/node.node.ts':
    "import { readFile } from 'node:fs/promises';\nimport 'onnxruntime-node';\nexport { readFile };",
  'formats/file.node.ts': "import { readFile } from 'node:fs/promises';\nexport { readFile };",
  'models/sam.ts': "import type { G } from '../graph/tensor.js';\nexport type M = G;",
  'models/sam/index.ts':
    "import type { M } from '../sam.js';\nexport const encode = (p) => p.at('image_encoder') as M;",
  'models/samus/index.ts': "import { encode } from '../sam/index.js';\nexport const b = encode;",
  'models/registry.ts': "import { b } from './samus/index.js';\nexport const c = b;",
  'predict/segmenter.ts': "import type { M } from '../models/sam.js';\nexport type P = M;",
  'cli/main.ts':
    "import { readFile } from 'node:fs/promises';\nimport type { P } from '../predict/segmenter.js';\nexport { readFile };\nexport type C = P;",
};

let folder = '';

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function check(changes: Readonly<Record<string, string>>): { code: number | null; problems: string[] } {
  folder = mkdtempSync(join(tmpdir(), 'samus-layers-'));
  for (const [path, text] of Object.entries({ ...SOUND, ...changes })) {
    const full = join(folder, 'src', path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ dependencies: { 'onnxruntime-node': '1', sharp: '1' }, devDependencies: { preact: '1' } }),
  );
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, folder], { encoding: 'utf8' });
  return { code: status, problems: stderr.trim().split('\n').filter(Boolean) };
}

describe('the check of the layers', () => {
  it('says nothing about a sound tree', () => {
    expect(check({})).toEqual({ code: 0, problems: [] });
  });

  it('does not look at tests, comments or strings in the middle of a line', () => {
    const changes = {
      'graph/tensor.test.ts': "import '../cli/main.js';",
      'graph/dims.ts':
        "/* import '../cli/main.js'; */\n// import '../cli/main.js';\nexport const s = \"import '../cli/main.js'\";",
    };
    expect(check(changes).problems).toEqual([]);
  });

  it('takes the name of the program for no architecture', () => {
    const changes = {
      'models/unet/index.ts': "export const e = (p) => p.at('inc');",
      'cli/a.ts':
        "export const a = { name: 'samus', command: ['samus', 'train'].join(' '), isOurs: (x) => x === 'samus', p: 'inc.' };",
    };
    expect(check(changes)).toEqual({ code: 0, problems: [] });
  });

  it('understands markup, and that the page is bundled with packages of the build', () => {
    const changes = {
      'web/main.tsx': "import { render } from 'preact';\nimport { App } from './app.js';\nrender(App);",
      'web/app.tsx': "import type { P } from '../predict/segmenter.js';\nexport const App = (p: P) => <i>{p}</i>;",
    };
    expect(check(changes)).toEqual({ code: 0, problems: [] });
  });

  it.each([
    [
      'an import upwards',
      { 'graph/a.ts': "import '../models/sam.js';" },
      /graph\/a\.ts imports models\/sam\.ts.*point down/,
    ],
    [
      'a type import upwards',
      { 'nn/a.ts': "import type { M } from '../models/sam.js';\nexport type X = M;" },
      /nn\/a\.ts/,
    ],
    [
      'an import over several lines',
      { 'nn/a.ts': "import {\n  type M,\n} from '../models/sam.js';\nexport type X = M;" },
      /nn\/a\.ts/,
    ],
    ['a re-export upwards', { 'nn/a.ts': "export { type M } from '../models/sam.js';" }, /nn\/a\.ts/],
    ['a dynamic import upwards', { 'nn/a.ts': "export const x = () => import('../models/sam.js');" }, /nn\/a\.ts/],
    ['a neighbour in the same row', { 'graph/a.ts': "import '../runtime/session.js';" }, /stand side by side/],
    [
      'more of graph than its data',
      { 'runtime/a.ts': "import '../graph/tensor.js';" },
      /may know only graph\/tensorData\.ts/,
    ],
    ['Node in a file for browsers', { 'formats/a.ts': "import 'node:fs';" }, /imports node:fs: only \*\.node\.ts/],
    ['Node without its prefix', { 'formats/a.ts': "import 'fs/promises';" }, /imports fs\/promises/],
    ['Node anywhere in models', { 'models/a.node.ts': "import 'node:fs';" }, /nothing in models\/ may touch Node/],
    [
      'a Node file in one for browsers',
      { 'formats/a.ts': "import './file.node.js';" },
      /may not import a \*\.node\.ts/,
    ],
    ['a Node package in a file for browsers', { 'formats/a.ts': "import 'sharp';" }, /works on Node only/],
    ['ONNX Runtime outside runtime', { 'formats/a.node.ts': "import 'onnxruntime-node';" }, /only runtime\/ knows/],
    [
      'a package that is not declared',
      { 'formats/a.ts': "import 'left-pad';" },
      /left-pad, which package\.json does not list/,
    ],
    [
      'a package of the build outside of the page',
      { 'formats/a.ts': "import 'preact';" },
      /preact, which package\.json does not list/,
    ],
    ['Node in the page', { 'web/a.tsx': "import 'node:fs';" }, /web\/a\.tsx imports node:fs/],
    ['a missing file', { 'formats/a.ts': "import './b.js';" }, /there is no src\/formats\/b\.ts/],
    ['a folder that the design does not have', { 'utils/a.ts': 'export {};' }, /utils is not a folder of the design/],
    [
      'a comparison with the name of an architecture',
      { 'predict/a.ts': "export const a = (config) => config.architecture === 'sam';" },
      /predict\/a\.ts compares the name of an architecture/,
    ],
    [
      'such a comparison the other way round',
      { 'predict/a.ts': "export const a = (config) => 'sam' !== config.architecture;" },
      /predict\/a\.ts compares the name of an architecture/,
    ],
    [
      'a case of an architecture',
      { 'predict/a.ts': "export const a = (id) => {\n  switch (id) {\n    case 'sam':\n      return 1;\n  }\n};" },
      /predict\/a\.ts compares the name of an architecture/,
    ],
    [
      'a list of architectures',
      { 'predict/a.ts': "export const a = (config) => ['unet', 'sam'].includes(config.architecture);" },
      /predict\/a\.ts compares the name of an architecture/,
    ],
    [
      'a set of architectures',
      { 'predict/a.ts': "const SAMS = new Set([\n  'sam',\n  'samus',\n]);\nexport const a = (id) => SAMS.has(id);" },
      /predict\/a\.ts compares the name of an architecture/,
    ],
    [
      'the beginning of the name of an architecture',
      { 'predict/a.ts': "export const a = (config) => config.architecture.startsWith('sam');" },
      /predict\/a\.ts compares the name of an architecture/,
    ],
    [
      'names of weights of one word',
      { 'models/sam/b.ts': "export const b = (p) => p.at('inc');", 'predict/a.ts': 'export const a = /^inc\\.conv/;' },
      /predict\/a\.ts knows weights by the name inc/,
    ],
    [
      'the beginning of names of one word',
      {
        'models/sam/b.ts': "export const b = (p) => p.at('inc');",
        'predict/a.ts': "export const a = (name) => name.startsWith('inc.');",
      },
      /predict\/a\.ts knows weights by the name inc/,
    ],
    [
      'a regular expression on names of weights',
      { 'predict/a.ts': 'export const a = /^image_encoder\\.blocks/;' },
      /predict\/a\.ts knows weights by the name image_encoder/,
    ],
    [
      'the beginning of names of weights',
      { 'predict/a.ts': "export const a = (name) => name.startsWith('image_encoder.');" },
      /predict\/a\.ts knows weights by the name image_encoder/,
    ],
    [
      'an import from the folder of an architecture',
      { 'predict/a.ts': "import '../models/sam/index.js';" },
      /predict\/a\.ts imports models\/sam\/index\.ts: ask models\/registry\.ts/,
    ],
    [
      'an architecture that builds on another without saying so',
      { 'models/sam/a.ts': "import '../samus/b.js';", 'models/samus/b.ts': 'export {};' },
      /sam does not build on samus/,
    ],
    [
      'a circle of types',
      {
        'models/a.ts': "import type { B } from './b.js';\nexport type A = B | 1;",
        'models/b.ts': "import type { A } from './a.js';\nexport type B = A | 2;",
      },
      /in a circle: models\/a\.ts -> models\/b\.ts -> models\/a\.ts/,
    ],
  ])('reports %s, and only that', (_, changes, message) => {
    const { code, problems } = check(changes);
    expect(code).toBe(1);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });
});
