/**
 * Prompts for the command line out of JSON (predict/promptsDocument.ts): names are checked, because files are called by
 * them, and every object must have a prompt.
 */
import { SamusError } from '../errors.js';
import { type DocumentObject, readPromptsDocument } from '../predict/promptsDocument.js';
import { PromptList, type PromptSpec } from './promptOptions.js';

/** @throws SamusError PROMPTS_JSON naming the place, PROMPT_OBJECT_EMPTY */
export function promptsFromJson(text: string, path: string): Map<string, readonly PromptSpec[]> {
  const prompts = new Map<string, readonly PromptSpec[]>();
  for (const { image, objects } of readPromptsDocument(parse(text, path), path)) {
    const list = new PromptList();
    for (const [i, object] of objects.entries()) addObject(list, object, `objects[${i}] of ${image} in ${path}`);
    prompts.set(image, list.list());
  }
  return prompts;
}

function addObject(list: PromptList, { name, points, box, mask }: DocumentObject, where: string): void {
  try {
    list.object(name);
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    throw new SamusError('input', 'PROMPTS_JSON', `${where}: ${error.message}`, error.hint, { reason: error.code });
  }
  for (const point of points) list.point(point);
  if (box) list.box(box);
  if (mask !== undefined) list.mask(mask);
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SamusError('input', 'PROMPTS_JSON', `${path} looks like JSON and is not: ${reason}`, 'correct the file');
  }
}
