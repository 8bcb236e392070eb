/**
 * The graph of a training step made ready to run: weights that are trained are fed at each run, all others are constants
 * in it. Its gradients are written into memory that lives as long as the session: a step leaves no garbage behind.
 */
import { float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import { exportModel } from '../nn/compile.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { Runtime, Session, SessionOptions } from '../runtime/session.js';
import { type GradientGraph, gradientName } from './gradientGraph.js';

export type Scalars = Readonly<Record<string, number>>;

export class TrainingSession {
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly #session: Session;
  readonly #into: Record<string, TensorData<'float32'>>;
  readonly #weights: Record<string, TensorData<'float32'>>;

  private constructor(session: Session, trained: readonly ParameterInfo[], weights: ReadonlyMap<string, Float32Array>) {
    this.#session = session;
    this.#into = Object.fromEntries(
      trained.map(({ name, shape }) => [gradientName(name), float32(new Float32Array(sizeOf(shape)), shape)]),
    );
    this.#weights = Object.fromEntries(trained.map(({ name, shape }) => [name, float32(weights.get(name)!, shape)]));
    this.gradients = new Map(trained.map(({ name }) => [name, this.#into[gradientName(name)]!.data]));
  }

  /**
   * @param weights those that are trained, read at each run
   * @param frozen all others
   * @param compute threads, and what computes
   */
  static async create(
    runtime: Runtime,
    graph: GradientGraph,
    weights: ReadonlyMap<string, Float32Array>,
    frozen: StateDict,
    compute: Pick<SessionOptions, 'threads' | 'provider'>,
  ): Promise<TrainingSession> {
    const model = await exportModel(runtime, graph.outputs, frozen);
    return new TrainingSession(
      await runtime.createSession(model, { ...compute, memoryPattern: false, prepacking: false }),
      graph.trained,
      weights,
    );
  }

  /**
   * Loss and gradients of a batch; {@link gradients} holds them until the next run.
   * @param feeds inputs of the graph without the weights
   * @returns the scalar outputs by name, `loss` among them
   */
  async run(feeds: Readonly<Record<string, TensorData>>): Promise<Scalars> {
    const inputs = Object.fromEntries(Object.entries(feeds).filter(([name]) => this.#session.inputs.includes(name)));
    const results = await this.#session.run({ ...inputs, ...this.#weights }, { into: this.#into });
    const scalars = Object.entries(results).filter(([name]) => !(name in this.#into));
    return Object.fromEntries(scalars.map(([name, { data }]) => [name, Number(data[0])]));
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
