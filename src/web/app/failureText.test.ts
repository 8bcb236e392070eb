/** Every code that an error of the page can have is found in the sources of the page and of what it imports. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isErrorCode } from '../../errorCodes.js';
import { SamusError } from '../../errors.js';
import { text } from '../text/en.js';
import { failureText } from './failureText.js';

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));

/** What only a defect of the page brings about, whatever a person does: wrong calls within it, which stay English. */
const DEFECTS = [
  ...[
    'ARCHITECTURE_TWICE',
    'AUGMENT_PARAMETER',
    'AUTOMATIC_OPTION',
    'CLASS_PNG_SIZE',
    'COCO_CATEGORY',
    'ENCODING_SHAPE',
    'ENGINE_MASK_LOGITS',
  ],
  ...[
    'GRAPH_GRADIENT',
    'GRAPH_NO_GRADIENT',
    'GRAPH_PARAMETER',
    'GRAPH_SHAPE',
    'IMAGE_FORMAT_TWICE',
    'IMAGE_SHAPE',
    'MEASURE_SIZE',
    'MEASURE_SPACING',
  ],
  ...[
    'NIFTI_SIZE',
    'NIFTI_SPACING',
    'OVERLAY_COLOR',
    'OVERLAY_MASK',
    'PHANTOM_SIZE',
    'POLYGON_SIZE',
    'PROMPT_EMPTY',
    'PROMPT_LABEL',
    'PROMPT_MASK_SIZE',
  ],
  ...['PROMPT_MASK_TWICE', 'PROMPT_MASK_VALUE', 'RANDOM_STATE', 'RESIZE_SIZE', 'RLE_SIZE', 'RUNTIME_DTYPE'],
  ...['RUNTIME_FEEDS', 'SAFETENSORS_NAME', 'SEGMENTER_DISPOSED', 'SESSION_DISPOSED', 'TENSOR_DTYPE', 'TENSOR_SIZE'],
  ...['SAMUS_FROM_SAM', 'TRAIN_NOTHING'],
];

/** In files that the page imports, on ways that it does not go (lists of datasets), or reworded by readAnnotations.ts. */
const OUT_OF_REACH = [
  ...['DATA_CLASS_RANGE', 'DATA_SIZE_MISMATCH', 'DATA_LAYOUT', 'DATA_LIST_EMPTY', 'DATA_LIST_LINE'],
  // The page takes only black and white for a compressed mask.
  ...['MASK_FAINT', 'MASK_LOSSY', 'PROMPTS_JSON'],
  // The page keeps logits as numbers.
  'PROMPT_LOGITS',
  // The page never quantises a model, trains one with batch norm, or sets a least presence.
  ...['MODEL_NOT_QUANTISABLE', 'TRAIN_BATCH_NORM', 'MODEL_PRESENCE'],
  // The page trains with augmentations of its own networks.
  'TRAIN_AUGMENT',
];

/** What a server answers to questions of the page, in src/server. */
const OF_SERVER = [
  ...['HOST_UNKNOWN', 'IMAGE_TOO_LARGE', 'INTERNAL', 'MODEL_UNKNOWN', 'ORIGIN_FOREIGN', 'REQUEST_TOO_LARGE'],
  ...['TOKEN_MISSING', 'TOKEN_WRONG'],
  ...['PACS_ANSWER', 'PACS_BUSY', 'PACS_DENIED', 'PACS_LIMIT', 'PACS_NOT_FOUND', 'PACS_NOT_SERVED', 'PACS_REDIRECT'],
  ...['PACS_REFUSED', 'PACS_UNREACHABLE'],
];

const withoutComments = (path: string): string =>
  readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');

/** The page, its workers, and all that they import. */
function sources(): string[] {
  const found = new Set([join(SOURCE, 'web/main.tsx')]);
  for (const path of found) {
    const code = withoutComments(path).replace(/^import type [^;]*;/gm, '');
    for (const [, name] of code.matchAll(/(?:\bfrom|\bimport|\bnew URL\()\s*\(?'(\.[^']+)'/g)) {
      const bare = join(dirname(path), name!.replace(/\.(js|tsx?)$/, ''));
      const file = [`${bare}.ts`, `${bare}.tsx`].find(existsSync);
      if (file) found.add(file);
    }
  }
  return [...found];
}

/** Names of types of numbers look like codes. */
const codesIn = (path: string): string[] =>
  [...withoutComments(path).matchAll(/'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g)]
    .map(([, code]) => code!)
    .filter(isErrorCode);

describe('the words for errors', () => {
  const reached = new Set(sources().flatMap(codesIn));

  it('are there for each code that the page can reach', () => {
    expect(sources().length).toBeGreaterThan(150);
    const wordless = [...reached].filter((code) => !(code in text.failures));
    expect(wordless.sort()).toEqual([...DEFECTS, ...OUT_OF_REACH].sort());
  });

  it('are there for no other code', () => {
    const known = new Set([...reached, ...OF_SERVER]);
    expect(Object.keys(text.failures).filter((code) => !known.has(code))).toEqual([]);
    const pacs = ['multipart.ts', 'pacsErrors.ts', 'pacsRequest.ts'].map((path) => `../formats/dicomweb/${path}`);
    const own = ['access.ts', 'httpErrors.ts', 'routes/pacs.ts', 'routes/segment.ts', 'servedModel.ts'];
    const server = [...own, ...pacs].map((path) => readFileSync(join(SOURCE, 'server', path), 'utf8'));
    for (const code of OF_SERVER) expect(server.join(''), code).toContain(`'${code}'`);
  });

  it('name details, and without one of these the error speaks for itself', () => {
    const error = (details: SamusError['details']) =>
      new SamusError('COCO_SIZE', 'run lengths were expected', 'take the image', details);
    expect(failureText(error({ width: 4, height: 3, rleWidth: 2, rleHeight: 1 })).text).toBe(
      'Expected masks of 4 × 3 pixels in this COCO JSON, got 2 × 1.',
    );
    const own = { text: 'Run lengths were expected.', hint: 'Take the image.' };
    expect(failureText(error({ width: 4 }))).toEqual(own);
    const unknown = new SamusError('GRAPH_SHAPE', 'run lengths were expected', 'take the image');
    expect(failureText(unknown)).toEqual(own);
  });
});
