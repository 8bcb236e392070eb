/**
 * The work of one measured process: sets up one case (the encoder, the decoder or a training step of a model, an ONNX file
 * from elsewhere, a matrix product) and runs it on request. Weights are random; no result depends on their values. plan.ts
 * and turns.ts, in another process, decide what runs and when.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { float32, type StateDict, sizeOf, type TensorData } from '#dist/graph/tensorData.js';
import type { ModelConfig, ModelGraph } from '#dist/models/architecture.js';
import { decoderGraph, encoderGraph, inputShape } from '#dist/models/graphs.js';
import { inputDims, modelLogits, POINT_LABEL } from '#dist/models/imageFrame.js';
import { quantise } from '#dist/models/quantise.js';
import { isTrainable, promptedOf } from '#dist/models/registry.js';
import { SAM_VIT_B, type SamConfig } from '#dist/models/sam/config.js';
import { SAMUS_B, SAMUS_S, type SamusConfig } from '#dist/models/samus/config.js';
import { compile } from '#dist/nn/compile.js';
import { initialise, type ParameterInfo } from '#dist/nn/parameters.js';
import { Random } from '#dist/nn/random.js';
import { bundledModels, loadModel } from '#dist/predict/loadModel.node.js';
import { matmulRate } from '#dist/runtime/matmulRate.js';
import { hasInt8Products, nodeRuntime } from '#dist/runtime/nodeRuntime.node.js';
import type { Runtime } from '#dist/runtime/session.js';
import { mappingRuntime, moveToFile } from '#dist/train/frozenFile.node.js';
import { gradientGraph, targetSide } from '#dist/train/gradientGraph.js';
import { ADAM } from '#dist/train/optimizer.js';
import { frozenOf, Stepper } from '#dist/train/stepper.js';
import { realGflop } from './realWork.js';

/** A case that is ready to run. */
export interface Case {
  /** Numbers known before the first run. */
  readonly facts: Readonly<Record<string, number>>;
  /** @returns numbers of this run; without `ms`, the time of the call counts */
  run(): Promise<Readonly<Record<string, number>>>;
}

/** The small SAMUS. A checkout without its weights measures random ones of the same configuration. */
const BUNDLED = 'samus-s';

const LEARNING_RATE = 5e-4;

const runtime: Runtime = nodeRuntime({ worker: false });

/**
 * @param kind `matmul`, `encode`, `decode`, `train` or `file`
 * @param subject the model for `encode`, `decode` and `train`; for `file` the path of an ONNX encoder of SAMUS
 */
export async function prepareCase(kind: string, subject: string, threads: number): Promise<Case> {
  switch (kind) {
    case 'matmul':
      return matmul(threads);
    case 'encode':
      return encode(subject, threads);
    case 'decode':
      return decode(subject, threads);
    case 'train':
      return train(configOf(subject), threads);
    case 'file':
      return encodeByFile(subject, threads);
    default:
      throw new Error(`unknown case ${kind}`);
  }
}

async function matmul(threads: number): Promise<Case> {
  return {
    facts: {},
    async run() {
      const { gflops, milliseconds } = await matmulRate(runtime, { threads }, 4);
      return { ms: milliseconds, gflops };
    },
  };
}

async function encode(model: string, threads: number): Promise<Case> {
  const { session, config, sessionMs } = await open(model, encoderGraph, threads);
  const image = noise([1, ...inputDims(inputShape(config))]);
  const run = async () => {
    await session.run({ image });
    return {};
  };
  const kernel = model.endsWith('_int8') ? { int8_products: Number(await hasInt8Products()) } : {};
  return { facts: { session_ms: sessionMs, gflop: realGflop(configOf(model)), ...kernel }, run };
}

/** One click: prompt encoder, decoder, and the first mask at the size of the model's input. */
async function decode(model: string, threads: number): Promise<Case> {
  const { session, config, sessionMs } = await open(model, decoderGraph, threads);
  const { embedding: shape, lowRes } = promptedOf(config).shapes(config);
  const embedding = noise([1, ...shape]);
  const run = async () => {
    const results = await session.run({ image_embeddings: embedding, ...click(config) });
    const masks = results.low_res_masks;
    if (masks?.dtype !== 'float32') throw new Error('the decoder returned no masks');
    const logits = modelLogits(config, masks.data.subarray(0, lowRes ** 2));
    if (logits.length !== config.imageSize ** 2) throw new Error('the mask and the image differ in size');
    return {};
  };
  return { facts: { session_ms: sessionMs }, run };
}

/**
 * A step of the published recipe on one image, as in the trainer: gradients by a graph, Adam in JavaScript, frozen weights
 * in files. All weights of
 * SAM are trained, because the publication compares the memory of SAMUS with that.
 */
async function train(config: ModelConfig, threads: number): Promise<Case> {
  const recipe = { kind: 'published' } as const;
  const isTrained = (name: string) => config === SAM_VIT_B || isTrainable(config, name);
  const graph = gradientGraph({ config, batch: 1, points: 2, isTrained, recipe });
  const weights = randomWeights(graph.parameters);
  const started = performance.now();
  const optimizer = { rule: { kind: 'adam', ...ADAM } as const, clip: null, ema: null, rateOf: () => 1 };
  const folder = await mkdtemp(join(tmpdir(), 'samus-bench-'));
  const frozen = await moveToFile(frozenOf(graph, weights), folder);
  for (const [name, tensor] of frozen.tensors) weights.set(name, tensor);
  const stepper = await Stepper.create(
    mappingRuntime(runtime, folder),
    graph,
    weights,
    { threads },
    { optimizer, seed: 1 },
  );
  await rm(folder, { recursive: true });
  const sessionMs = performance.now() - started;
  const side = targetSide(config, recipe);
  const feeds = {
    image: noise([1, ...inputDims(inputShape(config))]),
    target: float32(
      Float32Array.from({ length: side * side }, (_, i) => (isInside(i, side) ? 1 : 0)),
      [1, 1, side, side],
    ),
    ...click(config),
  };
  const run = async () => {
    const { loss = Number.NaN } = await stepper.run(feeds);
    if (!Number.isFinite(loss)) throw new Error(`the loss was ${loss}`);
    stepper.update(LEARNING_RATE, stepper.norm());
    return {};
  };
  return { facts: { session_ms: sessionMs }, run };
}

/** An ONNX file from reference.py, with weights inside or beside it, on the same build of ONNX Runtime. */
async function encodeByFile(path: string, threads: number): Promise<Case> {
  const started = performance.now();
  const model = { bytes: await readFile(path), external: [] };
  const session = await runtime.createSession(model, { threads, weightsFolder: dirname(path) });
  const sessionMs = performance.now() - started;
  const image = noise([1, 1, SAMUS_B.imageSize, SAMUS_B.imageSize]);
  const run = async () => {
    await session.run({ image });
    return {};
  };
  return { facts: { session_ms: sessionMs }, run };
}

/**
 * The session of one part of a model, and the time to create it from weights in memory. The weights are released
 * afterwards, as in the Segmenter.
 */
async function open(name: string, part: (config: ModelConfig) => ModelGraph, threads: number) {
  const { config, tensors } = await modelOf(name, part);
  const started = performance.now();
  const session = await compile(runtime, part(config).outputs, tensors, { threads });
  return { session, config, sessionMs: performance.now() - started };
}

async function modelOf(
  name: string,
  part: (config: ModelConfig) => ModelGraph,
): Promise<{ config: ModelConfig; tensors: StateDict }> {
  if (name === 'samus_s' && (await bundledModels()).includes(BUNDLED)) return loadModel(BUNDLED);
  const config = configOf(name);
  const tensors = randomWeights(part(config).parameters);
  return name.endsWith('_int8') ? quantise(config, tensors) : { config, tensors };
}

function configOf(name: string): SamConfig | SamusConfig {
  switch (name) {
    case 'samus_b':
    case 'samus_b_int8':
      return SAMUS_B;
    case 'samus_s':
      return SAMUS_S;
    case 'sam_b':
      return SAM_VIT_B;
    default:
      throw new Error(`unknown model ${name}`);
  }
}

/** Random weights, also for position tables: those start at zero, but trained ones are not zero. */
function randomWeights(parameters: readonly ParameterInfo[]): Map<string, TensorData> {
  const filled = parameters.map((parameter): ParameterInfo => {
    const { initialisation } = parameter;
    const zero = initialisation.kind === 'constant' && initialisation.value === 0;
    return zero ? { ...parameter, initialisation: { kind: 'uniform', bound: 0.02 } } : parameter;
  });
  const drawn = initialise(filled, Random.seeded(1));
  return new Map([...drawn].flatMap(([name, tensor]) => (tensor.dtype === 'float32' ? [[name, tensor]] : [])));
}

function noise(shape: readonly number[]): TensorData<'float32'> {
  const random = Random.seeded(2);
  return float32(
    Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(0, 1)),
    shape,
  );
}

/** A click and SAM's padding point, without a mask prompt. */
function click(config: ModelConfig) {
  const { imageSize } = config;
  const { lowRes } = promptedOf(config).shapes(config);
  return {
    point_coords: float32([0.47 * imageSize, 0.38 * imageSize, 0, 0], [1, 2, 2]),
    point_labels: float32([POINT_LABEL.foreground, POINT_LABEL.notAPoint], [1, 2]),
    mask_input: float32(new Float32Array(lowRes ** 2), [1, 1, lowRes, lowRes]),
    has_mask_input: float32([0], [1]),
  };
}

/** Whether a pixel is in the rectangle that reference.py uses, too. */
function isInside(index: number, side: number): boolean {
  const [y, x] = [Math.floor(index / side) / side, (index % side) / side];
  return y >= 0.31 && y < 0.7 && x >= 0.23 && x < 0.78;
}
