/**
 * The documentation as a reader follows it: every page from top to bottom, shell and JavaScript, beginning in an empty
 * folder; what is marked as optional afterwards, with small checkpoints in place of the released ones. Pages about
 * checkpoints begin with these.
 */
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, FOLLOWED_PAGES, ROOT } from '../support/docs.js';
import { goldenPath } from '../support/golden.js';
import { filesIn, newFolder, removeFolder } from './samusProcess.js';

/** A page runs a dozen commands one after the other, perhaps on a machine that does other work too. */
const PATIENCE_MS = 900_000;

type Blocks = ReturnType<typeof blocksOf>;

/** A folder of a reader, empty; the program is on the path, the package installed above it. */
class Reader {
  readonly #home = newFolder();
  readonly folder = join(this.#home, 'work');

  constructor() {
    const bin = join(this.#home, 'bin');
    for (const folder of [bin, this.folder, join(this.#home, 'node_modules')]) mkdirSync(folder);
    symlinkSync(ROOT, join(this.#home, 'node_modules', 'samus'), 'junction');
    const shim = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'dist/cli/main.js')}" "$@"\n`;
    writeFileSync(join(bin, 'samus'), shim);
    chmodSync(join(bin, 'samus'), 0o755);
  }

  /** Runs blocks in their order; `npm ci` and the like are not run again within the tests. */
  async follow(blocks: Blocks): Promise<void> {
    for (const { language, code, file } of blocks) {
      if (file) writeFileSync(join(this.folder, file), code);
      else if (language === 'js') await this.#run(process.execPath, ['--input-type=module', '--eval', code]);
      else
        for (const line of code.split('\n'))
          if (!/^(npm|npx|git|cd) |^$/.test(line)) await this.#run('bash', ['-c', line]);
    }
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    const env = { ...process.env, PATH: `${join(this.#home, 'bin')}:${process.env.PATH}` };
    const running = promisify(execFile)(program, args, { cwd: this.folder, env });
    await expect(running, args.at(-1)).resolves.toBeDefined();
  }

  /** What the released checkpoints stand for in the pages. */
  putCheckpoints(): void {
    for (const name of ['sam', 'samus']) copyFileSync(goldenPath(`${name}-tiny.pth`), join(this.folder, `${name}.pth`));
  }

  remove(): void {
    removeFolder(this.#home);
  }
}

describe.skipIf(process.platform === 'win32').each(FOLLOWED_PAGES)('%s (a POSIX shell)', (page) => {
  const blocks = blocksOf(page);
  let reader: Reader;
  beforeAll(() => {
    reader = new Reader();
  });
  afterAll(() => reader.remove());

  it(
    'runs from top to bottom in an empty folder',
    async () => {
      expect(filesIn(reader.folder)).toEqual([]);
      await reader.follow(blocks.filter(({ optional }) => !optional));
      expect(filesIn(reader.folder).filter((path) => path.startsWith('out/')).length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  const optional = blocks.filter((block) => block.optional);
  if (optional.length > 0) {
    it(
      'runs what is optional where the checkpoints are',
      async () => {
        reader.putCheckpoints();
        await reader.follow(optional);
      },
      PATIENCE_MS,
    );
  }
});

describe.skipIf(process.platform === 'win32')('pages about checkpoints (a POSIX shell)', () => {
  it.each(['docs/cli.md', 'docs/models.md'])(
    '%s runs in a folder with checkpoints',
    async (page) => {
      const reader = new Reader();
      try {
        reader.putCheckpoints();
        await reader.follow(blocksOf(page));
        expect(filesIn(reader.folder).filter((path) => path.startsWith('out/')).length).toBeGreaterThan(0);
      } finally {
        reader.remove();
      }
    },
    PATIENCE_MS,
  );
});
