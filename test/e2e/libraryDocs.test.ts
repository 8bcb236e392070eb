/**
 * Every JavaScript example of the documentation is right for the compiler, and runs, as in a program that has the
 * package installed. Those of pages that are followed from top to bottom run in cliDocs.test.ts.
 */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, FOLLOWED_PAGES, ROOT } from '../support/docs.js';
import { goldenPath } from '../support/golden.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';

interface Example {
  readonly page: string;
  readonly name: string;
  readonly code: string;
}

function examplesOf(page: string): Example[] {
  const blocks = blocksOf(page).filter(({ language }) => language === 'js');
  return blocks.map(({ code, file }, i) => ({
    page,
    name: file ? file.replace(/\.mjs$/, '') : `${page.replaceAll(/\W/g, '-')}-${i + 1}`,
    code,
  }));
}

const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];
const EXAMPLES = PAGES.filter((page) => page.endsWith('.md')).flatMap(examplesOf);

describe('the examples', () => {
  let folder = '';

  beforeAll(async () => {
    folder = newFolder();
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'examples', type: 'module' }));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules', 'samus'), 'junction');
    copyFileSync(goldenPath('samus-tiny.pth'), join(folder, 'samus.pth'));
    await samus(folder, 'models', 'convert', 'samus.pth', 'models/samus');
    await samus(folder, 'phantom', 'phantoms', '--seed', '1', '--size', '640x480');
    for (const { name, code } of EXAMPLES) writeFileSync(join(folder, `${name}.mjs`), code);
  });

  afterAll(() => removeFolder(folder));

  it('are right for the compiler', () => {
    const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--allowJs', '--checkJs', '--target', 'es2022'];
    const files = EXAMPLES.map(({ name }) => join(folder, `${name}.mjs`));
    const types = ['--lib', 'es2023,dom', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types')];
    const args = [compiler, ...files, ...options, ...types, '--module', 'nodenext'];
    expect(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })).toBe('');
  });

  it.each(EXAMPLES.filter(({ page }) => !FOLLOWED_PAGES.includes(page)))('$name runs', async ({ name }) => {
    const program = join(folder, `${name}.mjs`);
    await expect(promisify(execFile)(process.execPath, [program], { cwd: folder })).resolves.toMatchObject({
      stderr: '',
    });
  });
});
