/**
 * Hides the shapes of the values of a graph until it runs, so that ONNX Runtime frees each value after its last use.
 *
 * From known shapes, ONNX Runtime plans buffers when it loads a graph: it keeps a buffer, idle, until some later value of
 * the same shape needs it. In a training step that is a quarter of the memory. The results are the same.
 */
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxValueInfo } from './onnxProto.js';
import { int64 } from './tensorData.js';

/** The zero that is added to each shape. The names of inputs have no spaces, so no other value has this name. */
const ZERO = 'zero of the run';

/** Which input of an operator is a shape. Constant zeros, too, are made in each run. */
const SHAPE_AT: Readonly<Record<string, number>> = { Reshape: 1, ConstantOfShape: 0 };

/** The same graph, in which every shape of an input and every target of a Reshape or of zeros is a sum that a run computes. */
export function openShapes(graph: OnnxGraph): OnnxGraph {
  const smallest = graph.inputs
    .filter(({ dtype }) => dtype === 'float32')
    .reduce<OnnxValueInfo | undefined>((best, each) => (best && sizeOf(best) <= sizeOf(each) ? best : each), undefined);
  if (!smallest) return graph;
  const initializers = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const sums = new Map<string, OnnxNode>();
  const opened = (shape: string): string => {
    const sum = `open ${shape}`;
    sums.set(shape, { opType: 'Add', inputs: [shape, ZERO], outputs: [sum], name: sum });
    return sum;
  };

  const inputs: OnnxNode[] = [];
  for (const { name, shape } of graph.inputs) {
    const sizes = shape.filter((dim) => typeof dim === 'number');
    if (sizes.length === 0 || sizes.length < shape.length) continue;
    const target = `shape of ${name}`;
    initializers.set(target, vector(target, sizes));
    const open = `open ${name}`;
    inputs.push({ opType: 'Reshape', inputs: [name, opened(target)], outputs: [open], name: open });
  }
  const renamed = new Map(inputs.map(({ inputs: [name], outputs: [open] }) => [name, open]));
  const nodes = graph.nodes.map((node) => {
    const names = node.inputs.map((name) => renamed.get(name) ?? name);
    const at = SHAPE_AT[node.opType];
    const open = names.map((name, i) => (i === at && initializers.has(name) ? opened(name) : name));
    return { ...node, inputs: open };
  });
  return {
    ...graph,
    initializers: [...initializers.values()],
    nodes: [...zeroFrom(smallest.name), ...sums.values(), ...inputs, ...nodes],
  };
}

/** Zero, as a value that depends on an input: no number is less than itself. */
function zeroFrom(input: string): OnnxNode[] {
  return [
    { opType: 'Less', inputs: [input, input], outputs: [`${ZERO}: less`] },
    { opType: 'Cast', inputs: [`${ZERO}: less`], outputs: [`${ZERO}: all`], attributes: { to: { int: 7 } } },
    { opType: 'ReduceMax', inputs: [`${ZERO}: all`], outputs: [ZERO], attributes: { keepdims: { int: 0 } } },
  ];
}

function vector(name: string, values: readonly number[]): OnnxTensor {
  const { dtype, shape, data } = int64(values);
  return { name, dtype, shape, data: new Uint8Array(data.buffer) };
}

/** Elements; open dimensions count as one. */
function sizeOf({ shape }: OnnxValueInfo): number {
  return shape.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
}
