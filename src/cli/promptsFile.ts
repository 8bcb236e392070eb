/**
 * Reads prompts for many images from a file: CSV with the columns `image,object,kind,values`, or the JSON that
 * `samus segment --json` prints. Paths are relative to the current folder, as on the command line.
 */
import { readFile, stat } from 'node:fs/promises';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import type { AnnotatedObject, AnnotationClass } from '../formats/annotation.js';
import { readAnnotation } from '../formats/annotationRead.js';
import { splitCsv } from '../formats/csv.js';
import { readReason, storedPath } from '../formats/fileSystem.node.js';
import { OutputNames, safeName } from '../formats/outputNames.js';
import type { JobObject, PromptedImage } from '../jobs/segmentJob.js';
import { PromptList, parseBox, parsePoint } from './promptOptions.js';
import { warn } from './run.js';

/** The prompts of a file, in file order. */
export interface PromptsFile {
  readonly images: readonly PromptedImage[];
  readonly classes: readonly AnnotationClass[];
}

/** A prompt takes a few bytes; a larger file is not a prompts file. */
const MAX_BYTES = 64e6;

const COLUMNS = ['image', 'object', 'kind', 'values'] as const;

/**
 * @throws SamusError PROMPTS_UNREADABLE, PROMPTS_TOO_LARGE, PROMPTS_COLUMNS, PROMPTS_LINE, PROMPTS_EMPTY, and as
 *   readAnnotation
 */
export async function readPromptsFile(path: string): Promise<PromptsFile> {
  const text = (await readText(path)).replace(/^\uFEFF/, '');
  const prompts = /^\s*[{[]/.test(text) ? promptsFromJson(text, path) : await promptsFromCsv(text, path);
  if (prompts.images.length > 0) return prompts;
  throw input('PROMPTS_EMPTY', `expected at least one prompt in ${path}, got none`, 'add a line for each prompt');
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      throw input(
        'PROMPTS_TOO_LARGE',
        `expected a prompts file of at most ${MAX_BYTES} bytes, got ${size} in ${path}`,
        'split the file',
      );
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof SamusError || !(error instanceof Error) || !('code' in error)) throw error;
    const reason = error.code === 'ENOENT' ? 'file not found' : readReason(String(error.code));
    throw input('PROMPTS_UNREADABLE', `cannot read the prompts file ${path}: ${reason}`, 'check the path');
  }
}

/**
 * Users can give objects any name, also the same one twice, so each object gets a safe and unique file name. Empty
 * objects are skipped.
 * @throws SamusError PROMPTS_JSON, PROMPTS_EMPTY if no object has a prompt
 */
export function promptsFromJson(text: string, path: string): PromptsFile {
  const { images: read, classes } = readAnnotation(parse(text, path), path);
  const images = read.map(({ image, objects }) => ({ image, objects: jobObjects(objects) }));
  const empty = read.flatMap(({ image, objects }) =>
    objects.flatMap((object, i) =>
      hasSomething(object) ? [] : [`${nameOf(object, i)} (objects[${i}] of ${image.path ?? image.content})`],
    ),
  );
  if (empty.length > 0 && images.every(({ objects }) => objects.length === 0)) {
    const message = `expected at least one point, box or mask in ${path}, got none`;
    throw input('PROMPTS_EMPTY', message, 'add a prompt to each object');
  }
  for (const object of empty) warn(`${path}: ${object} skipped: it has neither prompts nor strokes`);
  return { images, classes };
}

const nameOf = ({ name }: AnnotatedObject, index: number): string => name ?? `object-${index + 1}`;

const hasSomething = ({ points, box, guess, added }: AnnotatedObject): boolean =>
  points.length > 0 || box !== undefined || guess !== undefined || added !== undefined;

export function jobObjects(objects: readonly AnnotatedObject[]): JobObject[] {
  const names = new OutputNames();
  return objects.flatMap((object, i) => {
    if (!hasSomething(object)) return [];
    // Drop the previous answer; only the prompts are asked again.
    const { score, stability, mask, answer, committed, ...prompted } = object;
    const name = nameOf(object, i);
    const file = names.take(`${safeName(name)}.png`);
    return [{ ...prompted, name, ...(file !== name && { file }) }];
  });
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw input('PROMPTS_JSON', `cannot read ${path} as JSON: ${reason}`, 'correct the file');
  }
}

async function promptsFromCsv(text: string, path: string): Promise<PromptsFile> {
  const [header, ...rows] = splitCsv(text);
  const names = header?.fields.map((field) => field.trim().toLowerCase()) ?? [];
  if (COLUMNS.some((column, i) => names[i] !== column)) {
    throw input(
      'PROMPTS_COLUMNS',
      `expected the first line ${COLUMNS.join(',')} in ${path}`,
      'separate the columns by commas, in this order',
    );
  }
  const lists = new Map<string, PromptList>();
  const stored = new Map<string, string>();
  for (const { line, fields } of rows) {
    // The values come last and may contain commas without quotes.
    const [image = '', object = '', kind = '', ...values] = fields.map((field) => field.trim());
    const where = `line ${line} of ${path}`;
    if (image === '') throw input('PROMPTS_LINE', `${where}: the image path is missing`, 'add it as the first column');
    // Lines about one file may spell its name in two Unicode normal forms.
    const file = stored.get(image) ?? (await storedPath(image));
    stored.set(image, file);
    const list = lists.get(file) ?? new PromptList();
    lists.set(file, list);
    try {
      list.select(object || 'object-1');
      addPrompt(list, kind, values.join(','));
    } catch (error) {
      if (!(error instanceof SamusError)) throw error;
      throw input('PROMPTS_LINE', `${where}: ${error.message}`, error.hint, { line, reason: error.code });
    }
  }
  return { images: [...lists].map(([image, list]) => ({ image: { path: image }, objects: list.list() })), classes: [] };
}

function addPrompt(list: PromptList, kind: string, values: string): void {
  if (kind === 'point') list.point(parsePoint(values));
  else if (kind === 'box') list.box(parseBox(values));
  else if (kind === 'mask') list.mask(values);
  else {
    throw input('PROMPTS_KIND', `expected a kind point, box or mask, got "${kind}"`, 'correct the third column');
  }
}

function input(
  code: ErrorCode,
  message: string,
  hint: string,
  details: { line?: number; reason?: string } = {},
): SamusError {
  return new SamusError(code, message, hint, details);
}
