/**
 * The model of jobs and its classes.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SamusError } from '../errors.js';
import type { AnnotationClass } from '../formats/annotation.js';
import { namedClasses } from '../models/classLogits.js';
import { ClassNetwork } from '../predict/classNetwork.js';
import { loadModel } from '../predict/loadModel.node.js';
import { Segmenter, type SegmenterOptions } from '../predict/segmenter.js';
import type { Model } from '../predict/types.js';
import type { Runtime } from '../runtime/session.js';

/**
 * Loads a model for jobs.
 * @param auto whether it is to segment without prompts
 * @throws SamusError MODEL_PROMPTS, MODEL_CLASSES for a model of the other kind, and as loadModel
 */
export async function openJobModel(
  source: string,
  auto: boolean,
  runtime: Runtime,
  options: SegmenterOptions,
): Promise<Segmenter | ClassNetwork> {
  const model = await loadModel(source);
  return auto ? ClassNetwork.create(model, runtime, options) : Segmenter.create(model, runtime, options);
}

/**
 * The classes of a model, by the names of the option or else its own.
 * @throws SamusError MODEL_CLASSES for another number of names
 */
export function chosenClasses(
  model: Segmenter | ClassNetwork,
  names: readonly string[] | undefined,
): AnnotationClass[] {
  const own = namedClasses(model.config);
  if (!names) return own;
  const count = model instanceof ClassNetwork ? model.classes - 1 : 0;
  if (names.length === count) return names.map((name, i) => ({ ...own[i], id: i + 1, name }));
  const message = `expected names of the ${count} classes of ${model.name} without the background, got ${names.length}`;
  throw new SamusError('MODEL_CLASSES', message, count === 0 ? 'leave --class-names out' : 'name each class once');
}

/** Hexadecimal SHA-256 of the files that decide what a model answers. */
export async function modelHash({ name, files = [] }: Model): Promise<string> {
  const hash = createHash('sha256');
  hash.update(name);
  for (const file of files) if (!file.endsWith('.md')) hash.update(await readFile(file));
  return hash.digest('hex');
}
