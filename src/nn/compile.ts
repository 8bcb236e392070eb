/**
 * From a graph with weights to a session: folds constants, writes ONNX and gives it to a runtime, at once or on first
 * use.
 */
import { SamusError } from '../errors.js';
import { foldConstants } from '../graph/fold.js';
import type { OnnxModel } from '../graph/onnxProto.js';
import type { Tensor } from '../graph/tensor.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import { type OnnxOptions, toOnnx } from '../graph/toOnnx.js';
import type { Runtime, Session, SessionOptions } from '../runtime/session.js';

/**
 * The ONNX model of a graph in which `parameters` are constants.
 * @param outputs tensors by the names of the session's outputs
 */
export async function exportModel(
  runtime: Runtime,
  outputs: Readonly<Record<string, Tensor>>,
  parameters: StateDict,
  options: Pick<OnnxOptions, 'openShapes' | 'file'> = {},
): Promise<OnnxModel> {
  const compute = (tensors: readonly Tensor[]) => computeConstants(runtime, tensors, parameters);
  const folded = await foldConstants(Object.values(outputs), (name) => parameters.has(name), compute);
  return toOnnx(outputs, { parameters, folded, ...options });
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
export async function computeConstants(
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

/** A graph with its weights, compiled on first use; then the weights are released. */
export class LazySession {
  #weights: StateDict | undefined;
  #session: Promise<Session> | undefined;

  constructor(
    private readonly runtime: Runtime,
    /** The outputs of the graph by name. */
    private readonly outputs: () => Readonly<Record<string, Tensor>>,
    weights: StateDict,
    private readonly options: SessionOptions,
  ) {
    this.#weights = weights;
  }

  /** A failed compilation is retried at the next call. @throws SamusError SEGMENTER_DISPOSED, and as Runtime.createSession */
  async get(): Promise<Session> {
    this.#session ??= this.#create();
    const session = this.#session;
    try {
      return await session;
    } catch (error) {
      if (this.#session === session) this.#session = undefined;
      throw error;
    }
  }

  async dispose(): Promise<void> {
    const session = this.#session;
    this.#weights = undefined;
    this.#session = undefined;
    await (await session?.catch(() => undefined))?.dispose();
  }

  async #create(): Promise<Session> {
    if (!this.#weights) throw new SamusError('SEGMENTER_DISPOSED', 'the model is disposed', 'load the model again');
    const session = await compile(this.runtime, this.outputs(), this.#weights, this.options);
    this.#weights = undefined;
    return session;
  }
}
