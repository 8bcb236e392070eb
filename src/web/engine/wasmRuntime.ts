/**
 * Settings of ONNX Runtime's WebAssembly in the page: its folder on the server, the number of threads, and yielding
 * between runs so that a worker can read its messages.
 */
import type { Runtime } from '../../runtime/session.js';

/** The build (vite.config.ts) puts it in. */
declare const __RUNTIME__: string;

/** @param base address of the server's root */
export function runtimeFolder(base: string): string {
  return new URL(`ort/${__RUNTIME__}/`, base).href;
}

/** More gain nothing at the sizes of samus-s, and take processors away from the page. */
const MOST_THREADS = 4;

/** Threads need memory that they share, which pages have only where nothing foreign can get into them. */
export function mostThreads(): number {
  return crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

/** Ends when the tasks that wait now are done. Timers would do too, but browsers stretch them to 4 ms. */
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

/** A runtime after each of whose runs messages are read: a run of WebAssembly blocks its thread. */
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
