/**
 * The real server for the browser tests: `samus serve` as it was built, on a port that is free.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { writeModelFolder } from '../../../src/formats/modelFolder.node.js';
import type { ModelConfig } from '../../../src/models/architecture.js';
import { serialiseConfig } from '../../../src/models/configFile.js';
import { TINY_SAMUS, tinyModel } from '../../support/tinyModel.js';

const PROGRAM = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface TestServer {
  /** Its root, `http://127.0.0.1:1234/`. */
  readonly url: string;
  /** Ends it at once. */
  stop(): Promise<void>;
}

/** @param options further ones of `samus serve` */
export async function startServer(options: readonly string[] = []): Promise<TestServer> {
  const args = [PROGRAM, 'serve', '--port', '0', '--json', '--log-level', 'warn', ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part.toString();
      const found = /"url":\s*"([^"]+)"/.exec(text)?.[1];
      if (found) resolve(found);
    });
    child.once('close', (code) => reject(new Error(`samus serve ended with ${code}: ${errors.join('\n')}`)));
  });
  return {
    url: new URL('/', url).href,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * A server of models that run in a moment and whose masks mean nothing, for tests in which they need not.
 * @param configs by the names of the models; default: a SAMUS
 * @param options further ones of `samus serve`
 */
export async function startTinyServer(
  configs: Readonly<Record<string, ModelConfig>> = { tiny: TINY_SAMUS },
  options: readonly string[] = [],
) {
  const folder = await mkdtemp(join(tmpdir(), 'samus-browser-'));
  for (const [name, config] of Object.entries(configs)) {
    const { tensors } = tinyModel(config);
    await writeModelFolder(join(folder, name), { config: serialiseConfig(config), tensors });
  }
  const models = Object.keys(configs).flatMap((name) => ['--model', join(folder, name)]);
  const server = await startServer([...models, ...options]);
  return {
    url: server.url,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
