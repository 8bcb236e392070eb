/**
 * Threads of Node for threadProtocol.ts, and where their programs lie.
 */
import { parentPort, Worker } from 'node:worker_threads';
import type { OwnerChannel, Thread } from './threadProtocol.js';

interface ThreadOptions {
  readonly name: string;
  /** What the thread finds in `workerData`. */
  readonly data?: unknown;
  /** Size of the stack; default Node's, 4 MB. */
  readonly stackMb?: number;
  /** The error for a thread that ended without being asked to. */
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
    post: (message, transfer) => worker.postMessage(message, transfer),
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
    post: (message, transfer) => port.postMessage(message, transfer),
    listen: (receive) => port.on('message', receive),
    close: () => port.close(),
  };
}

/**
 * The built form of a program that is started in a thread or a process. Node 20 runs no TypeScript, so that where the
 * code itself runs from its sources, as in the tests, the built program is started; the test command builds first.
 * @param url `import.meta.url` of the file beside which it lies
 */
export function builtFile(name: string, url: string): URL {
  return new URL(name, url.endsWith('.ts') ? url.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : url);
}
