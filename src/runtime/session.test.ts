/** The behaviour of every runtime. The session in a thread starts the built program: build before testing. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { encodeModel, type OnnxModel, type OnnxNode, type OnnxValueInfo } from '../graph/onnxProto.js';
import { BYTES_PER_ELEMENT, type DType, float32, viewAs } from '../graph/tensorData.js';
import { matmulRate } from './matmulRate.js';
import { hasInt8Products, nodeRuntime } from './nodeRuntime.node.js';
import { isInt8Exact, tinyModel } from './probeModels.js';
import { allocateShared, tensorBytes } from './tensorMemory.js';
import { webRuntime } from './webRuntime.js';

const RUNTIMES = [
  ['onnxruntime-node in this thread', nodeRuntime({ worker: false })],
  ['onnxruntime-node in its own thread', nodeRuntime()],
  ['onnxruntime-web', webRuntime()],
] as const;

const f32 = (name: string, shape: (number | string)[]): OnnxValueInfo => ({ name, dtype: 'float32', shape });

function model(nodes: OnnxNode[], inputs: OnnxValueInfo[], outputs: OnnxValueInfo[]): OnnxModel {
  const graph = { name: 'test', nodes, initializers: [], inputs, outputs };
  return { bytes: encodeModel({ irVersion: 8, opsets: { '': 17 }, graph }), external: [] };
}

/** p = a + b, q = a · b (matrix product with the transposed b) */
const twoOutputs = model(
  [
    { opType: 'Add', inputs: ['a', 'b'], outputs: ['p'] },
    { opType: 'Transpose', inputs: ['b'], outputs: ['t'], attributes: { perm: { ints: [1, 0] } } },
    { opType: 'MatMul', inputs: ['a', 't'], outputs: ['q'] },
  ],
  [f32('a', ['n', 3]), f32('b', ['n', 3])],
  [f32('p', ['n', 3]), f32('q', ['n', 'n'])],
);
const a = float32([1, 2, 3, 4, 5, 6], [2, 3]);
const b = float32([10, 0, -1, 2, 7, 1], [2, 3]);

describe.each(RUNTIMES)('%s', (_, runtime) => {
  const session = runtime.createSession(twoOutputs);
  afterAll(async () => (await session).dispose());

  it('names its inputs and outputs', async () => {
    expect((await session).inputs).toEqual(['a', 'b']);
    expect((await session).outputs).toEqual(['p', 'q']);
  });

  it('computes without changing the feeds', async () => {
    const { p, q } = await (await session).run({ a, b });
    expect(p).toEqual(float32([11, 2, 2, 6, 12, 7], [2, 3]));
    expect(q).toEqual(float32([7, 19, 34, 49], [2, 2]));
    expect([...a.data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('computes only what is fetched', async () => {
    expect(Object.keys(await (await session).run({ a, b }, { fetches: ['q'] }))).toEqual(['q']);
  });

  it('writes into given tensors, also in shared memory', async () => {
    const own = float32(new Float32Array(10).subarray(4), [2, 3]);
    const shared = viewAs('float32', [2, 3], allocateShared(24).buffer);
    for (const target of [own, shared]) {
      const { p, q } = await (await session).run({ a, b }, { into: { p: target } });
      expect(p).toBe(target);
      expect([...target.data]).toEqual([11, 2, 2, 6, 12, 7]);
      expect(q!.shape).toEqual([2, 2]);
    }
  });

  it('adds in place where a feed and an output share their memory', async () => {
    const sum = float32([1, 1, 1, 1, 1, 1], [2, 3]);
    for (let i = 0; i < 3; i++) await (await session).run({ a: sum, b }, { fetches: ['p'], into: { p: sum } });
    expect([...sum.data]).toEqual([31, 1, -2, 7, 22, 4]);
  });

  it('takes feeds from a part of a buffer and from shared memory', async () => {
    const part = float32(Float32Array.of(9, 9, 1, 2, 3, 4, 5, 6).subarray(2), [2, 3]);
    const shared = viewAs('float32', [2, 3], allocateShared(28).buffer, 4);
    tensorBytes(shared).set(tensorBytes(b));
    const { q } = await (await session).run({ a: part, b: shared });
    expect([...q!.data]).toEqual([7, 19, 34, 49]);
  });

  it('runs calls in order and disposes after them', async () => {
    const own = await runtime.createSession(tinyModel());
    const log: number[] = [];
    const runs = [1, 2, 3].map(async (x) => {
      const { y } = await own.run({ x: float32([x, x], [2]) });
      log.push(Number(y!.data[0]));
    });
    const gone = own.dispose().then(() => log.push(0));
    await Promise.all([...runs, gone, own.dispose()]);
    expect(log).toEqual([2, 4, 6, 0]);
    await expect(own.run({ x: float32([1, 1], [2]) })).rejects.toMatchObject({ code: 'SESSION_DISPOSED' });
  });

  it('refuses feeds that do not fit', async () => {
    const s = await session;
    const expected = { kind: 'usage', code: 'RUNTIME_FEEDS' };
    await expect(s.run({ a })).rejects.toMatchObject(expected);
    await expect(s.run({ a, b, c: b })).rejects.toMatchObject(expected);
    await expect(s.run({ a, b: float32([1, 2], [2, 1]) })).rejects.toMatchObject(expected);
    await expect(s.run({ a, b: viewAs('int32', [2, 3], new ArrayBuffer(24)) })).rejects.toMatchObject(expected);
    await expect(s.run({ a, b }, { fetches: ['z'] })).rejects.toMatchObject(expected);
    await expect(s.run({ a, b }, { into: { p: float32([0], [1]) } })).rejects.toMatchObject(expected);
  });

  it('reports a run that fails without quoting the input', async () => {
    const gather = model(
      [{ opType: 'Gather', inputs: ['x', 'i'], outputs: ['y'] }],
      [f32('x', [2]), { name: 'i', dtype: 'int64', shape: [1] }],
      [f32('y', [1])],
    );
    const s = await runtime.createSession(gather);
    const feeds = { x: float32([1, 2], [2]), i: viewAs('int64', [1], BigInt64Array.of(70123n).buffer) };
    const log = vi.spyOn(console, 'error');
    const error = await s.run(feeds).catch((e: unknown) => e);
    expect(log).not.toHaveBeenCalled();
    log.mockRestore();
    expect(error).toMatchObject({ kind: 'failure', code: 'RUNTIME_FAILED' });
    expect(String(error)).not.toContain('70123');
    await s.dispose();
  });

  it('refuses bytes that are no model, and an invalid model', async () => {
    const expected = { kind: 'failure', code: 'MODEL_INVALID' };
    const noModel = { bytes: Uint8Array.of(1, 2, 3), external: [] };
    await expect(runtime.createSession(noModel)).rejects.toMatchObject(expected);
    const unknown = model([{ opType: 'NoSuch', inputs: ['x'], outputs: ['y'] }], [f32('x', [2])], [f32('y', [2])]);
    await expect(runtime.createSession(unknown)).rejects.toMatchObject(expected);
  });

  it('refuses a provider that is not there', async () => {
    await expect(runtime.createSession(tinyModel(), { provider: 'coreml' })).rejects.toMatchObject({
      kind: 'machine',
      code: 'PROVIDER_UNAVAILABLE',
    });
  });

  it('takes weights given beside the graph, in its own or in shared memory', async () => {
    const own = tensorBytes(float32([9, 1, 2], [3]));
    const shared = allocateShared(8);
    shared.set(tensorBytes(float32([10, 20], [2])));
    const weight = (name: string, offset: number) =>
      ({ name, dtype: 'float32', shape: [2], external: { location: `${name}.bin`, offset, length: 8 } }) as const;
    const graph = {
      name: 'weights',
      nodes: [
        { opType: 'Mul', inputs: ['x', 'v'], outputs: ['m'] },
        { opType: 'Add', inputs: ['m', 'w'], outputs: ['y'] },
      ],
      initializers: [weight('v', 4), weight('w', 0)],
      inputs: [f32('x', [2])],
      outputs: [f32('y', [2])],
    };
    const external = [
      { path: 'v.bin', data: own },
      { path: 'w.bin', data: shared },
    ];
    const s = await runtime.createSession({
      bytes: encodeModel({ irVersion: 8, opsets: { '': 17 }, graph }),
      external,
    });
    // The session has its own copy by now.
    own.fill(0);
    shared.fill(0);
    expect([...(await s.run({ x: float32([5, 7], [2]) })).y!.data]).toEqual([15, 34]);
    await s.dispose();
  });

  it.each<DType>(['float32', 'float64', 'float16', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'])(
    'passes %s through unchanged, with scalars and empty tensors',
    async (dtype) => {
      const value = (name: string, shape: (number | string)[]) => ({ name, dtype, shape });
      const s = await runtime.createSession(
        model(
          [
            { opType: 'Identity', inputs: ['x'], outputs: ['y'] },
            { opType: 'Identity', inputs: ['one'], outputs: ['same'] },
          ],
          [value('x', ['n']), value('one', [])],
          [value('y', ['n']), value('same', [])],
        ),
      );
      const ones = new Uint8Array(3 * BYTES_PER_ELEMENT[dtype]).fill(1);
      const x = viewAs(dtype, [3], ones.buffer);
      const one = viewAs(dtype, [], ones.slice(0, BYTES_PER_ELEMENT[dtype]).buffer);
      expect(await s.run({ x, one })).toEqual({ y: x, same: one });
      const empty = viewAs(dtype, [0], new ArrayBuffer(0));
      expect((await s.run({ x: empty, one })).y).toEqual(empty);
      await s.dispose();
    },
  );
});

it('measures the rate of matrix products', async () => {
  const rate = await matmulRate(nodeRuntime({ worker: false }), {}, 1);
  expect(rate.gflops).toBeGreaterThan(1);
  expect(rate.gflops * rate.milliseconds).toBeCloseTo((2 * 1024 * 768 * 3072) / 1e6, 3);
});

describe('the probe of 8-bit products', () => {
  /** The product of 255 and 127 over 64 inputs by a kernel that adds a pair as `add` does. */
  const byPairs = (add: (a: number, b: number) => number) => async () =>
    viewAs('int32', [8, 32], new Int32Array(8 * 32).fill(32 * add(255 * 127, 255 * 127)).buffer);

  it('distinguishes exact kernels from those that saturate', async () => {
    expect(await isInt8Exact(byPairs((a, b) => a + b))).toBe(true);
    expect(await isInt8Exact(byPairs((a, b) => Math.min(a + b, 32_767)))).toBe(false);
    expect(await isInt8Exact(async () => undefined)).toBe(false);
  });

  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
    'agrees with the flags of the processor',
    async () => {
      const flags = readFileSync('/proc/cpuinfo', 'utf8');
      expect(await hasInt8Products()).toBe(/^flags.*\b(avx512_vnni|avx_vnni|amx_int8)\b/m.test(flags));
    },
  );

  it.each(RUNTIMES)('runs on %s', async (_, runtime) => {
    const exact = await isInt8Exact(async (probe, feeds) => {
      const session = await runtime.createSession(probe);
      const { y } = await session.run(feeds);
      await session.dispose();
      return y;
    });
    // On Node because the probe decides how sessions are created, on the web because WebAssembly has no such kernel.
    expect(exact).toBe(true);
  });
});
