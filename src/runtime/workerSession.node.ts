/**
 * A session in its own thread, so that a run does not block the owner's event loop. With one thread per session, a short
 * run of one model does not wait for a long run of another, and ending the session frees the thread's memory.
 */
import { SamusError } from '../errors.js';
import type { OnnxModel } from '../graph/onnxProto.js';
import type { TensorData } from '../graph/tensorData.js';
import { checkNames } from './ortSession.js';
import { disposedError } from './runtimeErrors.js';
import type { RunOptions, Session, SessionOptions } from './session.js';
import { allocateShared, copyInto, packTensors, unpackTensors, type WireTensors } from './tensorMemory.js';
import { builtFile, startThread } from './thread.node.js';
import { ThreadClient } from './threadProtocol.js';

/** The calls of a session's thread; `create` is the first. */
export type SessionContract = {
  create: {
    input: { readonly model: OnnxModel; readonly options: SessionOptions };
    output: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
  };
  run: { input: { readonly feeds: WireTensors; readonly fetches: readonly string[] }; output: WireTensors };
};

class WorkerSession implements Session {
  private disposed = false;

  constructor(
    private readonly thread: ThreadClient<SessionContract>,
    readonly inputs: readonly string[],
    readonly outputs: readonly string[],
  ) {}

  async run(
    feeds: Readonly<Record<string, TensorData>>,
    options: RunOptions = {},
  ): Promise<Record<string, TensorData>> {
    if (this.disposed) throw disposedError();
    if (this.thread.lost) throw this.thread.lost;
    checkNames(this, feeds, options);
    const { packed, transfer } = packTensors(feeds);
    const fetches = options.fetches ?? this.outputs;
    const results = unpackTensors(await this.thread.call('run', { feeds: packed, fetches }, { transfer }));
    for (const [name, target] of Object.entries(options.into ?? {})) {
      const result = results[name];
      if (!result) continue;
      copyInto(target, result, name);
      results[name] = target;
    }
    return results;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.thread.close();
  }
}

interface WorkerOptions {
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
  { program = builtFile('sessionWorker.node.js', import.meta.url), stackMb }: WorkerOptions = {},
): Promise<Session> {
  const size = stackMb === undefined ? {} : { stackMb };
  const thread = new ThreadClient<SessionContract>(startThread(program, { name: 'session', lostError, ...size }));
  const external = model.external.map(({ path, data }) => ({ path, data: shared(data) }));
  try {
    const { inputs, outputs } = await thread.call('create', { model: { ...model, external }, options });
    return new WorkerSession(thread, inputs, outputs);
  } catch (error) {
    await thread.close();
    throw error;
  }
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
    'the thread of the session ended during its work',
    'create the session again; if the thread ends again, run the session in the calling thread to see why',
    { exitCode },
  );
}
