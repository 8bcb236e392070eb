/**
 * One training step on any runtime, browsers included: runs the graph on batches, sums their gradients, and updates
 * weights and buffers. It does not read batches, choose rates or write checkpoints.
 *
 * Trained weights and buffers are fed at each run; all other weights are constants in the graph. The gradients of a run
 * replace those of the run before: memory given to ONNX Runtime's Node binding would be filled, and then copied anyway.
 */
import { asFloat32, float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import { exportModel } from '../nn/compile.js';
import type { NoiseInput, ParameterInfo } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import { takenBy } from '../runtime/ortSession.js';
import type { Runtime, Session, SessionOptions } from '../runtime/session.js';
import { copyInto, unshare } from '../runtime/tensorMemory.js';
import { type GradientGraph, gradientName, updateName } from './gradientGraph.js';
import { freshStates, globalNorm, Optimizer, type OptimizerOptions, type WeightState } from './optimizer.js';

export type Scalars = Readonly<Record<string, number>>;
type Feeds = Readonly<Record<string, TensorData>>;

export interface StepperOptions {
  readonly optimizer: OptimizerOptions;
  /** Seed of the random numbers that the graph takes. */
  readonly seed: number;
  /** Batches whose gradients are averaged for one step. Default 1. */
  readonly accumulate?: number;
  /** Steps made before. Default 0. */
  readonly step?: number;
  /** Optimizer state of the weights. Default: new. */
  readonly states?: ReadonlyMap<string, WeightState>;
}

/** Separates the random numbers of layers from those of samples, seeded by (seed, epoch, index). */
const LAYER_STREAM = 0x4c61;

type Steps = Pick<GradientGraph, 'trained' | 'buffers' | 'noise'>;

export class Stepper {
  readonly #session: Session;
  readonly #graph: Steps;
  readonly #frozen: StateDict;
  readonly #optimizer: Optimizer;
  readonly #seed: number;
  readonly #accumulate: number;
  /** Buffers after the last complete step, and after the runs of the current one. */
  readonly #buffers: ReadonlyMap<string, TensorData>;
  readonly #pending: ReadonlyMap<string, TensorData>;
  readonly #feeds: Feeds;
  readonly #noise: ReadonlyMap<NoiseInput, Float32Array>;
  readonly #into: Feeds;
  /** Gradients of the last run, and their mean over the runs of a step; one map if a step is one run. */
  readonly #last = new Map<string, Float32Array>();
  readonly #gradients: ReadonlyMap<string, Float32Array>;
  #step: number;
  #runs = 0;

  /**
   * @param session of the graph
   * @param weights of the whole model; trained ones are used without copying
   */
  constructor(session: Session, graph: Steps, weights: StateDict, options: StepperOptions) {
    const { accumulate = 1, step = 0, optimizer, seed } = options;
    const { trained, buffers, noise } = graph;
    this.#session = session;
    // Not the whole graph: its tensors take memory and are no longer needed.
    this.#graph = { trained, buffers, noise };
    this.#seed = seed;
    this.#accumulate = accumulate;
    this.#step = step;
    const states = options.states ?? freshStates(floats(trained, weights), optimizer.ema !== null);
    this.#optimizer = new Optimizer(states, optimizer, step);
    this.#frozen = frozenOf(graph, weights);
    this.#buffers = new Map(buffers.map(({ name }) => [name, unshare(weights.get(name)!)]));
    this.#pending = new Map(buffers.map(({ name }) => [name, unshare(weights.get(name)!)]));
    const random = noise.map((input) => [input, float32(new Float32Array(sizeOf(input.shape)), input.shape)] as const);
    this.#noise = new Map(random.map(([input, { data }]) => [input, data]));
    this.#feeds = {
      ...Object.fromEntries(trained.map(({ name, shape }) => [name, float32(states.get(name)!.weight, shape)])),
      ...Object.fromEntries(this.#pending),
      ...Object.fromEntries(random.map(([{ name }, tensor]) => [name, tensor])),
    };
    this.#gradients =
      accumulate > 1 ? new Map(trained.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))])) : this.#last;
    this.#into = Object.fromEntries([...this.#pending].map(([name, tensor]) => [updateName(name), unshare(tensor)]));
  }

  /**
   * Creates a stepper together with its session.
   * @param weights as for the constructor
   * @param compute threads and provider
   */
  static async create(
    runtime: Runtime,
    graph: GradientGraph,
    weights: StateDict,
    compute: Pick<SessionOptions, 'threads' | 'provider'>,
    options: StepperOptions,
  ): Promise<Stepper> {
    const { openShapes } = graph;
    const model = await exportModel(runtime, graph.outputs, frozenOf(graph, weights), { openShapes });
    const session = await runtime.createSession(model, { ...compute, memoryPattern: false, prepacking: false });
    return new Stepper(session, graph, weights, options);
  }

  /** Optimizer state of each trained weight. */
  get states(): ReadonlyMap<string, WeightState> {
    return this.#optimizer.states;
  }

  /** Gradients of the step so far, by weight name; valid until the next run. */
  get gradients(): ReadonlyMap<string, Float32Array> {
    return this.#gradients;
  }

  /**
   * All weights of the model after the last complete step. With a running mean, the mean replaces the weight; buffers have
   * no mean.
   */
  weights(): Map<string, TensorData> {
    const tensors = new Map([...this.#frozen, ...this.#buffers]);
    for (const { name, shape } of this.#graph.trained) {
      const { weight, mean } = this.states.get(name)!;
      tensors.set(name, float32(mean ?? weight, shape));
    }
    return tensors;
  }

  /**
   * Computes loss and gradients of the next batch of a step.
   * @param feeds inputs of the graph without weights; unknown ones are ignored
   * @returns the scalar outputs by name, including `loss`
   */
  async run(feeds: Feeds): Promise<Scalars> {
    if (this.#runs === 0) this.#begin();
    this.#draw();
    // Otherwise they would be in memory together with the new ones.
    this.#last.clear();
    const taken = takenBy(this.#session, { ...feeds, ...this.#feeds });
    const results = await this.#session.run(taken, { into: this.#into });
    for (const [name, buffer] of this.#pending) copyInto(buffer, this.#into[updateName(name)]!, name);
    for (const { name } of this.#graph.trained) this.#last.set(name, taking(results, gradientName(name)));
    if (this.#gradients !== this.#last) {
      for (const [name, sum] of this.#gradients) addShare(sum, this.#last.get(name)!, this.#accumulate);
      this.#last.clear();
    }
    this.#runs++;
    const scalars = Object.entries(results).filter(([name]) => !(name in this.#into));
    return Object.fromEntries(scalars.map(([name, { data }]) => [name, Number(data[0])]));
  }

  /** Norm of all gradients of the step; not finite if a gradient or a buffer is not. */
  norm(): number {
    const floating = [...this.#pending.values()].flatMap(({ data }) => (data instanceof Float32Array ? [data] : []));
    return Number.isFinite(globalNorm(floating)) ? globalNorm(this.#gradients.values()) : Number.NaN;
  }

  /**
   * Ends the step: updates weights and buffers.
   * @param norm from {@link norm}; if it is not finite, nothing is updated
   */
  update(learningRate: number, norm: number): void {
    this.#step++;
    this.#runs = 0;
    if (!Number.isFinite(norm)) return;
    this.#optimizer.update(this.#gradients, learningRate, norm);
    for (const [name, buffer] of this.#buffers) copyInto(buffer, this.#pending.get(name)!, name);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  /** Discards the buffer updates of an unfinished step. */
  #begin(): void {
    for (const [name, buffer] of this.#pending) copyInto(buffer, this.#buffers.get(name)!, name);
    if (this.#gradients !== this.#last) for (const sum of this.#gradients.values()) sum.fill(0);
  }

  /** Random numbers depend only on seed, run and layer, so that a resumed training draws the same. */
  #draw(): void {
    const run = this.#step * this.#accumulate + this.#runs;
    for (const [{ name }, values] of this.#noise) {
      const layer = Array.from(name, (letter) => letter.charCodeAt(0));
      Random.seeded(this.#seed, run, LAYER_STREAM, ...layer).fill(values);
    }
  }
}

/** Removes a gradient from the results of a run. */
function taking(results: Record<string, TensorData>, name: string): Float32Array {
  const { data } = asFloat32(results[name]!, name);
  delete results[name];
  return data;
}

/** Weights that no step updates. */
export function frozenOf({ trained, buffers }: Pick<Steps, 'trained' | 'buffers'>, weights: StateDict): StateDict {
  const moving = new Set([...trained, ...buffers].map(({ name }) => name));
  return new Map([...weights].filter(([name]) => !moving.has(name)));
}

function floats(trained: readonly ParameterInfo[], weights: StateDict): Map<string, Float32Array> {
  return new Map(trained.map(({ name }) => [name, asFloat32(weights.get(name)!, name).data]));
}

function addShare(sum: Float32Array, gradient: Float32Array, parts: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]! / parts;
}
