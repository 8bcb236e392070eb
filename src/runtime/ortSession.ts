/**
 * A session of ONNX Runtime behind the project's interface, in the calling thread. The two JavaScript packages of ONNX
 * Runtime share one interface but accept different kinds of memory, described by `memory`. nodeRuntime.node.ts and
 * webRuntime.ts choose providers and session options.
 */
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';
import type { TensorData } from '../graph/tensorData.js';
import { disposedError, feedsError, runError } from './runtimeErrors.js';
import type { RunOptions, Session } from './session.js';
import { copyInto, fromOrt, isShared, toOrt, unshare } from './tensorMemory.js';

export interface OrtMemory {
  /** Whether tensors over a SharedArrayBuffer are accepted. */
  readonly shared: boolean;
  /** Whether outputs can be written directly into given tensors; if not, they are copied afterwards. */
  readonly preallocated: boolean;
}

/**
 * ONNX Runtime's log level for fatal messages only. Its errors are thrown anyway, and in the log they would quote values
 * of tensors. Sessions and runs have separate levels.
 */
export const LOG_FATAL = 4;

/**
 * Runs asynchronous work one piece at a time, in order. ONNX Runtime's sessions on the web reject overlapping runs, and a
 * session must not be freed during a run.
 */
export class SerialQueue {
  private tail: Promise<unknown> = Promise.resolve();

  /** The result of `work`, which starts when all work added earlier has ended or failed. */
  add<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => undefined);
    return result;
  }
}

type Feeds = Readonly<Record<string, TensorData>>;

export class OrtSession implements Session {
  private readonly queue = new SerialQueue();
  private disposed = false;

  constructor(
    private readonly session: InferenceSession,
    private readonly TensorClass: TensorConstructor,
    private readonly memory: OrtMemory,
  ) {}

  get inputs(): readonly string[] {
    return this.session.inputNames;
  }

  get outputs(): readonly string[] {
    return this.session.outputNames;
  }

  async run(feeds: Feeds, options: RunOptions = {}): Promise<Record<string, TensorData>> {
    if (this.disposed) throw disposedError();
    checkNames(this, feeds, options);
    return this.queue.add(() => this.runNow(feeds, options));
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.queue.add(() => this.session.release());
  }

  private async runNow(feeds: Feeds, options: RunOptions): Promise<Record<string, TensorData>> {
    const into = options.into ?? {};
    const given: Record<string, Tensor> = {};
    for (const name of this.inputs) given[name] = this.give(feeds[name]!);
    const fetches: Record<string, Tensor | null> = {};
    for (const name of options.fetches ?? this.outputs) {
      const target = into[name];
      fetches[name] = target && this.writesInto(target) ? toOrt(this.TensorClass, target) : null;
    }
    const results = await this.session.run(given, fetches, { logSeverityLevel: LOG_FATAL }).catch((error: unknown) => {
      throw runError(error);
    });
    const named: Record<string, TensorData> = {};
    for (const [name, written] of Object.entries(fetches)) {
      const target = into[name];
      if (target && !written) copyInto(target, fromOrt(results[name]!), name);
      named[name] = target ?? fromOrt(results[name]!);
    }
    return named;
  }

  private give(tensor: TensorData): Tensor {
    return toOrt(this.TensorClass, !this.memory.shared && isShared(tensor) ? unshare(tensor) : tensor);
  }

  private writesInto(target: TensorData): boolean {
    return this.memory.preallocated && !isShared(target);
  }
}

/** Those of the tensors that a session takes: a graph has no input for what its outputs do not depend on. */
export function takenBy<T>(
  { inputs }: Pick<Session, 'inputs'>,
  tensors: Readonly<Record<string, T>>,
): Record<string, T> {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => inputs.includes(name)));
}

/** @throws SamusError RUNTIME_FEEDS for a missing input, or a name that the model does not have */
export function checkNames(session: Session, feeds: Feeds, options: RunOptions): void {
  const missing = session.inputs.filter((name) => !Object.hasOwn(feeds, name));
  if (missing.length > 0) throw feedsError(`missing input ${missing.join(', ')}`);
  const strange = Object.keys(feeds).filter((name) => !session.inputs.includes(name));
  if (strange.length > 0) throw feedsError(`unknown input ${strange.join(', ')}`);
  const asked = [...(options.fetches ?? []), ...Object.keys(options.into ?? {})];
  const unknown = asked.filter((name) => !session.outputs.includes(name));
  if (unknown.length > 0) throw feedsError(`unknown output ${unknown.join(', ')}`);
}
