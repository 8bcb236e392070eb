/**
 * One graph of a model as an ONNX file for other programs: standard operators only, the weights inside, and metadata that
 * describes it. Weights above the limit of protobuf go into a second file beside it.
 */
import { toFloat16 } from '../formats/halfFloat.js';
import type { Dim, Shape } from '../graph/dims.js';
import { type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { ModelGraph } from '../models/architecture.js';
import { exportModel } from '../nn/compile.js';
import type { Runtime } from '../runtime/session.js';
import type { ExportDType, ExportFiles } from './options.js';

/** An input or output of an exported graph. A dimension with a name is chosen in each run. */
export interface TensorFact {
  readonly name: string;
  readonly dtype: 'float32' | 'int64';
  readonly shape: Shape;
}

export interface GraphOptions {
  readonly dtype: ExportDType;
  /** Of this program. */
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Protobuf ends at 2 GB, and writing needs several copies of what is inside. */
const MOST_INSIDE = 1e9;
/** Float32 constants of fewer bytes stay as they are in a file of 16 bits: there is little to gain. */
const HALVED_BYTES = 4096;
/** The largest number of 16 bits. */
const HALF_MAX = 65_504;

/**
 * @param file path of the ONNX file in the folder
 * @returns the file, and where the weights are too large for it `FILE_data`
 */
export async function exportGraph(
  runtime: Runtime,
  file: string,
  { outputs, parameters }: ModelGraph,
  weights: StateDict,
  { dtype, version, metadata }: GraphOptions,
): Promise<ExportFiles> {
  const bytes = parameters.reduce((sum, { shape, dtype: type }) => sum + sizeOf(shape) * (type === 'int8' ? 1 : 4), 0);
  const inside = bytes / (dtype === 'float16' ? 2 : 1) <= MOST_INSIDE;
  const model = await exportModel(runtime, outputs, weights, {
    file: {
      producerVersion: version,
      metadata,
      ...(dtype === 'float16' && { smaller: halved }),
      ...(!inside && { weightsFile: `${file.split('/').at(-1)}_data` }),
    },
  });
  const files: ExportFiles = new Map([[file, [model.bytes]]]);
  if (model.external.length > 0) {
    files.set(
      `${file}_data`,
      model.external.map(({ data }) => data),
    );
  }
  return files;
}

/** A large constant in 16 bits, if all its values have a place there. */
function halved(value: TensorData): TensorData | undefined {
  if (value.dtype !== 'float32' || value.data.byteLength < HALVED_BYTES) return undefined;
  return value.data.every((x) => Math.abs(x) <= HALF_MAX) ? toFloat16(value) : undefined;
}

/** The inputs or outputs of a graph. */
export function tensorFacts(tensors: ModelGraph['inputs']): TensorFact[] {
  return Object.entries(tensors).map(([name, { shape, dtype }]) => ({
    name,
    dtype: dtype === 'int64' ? 'int64' : 'float32',
    shape: shape.map((dim): Dim => dim),
  }));
}
