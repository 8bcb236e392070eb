/**
 * Constant folding: what depends on no input is computed once, when a model is prepared, not at each run.
 *
 * The graph has no kernels of its own, so the caller brings the means to evaluate: a session of the runtime.
 */
import { nodeOf, type Tensor } from './tensor.js';
import type { TensorData } from './tensorData.js';
import { ancestors } from './traverse.js';

/** Computes tensors that depend on no input. */
export type Evaluate = (tensors: readonly Tensor[]) => Promise<readonly TensorData[]>;

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
  const border = constantBorder(outputs, isConstant);
  if (border.length === 0) return new Map();
  const values = await evaluate(border);
  return new Map(border.map((tensor, i) => [tensor, values[i]]));
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
