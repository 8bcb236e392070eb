/**
 * ONNX Runtime on Node: the CPU by default, other providers if the machine has them. By default each session runs in its
 * own thread, so that an interrupt and the display of progress need not wait; programs that only compute (training,
 * benchmarks, the server's inference threads) run them in the calling thread.
 */
import { readFileSync } from 'node:fs';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { SamusError } from '../errors.js';
import type { OnnxModel } from '../graph/onnxProto.js';
import { LOG_FATAL, OrtSession } from './ortSession.js';
import { isInt8Exact, tinyModel } from './probeModels.js';
import { listProviders, probeProvider } from './providers.node.js';
import { creationError, providerError } from './runtimeErrors.js';
import type { Runtime, Session, SessionOptions } from './session.js';
import { createInWorker } from './workerSession.node.js';

/**
 * How long idle threads of a session poll for work before they sleep. With ONNX Runtime's default they take the cores
 * from the next task: of two sessions run in turn on two cores, a 60 ms run takes 100 ms. Without polling, graphs of many
 * small operations are 1.4 times slower; polling longer than this is no faster.
 */
const SPIN_MICROSECONDS = 200;

export interface NodeRuntimeOptions {
  /**
   * Whether sessions run in their own threads; default true. With false, a run blocks the event loop and nothing is
   * copied between threads, which suits programs that only compute.
   */
  readonly worker?: boolean;
  /** For sessions that do not say otherwise. */
  readonly defaults?: SessionOptions;
}

let safe: Promise<void> | undefined;

/** Resolves once this process can create sessions. */
function sessionsAreSafe(): Promise<void> {
  safe ??= surviveLongCommandLine();
  return safe;
}

/** Finds out what threads that create sessions of 8-bit models need to know. To be called before they start. */
export async function prepareInt8Threads(): Promise<void> {
  await sessionsAreSafe();
  await hasInt8Products();
}

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
      await sessionsAreSafe();
      if (!worker) return createInThread(model, chosen);
      // Here, so that the session's thread need not find it out.
      if (model.int8 !== false) await hasInt8Products();
      return createInWorker(model, chosen);
    },
  };
}

/** How kernels get 8-bit weights: signed as stored, or converted to unsigned when the session is created. */
type Int8Weights = 'signed' | 'unsigned';

/** @throws SamusError MODEL_INVALID, RUNTIME_OUT_OF_MEMORY */
export async function createInThread(model: OnnxModel, options: SessionOptions = {}): Promise<OrtSession> {
  return create(model, options, model.int8 !== false && (await hasInt8Products()) ? 'signed' : 'unsigned');
}

/** Where a thread leaves its answer for the threads that it starts afterwards. */
const INT8_PRODUCTS = 'samus: int8 products';

let int8Products: Promise<boolean> | undefined;

/**
 * Whether the CPU multiplies signed 8-bit weights exactly, as CPUs with 8-bit dot products do (VNNI on x86). On those the
 * kernels for signed weights are the fastest; on others the weights must be unsigned. Tested once per process
 * and before its threads start, which then know the answer.
 */
export function hasInt8Products(): Promise<boolean> {
  int8Products ??= findInt8Products();
  return int8Products;
}

async function findInt8Products(): Promise<boolean> {
  const known = getEnvironmentData(INT8_PRODUCTS);
  if (typeof known === 'boolean') return known;
  const found = await isInt8Exact(async (model, feeds) => {
    const session = await create(model, { threads: 1 }, 'signed');
    const { y } = await session.run(feeds);
    await session.dispose();
    return y;
  }).catch(() => false);
  setEnvironmentData(INT8_PRODUCTS, found);
  return found;
}

async function create(model: OnnxModel, options: SessionOptions, weights: Int8Weights): Promise<OrtSession> {
  env.logLevel = 'fatal';
  try {
    const session = await InferenceSession.create(model.bytes, ortOptions(model, options, weights));
    return new OrtSession(session, Tensor, { shared: false, preallocated: true });
  } catch (error) {
    throw creationError(error);
  }
}

function ortOptions(model: OnnxModel, options: SessionOptions, weights: Int8Weights): InferenceSession.SessionOptions {
  return {
    executionProviders: [options.provider ?? 'cpu'],
    graphOptimizationLevel: options.graphOptimization ?? 'all',
    logSeverityLevel: LOG_FATAL,
    externalData: model.external,
    enableMemPattern: options.memoryPattern ?? true,
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
    ...(options.optimizedModelPath === undefined ? {} : { optimizedModelFilePath: options.optimizedModelPath }),
    extra: {
      session: {
        intra_op: { spin_duration_us: String(SPIN_MICROSECONDS) },
        // Exact on every CPU, but 1.6 times slower on those that do not need it.
        x64quantprecision: weights === 'unsigned' ? '1' : '0',
        disable_prepacking: options.prepacking === false ? '1' : '0',
        ...(options.weightsFolder === undefined
          ? {}
          : { model_external_initializers_file_folder_path: options.weightsFolder }),
      },
    },
  };
}

/** Up to this length the default stacks of all threads suffice. */
const SAFE_BYTES = 4000;

/** Measured: 280 to 300 bytes of stack for each byte of the command line. Stack that is not used takes no memory. */
const STACK_PER_BYTE = 400;

/** For everything else that creating a session does. */
const STACK_MARGIN_MB = 16;

/**
 * Resolves once all threads of the process can create sessions. Once in a process is enough.
 *
 * ONNX Runtime 1.30 reads /proc/self/cmdline when a process creates its first session, and recurses once per byte. A
 * command line of 14 kB overflows the stack of a worker thread, one of 20 to 40 kB that of the main thread, and the
 * process dies without a message. Later sessions do not read it again, so creating the first session in a thread with a
 * large stack makes all others safe.
 * @param length of the command line in bytes
 * @throws SamusError COMMAND_LINE_TOO_LONG if the machine has no room for the stack
 */
export async function surviveLongCommandLine(length = commandLineLength()): Promise<void> {
  if (length <= SAFE_BYTES) return;
  const stackMb = STACK_MARGIN_MB + Math.ceil((length * STACK_PER_BYTE) / 2 ** 20);
  try {
    const session = await createInWorker(tinyModel(), {}, { stackMb });
    await session.dispose();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SamusError(
      'COMMAND_LINE_TOO_LONG',
      `expected a command line for which a thread with ${stackMb} MB of stack can start, got ${length} bytes: ${reason}`,
      'name a folder in place of its files, and give prompts in a file (--prompts FILE)',
      { bytes: length, stackMb },
    );
  }
}

/** 0 on systems without /proc: ONNX Runtime reads the command line on Linux only. */
function commandLineLength(): number {
  try {
    return readFileSync('/proc/self/cmdline').byteLength;
  } catch {
    return 0;
  }
}
