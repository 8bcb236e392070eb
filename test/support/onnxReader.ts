/**
 * The parts of an ONNX model that tests look at, read back from its bytes.
 */
import { BinaryReader, type WireType } from '@bufbuild/protobuf/wire';

interface ReadNode {
  readonly opType: string;
  /** Empty for standard operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface ReadModel {
  readonly nodes: readonly ReadNode[];
  readonly initializers: readonly { readonly name: string; readonly inline: boolean }[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Version of the operators by domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Calls `field` for each field of a message; what it does not read is skipped. */
function fields(bytes: Uint8Array, field: (number: number, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type]: [number, WireType] = reader.tag();
    if (!field(number, reader)) reader.skip(type, number);
  }
}

/** The values of the repeated text or message fields of these numbers. */
function parts(bytes: Uint8Array, numbers: readonly number[]): Uint8Array[][] {
  const found = numbers.map((): Uint8Array[] => []);
  fields(bytes, (number, reader) => {
    const list = found[numbers.indexOf(number)];
    if (list) list.push(reader.bytes());
    return list !== undefined;
  });
  return found;
}

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** Field numbers are those of onnx.proto. */
export function readOnnx(model: Uint8Array): ReadModel {
  const [[graph], opsets, metadata] = parts(model, [7, 8, 14]);
  const [nodes, initializers, inputs, outputs] = parts(graph!, [1, 5, 11, 12]);
  const named = (bytes: Uint8Array, field: number) => text(parts(bytes, [field])[0]![0]);
  return {
    nodes: nodes!.map((node) => {
      const [from, to, opType, domain] = parts(node, [1, 2, 4, 7]);
      return { opType: text(opType![0]), domain: text(domain![0]), inputs: from!.map(text), outputs: to!.map(text) };
    }),
    initializers: initializers!.map((tensor) => ({
      name: named(tensor, 8),
      inline: parts(tensor, [9])[0]!.length > 0,
    })),
    inputs: inputs!.map((info) => named(info, 1)),
    outputs: outputs!.map((info) => named(info, 1)),
    opsets: Object.fromEntries(opsets!.map(opsetOf)),
    metadata: Object.fromEntries(metadata!.map((entry) => [named(entry, 1), named(entry, 2)])),
  };
}

/** An OperatorSetIdProto. */
function opsetOf(bytes: Uint8Array): [domain: string, version: number] {
  let domain = '';
  let version = 0;
  fields(bytes, (number, reader) => {
    if (number === 1) domain = reader.string();
    else if (number === 2) version = Number(reader.int64());
    else return false;
    return true;
  });
  return [domain, version];
}
