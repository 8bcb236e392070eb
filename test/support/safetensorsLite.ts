/**
 * The few lines of a safetensors reader that golden files need in tests, so that a test of pictures does not hang on
 * the project's own reader. Trusted files only: nothing is checked.
 */
import { readFileSync } from 'node:fs';

/** A tensor as raw bytes, little endian. */
export interface RawTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** All tensors of a file by name. */
export function readGolden(path: string): ReadonlyMap<string, RawTensor> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString('utf8', 8, start),
  );
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return new Map(
    tensors.map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        // Copied, so that views of four bytes find their alignment.
        return [name, { dtype, shape, bytes: Uint8Array.from(file.subarray(start + from, start + to)) }];
      },
    ),
  );
}
