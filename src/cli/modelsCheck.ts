/**
 * `samus models check`: a model beside a file of reference tensors, such as those of another implementation.
 */
import { SamusError } from '../errors.js';
import { writeSafetensorsFile } from '../formats/checkpointFile.node.js';
import { openFileSource } from '../formats/fileSource.node.js';
import { readSafetensors, type Safetensors } from '../formats/safetensors.js';
import { firstNotFinite } from '../graph/tensorData.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { compareReference, computeReference, openReference } from '../train/reference.js';
import { readModel } from './openModel.js';
import { modelFiles, outputCheck } from './output.js';
import { withProgress } from './progress.js';
import type { Outcome } from './run.js';

export interface CheckOptions {
  /** A model for a file that names none or has no weights. */
  readonly weights?: string;
  /** The file for the computed tensors. */
  readonly outputs?: string;
}

/**
 * Computes what the file contains and compares it. The exit code is 1 if a result of the file could not be computed.
 * @throws SamusError OUTPUT_IS_INPUT, what reading the files throws, REFERENCE_MODEL, REFERENCE_CONFIG, REFERENCE_TENSOR,
 *   MODEL_OUTPUT if a computed tensor has NaN or infinite values
 */
export async function checkModel(path: string, { weights, outputs }: CheckOptions): Promise<Outcome> {
  if (outputs !== undefined) {
    const check = await outputCheck([path, ...(weights === undefined ? [] : modelFiles(weights))]);
    await check([outputs]);
  }
  const file = openReference(await readFile(path), weights === undefined ? undefined : await readModel(weights));
  const computed = await withProgress(`computing ${file.model}`, () => computeReference(nodeRuntime(), file));
  for (const [name, { data }] of computed.tensors) {
    if (firstNotFinite(data) < 0) continue;
    const message = `expected finite numbers in ${name}, got NaN or infinity`;
    throw new SamusError('MODEL_OUTPUT', message, 'check the inputs, and that target has only classes of the model');
  }
  const { differences, missing } = compareReference(file, computed);
  if (outputs !== undefined) {
    await writeSafetensorsFile(outputs, computed.tensors, new Map([['model', file.model]]));
  }
  const { model } = file;
  const { withoutGradient } = computed;
  const tensors = differences.map(({ name, rel_l2, max_abs }) => ({ name, rel_l2, max_abs }));
  return {
    document: { model, tensors, without_gradient: [...withoutGradient], missing: [...missing] },
    lines: [
      `${model}: ${differences.length} tensors compared`,
      ...differences.map(
        ({ name, rel_l2, max_abs }) =>
          `${rel_l2.toExponential(1)} relative, ${max_abs.toExponential(1)} at most  ${name}`,
      ),
      ...withoutGradient.map((name) => `without a gradient: ${name}`),
      ...missing.map((name) => `not computed: ${name}`),
    ],
    exitCode: missing.length > 0 ? 1 : 0,
  };
}

async function readFile(path: string): Promise<Safetensors> {
  const source = await openFileSource(path);
  try {
    return await readSafetensors(source);
  } finally {
    await source.close();
  }
}
