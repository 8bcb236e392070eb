/**
 * Constant folding: tensors that depend on no input are computed once, when a model is prepared, instead of in each run.
 *
 * The graph has no kernels, so the caller evaluates them, with a session of the runtime.
 */
import { ancestors, nodeOf, type Tensor } from './tensor.js';
import { sizeOf, type TensorData } from './tensorData.js';

/** Computes tensors that depend on no input. */
export type Evaluate = (tensors: readonly Tensor[]) => Promise<readonly TensorData[]>;

/**
 * The most values computed at a time. Their inputs and the runtime's copies of both are in memory meanwhile: computing
 * all values of a ViT-B at once would take 1 GB more.
 */
const MOST_VALUES = 16e6;

/**
 * Computes the constant tensors that others, not constant, use.
 * @param isConstant whether the parameter of this name is fixed
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

/** Consecutive parts of the list, each with as many tensors as MOST_VALUES allows and at least one. */
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

/** Zeros are not worth storing. */
function isComputed(tensor: Tensor): boolean {
  const node = nodeOf(tensor);
  return node !== undefined && node.opType !== 'ConstantOfShape';
}
