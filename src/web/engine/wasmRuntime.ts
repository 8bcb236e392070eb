/**
 * Settings of ONNX Runtime's WebAssembly in the page: its folder on the server, the number of threads, and yielding
 * between runs so that a worker can read its messages.
 */
import type { Runtime } from '../../runtime/session.js';

/** Defined by the build (vite.config.ts). */
declare const __RUNTIME__: string;

/** @param base address of the server's root */
export function runtimeFolder(base: string): string {
  return new URL(`ort/${__RUNTIME__}/`, base).href;
}

/** More threads gain nothing at the size of samus-s. */
const MOST_THREADS = 4;

/** Threads need shared memory, which requires a cross-origin isolated page. */
export function mostThreads(): number {
  return crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

/** Resolves after the tasks that are queued now. A timer would take at least 4 ms. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Wraps a runtime so that messages are read after each run: WebAssembly blocks its thread. */
export function yieldingRuntime(runtime: Runtime): Runtime {
  return {
    name: runtime.name,
    async createSession(model, options) {
      const session = await runtime.createSession(model, options);
      return {
        inputs: session.inputs,
        outputs: session.outputs,
        async run(feeds, runOptions) {
          const results = await session.run(feeds, runOptions);
          await nextTask();
          return results;
        },
        dispose: () => session.dispose(),
      };
    },
  };
}
