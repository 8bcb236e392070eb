/**
 * The rate at which a runtime multiplies matrices on this machine. Benchmarks compare models with it: the share of this
 * rate that a model reaches measures the quality of its graph on any machine.
 */
import { encodeModel, type OnnxModel } from '../graph/onnxProto.js';
import { float32 } from '../graph/tensorData.js';
import type { Runtime, SessionOptions } from './session.js';
import { tensorBytes } from './tensorMemory.js';

/** The shape of the widest product in a ViT-B block over a 32 × 32 token grid: tokens, width, width of the MLP. */
const TOKENS = 1024;
const DIM = 768;
const MLP = 3072;

/** Products in one run, alternately up and down, so that copying the result out matters little. */
const PRODUCTS = 4;

export interface MatmulRate {
  /** Billions of floating-point operations a second, of the best run. */
  readonly gflops: number;
  /** Of one 1024 × 768 × 3072 product, in the best run. */
  readonly milliseconds: number;
}

/**
 * @param rounds number of timed runs, after one untimed; the best counts, because other programs may load the machine
 */
export async function matmulRate(runtime: Runtime, options: SessionOptions = {}, rounds = 8): Promise<MatmulRate> {
  const session = await runtime.createSession(productChain(), options);
  try {
    const x = float32(new Float32Array(TOKENS * DIM).fill(1), [TOKENS, DIM]);
    await session.run({ x });
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < rounds; i++) {
      const start = performance.now();
      await session.run({ x });
      best = Math.min(best, performance.now() - start);
    }
    const milliseconds = best / PRODUCTS;
    return { gflops: (2 * TOKENS * DIM * MLP) / milliseconds / 1e6, milliseconds };
  } finally {
    await session.dispose();
  }
}

function productChain(): OnnxModel {
  const external: { path: string; data: Uint8Array }[] = [];
  const initializers = [];
  const nodes = [];
  for (let i = 0; i < PRODUCTS; i++) {
    const shape = i % 2 === 0 ? [DIM, MLP] : [MLP, DIM];
    // This scale keeps the values of the chain at about the same size: denormal numbers would be slow.
    const weights = new Float32Array(DIM * MLP).map((_, j) => (((j + i) % 7) - 3) / 64 + 1 / MLP);
    const data = tensorBytes(float32(weights, shape));
    external.push({ path: `w${i}`, data });
    initializers.push({
      name: `w${i}`,
      dtype: 'float32',
      shape,
      external: { location: `w${i}`, offset: 0, length: data.byteLength },
    } as const);
    const input = i === 0 ? 'x' : `h${i - 1}`;
    const output = i === PRODUCTS - 1 ? 'y' : `h${i}`;
    nodes.push({ opType: 'MatMul', inputs: [input, `w${i}`], outputs: [output] });
  }
  const value = (name: string) => ({ name, dtype: 'float32', shape: [TOKENS, DIM] }) as const;
  const bytes = encodeModel({
    irVersion: 8,
    opsets: { '': 17 },
    graph: { name: 'matmulRate', nodes, initializers, inputs: [value('x')], outputs: [value('y')] },
  });
  return { bytes, external };
}
