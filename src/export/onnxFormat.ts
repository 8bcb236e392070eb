/**
 * `--format onnx`: the graphs of a model as plain ONNX files, with SAM's public names of tensors, for any ONNX engine.
 */

import { partsOf } from '../models/graphs.js';
import type { Model } from '../models/model.js';
import type { Runtime } from '../runtime/session.js';
import { DESCRIPTION, descriptionOf, metadataOf, type PartFact, readmeOf } from './description.js';
import { exportGraph, tensorFacts } from './exportGraph.js';
import type { ExportFiles, FormatOptions } from './options.js';
import { batchOf, storedAs } from './storedModel.js';

const ABOUT =
  'An encoder is run once for an image, its decoder for each prompt; a network for classes is one file. Any ONNX engine runs them.';

/** @throws SamusError MODEL_QUANTISED, MODEL_NOT_QUANTISABLE where the model cannot be stored so */
export async function onnxFormat(runtime: Runtime, model: Model, options: FormatOptions): Promise<ExportFiles> {
  const { dtype, version, notice } = options;
  const stored = storedAs(model, dtype);
  const files: ExportFiles = new Map();
  const facts: PartFact[] = [];
  for (const [part, build] of partsOf(stored.config, batchOf(stored))) {
    const graph = build();
    const fact = { part, dtype, inputs: tensorFacts(graph.inputs), outputs: tensorFacts(graph.outputs) };
    const file = `${part}.onnx`;
    const metadata = metadataOf(stored, version, fact);
    for (const entry of await exportGraph(runtime, file, graph, stored.tensors, { dtype, version, metadata })) {
      files.set(...entry);
    }
    facts.push({ ...fact, file });
  }
  files.set('README.md', [readmeOf(stored, facts, { notice, version, about: ABOUT })]);
  return files.set(DESCRIPTION, [descriptionOf(stored, version, 'onnx', facts)]);
}
