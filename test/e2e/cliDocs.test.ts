/**
 * Every example of the documentation runs, in the order in which it stands there.
 */
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { goldenPath } from '../support/golden.js';
import { filesIn, newFolder, removeFolder } from './samusProcess.js';

/** A page runs a dozen commands one after the other, perhaps on a machine that does other work too. */
const PATIENCE_MS = 300_000;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The shell lines of a page; `npm ci` and the like are not run again within the tests. */
function examples(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.split('\n'));
  return blocks.filter((line) => line.trim() !== '' && !/^(npm|npx|git|cd) /.test(line));
}

describe.skipIf(process.platform === 'win32')('the examples (a POSIX shell)', () => {
  it.each(['docs/cli.md', 'docs/data.md', 'docs/evaluate.md', 'docs/models.md', 'docs/train.md', 'README.md'])(
    'of %s run',
    async (page) => {
      const folder = newFolder();
      try {
        const bin = join(folder, '.bin');
        mkdirSync(bin);
        const shim = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'dist/cli/main.js')}" "$@"\n`;
        writeFileSync(join(bin, 'samus'), shim);
        chmodSync(join(bin, 'samus'), 0o755);
        copyFileSync(goldenPath('samus-tiny.pth'), join(folder, 'samus.pth'));
        copyFileSync(goldenPath('sam-tiny.pth'), join(folder, 'sam.pth'));
        const lines = examples(page);
        expect(lines.length).toBeGreaterThan(1);
        const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
        for (const line of lines) {
          await expect(promisify(execFile)('bash', ['-c', line], { cwd: folder, env }), line).resolves.toBeDefined();
        }
        expect(filesIn(folder).filter((path) => path.startsWith('out/')).length).toBeGreaterThan(0);
      } finally {
        removeFolder(folder);
      }
    },
    PATIENCE_MS,
  );
});
