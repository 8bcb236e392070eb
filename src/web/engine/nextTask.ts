/** Lets a worker read its messages between two pieces of work. */
import type { Runtime } from '../../runtime/session.js';

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
