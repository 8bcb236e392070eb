/**
 * The cost of running a graph: the multiply-adds of its products (matrix products, convolutions, attention), computed
 * from shapes. Other operations are a few per cent and do not count, nor do constants, which are computed once at export.
 */
import { ancestors, type Node, nodeOf, type Tensor } from '../graph/tensor.js';
import { sizeOf } from '../graph/tensorData.js';

/**
 * Multiply-adds of one run of a graph.
 * @param outputs of a graph without named dimensions
 * @throws SamusError GRAPH_SHAPE for a named dimension
 */
export function multiplyAdds(outputs: readonly Tensor[]): number {
  const varying = new Set<Tensor>();
  const counted = new Set<Node>();
  let total = 0;
  for (const tensor of ancestors(outputs)) {
    const node = nodeOf(tensor);
    if (tensor.source.kind === 'input') varying.add(tensor);
    if (!node?.inputs.some((input) => input && varying.has(input))) continue;
    varying.add(tensor);
    if (!counted.has(node)) total += ofNode(node);
    counted.add(node);
  }
  return total;
}

function ofNode(node: Node): number {
  const [first, second, third] = node.inputs;
  const result = node.outputs[0];
  if (!first || !second || !result) return 0;
  switch (node.opType) {
    case 'Gemm':
    case 'MatMul':
    case 'MatMulIntegerToFloat': {
      const transposed = node.attributes.transA;
      const inner = transposed && 'int' in transposed && transposed.int === 1 ? first.size(0) : first.size(-1);
      return elementsOf(result) * inner;
    }
    case 'Conv':
      return elementsOf(result) * (elementsOf(second) / second.size(0));
    case 'ConvTranspose':
      return elementsOf(first) * (elementsOf(second) / second.size(0));
    case 'MultiHeadAttention':
      // Queries with keys, then weights with values, over all heads.
      return third ? elementsOf(first) * second.size(1) + elementsOf(result) * third.size(1) : 0;
    default:
      return 0;
  }
}

function elementsOf(tensor: Tensor): number {
  return sizeOf(tensor.shape.map((_, axis) => tensor.size(axis)));
}
