/**
 * Published networks against their authors' implementations: every file in test/fixtures/networks, tensor by tensor.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/formats/byteSource.js';
import { toFloat32 } from '../../src/formats/halfFloat.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { compareReference, computeReference, type Difference, openReference } from '../../src/train/reference.js';
import { runtime } from '../support/evaluate.js';

const FOLDER = new URL('../fixtures/networks/', import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.safetensors'));

/** Relative errors that float32 allows. */
const OUTPUT = 5e-5;
const LOSS = 2e-6;
const STATISTICS = 1e-5;
const GRADIENT = 1e-4;
/** Of models in which one ReLU or maximum near its edge, or weights moved by 1e-6, change gradients by more. */
const GRADIENTS: Readonly<Record<string, number>> = { missformer: 1e-3, cenet: 1e-3, canet: 1e-2, aaunet: 1e-2 };
/** A gradient of a smaller share of the largest norm is rounding, and compared by its absolute error. */
const ROUNDING = 1e-6;
/** Zero in exact arithmetic, before a batch norm; in these files just above that share, though it is rounding too. */
const ZERO: Readonly<Record<string, readonly string[]>> = {
  cenet: ['decoder1.conv3.bias', 'decoder1.deconv2.bias'],
  aaunet: ['down.0.0.s_conv1.bias'],
};
const ROUNDING_OF_ZERO = 1e-5;

describe.each(FILES)('%s', async (name) => {
  const { tensors, metadata } = await readSafetensors(memorySource(await readFile(new URL(name, FOLDER))));
  const file = openReference({ tensors, metadata });
  const computed = await computeReference(runtime, file);
  const { differences, missing } = compareReference(file, computed);

  const norms = new Map(
    [...tensors].flatMap(([name, tensor]): [string, number][] => {
      const [, kind, weight] = /^grad(norm)?\.(.*)$/.exec(name) ?? [];
      if (weight === undefined) return [];
      const { data } = toFloat32(tensor);
      return [[weight, kind ? data[0]! : Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0))]];
    }),
  );
  const largest = Math.max(...norms.values());

  /** Whether the difference is within what float32 allows. */
  function fits({ name, rel_l2, max_abs }: Difference): boolean {
    const weight = /^grad(?:sample|norm)?\.(.*)$/.exec(name)?.[1];
    if (weight === undefined) {
      return rel_l2 <= (name.startsWith('loss') ? LOSS : name.startsWith('after.') ? STATISTICS : OUTPUT);
    }
    if (ZERO[file.model]?.includes(weight)) return max_abs <= ROUNDING_OF_ZERO * largest;
    if (norms.get(weight)! < ROUNDING * largest) return max_abs <= ROUNDING * largest;
    return rel_l2 <= (GRADIENTS[file.model] ?? GRADIENT);
  }

  it('has every result of the file', () => {
    expect(missing).toEqual([]);
    expect(differences.map(({ name }) => name)).toEqual(expect.arrayContaining(['output', 'loss']));
  });

  it('has the shapes of the file', () => {
    const unlike = [...tensors].flatMap(([name, { shape }]) => {
      const found = computed.tensors.get(name)?.shape ?? shape;
      return found.join() === shape.join() ? [] : [[name, found, shape]];
    });
    expect(unlike).toEqual([]);
  });

  it('agrees within float32', () => {
    expect(differences.filter((found) => !fits(found))).toEqual([]);
  });

  it('has the same weights without a gradient', () => {
    expect([...computed.withoutGradient].sort()).toEqual(JSON.parse(metadata.get('without_gradient') ?? '[]').sort());
  });
});
