/**
 * Reference outputs in test/fixtures/golden, and the measures that parity is judged by.
 */
import { expect } from 'vitest';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { toFloat32 } from '../../src/formats/halfFloat.js';
import { float32, type StateDict, sizeOf, type TensorData } from '../../src/graph/tensorData.js';

/** What the arithmetic of float32 allows, on embeddings and logits. */
const MAX_RELATIVE = 5e-5;
/** The largest difference of a single logit. */
const MAX_LOGIT = 2e-3;
/** The share of a mask's pixels that may differ. */
const MAX_FLIPPED = 5e-4;

export const goldenPath = (name: string): string => new URL(`../fixtures/golden/${name}`, import.meta.url).pathname;

/** All tensors of a golden file. */
export async function golden(name: string): Promise<StateDict> {
  return (await readCheckpointFile(goldenPath(name))).tensors;
}

/** A tensor of a golden file as float32. */
export function numbers(tensors: StateDict, name: string): TensorData<'float32'> {
  return toFloat32(tensors.get(name)!);
}

/** Bytes of a golden file. */
export function bytes(tensors: StateDict, name: string): Uint8Array {
  const tensor = tensors.get(name);
  if (tensor?.dtype !== 'uint8') throw new Error(`${name} holds no bytes`);
  return tensor.data;
}

/** One of the first axis, without that axis. */
export function item(tensor: TensorData<'float32'>, index: number): TensorData<'float32'> {
  const shape = tensor.shape.slice(1);
  const size = sizeOf(shape);
  return float32(tensor.data.slice(index * size, (index + 1) * size), shape);
}

/** Relative error in the L2 norm. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  let [error, norm] = [0, 0];
  for (const [i, value] of expected.entries()) {
    error += (actual[i]! - value) ** 2;
    norm += value ** 2;
  }
  return actual.length === expected.length ? Math.sqrt(error / norm) : Number.NaN;
}

/** That tensors are equal as far as float32 allows. */
export function expectParity(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  expect(relativeError(actual, expected), what).toBeLessThan(MAX_RELATIVE);
}

/** That logits are, each of them too. */
export function expectLogits(actual: Float32Array, expected: Float32Array, what: string): void {
  expectParity(actual, expected, what);
  const most = expected.reduce((worst, value, i) => Math.max(worst, Math.abs(actual[i]! - value)), 0);
  expect(most, what).toBeLessThan(MAX_LOGIT);
}

/** That binary masks are equal but for a few pixels on the border. */
export function expectMask(actual: Uint8Array, expected: Uint8Array, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const flipped = expected.reduce((count, value, i) => count + (value === actual[i] ? 0 : 1), 0);
  expect(flipped / expected.length, what).toBeLessThanOrEqual(MAX_FLIPPED);
}
