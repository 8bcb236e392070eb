/**
 * Makes a small fixture from a file of reference tensors: large gradients become every 101st element (`gradsample.NAME`) and
 * their norm (`gradnorm.NAME`), large intermediate results are left out. Weights, inputs, outputs and the loss stay as they are.
 *
 * Usage, after npm run build: node scripts/reference-fixture.mjs REFERENCE.safetensors test/fixtures/networks/NAME.safetensors
 */
import { readFile } from 'node:fs/promises';
import { memorySource } from '#dist/formats/byteSource.js';
import { writeSafetensorsFile } from '#dist/formats/checkpointFile.node.js';
import { readSafetensors } from '#dist/formats/safetensors.js';

/** Elements of a gradient, and of an intermediate result, that are kept. */
const [GRADIENT, ACTIVATION] = [2048, 16_384];
const SAMPLED_EVERY = 101;

const [from, to] = process.argv.slice(2);
const { tensors, metadata } = await readSafetensors(memorySource(await readFile(from)));
const kept = [...tensors].flatMap(([name, tensor]) => {
  const { data } = tensor;
  if (name.startsWith('act.') && data.length > ACTIVATION) return [];
  if (!name.startsWith('grad.') || data.length <= GRADIENT) return [[name, tensor]];
  const weight = name.slice('grad.'.length);
  const sample = data.filter((_, i) => i % SAMPLED_EVERY === 0);
  const norm = Float32Array.of(Math.sqrt(data.reduce((sum, value) => sum + value * value, 0)));
  return [
    [`gradsample.${weight}`, { dtype: 'float32', shape: [sample.length], data: sample }],
    [`gradnorm.${weight}`, { dtype: 'float32', shape: [], data: norm }],
  ];
});
await writeSafetensorsFile(to, new Map(kept), metadata);
