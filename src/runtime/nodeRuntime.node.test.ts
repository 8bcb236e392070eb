/** Node only: threads, files, providers, memory. Threads and probes start the built programs: build before testing. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { encodeModel, type OnnxModel } from '../graph/onnxProto.js';
import { float32 } from '../graph/tensorData.js';
import { hasInt8Products, nodeRuntime, surviveLongCommandLine } from './nodeRuntime.node.js';
import { tinyModel } from './probeModels.js';
import { listProviders } from './providers.node.js';
import { allocateShared } from './tensorMemory.js';
import { builtFile } from './thread.node.js';
import { createInWorker } from './workerSession.node.js';

/** `layers` products of a [rows, size] input with one square matrix each, zeros unless `weights` say otherwise. */
function chain(rows: number, size: number, layers: number, path = 'weights', weights?: Uint8Array): OnnxModel {
  const length = size * size * 4;
  const value = (name: string) => ({ name, dtype: 'float32', shape: [rows, size] }) as const;
  const graph = {
    name: 'chain',
    nodes: Array.from({ length: layers }, (_, i) => ({
      opType: 'MatMul',
      inputs: [i === 0 ? 'x' : `h${i - 1}`, `w${i}`],
      outputs: [i === layers - 1 ? 'y' : `h${i}`],
    })),
    initializers: Array.from(
      { length: layers },
      (_, i) =>
        ({
          name: `w${i}`,
          dtype: 'float32',
          shape: [size, size],
          external: { location: path, offset: i * length, length },
        }) as const,
    ),
    inputs: [value('x')],
    outputs: [value('y')],
  };
  const bytes = encodeModel({ irVersion: 8, opsets: { '': 17 }, graph });
  return { bytes, external: weights ? [{ path, data: weights }] : [] };
}

describe('a session in its own thread', () => {
  it('leaves the event loop free during a run', async () => {
    const [rows, size, layers] = [1024, 1024, 30];
    const weights = allocateShared(size * size * 4 * layers);
    const session = await nodeRuntime().createSession(chain(rows, size, layers, 'weights', weights));
    const x = float32(new Float32Array(rows * size), [rows, size]);
    let last = performance.now();
    let longestGap = 0;
    const timer = setInterval(() => {
      longestGap = Math.max(longestGap, performance.now() - last);
      last = performance.now();
    }, 2);
    const start = performance.now();
    await session.run({ x });
    const run = performance.now() - start;
    clearInterval(timer);
    await session.dispose();
    expect(longestGap).toBeGreaterThan(0);
    expect(longestGap).toBeLessThan(run / 2);
  });

  it('does not keep the process alive when unused', async () => {
    const program = `
      import { nodeRuntime } from '${builtFile('nodeRuntime.node.js', import.meta.url).href}';
      import { tinyModel } from '${builtFile('probeModels.js', import.meta.url).href}';
      const session = await nodeRuntime().createSession(tinyModel());
      const { y } = await session.run({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
      process.stdout.write(String(y.data));`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect([stdout, stderr]).toEqual(['2,4', '']);
  });

  it.each([true, false])('can be made whatever the length of the command line (thread: %s)', async (worker) => {
    const program = `
      import { nodeRuntime } from '${builtFile('nodeRuntime.node.js', import.meta.url).href}';
      import { tinyModel } from '${builtFile('probeModels.js', import.meta.url).href}';
      const runtime = nodeRuntime({ worker: ${worker} });
      const sessions = await Promise.all([runtime.createSession(tinyModel()), runtime.createSession(tinyModel())]);
      for (const session of sessions) {
        const { y } = await session.run({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
        process.stdout.write(String(y.data) + ' ');
        await session.dispose();
      }`;
    const long = ['a'.repeat(120_000), ...Array.from({ length: 20_000 }, (_, i) => `${i}`)];
    const args = ['--input-type=module', '--eval', program, '--', ...long];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    expect([stdout, stderr]).toEqual(['2,4 2,4 ', '']);
  });

  it('learns from the process whether 8-bit products are exact', async () => {
    const exact = await hasInt8Products();
    const program = `
      const { parentPort } = require('node:worker_threads');
      require('onnxruntime-node').InferenceSession.create = () => { throw new Error('probed again'); };
      import('${builtFile('nodeRuntime.node.js', import.meta.url).href}')
        .then(({ hasInt8Products }) => hasInt8Products())
        .then((answer) => parentPort.postMessage(answer));`;
    const [answer] = await once(new Worker(program, { eval: true, execArgv: [] }), 'message');
    expect(answer).toBe(exact);
  });

  it('reports a stack for a long command line that is too large for the machine', async () => {
    await expect(surviveLongCommandLine(2 ** 50)).rejects.toMatchObject({
      code: 'COMMAND_LINE_TOO_LONG',
      details: { bytes: 2 ** 50 },
    });
  });

  it('reports a thread that ends during a run, and does not wait for it afterwards', async () => {
    const program = `
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ id, method }) => {
        if (method !== 'create') process.exit(3);
        parentPort.postMessage({ type: 'done', id, value: { inputs: ['x'], outputs: ['y'] } });
      });`;
    const session = await createInWorker(
      tinyModel(),
      {},
      { program: new URL(`data:text/javascript,${encodeURIComponent(program)}`) },
    );
    const x = float32([1, 2], [2]);
    const lost = { code: 'RUNTIME_FAILED', details: { exitCode: 3 } };
    await expect(session.run({ x })).rejects.toMatchObject(lost);
    await expect(session.run({ x })).rejects.toMatchObject(lost);
    await session.dispose();
  });
});

describe('onnxruntime-node', () => {
  it('reads external weights from a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'samus-weights-'));
    try {
      await writeFile(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(0, 1, 2, 0).buffer));
      const options = { weightsFolder: folder, optimizedModelPath: join(folder, 'optimized.onnx') };
      const session = await nodeRuntime({ worker: false }).createSession(chain(1, 2, 1, 'w.bin'), options);
      expect([...(await session.run({ x: float32([3, 5], [1, 2]) })).y!.data]).toEqual([10, 3]);
      await session.dispose();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('tests every provider and reports why one is unavailable', async () => {
    const providers = await listProviders();
    expect(providers.map(({ name }) => name)).toEqual(['cpu', 'webgpu', 'cuda', 'dml', 'coreml']);
    expect(providers[0]).toMatchObject({ name: 'cpu', available: true });
    for (const { reason } of providers) expect(reason).not.toBe('');
    const missing = providers.find(({ available }) => !available)!;
    await expect(nodeRuntime().createSession(tinyModel(), { provider: missing.name })).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      details: { wanted: missing.name, providers },
    });
  });

  it.each([false, true])('gives memory back: twenty sessions use no more than a few (thread: %s)', async (worker) => {
    const [size, layers] = [1024, 8];
    const weights = allocateShared(size * size * 4 * layers);
    const model = chain(1, size, layers, 'weights', weights);
    const x = float32(new Float32Array(size), [1, size]);
    const cycle = async () => {
      const session = await nodeRuntime({ worker }).createSession(model);
      await session.run({ x });
      await session.dispose();
    };
    for (let i = 0; i < 5; i++) await cycle();
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 15; i++) await cycle();
    const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
    // A session holds 32 MiB; the allocator of the C library keeps a few of them for later.
    expect(grown).toBeLessThan(150);
  });
});
