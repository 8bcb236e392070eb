/**
 * A session in a thread of its own, so that the event loop of its owner goes on during a run. One thread a session:
 * a short run of one model does not wait for a long run of another, and the thread's memory goes with the session.
 * A session left idle does not keep the process alive.
 */
import { Worker } from 'node:worker_threads';
import { SamusError } from '../errors.js';
import type { OnnxModel } from '../graph/onnxProto.js';
import type { TensorData } from '../graph/tensorData.js';
import { builtFile } from './builtFile.node.js';
import { checkNames } from './ortSession.js';
import { copyInto } from './ortTensor.js';
import { disposedError } from './runtimeErrors.js';
import type { RunOptions, Session, SessionOptions } from './session.js';
import { allocateShared } from './sharedBytes.js';
import { type FromWorker, packTensors, type ToWorker, unpackError, unpackTensors } from './workerMessages.js';

interface Waiting {
  readonly resolve: (results: Record<string, TensorData>) => void;
  readonly reject: (error: Error) => void;
}

class WorkerSession implements Session {
  private readonly waiting = new Map<number, Waiting>();
  private readonly exited: Promise<void>;
  private nextId = 0;
  private disposed = false;
  private lost: Error | undefined;

  constructor(
    private readonly worker: Worker,
    readonly inputs: readonly string[],
    readonly outputs: readonly string[],
  ) {
    worker.on('message', (message: FromWorker) => this.receive(message));
    worker.on('error', (error) => this.lose(error));
    this.exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.lose(lostError(code));
        resolve();
      });
    });
    worker.unref();
  }

  async run(
    feeds: Readonly<Record<string, TensorData>>,
    options: RunOptions = {},
  ): Promise<Record<string, TensorData>> {
    if (this.disposed) throw disposedError();
    if (this.lost) throw this.lost;
    checkNames(this, feeds, options);
    const { packed, transfer } = packTensors(feeds);
    const id = this.nextId++;
    const results = await new Promise<Record<string, TensorData>>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.ref();
      this.post({ type: 'run', id, feeds: packed, fetches: options.fetches ?? this.outputs }, transfer);
    });
    for (const [name, target] of Object.entries(options.into ?? {})) {
      const result = results[name];
      if (!result) continue;
      copyInto(target, result, name);
      results[name] = target;
    }
    return results;
  }

  async dispose(): Promise<void> {
    if (!this.disposed && !this.lost) {
      this.worker.ref();
      this.post({ type: 'dispose' });
    }
    this.disposed = true;
    await this.exited;
  }

  private post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private receive(message: FromWorker): void {
    if (message.type !== 'ran' && message.type !== 'runFailed') return;
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (this.waiting.size === 0 && !this.disposed) this.worker.unref();
    if (message.type === 'ran') waiting?.resolve(unpackTensors(message.results));
    else waiting?.reject(unpackError(message.error));
  }

  private lose(error: Error): void {
    this.lost ??= error;
    for (const { reject } of this.waiting.values()) reject(this.lost);
    this.waiting.clear();
  }
}

interface ThreadOptions {
  /** What the thread runs. */
  readonly program?: URL;
  /** Size of its stack; default Node's, 4 MB. */
  readonly stackMb?: number;
}

/**
 * Weights over a SharedArrayBuffer (see allocateShared) reach the thread without a copy; others are copied once.
 * @throws SamusError MODEL_INVALID, RUNTIME_OUT_OF_MEMORY, RUNTIME_FAILED
 */
export async function createInWorker(
  model: OnnxModel,
  options: SessionOptions = {},
  { program = builtFile('sessionWorker.node.js'), stackMb }: ThreadOptions = {},
): Promise<Session> {
  // Without the flags of this process: those of `node --eval`, for one, would keep the thread from starting.
  const worker = new Worker(program, {
    name: 'samus session',
    execArgv: [],
    ...(stackMb !== undefined && { resourceLimits: { stackSizeMb: stackMb } }),
  });
  const { inputs, outputs } = await new Promise<Extract<FromWorker, { type: 'created' }>>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => reject(lostError(code)));
    worker.once('message', (message: FromWorker) => {
      if (message.type === 'created') resolve(message);
      else if (message.type === 'failed') reject(unpackError(message.error));
    });
    const external = model.external.map(({ path, data }) => ({ path, data: shared(data) }));
    const message: ToWorker = { type: 'create', model: { bytes: model.bytes, external }, options };
    worker.postMessage(message);
  });
  return new WorkerSession(worker, inputs, outputs);
}

function shared(data: Uint8Array): Uint8Array {
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const copy = allocateShared(data.byteLength);
  copy.set(data);
  return copy;
}

function lostError(exitCode: number): SamusError {
  return new SamusError(
    'RUNTIME_FAILED',
    'the thread of the session was expected to go on, it ended',
    'create the session again; if it ends again, run it in the calling thread to see why',
    { exitCode },
  );
}
