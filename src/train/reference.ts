/**
 * A file of reference tensors and the same tensors computed here: outputs, intermediate results, loss, gradients and running
 * statistics. docs/adding-a-model.md describes the layout. It is here and not with the models because a file can contain a
 * training step.
 */
import { type Json, SamusError } from '../errors.js';
import { toFloat32 } from '../formats/halfFloat.js';
import type { Safetensors } from '../formats/safetensors.js';
import { input, type Tensor } from '../graph/tensor.js';
import { type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { Losses, ModelConfig, ReferenceInput } from '../models/architecture.js';
import { checkConfig, fieldReader } from '../models/configFile.js';
import { checkStateDict } from '../models/model.js';
import { architectureOf, architectures, classesOf } from '../models/registry.js';
import { compile } from '../nn/compile.js';
import { Parameters } from '../nn/parameters.js';
import { takenBy } from '../runtime/ortSession.js';
import type { Runtime } from '../runtime/session.js';
import { gradientName, trainingGraph, updateName } from './gradientGraph.js';

/** Names of weights and results. The others are inputs, or outputs of the model. */
const WEIGHTS = 'weights.';
const RESULTS = /^(weights|act|grad|gradsample|gradnorm|after|loss)(\.|$)/;
/** Results of the training step. */
const TRAINING = /^(grad|gradsample|gradnorm|after|loss)(\.|$)/;
/** `gradsample.NAME` has every 101st element of a large gradient, in row-major order; `gradnorm.NAME` its norm. */
const SAMPLED_EVERY = 101;

export interface ReferenceFile {
  /** As the metadata or the checkpoint names it. */
  readonly model: string;
  readonly config: ModelConfig;
  readonly weights: StateDict;
  readonly tensors: StateDict;
}

export interface Computed {
  /** By the names of the reference file; gradients are whole. */
  readonly tensors: ReadonlyMap<string, TensorData<'float32'>>;
  /** Trained weights that the loss does not depend on. */
  readonly withoutGradient: readonly string[];
}

/** A tensor of the reference file beside the computed one. */
export interface Difference {
  readonly name: string;
  /** Norm of the difference divided by the norm of the reference; 1 where only the reference is zero. */
  readonly rel_l2: number;
  readonly max_abs: number;
}

/**
 * The model of a reference file with its weights.
 * @param given weights instead of those in the file; its sizes count where the metadata names no model that is known
 * @throws SamusError REFERENCE_MODEL, REFERENCE_CONFIG, CONFIG_FIELD, REFERENCE_TENSOR, and what checkStateDict throws
 */
export function openReference(
  { tensors, metadata }: Safetensors,
  given?: { readonly name: string; readonly config: ModelConfig; readonly tensors: StateDict },
): ReferenceFile {
  const model = metadata.get('model');
  const found = architectures().find(({ reference }) => model !== undefined && reference?.models.includes(model));
  if (given && !found) return { model: given.name, config: given.config, weights: given.tensors, tensors };
  if (model === undefined || !found?.reference) {
    const known = architectures().flatMap(({ reference }) => reference?.models ?? []);
    const message = `expected "model" in the metadata to be one of ${known.join(', ')}, got ${model ?? 'none'}`;
    throw new SamusError('REFERENCE_MODEL', message, 'use a file of a model that is known, or add --weights', {
      model: model ?? null,
    });
  }
  const weights =
    given?.tensors ??
    new Map(
      [...tensors].flatMap(([name, tensor]): [string, TensorData][] =>
        name.startsWith(WEIGHTS) ? [[name.slice(WEIGHTS.length), tensor]] : [],
      ),
    );
  const fields = configFields(metadata.get('config'));
  const config = found.reference.config(
    fieldReader((name) => fields.get(name)),
    new Map([...tensors, ...[...weights].map(([name, tensor]) => [WEIGHTS + name, tensor] as const)]),
    model,
  );
  checkConfig(config);
  return { model, config, weights: checkStateDict(config, weights).tensors, tensors };
}

function configFields(text: string | undefined): Map<string, Json> {
  try {
    const json: Json = JSON.parse(text ?? '');
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return new Map(Object.entries(json));
  } catch {
    // Reported below.
  }
  const message = `expected a JSON object as "config" in the metadata, got ${text === undefined ? 'none' : 'other text'}`;
  throw new SamusError('REFERENCE_CONFIG', message, 'write the sizes of the model into the metadata');
}

/** Computes everything that the file contains. @throws SamusError REFERENCE_TENSOR, and what graphs and sessions throw */
export async function computeReference(runtime: Runtime, file: ReferenceFile): Promise<Computed> {
  const names = [...file.tensors.keys()];
  const outputs = await forward(runtime, file);
  if (!names.some((name) => TRAINING.test(name))) return { tensors: shapedAs(file, outputs), withoutGradient: [] };
  const step = await trainingStep(runtime, file);
  return { tensors: shapedAs(file, [...outputs, ...step.tensors]), withoutGradient: step.withoutGradient };
}

/** Results with the shapes of the file: the rows of a matrix here can be the tokens of an image, [B, H, W, C], there. */
function shapedAs({ tensors }: ReferenceFile, results: Named): Map<string, TensorData<'float32'>> {
  return new Map(
    results.map(([name, result]) => {
      const shape = tensors.get(name)?.shape;
      return [name, shape && sizeOf(shape) === result.data.length ? { ...result, shape } : result];
    }),
  );
}

type Named = readonly (readonly [string, TensorData<'float32'>])[];

/** Outputs and intermediate results in inference. */
async function forward(runtime: Runtime, { config, weights, tensors }: ReferenceFile): Promise<Named> {
  const parameters = new Parameters();
  const { given, feeds } = inputsOf(tensors);
  const outputs = outputsOf(parameters, config, given);
  const marks = [...parameters.marks].map(([label, tensor]) => [`act.${label}`, tensor] as const);
  return runOnce(runtime, { ...outputs, ...Object.fromEntries(marks) }, weights, feeds);
}

/** Loss, gradients and running statistics of one step, without dropout. */
async function trainingStep(runtime: Runtime, { config, weights, tensors }: ReferenceFile) {
  const parameters = new Parameters({ mode: 'train', dropout: false });
  const { given, feeds } = inputsOf(tensors);
  const { published, reference } = architectureOf(config);
  const isTrained = (name: string): boolean => published.isTrained(config, name);
  const scalars = lossesOf(parameters, config, given);
  const graph = trainingGraph(scalars, parameters, isTrained);
  const moving = new Set([...graph.trained, ...graph.buffers].map(({ name }) => name));
  const [fed, fixed] = [true, false].map((moves) => [...weights].filter(([name]) => moving.has(name) === moves));
  const results = new Map(
    await runOnce(runtime, graph.outputs, new Map(fixed), { ...feeds, ...Object.fromEntries(fed ?? []) }),
  );
  const renamed = (from: string, to: string): Named => {
    const tensor = results.get(from);
    return tensor ? [[to, tensor]] : [];
  };
  const reached = new Set(graph.trained.map(({ name }) => name));
  return {
    tensors: [
      ...Object.keys(scalars).flatMap((name) => renamed(name, name === 'loss' ? name : `loss.${name}`)),
      ...graph.trained.flatMap(({ name }) => renamed(gradientName(name), `grad.${name}`)),
      ...graph.buffers.flatMap(({ name }) => renamed(updateName(name), `after.${name}`)),
      ...graph.parameters.flatMap(({ name, buffer, unused }): Named => {
        const kept = weights.get(name);
        return buffer && unused && kept?.dtype === 'float32' ? [[`after.${name}`, toFloat32(kept)]] : [];
      }),
    ],
    withoutGradient: graph.parameters
      .filter(
        ({ name, buffer }) => !buffer && (reference?.isStopped?.(name) || (isTrained(name) && !reached.has(name))),
      )
      .map(({ name }) => name),
  };
}

function outputsOf(p: Parameters, config: ModelConfig, given: ReferenceInput): Readonly<Record<string, Tensor>> {
  const architecture = architectureOf(config);
  if (architecture.reference?.outputs) return architecture.reference.outputs(p, config, given);
  return { output: classesOf(config).forward(p, config, given('input')).logits };
}

function lossesOf(p: Parameters, config: ModelConfig, given: ReferenceInput): Losses {
  const architecture = architectureOf(config);
  if (architecture.reference?.losses) return architecture.reference.losses(p, config, given);
  const network = classesOf(config);
  return network.published.loss(network.forward(p, config, given('input')), given('target'));
}

async function runOnce(
  runtime: Runtime,
  outputs: Readonly<Record<string, Tensor>>,
  weights: StateDict,
  feeds: Readonly<Record<string, TensorData>>,
): Promise<Named> {
  const session = await compile(runtime, outputs, weights);
  try {
    const results = await session.run(takenBy(session, feeds));
    return Object.entries(results).flatMap(
      ([name, tensor]): Named => (tensor.dtype === 'float32' ? [[name, tensor]] : []),
    );
  } finally {
    await session.dispose();
  }
}

/** What is fed: everything that is neither a weight nor a result. */
function inputsOf(tensors: StateDict): {
  readonly given: ReferenceInput;
  readonly feeds: Readonly<Record<string, TensorData>>;
} {
  const inputs = [...tensors].filter(([name]) => !RESULTS.test(name));
  const symbols = new Map(inputs.map(([name, { shape }]) => [name, input(name, shape)]));
  return {
    feeds: Object.fromEntries(inputs.map(([name, tensor]) => [name, toFloat32(tensor)])),
    given(name) {
      const symbol = symbols.get(name);
      if (symbol) return symbol;
      const names = [...symbols.keys()];
      const message = `expected a tensor ${name} in the file, got ${names.join(', ') || 'weights and results only'}`;
      throw new SamusError('REFERENCE_TENSOR', message, 'write the file again with all inputs of the model');
    },
  };
}

/** The results in the file beside the computed ones, in the order of the file, and those that were not computed. */
export function compareReference(
  { tensors }: ReferenceFile,
  computed: Computed,
): { readonly differences: readonly Difference[]; readonly missing: readonly string[] } {
  const differences: Difference[] = [];
  const missing: string[] = [];
  for (const [name, tensor] of tensors) {
    const found = lookedUp(computed, name);
    if (found) differences.push(difference(name, found, toFloat32(tensor).data));
    else if (RESULTS.test(name) && !name.startsWith(WEIGHTS)) missing.push(name);
  }
  return { differences, missing };
}

/** A computed tensor by the name of a file, which may have a sample of a gradient or its norm. */
function lookedUp({ tensors }: Computed, name: string): Float32Array | undefined {
  const plain = tensors.get(name);
  if (plain) return plain.data;
  const [, kind, weight] = /^grad(sample|norm)\.(.*)$/.exec(name) ?? [];
  const gradient = tensors.get(`grad.${weight}`)?.data;
  if (!gradient) return undefined;
  return kind === 'norm' ? Float32Array.of(norm(gradient)) : gradient.filter((_, i) => i % SAMPLED_EVERY === 0);
}

/** @throws SamusError REFERENCE_TENSOR if the numbers of elements differ */
function difference(name: string, found: Float32Array, expected: Float32Array): Difference {
  if (found.length !== expected.length) {
    const message = `expected ${name} to have ${found.length} elements as in the model, got ${expected.length}`;
    throw new SamusError('REFERENCE_TENSOR', message, 'check the sizes in the metadata of the file');
  }
  const apart = expected.map((value, i) => found[i]! - value);
  const [error, size] = [norm(apart), norm(expected)];
  const largest = apart.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { name, rel_l2: error === 0 ? 0 : size === 0 ? 1 : error / size, max_abs: largest };
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
