/**
 * Finds and reads a model by name: a model folder, a checkpoint file, or a model bundled with the package.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SamusError } from '../errors.js';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import { storedPath } from '../formats/fileSystem.node.js';
import { isModelFolder, readModelFolder } from '../formats/modelFolder.node.js';
import { findModel } from '../models/findModel.js';
import { type Model, modelFromParts, modelFromTensors } from '../models/model.js';
import { isHubName, offlineWarning, parseHubName, pullModel } from './hubModel.node.js';

/** Bundled models are at the package root; sources and build are both two folders below it. */
const BUNDLED = fileURLToPath(new URL('../../models/', import.meta.url));

/** A bundled model's name is never a path. */
const PLAIN_NAME = /^[a-z0-9][a-z0-9._-]*$/i;

export interface ModelSelection {
  /** Selects a model in a checkpoint with several: the key of its dict, or its tensor name prefix. */
  readonly key?: string;
}

/**
 * Reads a model. A path `name` takes precedence over a bundled model of that name.
 * @param name a model folder, a `.pth`, `.pt` or `.safetensors` file, a bundled name such as `samus-s`, or a model on the
 *   Hugging Face hub such as `hf:USER/NAME@REVISION`
 * @throws SamusError MODEL_NOT_FOUND, and what reading and checking it throws: MODEL_FOLDER_INCOMPLETE, CONFIG_…,
 *   CHECKPOINT_…, SAFETENSORS_…, HUB_…, MODEL_ARCHITECTURE_UNSUPPORTED, MODEL_ARCHITECTURE_UNKNOWN
 */
export async function loadModel(name: string, { key }: ModelSelection = {}): Promise<Model> {
  if (isHubName(name)) return fromHub(name);
  const path = await storedPath(name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return fromFolder(basename(resolve(path)), path);
  if (found) {
    const { tensors } = await readCheckpointFile(path, { choose: (dicts) => findModel(dicts, key) });
    return { ...modelFromTensors(basename(path, extname(path)), tensors), files: [path] };
  }
  const bundled = join(BUNDLED, name);
  if (PLAIN_NAME.test(name) && (await isModelFolder(bundled))) return fromFolder(name, bundled);
  const names = await bundledModels();
  throw new SamusError(
    'MODEL_NOT_FOUND',
    `cannot find a model folder, a checkpoint file or a bundled model named ${name}`,
    names.length > 0
      ? `bundled models: ${names.join(', ')}`
      : 'no model is bundled: name a folder or a checkpoint file',
    { name, bundled: names },
  );
}

/** SHA-256 of a model's weights file, hexadecimal. @throws SamusError as {@link loadModel} */
export async function weightsHash(name: string): Promise<string> {
  const { files = [] } = await loadModel(name);
  const weights = files.find((file) => /\.(safetensors|pth|pt)$/.test(file)) ?? files[0];
  if (weights === undefined) return '';
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(weights)) hash.update(chunk);
  return hash.digest('hex');
}

/** Names of the bundled models. */
export async function bundledModels(): Promise<string[]> {
  const entries = await readdir(BUNDLED).catch((): string[] => []);
  const models = await Promise.all(entries.map((entry) => isModelFolder(join(BUNDLED, entry))));
  return entries.filter((_, i) => models[i]).sort();
}

async function fromHub(name: string): Promise<Model> {
  const pulled = await pullModel(name);
  const model = await fromFolder(basename(parseHubName(name).repo), pulled.folder);
  return pulled.offline ? { ...model, warnings: [...(model.warnings ?? []), offlineWarning(name, pulled)] } : model;
}

async function fromFolder(name: string, folder: string): Promise<Model> {
  const { config, tensors, card, files } = await readModelFolder(folder);
  return { ...modelFromParts(name, config, tensors, card), files };
}
