/**
 * The weights of a model: declared by name and shape while its graph is built, with PyTorch's default initialisation.
 *
 * Names are those of the reference's state dict, so that checkpoints fit both ways.
 */
import { sameShape } from '../graph/dims.js';
import { input, parameter, shapeError, type Tensor } from '../graph/tensor.js';
import { type DType, float32, int64, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { Random } from './random.js';

/** How a weight starts: PyTorch's defaults are uniform within a bound, or constant. */
export type Initialisation =
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly initialisation: Initialisation;
  readonly tensor: Tensor;
  /** No gradient moves it (a buffer in PyTorch): a fixed table, a running statistic, a count. */
  readonly buffer: boolean;
}

/** Uniform within ±1/√fanIn: what PyTorch's Linear and Conv2d start from, weights and biases. */
export function fanIn(size: number): Initialisation {
  return { kind: 'uniform', bound: 1 / Math.sqrt(size) };
}

/** Name of the scales of a weight held in 8 bits. */
export function scaleName(weight: string): string {
  return `${weight}_scale`;
}

/** Whether a tensor of this name holds the scales of a weight. */
export function isScaleName(name: string): boolean {
  return name.endsWith(scaleName('.weight'));
}

export const ZEROS: Initialisation = { kind: 'constant', value: 0 };
export const ONES: Initialisation = { kind: 'constant', value: 1 };
export const NORMAL: Initialisation = { kind: 'normal', deviation: 1 };

/** A weight in 8 bits, and the scale of each of its outputs. */
export interface QuantisedWeight {
  /** int8 [out, …] */
  readonly weight: Tensor;
  /** [out] */
  readonly scale: Tensor;
}

export type Mode = 'train' | 'infer';

export interface ParametersOptions {
  /** Whether layers use what only a training has: statistics of the batch, random masks. Default `infer`. */
  readonly mode?: Mode;
  /** Beginnings of names of modules that stay as they are: in a training they work in `infer` mode. */
  readonly frozen?: readonly string[];
  /** Which weights are held in 8 bits, by their full name. Default: none. */
  readonly isQuantised?: (name: string) => boolean;
}

/** Uniform random numbers, from 0 up to 1, that a training graph takes as an input at each run. */
export interface NoiseInput {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What the modules of one graph declare together. */
interface Declared {
  readonly all: Map<string, ParameterInfo>;
  readonly updates: Map<string, Tensor>;
  readonly noise: NoiseInput[];
}

/** Beginning of the names of noise inputs. */
const NOISE = 'noise.';

export class Parameters {
  readonly #options: ParametersOptions;
  readonly #prefix: string;
  readonly #declared: Declared;

  constructor(
    options: ParametersOptions = {},
    prefix = '',
    declared: Declared = { all: new Map(), updates: new Map(), noise: [] },
  ) {
    this.#options = options;
    this.#prefix = prefix;
    this.#declared = declared;
  }

  /** How the layers of this module work. */
  get mode(): Mode {
    const { mode = 'infer', frozen = [] } = this.#options;
    return frozen.some((beginning) => this.#prefix.startsWith(beginning)) ? 'infer' : mode;
  }

  /** The weights under a name, as a module of the reference holds them. */
  at(name: string): Parameters {
    return new Parameters(this.#options, `${this.#prefix}${name}.`, this.#declared);
  }

  /** Declares a weight; the same name gives the same tensor again. */
  get(name: string, shape: readonly number[], initialisation: Initialisation, buffer = false): Tensor {
    return this.#declare(name, shape, 'float32', initialisation, buffer);
  }

  /** Declares a count, a buffer of one whole number that starts at 0. @returns int64 [] */
  count(name: string): Tensor {
    return this.#declare(name, [], 'int64', ZEROS, true);
  }

  /**
   * Records what a buffer becomes after each run of a training graph. A module that is applied several times in one
   * graph changes its buffers several times, in that order.
   * @param buffer a name declared before by {@link get} or {@link count}
   * @param change from the present value to the new one
   */
  update(buffer: string, change: (now: Tensor) => Tensor): void {
    const { all, updates } = this.#declared;
    const name = this.#prefix + buffer;
    const info = all.get(name);
    if (!info?.buffer) throw new Error(`${name} is updated, but not declared as a buffer`);
    const next = change(updates.get(name) ?? info.tensor);
    if (next.dtype !== info.dtype || !sameShape(next.shape, info.shape)) {
      throw shapeError(`the update of ${name}`, `${info.tensor}`, next);
    }
    updates.set(name, next);
  }

  /** Declares random numbers, others for each call and each run. @returns uniform from 0 up to 1 */
  noise(shape: readonly number[]): Tensor {
    const { noise } = this.#declared;
    const module = NOISE + this.#prefix.slice(0, -1);
    const before = noise.filter(({ name }) => name === module || name.startsWith(`${module}#`)).length;
    const name = before === 0 ? module : `${module}#${before + 1}`;
    noise.push({ name, shape });
    return input(name, shape);
  }

  /** Declares a weight that is held in 8 bits with a scale for each output; undefined if this one is float32. */
  quantised(name: string, shape: readonly number[]): QuantisedWeight | undefined {
    if (!this.#options.isQuantised?.(this.#prefix + name)) return undefined;
    const scale = this.#declare(scaleName(name), shape.slice(0, 1), 'float32', ONES, true);
    return { weight: this.#declare(name, shape, 'int8', ZEROS, true), scale };
  }

  #declare(
    name: string,
    shape: readonly number[],
    dtype: DType,
    initialisation: Initialisation,
    buffer: boolean,
  ): Tensor {
    const full = this.#prefix + name;
    const known = this.#declared.all.get(full);
    if (known) return known.tensor;
    const tensor = parameter(full, shape, dtype);
    this.#declared.all.set(full, { name: full, shape, dtype, initialisation, tensor, buffer });
    return tensor;
  }

  /** Every weight declared so far, in that order. */
  list(): readonly ParameterInfo[] {
    return [...this.#declared.all.values()];
  }

  /** The new values of buffers recorded so far, by their full names. */
  get updates(): ReadonlyMap<string, Tensor> {
    return this.#declared.updates;
  }

  /** The random inputs declared so far. */
  get noiseInputs(): readonly NoiseInput[] {
    return this.#declared.noise;
  }
}

/** Fresh weights for every declared parameter that `given` does not hold, drawn in the order of declaration. */
export function initialise(
  parameters: readonly ParameterInfo[],
  random: Random,
  given: ReadonlyMap<string, TensorData> = new Map(),
): Map<string, TensorData> {
  return new Map(parameters.map((info) => [info.name, given.get(info.name) ?? draw(info, random)]));
}

function draw({ shape, dtype, initialisation }: ParameterInfo, random: Random): TensorData {
  if (dtype === 'int64') return int64(new Array<number>(sizeOf(shape)).fill(0), shape);
  const values = new Float32Array(sizeOf(shape));
  if (initialisation.kind === 'constant') values.fill(initialisation.value);
  else if (initialisation.kind === 'uniform') {
    for (let i = 0; i < values.length; i++) values[i] = random.uniform(-initialisation.bound, initialisation.bound);
  } else {
    for (let i = 0; i < values.length; i++) values[i] = initialisation.deviation * random.normal();
  }
  return float32(values, shape);
}
