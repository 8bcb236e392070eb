/**
 * `npm start`, in a copy of the package: with a bundled model, without, and twice.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
function start(
  onText: (text: string, child: ReturnType<typeof spawn>) => void = () => undefined,
  ...args: readonly string[]
): Promise<Ended> {
  const child = spawn(process.execPath, ['dist/cli/start.js', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // One that serves where it should not have ended by itself.
    timeout: 90_000,
  });
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

it('reports a missing bundled model', async () => {
  const { code, stderr } = await start();
  expect(code).toBe(3);
  expect(stderr).toContain('models/samus-s');
  expect(stderr).toContain('hint:');
});

it('refuses arguments and points to samus serve', async () => {
  const { code, stderr } = await start(undefined, '--port', '9000');
  expect([code, stderr]).toEqual([2, expect.stringMatching(/got "--port"\nhint: .*samus serve/)]);
});

describe('with a bundled model', () => {
  beforeAll(async () => {
    mkdirSync(join(folder, 'models'));
    await writeTinyModel(join(folder, 'models'), 'samus-s');
  });

  it('serves it, on the next free port if another program uses 8000, and prints the address', async () => {
    // Says nothing to whoever asks it what it is. Taken by this or by a program of this machine, port 8000 is not free.
    const other = createServer();
    await new Promise((resolve) => other.once('error', resolve).listen(8000, '127.0.0.1', () => resolve(undefined)));
    let models: Promise<unknown> | undefined;
    const { code, stdout } = await start((text, child) => {
      const url = addressIn(text);
      if (url === undefined || models) return;
      models = fetch(`${url}/api/v1/models`)
        .then((answer) => answer.json())
        .finally(() => child.kill('SIGINT'));
    });
    other.close();
    expect(stdout).toContain('port 8000 is in use by another program');
    expect(stdout).toContain('keeps it for http://127.0.0.1:8000 and');
    expect(stdout).toContain('not for diagnosis');
    expect(await models).toMatchObject({ default: 'samus-s' });
    expect(code).toBe(0);
  });

  it('points to the samus already running, where saved work is', async () => {
    let second: Promise<Ended> | undefined;
    const first = await start((text, child) => {
      if (addressIn(text) === undefined || second) return;
      second = start().finally(() => child.kill('SIGINT'));
    });
    expect(first.code).toBe(0);
    const { code, stdout, stderr } = await second!;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      `samus is already running with the model samus-s: open ${addressIn(first.stdout)} in a browser`,
    );
    expect(stdout).not.toContain('Ctrl-C');
  });

  it('waits for a stopping samus and takes over its address', async () => {
    let second: Promise<Ended> | undefined;
    const first = await start((text, child) => {
      const url = addressIn(text);
      if (url === undefined || second) return;
      second = endLate(url, child).then((end) =>
        start((said, next) => {
          if (said.includes('to stop')) end();
          if (addressIn(said)) next.kill('SIGINT');
        }),
      );
    });
    expect(first.code).toBe(0);
    const { code, stdout, stderr } = await second!;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`waiting for samus at ${addressIn(first.stdout)} to stop`);
    expect(addressIn(stdout)).toBe(addressIn(first.stdout));
  });
});

/** Ends a server that waits for a client which is silent. @returns what has that client go */
async function endLate(url: string, child: ReturnType<typeof spawn>): Promise<() => void> {
  const headers = { expect: '100-continue', 'content-type': 'image/png', 'content-length': 100 };
  const silent = request(`${url}/api/v1/images`, { method: 'POST', headers }).on('error', () => undefined);
  silent.flushHeaders();
  await once(silent, 'continue');
  child.kill('SIGINT');
  const status = async () => (await (await fetch(`${url}/api/v1/health`)).json()).status;
  while ((await status()) !== 'ending') await new Promise((resolve) => setTimeout(resolve, 20));
  return () => silent.destroy();
}

/** What a running `npm start` tells a person to open. */
function addressIn(text: string): string | undefined {
  return /open (http:\/\/127\.0\.0\.1:\d+) in a browser/.exec(text)?.[1];
}
