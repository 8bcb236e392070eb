/**
 * ONNX Runtime on Node: the CPU by default, other providers if the machine has them. By default each session runs in its
 * own thread.
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
   * Whether sessions run in their own threads; default true. With false, a run blocks the event loop and nothing is
   * copied between threads, which suits programs that only compute.
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
      // Tested in a separate process first: a missing provider writes to the terminal when it fails.
      if (provider !== 'cpu' && !(await probeProvider(provider)).available) {
        throw providerError(provider, await listProviders());
      }
      safe ??= surviveLongCommandLine();
      await safe;
      return worker ? createInWorker(model, chosen) : createInThread(model, chosen);
    },
  };
}
