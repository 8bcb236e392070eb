/**
 * ONNX Runtime on Node: the CPU by default, other providers where the machine has them. Each session runs in a
 * thread of its own unless told otherwise.
 */
import type { OnnxModel } from '../graph/onnxProto.js';
import { createInThread } from './inThread.node.js';
import { surviveLongCommandLine } from './longCommandLine.node.js';
import { listProviders, probeProvider } from './providers.node.js';
import { providerError } from './runtimeErrors.js';
import type { Runtime, Session, SessionOptions } from './session.js';
import { createInWorker } from './workerSession.node.js';

export interface NodeRuntimeOptions {
  /**
   * Whether sessions run off the calling thread; default true. Without, a run blocks the event loop, and nothing
   * is copied between threads: for a program that only computes.
   */
  readonly worker?: boolean;
  /** For sessions that do not say otherwise. */
  readonly defaults?: SessionOptions;
}

/** Whether sessions can be created in this process. */
let safe: Promise<void> | undefined;

export function nodeRuntime({ worker = true, defaults = {} }: NodeRuntimeOptions = {}): Runtime {
  return {
    name: 'onnxruntime-node',
    async createSession(model: OnnxModel, options: SessionOptions = {}): Promise<Session> {
      const chosen = { ...defaults, ...options };
      const provider = chosen.provider ?? 'cpu';
      // Asked for first, in a process of its own: a provider that is missing writes to the terminal when it fails.
      if (provider !== 'cpu' && !(await probeProvider(provider)).available) {
        throw providerError(provider, await listProviders());
      }
      safe ??= surviveLongCommandLine();
      await safe;
      return worker ? createInWorker(model, chosen) : createInThread(model, chosen);
    },
  };
}
