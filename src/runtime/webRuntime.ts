/**
 * ONNX Runtime on the web: WebAssembly by default, WebGPU by option. It runs in the calling thread; a page that must stay
 * responsive uses it in a Web Worker. Under Node it runs on WebAssembly, too, so that tests can compare both runtimes.
 */
import type { InferenceSession, TensorConstructor } from 'onnxruntime-common';
import type { OnnxModel } from '../graph/onnxProto.js';
import { LOG_FATAL, OrtSession } from './ortSession.js';
import { creationError, providerError, tidyMessage } from './runtimeErrors.js';
import type { Provider, ProviderStatus, Runtime, Session, SessionOptions } from './session.js';

export interface WebRuntimeOptions {
  /** URL of the folder with ONNX Runtime's `.wasm` and `.mjs` files; default: that of its script. */
  readonly wasmPaths?: string;
  /**
   * Threads of the WebAssembly module, for all sessions of the page. Default 2, as in this project's measurements; 1 if
   * the page is not cross-origin isolated.
   */
  readonly threads?: number;
  /** For sessions that do not say otherwise. */
  readonly defaults?: SessionOptions;
}

/** The part of the onnxruntime-web module that this file uses; all builds have it. */
interface OrtWeb {
  readonly env: {
    logLevel?: 'verbose' | 'info' | 'warning' | 'error' | 'fatal' | undefined;
    readonly wasm: { numThreads?: number | undefined; wasmPaths?: unknown };
  };
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

type WebProvider = 'wasm' | 'webgpu';

export function webRuntime({ wasmPaths, threads = 2, defaults = {} }: WebRuntimeOptions = {}): Runtime {
  return {
    name: 'onnxruntime-web',
    async createSession(model: OnnxModel, options: SessionOptions = {}): Promise<Session> {
      const chosen = { ...defaults, ...options };
      const provider = await usable(chosen.provider ?? 'wasm');
      const ort = await load(provider);
      ort.env.logLevel = 'fatal';
      ort.env.wasm.numThreads = chosen.threads ?? threads;
      if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths;
      try {
        const session = await ort.InferenceSession.create(model.bytes, {
          executionProviders: [provider],
          graphOptimizationLevel: chosen.graphOptimization ?? 'all',
          logSeverityLevel: LOG_FATAL,
          externalData: model.external,
        });
        return new OrtSession(session, ort.Tensor, { shared: true, preallocated: false });
      } catch (error) {
        throw creationError(error);
      }
    },
  };
}

/** The status of the providers of this page or process. */
export async function listWebProviders(): Promise<ProviderStatus[]> {
  return [
    { name: 'wasm', available: true, reason: 'WebAssembly is part of the platform' },
    { name: 'webgpu', ...(await webgpuStatus()) },
  ];
}

async function usable(wanted: Provider): Promise<WebProvider> {
  if (wanted === 'wasm') return wanted;
  if (wanted === 'webgpu' && (await webgpuStatus()).available) return wanted;
  throw providerError(wanted, await listWebProviders());
}

async function webgpuStatus(): Promise<Omit<ProviderStatus, 'name'>> {
  // Some platforms that this file runs on lack its type.
  const gpu: unknown = typeof navigator === 'undefined' ? undefined : Reflect.get(navigator, 'gpu');
  if (typeof gpu !== 'object' || gpu === null || !('requestAdapter' in gpu)) {
    return { available: false, reason: 'the platform has no WebGPU' };
  }
  try {
    const { requestAdapter } = gpu;
    const adapter: unknown = typeof requestAdapter === 'function' ? await requestAdapter.call(gpu) : null;
    if (adapter) return { available: true, reason: 'a graphics adapter was found' };
    return { available: false, reason: 'no graphics adapter was found' };
  } catch (error) {
    return { available: false, reason: tidyMessage(error) };
  }
}

/** Each build has its own module and binary; the build for WebAssembly alone is half the size. */
async function load(provider: WebProvider): Promise<OrtWeb> {
  // Only the package's main entry has a build whose threads start under Node.
  if (typeof process !== 'undefined' && process.versions?.node) return import('onnxruntime-web');
  return provider === 'wasm' ? import('onnxruntime-web/wasm') : import('onnxruntime-web/webgpu');
}
