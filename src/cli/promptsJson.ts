/**
 * Prompts for the command line out of JSON (predict/promptsDocument.ts). A person may call objects there by any name,
 * and several by one, so files get names that are fit for them; an object in which nothing is left is passed over.
 */
import { SamusError } from '../errors.js';
import { OutputNames, safeName } from '../formats/outputNames.js';
import { type DocumentObject, readPromptsDocument } from '../predict/promptsDocument.js';
import type { PromptSpec } from './promptOptions.js';
import { warn } from './run.js';

/** @throws SamusError PROMPTS_JSON naming the place, PROMPTS_EMPTY if no object of the file has a prompt */
export function promptsFromJson(text: string, path: string): Map<string, readonly PromptSpec[]> {
  const images = readPromptsDocument(parse(text, path), path);
  const prompts = new Map(images.map(({ image, objects }) => [image, specsOf(objects.filter(hasSomething))]));
  const empty = images.flatMap(({ image, objects }) =>
    objects.flatMap((object, i) => (hasSomething(object) ? [] : [`${object.name} (objects[${i}] of ${image})`])),
  );
  if (empty.length > 0 && [...prompts.values()].every((specs) => specs.length === 0)) {
    const message = `at least one point, box or mask was expected in ${path}, its objects have none`;
    throw new SamusError('PROMPTS_EMPTY', message, 'give each object its prompts');
  }
  for (const object of empty) warn(`${path}: ${object} has neither prompt nor stroke and is left out`);
  return prompts;
}

const hasSomething = ({ points, box, mask, added }: DocumentObject): boolean =>
  points.length > 0 || box !== undefined || mask !== undefined || added !== undefined;

function specsOf(objects: readonly DocumentObject[]): PromptSpec[] {
  const names = new OutputNames();
  return objects.map(({ mask, ...object }) => {
    const file = names.take(`${safeName(object.name)}.png`);
    return {
      ...object,
      ...(file !== object.name && { file }),
      ...(typeof mask === 'string' ? { maskFile: mask } : mask && { maskRle: mask }),
    };
  });
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SamusError('PROMPTS_JSON', `${path} looks like JSON and is not: ${reason}`, 'correct the file');
  }
}
