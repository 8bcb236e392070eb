/**
 * The interface of a runtime: it creates sessions from models, and a session computes named tensors from named tensors.
 * The runtimes are nodeRuntime.node.ts and webRuntime.ts; nothing above this layer uses ONNX Runtime directly.
 */
import type { OnnxModel } from '../graph/onnxProto.js';
import type { TensorData } from '../graph/tensorData.js';

/** The providers of onnxruntime-node. */
export const NODE_PROVIDERS = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;

/** The device that computes. `cpu` is onnxruntime-node's, `wasm` is onnxruntime-web's. */
export type Provider = (typeof NODE_PROVIDERS)[number] | 'wasm';

export interface SessionOptions {
  /** Default: `cpu` on Node, `wasm` on the web. Nodes that a provider cannot run fall back to the CPU. */
  readonly provider?: Provider;
  /** Threads of one operation. Default: one per physical core (Node), see WebRuntimeOptions (web). */
  readonly threads?: number;
  /** How far ONNX Runtime may rewrite the graph; default `all`. */
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  /**
   * Whether memory is planned as one block after the first run; default true. With false, a training step takes a third
   * less memory and no more time.
   */
  readonly memoryPattern?: boolean;
  /**
   * Node only: whether constant weights are also stored in a layout for each product that uses them; default true. With
   * false, weights used forward and backward take two copies less.
   */
  readonly prepacking?: boolean;
  /** Node only: the file for the rewritten graph, for inspection. */
  readonly optimizedModelPath?: string;
  /**
   * Node only: the folder of the external weights that are not in `OnnxModel.external`. ONNX Runtime maps them itself, so
   * they never pass through JavaScript. Only for graphs that this project wrote.
   */
  readonly weightsFolder?: string;
}

export interface RunOptions {
  /** The outputs to compute; default all. */
  readonly fetches?: readonly string[];
  /**
   * Tensors to write outputs into, by output name; the result contains these tensors. One may share memory with a feed if
   * only element-wise operations are between the two.
   */
  readonly into?: Readonly<Record<string, TensorData>>;
}

/** A model ready to run. Runs are executed one at a time, in the order of the calls. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * The caller keeps its feeds: they are not detached, and must not be written to before the run ends. The results belong
   * to the caller, too.
   * @throws SamusError RUNTIME_FEEDS, RUNTIME_FAILED, RUNTIME_OUT_OF_MEMORY, SESSION_DISPOSED
   */
  run(feeds: Readonly<Record<string, TensorData>>, options?: RunOptions): Promise<Record<string, TensorData>>;
  /** Frees the memory when all requested runs have ended. A second call does nothing. */
  dispose(): Promise<void>;
}

export interface Runtime {
  readonly name: string;
  /**
   * ONNX Runtime copies the weights in `model.external` and does not refer to them afterwards.
   * @throws SamusError MODEL_INVALID, PROVIDER_UNAVAILABLE, RUNTIME_OUT_OF_MEMORY
   */
  createSession(model: OnnxModel, options?: SessionOptions): Promise<Session>;
}

/** Whether a provider works on this machine; `reason` explains why not, or describes the device. */
export interface ProviderStatus {
  readonly name: Provider;
  readonly available: boolean;
  readonly reason: string;
}
