/**
 * Names that the safetensors format gives to data types, both ways, and those of types that no model here uses:
 * tensors of these are left out.
 */
import type { DType } from '../graph/tensorData.js';

export const SAFETENSORS_NAMES: Readonly<Record<DType, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

export const SAFETENSORS_DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['F64', 'float64'],
  ['F32', 'float32'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I64', 'int64'],
  ['I32', 'int32'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
  ['BOOL', 'bool'],
]);

/** Bits of a number of the other types. Source: `dtype.rs` of the format's own library. */
export const SAFETENSORS_OTHERS: ReadonlyMap<string, number> = new Map([
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['F8_E4M3', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2', 8],
  ['F8_E5M2FNUZ', 8],
  ['F8_E8M0', 8],
  ['U16', 16],
  ['U32', 32],
  ['U64', 64],
  ['C64', 64],
]);

/** The format's own cap on its header, in bytes. */
export const MAX_HEADER = 100_000_000;
