/**
 * Sessions of onnxruntime-node in the calling thread, whose event loop stands still during a run. Used as it is by
 * programs that have nothing else to do (command line, training, benchmarks), and inside the thread of
 * sessionWorker.node.ts. It takes the provider as given: nodeRuntime.node.ts checks it first.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { OnnxModel } from '../graph/onnxProto.js';
import { LOG_FATAL, OrtSession } from './ortSession.js';
import { creationError } from './runtimeErrors.js';
import type { SessionOptions } from './session.js';

/**
 * How long idle threads of a session poll for work before they sleep. ONNX Runtime's default takes the cores from
 * what comes after a run: of two sessions run in turns on two cores, a 60 ms one takes 100 ms. Not polling at all
 * makes graphs of many small operations 1.4 times slower; longer than this is no faster.
 */
const SPIN_MICROSECONDS = 200;

/** @throws SamusError MODEL_INVALID, RUNTIME_OUT_OF_MEMORY */
export async function createInThread(model: OnnxModel, options: SessionOptions = {}): Promise<OrtSession> {
  env.logLevel = 'fatal';
  try {
    const session = await InferenceSession.create(model.bytes, ortOptions(model, options));
    return new OrtSession(session, Tensor, { shared: false, preallocated: true });
  } catch (error) {
    throw creationError(error);
  }
}

function ortOptions(model: OnnxModel, options: SessionOptions): InferenceSession.SessionOptions {
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
        // x86 without 8-bit dot products adds pairs of products in 16 bits, which overflow: there, and only there, this
        // makes signed weights unsigned, for which the kernels are exact and slower.
        x64quantprecision: '1',
        disable_prepacking: options.prepacking === false ? '1' : '0',
        ...(options.weightsFolder === undefined
          ? {}
          : { model_external_initializers_file_folder_path: options.weightsFolder }),
      },
    },
  };
}
