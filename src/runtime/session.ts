/**
 * What the rest of the project sees of a runtime: something that turns a model into a session, and a session that
 * turns named tensors into named tensors. The runtimes are nodeRuntime.node.ts and webRuntime.ts; nothing above
 * this layer knows ONNX Runtime.
 */
import type { OnnxModel } from '../graph/onnxProto.js';
import type { TensorData } from '../graph/tensorData.js';

/** The providers of onnxruntime-node. */
export const NODE_PROVIDERS = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;

/** Where the arithmetic is done. `cpu` is onnxruntime-node's own, `wasm` onnxruntime-web's. */
export type Provider = (typeof NODE_PROVIDERS)[number] | 'wasm';

export interface SessionOptions {
  /** Default: `cpu` on Node, `wasm` on the web. Nodes that a provider cannot run fall back to the CPU. */
  readonly provider?: Provider;
  /** Threads of one operation. Default: one per physical core (Node), see WebRuntimeOptions (web). */
  readonly threads?: number;
  /** How far ONNX Runtime may rewrite the graph; default `all`. */
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  /**
   * Whether memory is planned as one block after the first run; default true. Without, a training step takes a third
   * less memory and no more time.
   */
  readonly memoryPattern?: boolean;
  /**
   * Node only: whether constant weights are also laid out for each product that uses them; default true. Where a weight
   * serves forward and backward, leaving that out saves two copies of it.
   */
  readonly prepacking?: boolean;
  /** Node only: where to write the rewritten graph, to look at. */
  readonly optimizedModelPath?: string;
  /**
   * Node only: the folder in which external weights lie that `OnnxModel.external` does not hand over. ONNX Runtime
   * maps them itself, so that they never pass through JavaScript. Only for graphs that this project wrote.
   */
  readonly weightsFolder?: string;
}

export interface RunOptions {
  /** The outputs to compute; default all. */
  readonly fetches?: readonly string[];
  /**
   * Tensors to write outputs into, by output name; the result then holds these same tensors. One may share its
   * memory with a feed, where only element-wise operations lie between the two.
   */
  readonly into?: Readonly<Record<string, TensorData>>;
}

/** A model ready to run. Runs are done one at a time, in the order of the calls. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Feeds stay the caller's: they are not detached, and must not be written to until the run has ended. Results
   * are the caller's too.
   * @throws SamusError RUNTIME_FEEDS, RUNTIME_FAILED, RUNTIME_OUT_OF_MEMORY, SESSION_DISPOSED
   */
  run(feeds: Readonly<Record<string, TensorData>>, options?: RunOptions): Promise<Record<string, TensorData>>;
  /** Gives the memory back once the runs asked for have ended. A second call does nothing. */
  dispose(): Promise<void>;
}

export interface Runtime {
  readonly name: string;
  /**
   * The weights handed over in `model.external` are copied by ONNX Runtime and not referred to afterwards.
   * @throws SamusError MODEL_INVALID, PROVIDER_UNAVAILABLE, RUNTIME_OUT_OF_MEMORY
   */
  createSession(model: OnnxModel, options?: SessionOptions): Promise<Session>;
}

/** Whether a provider works on this machine; `reason` says why not, or what was found. */
export interface ProviderStatus {
  readonly name: Provider;
  readonly available: boolean;
  readonly reason: string;
}
