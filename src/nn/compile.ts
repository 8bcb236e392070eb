/**
 * From a graph with weights to a session: folds constants, writes ONNX and gives it to a runtime.
 */
import { foldConstants } from '../graph/fold.js';
import type { OnnxModel } from '../graph/onnxProto.js';
import type { Tensor } from '../graph/tensor.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import { toOnnx } from '../graph/toOnnx.js';
import type { Runtime, Session, SessionOptions } from '../runtime/session.js';

/**
 * The ONNX model of a graph in which `parameters` are constants.
 * @param outputs tensors by the names of the session's outputs
 */
export async function exportModel(
  runtime: Runtime,
  outputs: Readonly<Record<string, Tensor>>,
  parameters: StateDict,
): Promise<OnnxModel> {
  const evaluateAll = (tensors: readonly Tensor[]) => evaluate(runtime, tensors, parameters);
  const folded = await foldConstants(Object.values(outputs), (name) => parameters.has(name), evaluateAll);
  return toOnnx(outputs, { parameters, folded });
}

/** A session for a graph in which `parameters` are constants. */
export async function compile(
  runtime: Runtime,
  outputs: Readonly<Record<string, Tensor>>,
  parameters: StateDict,
  options: SessionOptions = {},
): Promise<Session> {
  return runtime.createSession(await exportModel(runtime, outputs, parameters), options);
}

/** Computes tensors that depend on no input, in a temporary session. */
export async function evaluate(
  runtime: Runtime,
  tensors: readonly Tensor[],
  parameters: StateDict = new Map(),
): Promise<TensorData[]> {
  const named = Object.fromEntries(tensors.map((tensor, i) => [`value${i}`, tensor]));
  const session = await runtime.createSession(toOnnx(named, { parameters }));
  try {
    const values = await session.run({});
    return tensors.map((_, i) => values[`value${i}`]);
  } finally {
    await session.dispose();
  }
}
