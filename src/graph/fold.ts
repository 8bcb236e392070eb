/**
 * Constant folding: what depends on no input is computed once, when a model is prepared, not at each run.
 *
 * The graph has no kernels of its own, so the caller brings the means to evaluate: a session of the runtime.
 */
import { nodeOf, type Tensor } from './tensor.js';
import { sizeOf, type TensorData } from './tensorData.js';
import { ancestors } from './traverse.js';

/** Computes tensors that depend on no input. */
export type Evaluate = (tensors: readonly Tensor[]) => Promise<readonly TensorData[]>;

/**
 * Values computed at a time: what they are computed from and the runtime's copies of both are in memory with them. All at
 * once, a ViT-B would take 1 GB more than it does this way.
 */
const MOST_VALUES = 16e6;

/**
 * Values for the tensors at the border between what is constant and what is not.
 * @param isConstant whether the parameter of a name is fixed
 * @returns values by tensor, for `toOnnx`
 */
export async function foldConstants(
  outputs: readonly Tensor[],
  isConstant: (parameter: string) => boolean,
  evaluate: Evaluate,
): Promise<Map<Tensor, TensorData>> {
  const folded = new Map<Tensor, TensorData>();
  for (const part of parts(constantBorder(outputs, isConstant))) {
    const values = await evaluate(part);
    for (const [i, tensor] of part.entries()) folded.set(tensor, values[i]);
  }
  return folded;
}

/** In their order, each part with as many tensors as fit, and at least one. */
function parts(tensors: readonly Tensor[]): Tensor[][] {
  const result: Tensor[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const size = sizeOf(tensor.shape.map((_, axis) => tensor.size(axis)));
    if (size > room || result.length === 0) {
      result.push([]);
      room = MOST_VALUES;
    }
    result[result.length - 1].push(tensor);
    room -= size;
  }
  return result;
}

function constantBorder(outputs: readonly Tensor[], isConstant: (parameter: string) => boolean): Tensor[] {
  const fixed = new Set<Tensor>();
  const border = new Set<Tensor>();
  for (const tensor of ancestors(outputs)) {
    const { source } = tensor;
    const inputs = nodeOf(tensor)?.inputs ?? [];
    const known =
      source.kind === 'constant' ||
      (source.kind === 'parameter' && isConstant(source.name)) ||
      (source.kind === 'node' && inputs.every((x) => !x || fixed.has(x)));
    if (known) fixed.add(tensor);
    else for (const x of inputs) if (x && fixed.has(x) && isComputed(x)) border.add(x);
  }
  for (const output of outputs) if (fixed.has(output) && isComputed(output)) border.add(output);
  return [...border];
}

function isComputed(tensor: Tensor): boolean {
  return tensor.source.kind === 'node';
}
