/**
 * Runs small graphs on ONNX Runtime, for tests that hold an operation against a reference.
 */
import type { Tensor } from '../../src/graph/tensor.js';
import type { StateDict, TensorData } from '../../src/graph/tensorData.js';
import { toOnnx } from '../../src/graph/toOnnx.js';
import { nodeRuntime } from '../../src/runtime/nodeRuntime.node.js';
import type { Session } from '../../src/runtime/session.js';

/** In the calling thread: tests wait for the result anyway, and no build is needed before. */
export const runtime = nodeRuntime({ worker: false });

/** A session of a graph as it is, without folding. */
export function prepared(
  outputs: Readonly<Record<string, Tensor>>,
  parameters: StateDict = new Map(),
): Promise<Session> {
  return runtime.createSession(toOnnx(outputs, { parameters }));
}

/** One run. */
export async function run(
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, TensorData>> = {},
  parameters: StateDict = new Map(),
): Promise<Record<string, TensorData>> {
  const session = await prepared(outputs, parameters);
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}
