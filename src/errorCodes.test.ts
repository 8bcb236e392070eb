import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRORS } from './errorCodes.js';

const SOURCE = fileURLToPath(new URL('.', import.meta.url));

describe('the catalogue of errors', () => {
  const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.test.ts') && path !== 'errorCodes.ts')
    .map((path) => readFileSync(join(SOURCE, path), 'utf8'))
    .join('\n');

  it('has no code that nothing throws', () => {
    expect(Object.keys(ERRORS).filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });

  it('is sorted, and gives each code one sentence', () => {
    const codes = Object.keys(ERRORS);
    expect(codes).toEqual([...codes].sort());
    for (const [code, { meaning }] of Object.entries(ERRORS)) expect(meaning, code).toMatch(/^[`A-Z].*\.$/);
  });
});
