/**
 * Worker threads of Node for threadProtocol.ts, and the location of their programs.
 */
import { parentPort, Worker } from 'node:worker_threads';
import type { OwnerChannel, Thread } from './threadProtocol.js';

interface ThreadOptions {
  readonly name: string;
  /** The `workerData` of the thread. */
  readonly data?: unknown;
  /** Size of the stack; default Node's, 4 MB. */
  readonly stackMb?: number;
  /** The error for a thread that ended unexpectedly. */
  readonly lostError: (exitCode: number) => Error;
}

/** @param program URL of the program, see builtFile */
export function startThread(program: URL, { name, data, stackMb, lostError }: ThreadOptions): Thread {
  const worker = new Worker(program, {
    name: `samus ${name}`,
    workerData: data,
    // Without the flags of this process: those of `node --eval`, for one, would keep the thread from starting.
    execArgv: [],
    ...(stackMb !== undefined && { resourceLimits: { stackSizeMb: stackMb } }),
  });
  const exited = new Promise<number>((resolve) => worker.once('exit', resolve));
  return {
    postMessage: (message, transfer) => worker.postMessage(message, transfer),
    listen: (receive) => worker.on('message', receive),
    onLost(lost) {
      worker.once('error', lost);
      void exited.then((code) => lost(lostError(code)));
    },
    hold: (needed) => (needed ? worker.ref() : worker.unref()),
    async ended() {
      await exited;
    },
    async terminate() {
      await worker.terminate();
    },
  };
}

/** The connection of this thread to the one that started it. */
export function ownerChannel(): OwnerChannel {
  const port = parentPort;
  if (!port) throw new Error('this is the program of a worker thread');
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer),
    listen: (receive) => port.on('message', receive),
    close: () => port.close(),
  };
}

/**
 * The built form of a program for a thread or a process. Node 20 does not run TypeScript, so code that runs from its
 * sources, as in tests, starts the built program; the test command builds first.
 * @param url `import.meta.url` of a file in the same folder
 */
export function builtFile(name: string, url: string): URL {
  return new URL(name, url.endsWith('.ts') ? url.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : url);
}
