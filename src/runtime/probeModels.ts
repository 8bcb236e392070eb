/**
 * Tiny models that test a machine: whether a provider works, and how the CPU multiplies 8-bit numbers.
 */
import { encodeModel, type OnnxModel } from '../graph/onnxProto.js';
import { type DType, type TensorData, viewAs } from '../graph/tensorData.js';

/** The smallest model that does arithmetic, y = x + x over two numbers. */
export function tinyModel(): OnnxModel {
  const value = (name: string) => ({ name, dtype: 'float32', shape: [2] }) as const;
  const nodes = [{ opType: 'Add', inputs: ['x', 'x'], outputs: ['y'] }];
  const graph = { name: 'tiny', nodes, initializers: [], inputs: [value('x')], outputs: [value('y')] };
  return { ...modelOf(graph), int8: false };
}

/** Computes the output y of a model. */
type Run = (model: OnnxModel, feeds: Readonly<Record<string, TensorData>>) => Promise<TensorData | undefined>;

/** Rows, inputs and outputs of the product, large enough to fill the blocks of every kernel. */
const [ROWS, INPUTS, OUTPUTS] = [8, 64, 32];
const [LARGEST_U8, LARGEST_S8] = [255, 127];

/**
 * Whether `run` multiplies unsigned by signed 8-bit numbers exactly. x86 processors without 8-bit dot products add
 * pairs of products in 16 bits, where the largest ones saturate.
 */
export async function isInt8Exact(run: Run): Promise<boolean> {
  const value = (name: string, dtype: DType, shape: readonly number[]) => ({ name, dtype, shape });
  const model = modelOf({
    name: 'int8',
    nodes: [{ opType: 'MatMulInteger', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: [{ ...value('w', 'int8', [INPUTS, OUTPUTS]), data: bytes(INPUTS * OUTPUTS, LARGEST_S8) }],
    inputs: [value('x', 'uint8', [ROWS, INPUTS])],
    outputs: [value('y', 'int32', [ROWS, OUTPUTS])],
  });
  const x = viewAs('uint8', [ROWS, INPUTS], bytes(ROWS * INPUTS, LARGEST_U8).buffer);
  const y = await run(model, { x });
  return y?.dtype === 'int32' && y.data.every((sum) => sum === INPUTS * LARGEST_U8 * LARGEST_S8);
}

function bytes(length: number, value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(value);
}

function modelOf(graph: Parameters<typeof encodeModel>[0]['graph']): OnnxModel {
  return { bytes: encodeModel({ irVersion: 8, opsets: { '': 17 }, graph }), external: [] };
}
