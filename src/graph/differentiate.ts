/**
 * Reverse-mode differentiation: the gradient of a scalar is a graph of the same operations.
 */
import { SamusError } from '../errors.js';
import { sameShape } from './dims.js';
import { add } from './ops/elementwise.js';
import { ALIAS, ancestors, type GradientRule, type Node, nodeOf, scalar, shapeError, type Tensor } from './tensor.js';

/**
 * Gradients of `y` with respect to each of `variables`; undefined for those that `y` does not depend on.
 * @param y a scalar
 * @throws SamusError GRAPH_SHAPE if `y` is not a scalar, GRAPH_NO_GRADIENT if an operation on the way has no derivative,
 * GRAPH_GRADIENT if a rule returns gradients of the wrong shapes
 */
export function differentiate(y: Tensor, variables: readonly Tensor[]): (Tensor | undefined)[] {
  if (y.rank !== 0) throw shapeError('differentiate', 'a scalar', y);
  const order = ancestors([y]);
  const active = dependents(order, new Set(variables));
  const gradients = new Map<Tensor, Tensor>([[y, scalar(1)]]);
  // A node with several results is visited at the first of them: by then the gradients of all are complete.
  const firstResult = new Map<Node, Tensor>();
  for (const tensor of order) {
    const node = nodeOf(tensor);
    if (node && !firstResult.has(node)) firstResult.set(node, tensor);
  }
  for (const tensor of order.reverse()) {
    const node = nodeOf(tensor);
    if (!node || firstResult.get(node) !== tensor || !active.has(tensor)) continue;
    if (!node.outputs.some((output) => gradients.has(output))) continue;
    const rule = ruleOf(node);
    if (!rule) continue;
    const incoming = rule(node.outputs.map((output) => gradients.get(output)));
    checkGradients(node, incoming);
    for (const [i, source] of node.inputs.entries()) {
      const gradient = incoming[i];
      if (!source || !gradient || !active.has(source)) continue;
      const sum = gradients.get(source);
      gradients.set(source, sum ? add(sum, gradient) : gradient);
    }
  }
  return variables.map((variable) => gradients.get(variable));
}

/** A gradient of another shape or type than its input would fail far from the faulty rule, or broadcast silently. */
function checkGradients(node: Node, gradients: readonly (Tensor | undefined)[]): void {
  for (const [i, gradient] of gradients.entries()) {
    const source = node.inputs[i];
    if (!gradient || (source && sameShape(gradient.shape, source.shape) && gradient.dtype === source.dtype)) continue;
    const place = source ? `its input ${i}, ${source}` : `an input ${i}, which it does not have`;
    throw new SamusError(
      'GRAPH_GRADIENT',
      `the gradient rule of ${nameOf(node)} returned ${gradient} for ${place}`,
      'correct the rule: each gradient has the shape and type of its input',
      { operation: node.opType, input: i },
    );
  }
}

/** The operator of a node; for a rule written with `withGradient`, also the operator that makes the value. */
function nameOf(node: Node): string {
  const value = node.opType === ALIAS && node.inputs[0] ? nodeOf(node.inputs[0]) : undefined;
  return value ? `${node.opType} (of ${value.opType})` : node.opType;
}

/** The tensors that depend on a variable. */
function dependents(order: readonly Tensor[], variables: ReadonlySet<Tensor>): Set<Tensor> {
  const active = new Set<Tensor>();
  for (const tensor of order) {
    const inputs = nodeOf(tensor)?.inputs ?? [];
    if (variables.has(tensor) || inputs.some((source) => source && active.has(source))) active.add(tensor);
  }
  return active;
}

function ruleOf(node: Node): GradientRule | undefined {
  const stops = node.opType === 'Identity' || !node.outputs[0].dtype.startsWith('float');
  if (node.gradient || stops) return node.gradient;
  throw new SamusError(
    'GRAPH_NO_GRADIENT',
    `${node.opType} has no derivative, and the loss depends on a variable through it`,
    'compute the loss without it, or stop the gradient before it',
    { operation: node.opType },
  );
}
