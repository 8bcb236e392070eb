/**
 * One step of training wherever a runtime is, a browser included: runs the graph of a training step on batches, adds up
 * their gradients, and moves weights and buffers. Reading batches, rates and checkpoints are not here.
 *
 * Trained weights and buffers are fed at each run, all other weights are constants in the graph. What a run gives is
 * written into memory that lives as long as the session: a step leaves no garbage behind.
 */
import { asFloat32, float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import { exportModel } from '../nn/compile.js';
import type { NoiseInput, ParameterInfo } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import { copyInto, unshare } from '../runtime/ortTensor.js';
import { type Runtime, type Session, type SessionOptions, takenBy } from '../runtime/session.js';
import { type GradientGraph, gradientName, updateName } from './gradientGraph.js';
import { freshStates, globalNorm, Optimiser, type OptimiserOptions, type WeightState } from './optimiser.js';

export type Scalars = Readonly<Record<string, number>>;
type Feeds = Readonly<Record<string, TensorData>>;

export interface StepperOptions {
  readonly optimiser: OptimiserOptions;
  /** Of the random numbers that the graph takes. */
  readonly seed: number;
  /** Runs of the graph whose gradients are averaged for one step. Default 1. */
  readonly accumulate?: number;
  /** Steps made before. Default 0. */
  readonly step?: number;
  /** What the optimiser remembers of the weights. Default: nothing yet. */
  readonly states?: ReadonlyMap<string, WeightState>;
}

/** Keeps the random numbers of layers apart from those of samples, which are seeded by (seed, epoch, index). */
const LAYER_STREAM = 0x4c61;

type Steps = Pick<GradientGraph, 'trained' | 'buffers' | 'noise'>;

export class Stepper {
  readonly #session: Session;
  readonly #graph: Steps;
  readonly #frozen: StateDict;
  readonly #optimiser: Optimiser;
  readonly #seed: number;
  readonly #accumulate: number;
  /** Buffers as they were after the last whole step, and as the runs of this one leave them. */
  readonly #buffers: ReadonlyMap<string, TensorData>;
  readonly #pending: ReadonlyMap<string, TensorData>;
  readonly #feeds: Feeds;
  readonly #noise: ReadonlyMap<NoiseInput, Float32Array>;
  readonly #into: Feeds;
  /** Gradients of the last run, and their mean over the runs of a step where there are several. */
  readonly #last: ReadonlyMap<string, Float32Array>;
  readonly #gradients: ReadonlyMap<string, Float32Array>;
  #step: number;
  #runs = 0;

  /**
   * @param session of the graph
   * @param weights of the whole model; those that are trained are taken over, not copied
   */
  constructor(session: Session, graph: Steps, weights: StateDict, options: StepperOptions) {
    const { accumulate = 1, step = 0, optimiser, seed } = options;
    const { trained, buffers, noise } = graph;
    this.#session = session;
    this.#graph = graph;
    this.#seed = seed;
    this.#accumulate = accumulate;
    this.#step = step;
    const states = options.states ?? freshStates(floats(trained, weights), optimiser.ema !== null);
    this.#optimiser = new Optimiser(states, optimiser, step);
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
    const zeros = trained.map(({ name, shape }) => [name, float32(new Float32Array(sizeOf(shape)), shape)] as const);
    this.#last = new Map(zeros.map(([name, { data }]) => [name, data]));
    this.#gradients =
      accumulate > 1 ? new Map(zeros.map(([name, { data }]) => [name, new Float32Array(data.length)])) : this.#last;
    this.#into = {
      ...Object.fromEntries(zeros.map(([name, tensor]) => [gradientName(name), tensor])),
      ...Object.fromEntries([...this.#pending].map(([name, tensor]) => [updateName(name), unshare(tensor)])),
    };
  }

  /**
   * A stepper with a session of its own.
   * @param weights as for the constructor
   * @param compute threads, and what computes
   */
  static async create(
    runtime: Runtime,
    graph: GradientGraph,
    weights: StateDict,
    compute: Pick<SessionOptions, 'threads' | 'provider'>,
    options: StepperOptions,
  ): Promise<Stepper> {
    const model = await exportModel(runtime, graph.outputs, frozenOf(graph, weights));
    const session = await runtime.createSession(model, { ...compute, memoryPattern: false, prepacking: false });
    return new Stepper(session, graph, weights, options);
  }

  /** What the optimiser remembers of each trained weight. */
  get states(): ReadonlyMap<string, WeightState> {
    return this.#optimiser.states;
  }

  /** Gradients of the step so far, by the names of their weights; valid until the next run. */
  get gradients(): ReadonlyMap<string, Float32Array> {
    return this.#gradients;
  }

  /**
   * All weights of the model as they are after the last whole step. Where a running mean is kept, it stands for the weight;
   * of buffers none is kept.
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
   * Loss and gradients of the next batch of a step.
   * @param feeds inputs of the graph without weights; those that it does not have are left out
   * @returns the scalar outputs by name, `loss` among them
   */
  async run(feeds: Feeds): Promise<Scalars> {
    if (this.#runs === 0) this.#begin();
    this.#draw();
    const taken = takenBy(this.#session, { ...feeds, ...this.#feeds });
    const results = await this.#session.run(taken, { into: this.#into });
    for (const [name, buffer] of this.#pending) copyInto(buffer, this.#into[updateName(name)]!, name);
    if (this.#gradients !== this.#last) {
      for (const [name, sum] of this.#gradients) addShare(sum, this.#last.get(name)!, this.#accumulate);
    }
    this.#runs++;
    const scalars = Object.entries(results).filter(([name]) => !(name in this.#into));
    return Object.fromEntries(scalars.map(([name, { data }]) => [name, Number(data[0])]));
  }

  /** Norm of all gradients of the step; no number where a gradient or a buffer is none. */
  norm(): number {
    const floating = [...this.#pending.values()].flatMap(({ data }) => (data instanceof Float32Array ? [data] : []));
    return Number.isFinite(globalNorm(floating)) ? globalNorm(this.#gradients.values()) : Number.NaN;
  }

  /**
   * Ends the step: moves weights and buffers.
   * @param norm what {@link norm} gave; if it is not finite, nothing moves
   */
  update(learningRate: number, norm: number): void {
    this.#step++;
    this.#runs = 0;
    if (!Number.isFinite(norm)) return;
    this.#optimiser.update(this.#gradients, learningRate, norm);
    for (const [name, buffer] of this.#buffers) copyInto(buffer, this.#pending.get(name)!, name);
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }

  /** What the runs of an unfinished step did to buffers is forgotten. */
  #begin(): void {
    for (const [name, buffer] of this.#pending) copyInto(buffer, this.#buffers.get(name)!, name);
    if (this.#gradients !== this.#last) for (const sum of this.#gradients.values()) sum.fill(0);
  }

  /** Random numbers follow from seed, run and layer alone, so that a resumed training draws the same. */
  #draw(): void {
    const run = this.#step * this.#accumulate + this.#runs;
    for (const [{ name }, values] of this.#noise) {
      const layer = Array.from(name, (letter) => letter.charCodeAt(0));
      Random.seeded(this.#seed, run, LAYER_STREAM, ...layer).fill(values);
    }
  }
}

/** Weights that no step moves. */
function frozenOf({ trained, buffers }: Steps, weights: StateDict): StateDict {
  const moving = new Set([...trained, ...buffers].map(({ name }) => name));
  return new Map([...weights].filter(([name]) => !moving.has(name)));
}

function floats(trained: readonly ParameterInfo[], weights: StateDict): Map<string, Float32Array> {
  return new Map(trained.map(({ name }) => [name, asFloat32(weights.get(name)!, name).data]));
}

function addShare(sum: Float32Array, gradient: Float32Array, parts: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]! / parts;
}
