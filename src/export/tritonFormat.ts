/**
 * `--format triton`: a model repository for Triton Inference Server. A promptable model is an encoder, a decoder and an
 * ensemble of both under its own name; a model without prompts is one model.
 */
import { SamusError } from '../errors.js';
import type { ModelGraph } from '../models/architecture.js';
import { decoderGraph, partsOf } from '../models/graphs.js';
import type { Model } from '../models/model.js';
import { architectureOf } from '../models/registry.js';
import type { Runtime } from '../runtime/session.js';
import { DESCRIPTION, descriptionOf, metadataOf, type PartFact, readmeOf } from './description.js';
import { exportGraph, tensorFacts } from './exportGraph.js';
import type { ExportFiles, FormatOptions } from './options.js';
import { batchOf, storedAs } from './storedModel.js';
import { type TritonModel, tritonConfig } from './tritonConfig.js';

/** The version folder of each model. */
const VERSION_FOLDER = '1';
/** Most requests in one run: of the encoder, whose images take memory, and of the decoder. */
const MOST_IMAGES = 8;
const MOST_PROMPTS = 32;

/** What Triton and URLs take as the name of a model. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const ABOUT =
  'A model repository for [Triton Inference Server](https://github.com/triton-inference-server/server) with its ONNX Runtime backend. An ensemble takes image and prompts at once; for several prompts about one image, ask the encoder once and the decoder for each.';

/**
 * @returns files by their paths in the repository
 * @throws SamusError MODEL_NAME, MODEL_QUANTISED, MODEL_NOT_QUANTISABLE
 */
export async function tritonFormat(runtime: Runtime, model: Model, options: FormatOptions): Promise<ExportFiles> {
  const { dtype, version, notice } = options;
  const { name } = model;
  if (!NAME.test(name)) {
    const message = `expected a model name of letters, digits, dots and dashes for Triton, got ${name}`;
    throw new SamusError('MODEL_NAME', message, 'rename the folder or the file of the model', { name });
  }
  const stored = storedAs(model, dtype);
  const files: ExportFiles = new Map();
  const facts: PartFact[] = [];
  const models: TritonModel[] = [];
  for (const [part, graph] of graphsOf(stored)) {
    const own = part === 'network' ? name : `${name}-${part}`;
    const fact = { part, dtype, inputs: tensorFacts(graph.inputs), outputs: tensorFacts(graph.outputs) };
    const metadata = metadataOf(stored, version, fact);
    const file = `${own}/${VERSION_FOLDER}/model.onnx`;
    for (const entry of await exportGraph(runtime, file, graph, stored.tensors, { dtype, version, metadata })) {
      files.set(...entry);
    }
    const most = part === 'decoder' ? MOST_PROMPTS : MOST_IMAGES;
    const served = { ...fact, name: own, version, maxBatch: isBatched(stored) ? most : 0 };
    files.set(`${own}/config.pbtxt`, [tritonConfig(served)]);
    models.push(served);
    facts.push({ ...fact, file });
  }
  const [encoder, decoder] = models;
  if (encoder && decoder) {
    files.set(`${name}/config.pbtxt`, [tritonConfig(ensembleOf(name, encoder, decoder))]);
    // Triton wants a version folder of an ensemble too.
    files.set(`${name}/${VERSION_FOLDER}/.keep`, ['']);
  }
  for (const folder of new Set([...models.map((served) => served.name), name])) {
    files.set(`${folder}/${DESCRIPTION}`, [descriptionOf(stored, version, 'triton', facts)]);
  }
  return files.set(`${name}/README.md`, [readmeOf(stored, facts, { notice, version, about: ABOUT })]);
}

/** Whether all graphs take several requests in one run. */
function isBatched(model: Model): boolean {
  const architecture = architectureOf(model.config);
  return batchOf(model) !== 1 && (architecture.task === 'classes' || !architecture.oneObject);
}

/** The decoder has an embedding for each prompt, so that requests about different images become one run. */
function graphsOf(model: Model): [part: string, graph: ModelGraph][] {
  const batched = isBatched(model);
  return [...partsOf(model.config, batched ? 'batch' : 1)].map(([part, build]) => [
    part,
    part === 'decoder' && batched ? decoderGraph(model.config, { embeddings: true }) : build(),
  ]);
}

/** The inputs of both without what one hands to the other. */
function ensembleOf(name: string, encoder: TritonModel, decoder: TritonModel): TritonModel {
  const between = new Set(encoder.outputs.map((fact) => fact.name));
  return {
    name,
    version: encoder.version,
    inputs: [...encoder.inputs, ...decoder.inputs.filter((fact) => !between.has(fact.name))],
    outputs: decoder.outputs,
    maxBatch: Math.min(encoder.maxBatch, decoder.maxBatch),
    steps: [encoder, decoder],
  };
}
