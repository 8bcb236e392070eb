/**
 * Every example of docs/serve.md runs, in its order, against a server that was started as the page says.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { encodePng } from '../../src/formats/imageWrite.node.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { startServe, writeTinyModel } from './serveProcess.js';

const PAGE = fileURLToPath(new URL('../../docs/serve.md', import.meta.url));

/** The address that the page has; the server of the test is at any that is free. */
const ADDRESS = 'http://127.0.0.1:8000';

function examples(): string[] {
  const blocks = [...readFileSync(PAGE, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, block = '']) => block.split('\n')).filter((line) => line.trim() !== '');
}

describe.skipIf(process.platform === 'win32')('the examples (a POSIX shell, curl)', () => {
  it('of docs/serve.md run', async () => {
    const folder = newFolder();
    // Named as the bundled model, so that the page's addresses are right.
    await writeTinyModel(folder, 'samus-s');
    const { image } = makePhantom({ seed: 1, width: 320, height: 240 });
    writeFileSync(join(folder, 'scan.png'), await encodePng(image));
    const server = await startServe(folder, '--model', './samus-s', '--folder', '.');
    try {
      const lines = examples();
      expect(lines.length).toBeGreaterThan(8);
      for (const line of lines) {
        const here = line.replaceAll(ADDRESS, server.url);
        await expect(promisify(execFile)('bash', ['-c', here], { cwd: folder }), line).resolves.toBeDefined();
      }
      const masks = JSON.parse(readFileSync(join(folder, 'masks.json'), 'utf8'));
      expect(masks.objects.map(({ name }: { name: string }) => name)).toEqual(['lesion', 'object-2']);
    } finally {
      await server.stop();
      removeFolder(folder);
    }
  });
});
