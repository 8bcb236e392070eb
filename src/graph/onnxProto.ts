/**
 * The part of the ONNX file format that this project writes, as plain typed objects, and its protobuf encoder.
 * Field and enumeration numbers are those of `onnx/onnx.proto` (ONNX 1.16 and later, IR version 10; they never change
 * between versions). toOnnx.ts converts symbolic tensors to these objects. Nothing here reads ONNX files.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { DType } from './tensorData.js';

/** One attribute of a node; the key is its type in ONNX. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly tensor: OnnxTensor };

export interface OnnxNode {
  readonly opType: string;
  /** Empty or absent for standard operators, `com.microsoft` for ONNX Runtime's own. */
  readonly domain?: string;
  /** Names of values; an empty name is an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** Where the bytes of a tensor outside the graph are: `location` is the `path` of an entry of OnnxModel.external. */
export interface OnnxExternalData {
  readonly location: string;
  /** In bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
}

/** A constant tensor: its bytes (row-major, little-endian; bool is one byte, 0 or 1), or where they are. */
export type OnnxTensor = {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
} & ({ readonly data: Uint8Array } | { readonly external: OnnxExternalData });

/** An input or output of the graph; a dimension is a number, or a name if it is known only in a run. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  /** Each node after those that compute its inputs. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

export interface OnnxModelProto {
  readonly irVersion: number;
  /** Version by domain; the standard operators have the domain ''. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly graph: OnnxGraph;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A model for a session or a file: the graph, and in memory the weights that it declares as external. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly external: { readonly path: string; readonly data: Uint8Array }[];
  /** Whether it has tensors of 8-bit numbers; unknown if absent. */
  readonly int8?: boolean;
}

/** `TensorProto.DataType` */
export const DATA_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** `AttributeProto.AttributeType` */
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

/** `TensorProto.DataLocation.EXTERNAL` */
const EXTERNAL = 1;

/**
 * The bytes of an `.onnx` file. Protobuf limits them to 2 GiB, so large weights must be external tensors.
 */
export function encodeModel(model: OnnxModelProto): Uint8Array {
  const w = new BinaryWriter();
  writeInt(w, 1, model.irVersion);
  if (model.producerName !== undefined) writeString(w, 2, model.producerName);
  if (model.producerVersion !== undefined) writeString(w, 3, model.producerVersion);
  writeMessage(w, 7, () => writeGraph(w, model.graph));
  for (const [domain, version] of Object.entries(model.opsets)) {
    writeMessage(w, 8, () => {
      writeString(w, 1, domain);
      writeInt(w, 2, version);
    });
  }
  for (const [key, value] of Object.entries(model.metadata ?? {})) writeEntry(w, 14, key, value);
  return w.finish();
}

function writeGraph(w: BinaryWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writeMessage(w, 1, () => writeNode(w, node));
  writeString(w, 2, graph.name);
  for (const tensor of graph.initializers) writeMessage(w, 5, () => writeTensor(w, tensor));
  for (const input of graph.inputs) writeMessage(w, 11, () => writeValueInfo(w, input));
  for (const output of graph.outputs) writeMessage(w, 12, () => writeValueInfo(w, output));
}

function writeNode(w: BinaryWriter, node: OnnxNode): void {
  for (const input of node.inputs) writeString(w, 1, input);
  for (const output of node.outputs) writeString(w, 2, output);
  if (node.name !== undefined) writeString(w, 3, node.name);
  writeString(w, 4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    writeMessage(w, 5, () => writeAttribute(w, name, attribute));
  }
  if (node.domain) writeString(w, 7, node.domain);
}

function writeAttribute(w: BinaryWriter, name: string, attribute: OnnxAttribute): void {
  writeString(w, 1, name);
  const type = (value: number) => writeInt(w, 20, value);
  if ('int' in attribute) {
    writeInt(w, 3, attribute.int);
    type(ATTRIBUTE_TYPE.int);
  } else if ('ints' in attribute) {
    for (const value of attribute.ints) writeInt(w, 8, value);
    type(ATTRIBUTE_TYPE.ints);
  } else if ('float' in attribute) {
    w.tag(2, WireType.Bit32).float(attribute.float);
    type(ATTRIBUTE_TYPE.float);
  } else if ('floats' in attribute) {
    for (const value of attribute.floats) w.tag(7, WireType.Bit32).float(value);
    type(ATTRIBUTE_TYPE.floats);
  } else if ('string' in attribute) {
    writeString(w, 4, attribute.string);
    type(ATTRIBUTE_TYPE.string);
  } else {
    writeMessage(w, 5, () => writeTensor(w, attribute.tensor));
    type(ATTRIBUTE_TYPE.tensor);
  }
}

function writeTensor(w: BinaryWriter, tensor: OnnxTensor): void {
  for (const dim of tensor.shape) writeInt(w, 1, dim);
  writeInt(w, 2, DATA_TYPE[tensor.dtype]);
  writeString(w, 8, tensor.name);
  if ('data' in tensor) {
    w.tag(9, WireType.LengthDelimited).bytes(tensor.data);
    return;
  }
  writeEntry(w, 13, 'location', tensor.external.location);
  writeEntry(w, 13, 'offset', String(tensor.external.offset));
  writeEntry(w, 13, 'length', String(tensor.external.length));
  writeInt(w, 14, EXTERNAL);
}

function writeValueInfo(w: BinaryWriter, value: OnnxValueInfo): void {
  writeString(w, 1, value.name);
  // TypeProto { tensor_type { elem_type, shape { dim* { dim_value | dim_param } } } }
  writeMessage(w, 2, () =>
    writeMessage(w, 1, () => {
      writeInt(w, 1, DATA_TYPE[value.dtype]);
      writeMessage(w, 2, () => {
        for (const dim of value.shape) {
          writeMessage(w, 1, () => (typeof dim === 'number' ? writeInt(w, 1, dim) : writeString(w, 2, dim)));
        }
      });
    }),
  );
}

/** A StringStringEntryProto. */
function writeEntry(w: BinaryWriter, field: number, key: string, value: string): void {
  writeMessage(w, field, () => {
    writeString(w, 1, key);
    writeString(w, 2, value);
  });
}

function writeMessage(w: BinaryWriter, field: number, write: () => void): void {
  w.tag(field, WireType.LengthDelimited).fork();
  write();
  w.join();
}

function writeString(w: BinaryWriter, field: number, value: string): void {
  w.tag(field, WireType.LengthDelimited).string(value);
}

function writeInt(w: BinaryWriter, field: number, value: number): void {
  w.tag(field, WireType.Varint).int64(value);
}
