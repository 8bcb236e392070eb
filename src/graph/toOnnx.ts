/**
 * Writes a graph as an ONNX model: only what the outputs need, and equal nodes once.
 *
 * Large constants stay outside the file and are passed to the session in memory. Protobuf is limited to 2 GiB, and a copy
 * of the weights inside the file would double the memory of loading a model.
 */
import { SamusError } from '../errors.js';
import { printShape, type Shape } from './dims.js';
import {
  DATA_TYPE,
  encodeModel,
  type OnnxExternalData,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './onnxProto.js';
import { openShapes } from './openShapes.js';
import { ALIAS, ancestors, type Node, nodeOf, type Tensor } from './tensor.js';
import type { StateDict, TensorData } from './tensorData.js';

export interface OnnxOptions {
  /** Values of parameters, written as constants. A parameter without a value becomes an input of its name. */
  readonly parameters?: StateDict;
  /** Values of tensors computed beforehand (see fold.ts). */
  readonly folded?: ReadonlyMap<Tensor, TensorData>;
  /** Whether shapes are hidden until a run, for less memory in large graphs (see openShapes.ts). Default false. */
  readonly openShapes?: boolean;
  /** Set for a file that other programs read. */
  readonly file?: OnnxFileOptions;
}

/** A file for other engines has standard operators only, and names what wrote it. */
interface OnnxFileOptions {
  readonly producerVersion: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Another type to store a float32 constant in; the graph casts it back. Default: none. */
  smaller?(value: TensorData): TensorData | undefined;
  /** Name of a file for the large constants, one after the other; default: they are in the model itself. */
  readonly weightsFile?: string;
}

/** ONNX 1.15: the first with Gelu as an operator. */
export const OPSET = 20;
const IR_VERSION = 9;
/** Constants up to this many bytes go into the graph: ONNX Runtime reads shapes and axes there. */
const INLINE_BYTES = 1024;

/**
 * @param outputs tensors by the names of the session's outputs
 * @throws SamusError GRAPH_PARAMETER if a value has another shape or type than its parameter
 */
export function toOnnx(outputs: Readonly<Record<string, Tensor>>, options: OnnxOptions = {}): OnnxModel {
  return new Writer(options).write(outputs);
}

class Writer {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #external: { path: string; data: Uint8Array }[] = [];
  readonly #names = new Map<Tensor, string>();
  /** Nodes and small constants already written, by everything that distinguishes them. */
  readonly #written = new Map<string, string[]>();
  /** The tensors that a node or an output takes. */
  readonly #used = new Set<Tensor>();
  #count = 0;
  /** Bytes in the file of large constants. */
  #offset = 0;

  constructor(private readonly options: OnnxOptions) {}

  write(outputs: Readonly<Record<string, Tensor>>): OnnxModel {
    const results = Object.values(outputs);
    const needed = this.#needed(results);
    for (const tensor of [...needed.flatMap((tensor) => this.#inputsOf(tensor)), ...results]) this.#used.add(tensor);
    for (const tensor of needed) this.#writeTensor(tensor);
    const infos = Object.entries(outputs).map(([name, tensor]) => {
      this.#nodes.push({ opType: 'Identity', inputs: [this.#name(tensor)], outputs: [name] });
      return { name, dtype: tensor.dtype, shape: tensor.shape };
    });
    const graph: OnnxGraph = {
      name: 'graph',
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: infos,
    };
    const bytes = encodeModel({
      irVersion: IR_VERSION,
      opsets: this.options.file ? { '': OPSET } : { '': OPSET, 'com.microsoft': 1 },
      producerName: 'samus',
      ...this.options.file,
      graph: this.options.openShapes ? openShapes(graph) : graph,
    });
    const int8 = needed.some(({ dtype }) => dtype === 'int8' || dtype === 'uint8');
    return { bytes, external: this.#external, int8 };
  }

  /** The tensors to write, in order, without those that only folded values depend on. */
  #needed(results: readonly Tensor[]): Tensor[] {
    const reachable = new Set<Tensor>();
    const stack = [...results];
    for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
      if (reachable.has(tensor)) continue;
      reachable.add(tensor);
      stack.push(...this.#inputsOf(tensor));
    }
    return ancestors(results).filter((tensor) => reachable.has(tensor));
  }

  #inputsOf(tensor: Tensor): Tensor[] {
    if (this.options.folded?.has(tensor)) return [];
    const node = nodeOf(tensor);
    const inputs = node?.inputs ?? [];
    // The other inputs of an alias are only for gradients.
    return (node?.opType === ALIAS ? inputs.slice(0, 1) : inputs).filter((x) => x !== undefined);
  }

  #writeTensor(tensor: Tensor): void {
    if (this.#names.has(tensor)) return;
    const { source } = tensor;
    const folded = this.options.folded?.get(tensor);
    if (folded) this.#names.set(tensor, this.#constant(folded));
    else if (source.kind === 'constant') this.#names.set(tensor, this.#constant(source.value));
    else if (source.kind === 'node' && source.node.opType === ALIAS) {
      this.#names.set(tensor, this.#name(this.#inputsOf(tensor)[0]));
    } else if (source.kind === 'node' && source.node.standard && this.options.file) {
      this.#names.set(tensor, this.#withInputs(source.node.standard()));
    } else if (source.kind === 'node') this.#writeNode(source.node);
    else {
      const value = source.kind === 'parameter' ? this.options.parameters?.get(source.name) : undefined;
      if (value) checkParameter(source.name, tensor, value);
      else if (!this.#inputs.some(({ name }) => name === source.name)) {
        this.#inputs.push({ name: source.name, dtype: tensor.dtype, shape: tensor.shape });
      }
      this.#names.set(tensor, value ? this.#constant(value) : source.name);
    }
  }

  /** Writes a tensor and what it needs and was not written yet. @returns its name */
  #withInputs(tensor: Tensor): string {
    if (!this.#names.has(tensor)) {
      for (const each of this.#inputsOf(tensor)) {
        this.#used.add(each);
        this.#withInputs(each);
      }
      this.#used.add(tensor);
      this.#writeTensor(tensor);
    }
    return this.#name(tensor);
  }

  #writeNode(node: Node): void {
    const inputs = node.inputs.map((x) => (x ? this.#name(x) : ''));
    const kept = node.outputs.map((output) => this.#used.has(output));
    // Unused results are left out, except of Split, which counts its results.
    const last = node.opType === 'Split' ? kept.length - 1 : kept.lastIndexOf(true);
    const key = JSON.stringify([node.opType, node.domain, inputs, node.attributes, kept]);
    const outputs = this.#once(key, () => {
      const names = node.outputs
        .slice(0, last + 1)
        .map((_, i) => (kept[i] || node.opType === 'Split' ? this.#fresh() : ''));
      const { opType, domain, attributes } = node;
      this.#nodes.push({ opType, domain, inputs, outputs: names, name: `${opType}_${this.#count}`, attributes });
      return names;
    });
    for (const [i, output] of node.outputs.entries()) if (kept[i]) this.#names.set(output, outputs[i]);
  }

  #constant(value: TensorData): string {
    const smaller = value.dtype === 'float32' ? this.options.file?.smaller?.(value) : undefined;
    if (smaller) {
      const stored = this.#constant(smaller);
      const name = this.#fresh();
      const to = { int: DATA_TYPE.float32 };
      this.#nodes.push({ opType: 'Cast', inputs: [stored], outputs: [name], name, attributes: { to } });
      return name;
    }
    const { dtype, shape, data } = value;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const inline = bytes.length <= INLINE_BYTES;
    const write = (): string[] => {
      const name = this.#fresh();
      this.#initializers.push({ name, dtype, shape, ...(inline ? { data: bytes } : this.#place(name, bytes)) });
      return [name];
    };
    // Equal blocks share their tables of indices. Weights are not compared: it would take long and find little. 8-bit
    // zero points are not shared: ONNX Runtime cannot make a shared one unsigned twice.
    const comparable = (inline && dtype !== 'int8') || dtype === 'int64';
    return (comparable ? this.#once(`${dtype}${printShape(shape)}${bytes.join()}`, write) : write())[0];
  }

  /** Where the bytes of a large constant are. */
  #place(name: string, data: Uint8Array): { data: Uint8Array } | { external: OnnxExternalData } {
    const { file } = this.options;
    if (file && file.weightsFile === undefined) return { data };
    const location = file?.weightsFile ?? name;
    const offset = file ? this.#offset : 0;
    this.#offset += data.length;
    this.#external.push({ path: location, data });
    return { external: { location, offset, length: data.length } };
  }

  #once(key: string, make: () => string[]): string[] {
    const names = this.#written.get(key) ?? make();
    this.#written.set(key, names);
    return names;
  }

  #name(tensor: Tensor): string {
    const name = this.#names.get(tensor);
    if (name === undefined) throw new Error(`${tensor} was not written before its use`);
    return name;
  }

  /** A name that no input or output of a model can have. */
  #fresh(): string {
    this.#count += 1;
    return `%${this.#count}`;
  }
}

function checkParameter(name: string, tensor: Tensor, value: TensorData): void {
  const declared: Shape = tensor.shape;
  if (value.dtype === tensor.dtype && printShape(value.shape) === printShape(declared)) return;
  throw new SamusError(
    'GRAPH_PARAMETER',
    `expected ${tensor} for parameter ${name}, got ${value.dtype}${printShape(value.shape)}`,
    'give weights that belong to this architecture and configuration',
    { name },
  );
}
