/**
 * Symbolic tensors and the nodes that produce them: a model is written once as a graph of these.
 *
 * A node is one ONNX operator with its attributes, the shapes of its results, and the rule that turns gradients of its
 * results into gradients of its inputs. Nothing is computed here: ops/ has the operations, differentiate.ts applies the
 * rules, toOnnx.ts writes the file.
 */
import { SamusError } from '../errors.js';
import { type Dim, printShape, type Shape } from './dims.js';
import type { OnnxAttribute } from './onnxProto.js';
import { type DType, float32, int64, type TensorData } from './tensorData.js';

export type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** Maps the gradients of a node's results (undefined: zero) to those of its inputs (undefined: none). */
export type GradientRule = (gradients: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];

export interface Node {
  readonly opType: string;
  readonly domain: '' | 'com.microsoft';
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
  readonly gradient: GradientRule | undefined;
  /** For an operator outside the ONNX standard: its first result in standard operators. */
  readonly standard: (() => Tensor) | undefined;
}

/** The source of a tensor. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: TensorData }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

export class Tensor {
  constructor(
    readonly shape: Shape,
    readonly dtype: DType,
    readonly source: Source,
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  /** The dimension of an axis, negative ones counted from the end. */
  dim(axis: number): Dim {
    return this.shape[resolveAxis('dim', this, axis)];
  }

  /** The dimension of an axis that must be known. @throws SamusError GRAPH_SHAPE for a named one */
  size(axis: number): number {
    const dim = this.dim(axis);
    if (typeof dim === 'number') return dim;
    throw shapeError('size', `axis ${axis} to have a known size`, this);
  }

  toString(): string {
    return `${this.dtype}${printShape(this.shape)}`;
  }
}

/** A value fed at each run. A named dimension may change from run to run. */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
  return new Tensor(shape, dtype, { kind: 'input', name });
}

/** A weight: a constant of the exported graph, or one of its inputs if it is trained. */
export function parameter(name: string, shape: readonly number[], dtype: DType = 'float32'): Tensor {
  return new Tensor(shape, dtype, { kind: 'parameter', name });
}

/** A value fixed when the graph is built. */
export function constant(value: TensorData): Tensor {
  return new Tensor(value.shape, value.dtype, { kind: 'constant', value });
}

export function scalar(value: number): Tensor {
  return constant(float32([value], []));
}

/** A constant vector of int64, the type of shapes, axes and indices in ONNX. */
export function integers(values: readonly number[], shape?: readonly number[]): Tensor {
  return constant(int64(values, shape));
}

export interface NodeOptions {
  readonly domain?: '' | 'com.microsoft';
  /** See {@link Node}; required for graphs that other engines run. */
  readonly standard?: () => Tensor;
  readonly attributes?: Attributes;
  readonly dtype?: DType;
  /** The type of each result, if they differ. */
  readonly dtypes?: readonly DType[];
  /** Left out for operations without a derivative. */
  readonly gradient?: GradientRule;
}

/** Applies an operator with one result. */
export function apply(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  shape: Shape,
  options: NodeOptions = {},
): Tensor {
  return applyMany(opType, inputs, [shape], options)[0];
}

/** Applies an operator with several results. */
export function applyMany(
  opType: string,
  inputs: readonly (Tensor | undefined)[],
  shapes: readonly Shape[],
  { domain = '', standard, attributes = {}, dtype = 'float32', dtypes, gradient }: NodeOptions = {},
): readonly Tensor[] {
  const outputs: Tensor[] = [];
  const node: Node = { opType, domain, inputs, attributes, outputs, gradient, standard };
  for (const [index, shape] of shapes.entries()) {
    outputs.push(new Tensor(shape, dtypes?.[index] ?? dtype, { kind: 'node', node, index }));
  }
  return outputs;
}

/** The exported graph has the first input in its place; see {@link withGradient}. */
export const ALIAS = 'Alias';

/**
 * The value `y` with its own gradient rule in place of the rules of the operations that compute it.
 * @param inputs the tensors that receive gradients
 * @param rule maps the gradient of `y` to those of `inputs`
 */
export function withGradient(y: Tensor, inputs: readonly Tensor[], rule: (dy: Tensor) => readonly Tensor[]): Tensor {
  return apply(ALIAS, [y, ...inputs], y.shape, {
    dtype: y.dtype,
    gradient: ([dy]) => (dy ? [undefined, ...rule(dy)] : []),
  });
}

/** The node that computes a tensor, if any. */
export function nodeOf(tensor: Tensor): Node | undefined {
  return tensor.source.kind === 'node' ? tensor.source.node : undefined;
}

/** All tensors that the outputs depend on, each after its inputs. Not recursive, because graphs are deep. */
export function ancestors(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: { tensor: Tensor; expanded: boolean }[] = [...outputs]
    .reverse()
    .map((tensor) => ({ tensor, expanded: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { tensor, expanded } = top;
    if (expanded) {
      order.push(tensor);
      continue;
    }
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    stack.push({ tensor, expanded: true });
    for (const each of nodeOf(tensor)?.inputs ?? []) {
      if (each && !seen.has(each)) stack.push({ tensor: each, expanded: false });
    }
  }
  return order;
}

/** An axis counted from the front. @throws SamusError GRAPH_SHAPE if there is no such axis */
export function resolveAxis(operation: string, tensor: Tensor, axis: number): number {
  const resolved = axis < 0 ? axis + tensor.rank : axis;
  if (resolved >= 0 && resolved < tensor.rank) return resolved;
  throw shapeError(operation, `an axis ${axis}`, tensor);
}

/** The error for shapes that do not fit. Operations throw it while the graph is built. */
export function shapeError(operation: string, expected: string, ...tensors: readonly Tensor[]): SamusError {
  // Types other than float32 are shown, because they may be the mismatch.
  const shapes = tensors.map((tensor) => (tensor.dtype === 'float32' ? printShape(tensor.shape) : `${tensor}`));
  return new SamusError(
    'GRAPH_SHAPE',
    `${operation} expected ${expected}, got ${shapes.join(' and ')}`,
    'check the configuration of the model, or the shapes given to this operation',
    { operation, shapes: tensors.map((tensor) => [...tensor.shape]) },
  );
}
