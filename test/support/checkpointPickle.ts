/**
 * A tiny writer of pickles as torch.save makes them, for made-up checkpoints. Every function gives the bytes that
 * push one value; `pickle` makes a whole of them.
 */
import { bytes, type Part, u32, u64 } from './checkpointBytes.js';

/** Opcodes that tests put together by hand. */
export const MARK = '(';
export const REDUCE = 'R';
export const NONE = 'N';
export const PERSID = 'Q';

export function pickle(...parts: Part[]): Uint8Array {
  return bytes(0x80, 2, ...parts, '.');
}

export function text(value: string): Uint8Array {
  const encoded = new TextEncoder().encode(value);
  return bytes('X', u32(encoded.length), encoded);
}

/** As BININT where it fits, else as LONG1 of eight bytes. */
export function int(value: number | bigint): Uint8Array {
  const small = BigInt.asIntN(32, BigInt(value)) === BigInt(value);
  return small ? bytes('J', u64(value).subarray(0, 4)) : bytes(0x8a, 8, u64(value));
}

export function tuple(...items: Part[]): Uint8Array {
  return bytes(MARK, ...items, 't');
}

export function list(...items: Part[]): Uint8Array {
  return bytes(']', MARK, ...items, 'e');
}

export function dict(entries: readonly (readonly [key: Part, value: Part])[]): Uint8Array {
  return bytes('}', MARK, ...entries.flat(), 'u');
}

/** A dict with texts as keys. */
export function named(entries: { readonly [name: string]: Part }): Uint8Array {
  return dict(Object.entries(entries).map(([name, value]) => [text(name), value]));
}

export function global(module: string, name: string): Uint8Array {
  return bytes('c', module, '\n', name, '\n');
}

export interface StorageSpec {
  readonly key: string;
  readonly elements: number | bigint;
  /** `Float` by default. */
  readonly type?: string;
  readonly device?: string;
}

export function storage({ key, elements, type = 'Float', device = 'cpu' }: StorageSpec): Uint8Array {
  return bytes(
    tuple(text('storage'), global('torch', `${type}Storage`), text(key), text(device), int(elements)),
    PERSID,
  );
}

export interface TensorSpec extends StorageSpec {
  readonly offset?: number | bigint;
  readonly shape: readonly (number | bigint)[];
  readonly strides: readonly (number | bigint)[];
}

export function tensor(spec: TensorSpec): Uint8Array {
  const { offset = 0, shape, strides } = spec;
  return rebuilt(storage(spec), int(offset), tuple(...shape.map(int)), tuple(...strides.map(int)), 0x89, hooks());
}

/** A call of `_rebuild_tensor_v2` with any arguments. */
export function rebuilt(...args: Part[]): Uint8Array {
  return bytes(global('torch._utils', '_rebuild_tensor_v2'), tuple(...args), REDUCE);
}

/** The empty OrderedDict that stands for backward hooks. */
export function hooks(): Uint8Array {
  return bytes(global('collections', 'OrderedDict'), ')', REDUCE);
}
