/**
 * `npm start`, in a copy of the package: with a bundled model, and without.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ended } from './samusProcess.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { writeTinyModel } from './serveProcess.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;

beforeAll(() => {
  folder = newFolder();
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
});

afterAll(() => removeFolder(folder));

/** Starts it; `onText` sees what it has said so far, each time it says something. */
function start(onText: (text: string, child: ReturnType<typeof spawn>) => void = () => undefined): Promise<Ended> {
  const child = spawn(process.execPath, ['dist/cli/start.js'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    onText(stdout, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

it('says what is missing when no model is bundled', async () => {
  const { code, stderr } = await start();
  expect(code).toBe(3);
  expect(stderr).toContain('models/samus-s');
  expect(stderr).toContain('hint:');
});

it('serves the bundled model, at the next free port, and says what to open', async () => {
  mkdirSync(join(folder, 'models'));
  await writeTinyModel(join(folder, 'models'), 'samus-s');
  // Taken by this or by another program, port 8000 is not free.
  const other = createServer();
  await new Promise((resolve) => other.once('error', resolve).listen(8000, '127.0.0.1', () => resolve(undefined)));
  let models: Promise<unknown> | undefined;
  const { code, stdout } = await start((text, child) => {
    const url = /open (http:\/\/127\.0\.0\.1:\d+) in a browser/.exec(text)?.[1];
    if (url === undefined || models) return;
    models = fetch(`${url}/api/v1/models`)
      .then((answer) => answer.json())
      .finally(() => child.kill('SIGINT'));
  });
  other.close();
  expect(stdout).toContain('port 8000 is taken');
  expect(stdout).toContain('not for diagnosis');
  expect(await models).toMatchObject({ default: 'samus-s' });
  expect(code).toBe(0);
});
