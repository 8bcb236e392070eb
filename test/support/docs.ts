/**
 * The examples of the documentation: the blocks of a page that are run.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Pages that a reader follows from top to bottom, beginning in an empty folder. */
export const FOLLOWED_PAGES: readonly string[] = [
  'README.md',
  'docs/adding-a-format.md',
  'docs/adding-a-model.md',
  'docs/batch.md',
  'docs/data.md',
  'docs/evaluate.md',
  'docs/export.md',
  'docs/train.md',
];

interface Block {
  readonly language: 'sh' | 'js';
  /** Marked as needing files that must be downloaded. */
  readonly optional: boolean;
  /** The file that the code is saved as; without it the code is run at once. */
  readonly file?: string;
  readonly code: string;
}

/** The shell and JavaScript of a page, in its order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(sh|js)(?: (optional|\S+\.mjs))?\n([\s\S]*?)^```$/gm)].map(
    ([, language, word, code = '']) => ({
      language: language === 'js' ? 'js' : 'sh',
      optional: word === 'optional',
      ...(word?.endsWith('.mjs') && { file: word }),
      code,
    }),
  );
}
