/**
 * The weights of a model: declared by name and shape while its graph is built, with PyTorch's default initialisation.
 *
 * Names are those of the reference's state dict, so that checkpoints fit both ways.
 */
import { parameter, type Tensor } from '../graph/tensor.js';
import { type DType, float32, sizeOf, type TensorData } from '../graph/tensorData.js';
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
  /** A fixed table that no training moves (a buffer in PyTorch). */
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

export class Parameters {
  readonly #all: Map<string, ParameterInfo>;
  readonly #prefix: string;
  readonly #isQuantised: (name: string) => boolean;

  /**
   * @param prefix of every name, with its dot
   * @param isQuantised which weights are held in 8 bits, by their full name; none by default
   */
  constructor(
    prefix = '',
    isQuantised: (name: string) => boolean = () => false,
    all = new Map<string, ParameterInfo>(),
  ) {
    this.#isQuantised = isQuantised;
    this.#prefix = prefix;
    this.#all = all;
  }

  /** The weights under a name, as a module of the reference holds them. */
  at(name: string): Parameters {
    return new Parameters(`${this.#prefix}${name}.`, this.#isQuantised, this.#all);
  }

  /** Declares a weight; the same name gives the same tensor again. */
  get(name: string, shape: readonly number[], initialisation: Initialisation, buffer = false): Tensor {
    return this.#declare(name, shape, 'float32', initialisation, buffer);
  }

  /** Declares a weight that is held in 8 bits with a scale for each output; undefined if this one is float32. */
  quantised(name: string, shape: readonly number[]): QuantisedWeight | undefined {
    if (!this.#isQuantised(this.#prefix + name)) return undefined;
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
    const known = this.#all.get(full);
    if (known) return known.tensor;
    const tensor = parameter(full, shape, dtype);
    this.#all.set(full, { name: full, shape, dtype, initialisation, tensor, buffer });
    return tensor;
  }

  /** Every weight declared so far, in that order. */
  list(): readonly ParameterInfo[] {
    return [...this.#all.values()];
  }
}

/** Fresh weights for every declared parameter that `given` does not hold, drawn in the order of declaration. */
export function initialise(
  parameters: readonly ParameterInfo[],
  random: Random,
  given: ReadonlyMap<string, TensorData> = new Map(),
): Map<string, TensorData> {
  return new Map(
    parameters.map(({ name, shape, initialisation }) => [name, given.get(name) ?? draw(shape, initialisation, random)]),
  );
}

function draw(shape: readonly number[], initialisation: Initialisation, random: Random): TensorData {
  const values = new Float32Array(sizeOf(shape));
  if (initialisation.kind === 'constant') values.fill(initialisation.value);
  else if (initialisation.kind === 'uniform') {
    for (let i = 0; i < values.length; i++) values[i] = random.uniform(-initialisation.bound, initialisation.bound);
  } else {
    for (let i = 0; i < values.length; i++) values[i] = initialisation.deviation * random.normal();
  }
  return float32(values, shape);
}
