/**
 * Prompts for many images out of a file: CSV with the columns `image,object,kind,values`, or the JSON that
 * `samus segment --json` prints. Paths in it are taken as on the command line, from the current folder.
 */
import { readFile, stat } from 'node:fs/promises';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { splitCsv } from './csv.js';
import { PromptList, type PromptSpec, parseBox, parsePoint } from './promptOptions.js';
import { promptsFromJson } from './promptsJson.js';

/** Objects by the path of their image, in the order of the file. */
export type PromptsByImage = ReadonlyMap<string, readonly PromptSpec[]>;

/** Prompts are a few bytes each; what is larger is some other file. */
const MAX_BYTES = 64e6;

const COLUMNS = ['image', 'object', 'kind', 'values'] as const;

/** @throws SamusError PROMPTS_UNREADABLE, PROMPTS_TOO_LARGE, PROMPTS_JSON, PROMPTS_COLUMNS, PROMPTS_LINE, PROMPTS_EMPTY */
export async function readPromptsFile(path: string): Promise<PromptsByImage> {
  const text = (await readText(path)).replace(/^\uFEFF/, '');
  const prompts = /^\s*[{[]/.test(text) ? promptsFromJson(text, path) : promptsFromCsv(text, path);
  if (prompts.size > 0) return prompts;
  throw input(
    'PROMPTS_EMPTY',
    `at least one prompt was expected in ${path}, it holds none`,
    'add a line for each prompt',
  );
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      throw input(
        'PROMPTS_TOO_LARGE',
        `a prompts file of at most ${MAX_BYTES} bytes was expected, ${path} has ${size}`,
        'split it',
      );
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof SamusError || !(error instanceof Error) || !('code' in error)) throw error;
    const reason = error.code === 'ENOENT' ? 'there is none' : `it cannot be read (${String(error.code)})`;
    throw input('PROMPTS_UNREADABLE', `a prompts file was expected at ${path}, but ${reason}`, 'check the path');
  }
}

function promptsFromCsv(text: string, path: string): PromptsByImage {
  const [header, ...rows] = splitCsv(text);
  const names = header?.fields.map((field) => field.trim().toLowerCase()) ?? [];
  if (COLUMNS.some((column, i) => names[i] !== column)) {
    throw input(
      'PROMPTS_COLUMNS',
      `${path} was expected to start with the line ${COLUMNS.join(',')}`,
      'separate the columns by commas, and name them in that order',
    );
  }
  const lists = new Map<string, PromptList>();
  for (const { line, fields } of rows) {
    // The values are last and hold commas themselves, so they need no quotes.
    const [image = '', object = '', kind = '', ...values] = fields.map((field) => field.trim());
    const where = `line ${line} of ${path}`;
    if (image === '') throw input('PROMPTS_LINE', `${where}: the path of an image was expected first`, 'add it');
    const list = lists.get(image) ?? new PromptList();
    lists.set(image, list);
    try {
      list.select(object || 'object-1');
      addPrompt(list, kind, values.join(','));
    } catch (error) {
      if (!(error instanceof SamusError)) throw error;
      throw input('PROMPTS_LINE', `${where}: ${error.message}`, error.hint, { line, reason: error.code });
    }
  }
  return new Map([...lists].map(([image, list]) => [image, list.list()]));
}

function addPrompt(list: PromptList, kind: string, values: string): void {
  if (kind === 'point') list.point(parsePoint(values));
  else if (kind === 'box') list.box(parseBox(values));
  else if (kind === 'mask') list.mask(values);
  else {
    throw input('PROMPTS_KIND', `a kind point, box or mask was expected, "${kind}" came`, 'correct the third column');
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
