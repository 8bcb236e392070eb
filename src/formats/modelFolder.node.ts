/**
 * A model on disk: a folder with `config.json`, `model.safetensors` and `README.md` (the model card). Written so that
 * no half model ever stands under its name. What the configuration says is not looked at here.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SamusError } from '../errors.js';
import type { StateDict } from '../graph/tensorData.js';
import { readCheckpointFile, writeSafetensorsFile } from './checkpointFile.node.js';
import { exists } from './fileSystem.node.js';
import { makeFolder, writeError } from './fileWrite.node.js';

export const MODEL_FILES = { config: 'config.json', weights: 'model.safetensors', card: 'README.md' } as const;

/** Sizes of text files that are read: far above any real one. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

export interface ModelFolder {
  /** What `config.json` holds, parsed but not checked. */
  readonly config: unknown;
  readonly tensors: StateDict;
  /** `__metadata__` of the weights. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The model card, if there is one. */
  readonly card?: string;
  /** Paths of the files that were read. */
  readonly files: readonly string[];
}

export interface ModelFolderContent {
  /** The text of `config.json`. */
  readonly config: string;
  readonly tensors: StateDict;
  readonly metadata?: ReadonlyMap<string, string>;
  /** Without it, a card that is there stays. */
  readonly card?: string;
}

/**
 * The parts of a model folder.
 * @throws SamusError MODEL_FOLDER_INCOMPLETE if the configuration or the weights are missing, CONFIG_INVALID if the
 *   configuration is no JSON, and what the reader of the weights throws
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const text = await readText(join(folder, MODEL_FILES.config));
  const weights = join(folder, MODEL_FILES.weights);
  if (text === undefined || !(await exists(weights))) {
    const missing = text === undefined ? MODEL_FILES.config : MODEL_FILES.weights;
    throw new SamusError(
      'MODEL_FOLDER_INCOMPLETE',
      `expected ${MODEL_FILES.config} and ${MODEL_FILES.weights} in the model folder ${folder}, got no ${missing}`,
      'name a model folder, or import a checkpoint with samus models convert',
      { folder, missing },
    );
  }
  const config = parseJson(text, join(folder, MODEL_FILES.config));
  const { tensors, metadata } = await readCheckpointFile(weights);
  const card = await readText(join(folder, MODEL_FILES.card));
  const files = [join(folder, MODEL_FILES.config), weights];
  if (card === undefined) return { config, tensors, metadata, files };
  return { config, tensors, metadata, card, files: [...files, join(folder, MODEL_FILES.card)] };
}

/** Whether `path` is a folder that holds a configuration and weights. */
export async function isModelFolder(path: string): Promise<boolean> {
  return (await exists(join(path, MODEL_FILES.config))) && (await exists(join(path, MODEL_FILES.weights)));
}

/**
 * Writes a model folder. A new one appears as a whole, or not at all. In one that is there the files are replaced,
 * each in one step and only once all of them are written; other files in it stay.
 * @throws SamusError MODEL_FOLDER_OCCUPIED if `folder` is a file, or a folder of something else; DISK_FULL,
 *   FILE_UNWRITABLE
 */
export async function writeModelFolder(folder: string, content: ModelFolderContent): Promise<void> {
  const target = resolve(folder);
  const present = await occupant(target);
  if (present === 'other') {
    throw new SamusError(
      'MODEL_FOLDER_OCCUPIED',
      `expected a new folder or a model folder, got ${folder}, which is a file or contains something else`,
      'name another folder',
      { folder },
    );
  }
  // Beside a new folder, within an old one: in both cases on the same file system as its place.
  const staging = join(present === 'nothing' ? dirname(target) : target, `.${randomUUID()}.tmp`);
  try {
    await makeFolder(staging);
    await writeSafetensorsFile(join(staging, MODEL_FILES.weights), content.tensors, content.metadata);
    await writeFile(join(staging, MODEL_FILES.config), content.config, { flush: true });
    if (content.card !== undefined) await writeFile(join(staging, MODEL_FILES.card), content.card, { flush: true });
    if (present === 'nothing') await rename(staging, target);
    else for (const name of await readdir(staging)) await rename(join(staging, name), join(target, name));
  } catch (error) {
    throw writeError(folder, error);
  } finally {
    // What went wrong before matters more than what is left over.
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** What stands at a path: nothing, a folder that may be written to, or something that must not be touched. */
async function occupant(path: string): Promise<'nothing' | 'folder' | 'other'> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 'nothing';
  if (!found.isDirectory()) return 'other';
  const empty = (await readdir(path)).length === 0;
  return empty || (await isModelFolder(path)) ? 'folder' : 'other';
}

/** The text of a file, or undefined if there is none. */
async function readText(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  if (found.size <= MAX_TEXT_BYTES) return readFile(path, 'utf8');
  throw new SamusError(
    'MODEL_FILE_TOO_LARGE',
    `expected at most ${MAX_TEXT_BYTES} bytes in ${path}, got ${found.size}`,
    'it is neither a configuration nor a model card: check the folder',
    { path, bytes: found.size },
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SamusError(
      'CONFIG_INVALID',
      `expected valid JSON in ${path}, got other text`,
      'correct it, or get the model again',
      {
        path,
      },
    );
  }
}
