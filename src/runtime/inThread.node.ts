/**
 * Sessions of onnxruntime-node in the calling thread. A run blocks its event loop, so programs that only compute
 * (command line, training, benchmarks) use them directly, and sessionWorker.node.ts uses them in a worker thread.
 * nodeRuntime.node.ts checks beforehand that the provider is available.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { OnnxModel } from '../graph/onnxProto.js';
import { LOG_FATAL, OrtSession } from './ortSession.js';
import { isInt8Exact } from './probeModels.js';
import { creationError } from './runtimeErrors.js';
import type { SessionOptions } from './session.js';

/**
 * How long idle threads of a session poll for work before they sleep. With ONNX Runtime's default they take the cores
 * from the next task: of two sessions run in turn on two cores, a 60 ms run takes 100 ms. Without polling, graphs of many
 * small operations are 1.4 times slower; polling longer than this is no faster.
 */
const SPIN_MICROSECONDS = 200;

/** How kernels get 8-bit weights: signed as stored, or converted to unsigned when the session is created. */
type Int8Weights = 'signed' | 'unsigned';

/** @throws SamusError MODEL_INVALID, RUNTIME_OUT_OF_MEMORY */
export async function createInThread(model: OnnxModel, options: SessionOptions = {}): Promise<OrtSession> {
  return create(model, options, (await hasInt8Products()) ? 'signed' : 'unsigned');
}

let int8Products: Promise<boolean> | undefined;

/**
 * Whether the CPU multiplies signed 8-bit weights exactly, as CPUs with 8-bit dot products do (VNNI on x86). On those the
 * kernels for signed weights are the fastest; on others the weights must be unsigned. Tested once per thread.
 */
export function hasInt8Products(): Promise<boolean> {
  int8Products ??= isInt8Exact(async (model, feeds) => {
    const session = await create(model, { threads: 1 }, 'signed');
    const { y } = await session.run(feeds);
    await session.dispose();
    return y;
  }).catch(() => false);
  return int8Products;
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
