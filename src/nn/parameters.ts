/**
 * The weights of a model, declared by name and shape while its graph is built, with PyTorch's default initialisation.
 *
 * Names are those of the reference's state dict, so that checkpoints convert both ways.
 */
import { sameShape } from '../graph/dims.js';
import { input, parameter, shapeError, type Tensor } from '../graph/tensor.js';
import { type DType, float32, int64, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { Random } from './random.js';

/** Initial values of a weight. PyTorch's defaults are uniform within a bound, or constant. */
export type Initialisation =
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'normal'; readonly deviation: number; readonly mean?: number }
  | { readonly kind: 'constant'; readonly value: number };

export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly initialisation: Initialisation;
  readonly tensor: Tensor;
  /** Not trained (a buffer in PyTorch): a fixed table, a running statistic or a count. */
  readonly buffer: boolean;
  /** Declared by {@link Parameters.unused}: a checkpoint may lack it. */
  readonly unused: boolean;
}

/** Uniform within ±1/√fanIn, the default of PyTorch's Linear and Conv2d for weights and biases. */
export function fanIn(size: number): Initialisation {
  return { kind: 'uniform', bound: 1 / Math.sqrt(size) };
}

/** Name of the scales of an 8-bit weight. */
export function scaleName(weight: string): string {
  return `${weight}_scale`;
}

/** Whether a tensor of this name contains the scales of an 8-bit weight. */
export function isScaleName(name: string): boolean {
  return name.endsWith(scaleName('.weight'));
}

export const ZEROS: Initialisation = { kind: 'constant', value: 0 };
export const ONES: Initialisation = { kind: 'constant', value: 1 };
/** Numbers that reach one output of a weight [O, I, ...]. */
function fanOf([, ...rest]: readonly number[]): number {
  return rest.reduce((a, b) => a * b, 1);
}

/** Glorot and Bengio's uniform start. @param shape [O, I, ...] */
export function xavier(shape: readonly number[]): Initialisation {
  const [outputs = 1, inputs = 1] = shape;
  return { kind: 'uniform', bound: Math.sqrt((6 * inputs) / (fanOf(shape) * (inputs + outputs))) };
}

/** He et al.'s normal start before a ReLU. @param shape [O, I, ...] */
export function kaimingNormal(shape: readonly number[]): Initialisation {
  return { kind: 'normal', deviation: Math.sqrt(2 / fanOf(shape)) };
}

/** The uniform one. @param shape [O, I, ...] */
export function kaimingUniform(shape: readonly number[]): Initialisation {
  return { kind: 'uniform', bound: Math.sqrt(6 / fanOf(shape)) };
}

/** Of norms: weights normal around 1, biases 0. @param name of a weight or bias */
export function nearOne(name: string): Initialisation {
  return name.endsWith('.bias') ? ZEROS : { kind: 'normal', mean: 1, deviation: 0.02 };
}

export const NORMAL: Initialisation = { kind: 'normal', deviation: 1 };

/** An 8-bit weight with a scale per output. */
export interface QuantisedWeight {
  /** int8 [out, …] */
  readonly weight: Tensor;
  /** [out] */
  readonly scale: Tensor;
}

export type Mode = 'train' | 'infer';

export interface ParametersOptions {
  /** `train` turns on batch statistics and random masks. Default `infer`. */
  readonly mode?: Mode;
  /** False turns dropout off in training, to compare with a reference. Default true. */
  readonly dropout?: boolean;
  /** Prefixes of names of frozen modules: they work in `infer` mode in training, too. */
  readonly frozen?: readonly string[];
  /** Which weights are 8-bit, by full name. Default: none. */
  readonly isQuantised?: (name: string) => boolean;
}

/** An input of a training graph: random numbers, uniform in [0, 1), new in each run. */
export interface NoiseInput {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The declarations of all modules of one graph. */
interface Declared {
  readonly all: Map<string, ParameterInfo>;
  readonly updates: Map<string, Tensor>;
  readonly noise: NoiseInput[];
  readonly marks: Map<string, Tensor>;
}

/** Prefix of the names of noise inputs. */
const NOISE = 'noise.';

export class Parameters {
  readonly #options: ParametersOptions;
  readonly #prefix: string;
  readonly #declared: Declared;
  readonly #used: boolean;

  constructor(
    options: ParametersOptions = {},
    prefix = '',
    declared: Declared = { all: new Map(), updates: new Map(), noise: [], marks: new Map() },
    used = true,
  ) {
    this.#options = options;
    this.#prefix = prefix;
    this.#declared = declared;
    this.#used = used;
  }

  /** The mode of the layers of this module. */
  get mode(): Mode {
    const { mode = 'infer', frozen = [] } = this.#options;
    const stays = !this.#used || frozen.some((beginning) => this.#prefix.startsWith(beginning));
    return stays ? 'infer' : mode;
  }

  /** Whether the dropout layers of this module drop anything. */
  get drops(): boolean {
    return this.mode === 'train' && this.#options.dropout !== false;
  }

  /** The parameters of the submodule `name`. */
  at(name: string): Parameters {
    return new Parameters(this.#options, `${this.#prefix}${name}.`, this.#declared, this.#used);
  }

  /**
   * The parameters of a submodule that the published network has but never uses. Its weights are declared, so that checkpoints
   * convert both ways; nothing trains them, and its batch norms keep their statistics.
   */
  unused(name: string): Parameters {
    return new Parameters(this.#options, `${this.#prefix}${name}.`, this.#declared, false);
  }

  /** Declares a weight. The same name returns the same tensor. */
  get(name: string, shape: readonly number[], initialisation: Initialisation, buffer = false): Tensor {
    return this.#declare(name, shape, 'float32', initialisation, buffer);
  }

  /** Declares a counter: a buffer of one integer that starts at 0. @returns int64 [] */
  count(name: string): Tensor {
    return this.#declare(name, [], 'int64', ZEROS, true);
  }

  /**
   * Records how each run of a training graph changes a buffer. A module that is applied several times in a graph changes
   * its buffers several times, in that order.
   * @param buffer a name declared with {@link get} or {@link count}
   * @param change maps the current value to the new one
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

  /** Declares random numbers, different for each call and each run. @returns uniform in [0, 1) */
  noise(shape: readonly number[]): Tensor {
    const { noise } = this.#declared;
    const module = NOISE + this.#prefix.slice(0, -1);
    const before = noise.filter(({ name }) => name === module || name.startsWith(`${module}#`)).length;
    const name = before === 0 ? module : `${module}#${before + 1}`;
    noise.push({ name, shape });
    return input(name, shape);
  }

  /**
   * Names an intermediate result by the label that it has in files of reference tensors (`act.LABEL`, see
   * docs/adding-a-model.md). It costs nothing if unused.
   * @returns the tensor
   */
  mark(label: string, tensor: Tensor): Tensor {
    this.#declared.marks.set(label, tensor);
    return tensor;
  }

  /** Declares an 8-bit weight with a scale per output; undefined if this weight is float32. */
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
    this.#declared.all.set(full, { name: full, shape, dtype, initialisation, tensor, buffer, unused: !this.#used });
    return tensor;
  }

  /** All weights declared so far, in order. */
  list(): readonly ParameterInfo[] {
    return [...this.#declared.all.values()];
  }

  /** The updated values of buffers recorded so far, by full name. */
  get updates(): ReadonlyMap<string, Tensor> {
    return this.#declared.updates;
  }

  /** The intermediate results named so far, by label. */
  get marks(): ReadonlyMap<string, Tensor> {
    return this.#declared.marks;
  }

  /** The random inputs declared so far. */
  get noiseInputs(): readonly NoiseInput[] {
    return this.#declared.noise;
  }
}

/** The weights of `given`, and random ones for all other parameters, drawn in the order of declaration. */
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
    for (let i = 0; i < values.length; i++) {
      values[i] = (initialisation.mean ?? 0) + initialisation.deviation * random.normal();
    }
  }
  return float32(values, shape);
}
