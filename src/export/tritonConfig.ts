/**
 * `config.pbtxt` of the models of a Triton repository: protobuf's text form of `ModelConfig` (model_config.proto).
 */
import type { Dim } from '../graph/dims.js';
import type { TensorFact } from './exportGraph.js';

export interface TritonModel {
  readonly name: string;
  /** Of this program. */
  readonly version: string;
  readonly inputs: readonly TensorFact[];
  readonly outputs: readonly TensorFact[];
  /** Most requests that are answered in one run; 0 if the graph takes one at a time, then shapes are whole. */
  readonly maxBatch: number;
  /** The models that an ensemble asks, in their order. */
  readonly steps?: readonly Pick<TritonModel, 'name' | 'inputs' | 'outputs'>[];
}

export function tritonConfig({ name, version, inputs, outputs, maxBatch, steps }: TritonModel): string {
  const blocks = [
    `name: ${text(name)}`,
    ...(steps ? ['platform: "ensemble"'] : ['backend: "onnxruntime"', 'default_model_filename: "model.onnx"']),
    `max_batch_size: ${maxBatch}`,
    ...inputs.map((fact) => `input ${tensor(fact, maxBatch > 0, !steps)}`),
    ...outputs.map((fact) => `output ${tensor(fact, maxBatch > 0, !steps)}`),
    ...(steps ? [`ensemble_scheduling {\n${indented(steps.map(step).join('\n'))}\n}`] : []),
    // Requests that wait at the same time, with equal shapes, become one run.
    ...(!steps && maxBatch > 0 ? ['dynamic_batching { }'] : []),
    `parameters {\n  key: "samus_version"\n  value { string_value: ${text(version)} }\n}`,
  ];
  return `${blocks.join('\n')}\n`;
}

const TYPES = { float32: 'TYPE_FP32', int64: 'TYPE_INT64' } as const;

/** @param reshaped whether the model itself takes the tensor; an ensemble hands it on as it comes */
function tensor({ name, dtype, shape }: TensorFact, batched: boolean, reshaped: boolean): string {
  const dims = (batched ? shape.slice(1) : shape).map((dim: Dim) => (typeof dim === 'number' ? dim : -1));
  // One number for each request: Triton wants an axis, the graph has none.
  const single = dims.length === 0;
  const lines = [
    `name: ${text(name)}`,
    `data_type: ${TYPES[dtype]}`,
    `dims: [ ${(single ? [1] : dims).join(', ')} ]`,
    ...(single && reshaped ? ['reshape { shape: [ ] }'] : []),
  ];
  return `{\n${indented(lines.join('\n'))}\n}`;
}

/** Each tensor has in the ensemble the name that it has in the models. */
function step({ name, inputs, outputs }: Pick<TritonModel, 'name' | 'inputs' | 'outputs'>): string {
  const map = (field: string, facts: readonly TensorFact[]): string[] =>
    facts.map((fact) => `${field} { key: ${text(fact.name)} value: ${text(fact.name)} }`);
  const lines = [
    `model_name: ${text(name)}`,
    'model_version: -1',
    ...map('input_map', inputs),
    ...map('output_map', outputs),
  ];
  return `step {\n${indented(lines.join('\n'))}\n}`;
}

function text(value: string): string {
  return JSON.stringify(value);
}

function indented(lines: string): string {
  return lines.replace(/^/gm, '  ');
}
