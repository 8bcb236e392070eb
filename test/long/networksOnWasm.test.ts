/**
 * Every size of the models without prompts on WebAssembly, with made-up weights: docs/models.md says which fit into its
 * 4 GB. Each runs in a process of its own, because the memory of WebAssembly never shrinks.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { architectureOf, presets } from '../../src/models/registry.js';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

const PROGRAM = `
  const load = (path) => import(${JSON.stringify(DIST)} + path);
  const { presets } = await load('models/registry.js');
  const { networkGraph, parametersOf } = await load('models/graphs.js');
  const { initialise } = await load('nn/parameters.js');
  const { Random } = await load('nn/random.js');
  const { compile } = await load('nn/compile.js');
  const { webRuntime } = await load('runtime/webRuntime.js');
  const { float32 } = await load('graph/tensorData.js');
  const config = presets().get(process.argv[2]);
  const { inputs, outputs } = networkGraph(config);
  const session = await compile(webRuntime(), outputs, initialise(parametersOf(config), Random.seeded(1)));
  const { shape } = inputs.image;
  const image = new Float32Array(shape.reduce((a, b) => a * b, 1)).map((_, i) => Math.sin(i / 500));
  const { logits } = await session.run({ image: float32(image, shape) });
  console.log(JSON.stringify({ shape: logits.shape, finite: logits.data.every(Number.isFinite) }));
  process.exit(0);`;

/** At 1024 pixels. */
const TOO_LARGE = ['samadapter-b'];

describe('a model without prompts on WebAssembly', () => {
  // A file, because the threads of WebAssembly take over the arguments of their process.
  const program = join(mkdtempSync(join(tmpdir(), 'samus-wasm-')), 'run.mjs');
  writeFileSync(program, PROGRAM);
  afterAll(() => rmSync(dirname(program), { recursive: true }));
  const networks = [...presets()].filter(([, config]) => architectureOf(config).task === 'classes');

  it.each(networks)('%s', (name, config) => {
    const { stdout, stderr } = spawnSync(process.execPath, [program, name], { encoding: 'utf8' });
    if (TOO_LARGE.includes(name)) {
      expect(stderr).toContain('RUNTIME_OUT_OF_MEMORY');
      return;
    }
    expect(stderr).toBe('');
    const { shape, finite } = JSON.parse(stdout);
    expect(shape.slice(2)).toEqual([config.imageSize, config.imageSize]);
    expect(finite).toBe(true);
  });
});
