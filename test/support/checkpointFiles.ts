/**
 * Made-up checkpoints in the three formats, whole or with one thing wrong.
 */
import { bytes, f32, u64 } from './checkpointBytes.js';
import { int, list, named, pickle, type TensorSpec, tensor, text } from './checkpointPickle.js';
import { type ZipOptions, type ZipPart, zip } from './checkpointZip.js';

export type Stored = readonly (readonly [key: string, data: Uint8Array])[];

/** Two tensors in two storages: `weight` [2, 3] and `bias` [2]. */
export const WEIGHT: TensorSpec = { key: '0', elements: 6, shape: [2, 3], strides: [3, 1] };
export const BIAS: TensorSpec = { key: '1', elements: 2, shape: [2], strides: [1] };
export const STORED: Stored = [
  ['0', f32(1, 2, 3, 4, 5, 6)],
  ['1', f32(-1, 0.5)],
];

export function stateDict(): Uint8Array {
  return named({ weight: tensor(WEIGHT), bias: tensor(BIAS) });
}

/** The entries of a zip container. */
export function torchParts(state: Uint8Array, stored: Stored = STORED): ZipPart[] {
  return [
    { name: 'net/data.pkl', data: state },
    { name: 'net/byteorder', data: bytes('little') },
    ...stored.map(([key, data]) => ({ name: `net/data/${key}`, data })),
    { name: 'net/version', data: bytes('3\n') },
  ];
}

/** @param value the bytes that push what was saved */
export function torchZip(value: Uint8Array = stateDict(), stored: Stored = STORED, options: ZipOptions = {}) {
  return zip(torchParts(pickle(value), stored), options);
}

export interface LegacySpec {
  readonly magic?: Uint8Array;
  readonly version?: number;
  readonly system?: Uint8Array;
  readonly value?: Uint8Array;
  /** In the order in which the file has them; `elements` is what the file says. */
  readonly keys?: readonly string[];
  readonly stored?: readonly (readonly [elements: number | bigint, data: Uint8Array])[];
  readonly after?: Uint8Array;
}

/** A legacy container; its pickles are head, version, system, value, keys. */
export function torchLegacy(spec: LegacySpec = {}): Uint8Array<ArrayBuffer> {
  const stored = spec.stored ?? STORED.map(([, data]) => [data.length / 4, data] as const);
  return bytes(
    pickle(spec.magic ?? [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]),
    pickle(int(spec.version ?? 1001)),
    pickle(spec.system ?? named({ protocol_version: int(1001), little_endian: bytes(0x88) })),
    pickle(spec.value ?? stateDict()),
    pickle(list(...(spec.keys ?? STORED.map(([key]) => key)).map(text))),
    ...stored.flatMap(([elements, data]) => [u64(elements), data]),
    spec.after ?? [],
  );
}

/** @param length what the file says of the length of its header */
export function safetensors(header: string, data: Uint8Array = bytes(), length?: bigint): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(header);
  return bytes(u64(length ?? encoded.length), encoded, data);
}

/** A header of `weight` [2, 3] and `bias` [2] with their 32 bytes of data, and what one entry says instead. */
export function safetensorsHeader(weight: object = {}, extra = ''): string {
  const first = { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24], ...weight };
  return `{"weight":${JSON.stringify(first)},"bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}${extra}}`;
}

export const SAFETENSORS_DATA = bytes(f32(1, 2, 3, 4, 5, 6), f32(-1, 0.5));

/** The bytes with those from `at` on replaced. */
export function patched(file: Uint8Array, at: number, ...values: readonly number[]): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(file);
  copy.set(values, at < 0 ? file.length + at : at);
  return copy;
}

/** The bytes with the first occurrence of a text replaced by one as long. */
export function replaced(file: Uint8Array, from: string, to: string): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(file.buffer, file.byteOffset, file.byteLength).indexOf(from);
  if (at < 0 || from.length !== to.length) throw new Error(`${from} cannot become ${to}`);
  return patched(file, at, ...new TextEncoder().encode(to));
}
