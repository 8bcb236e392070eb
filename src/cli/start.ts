/**
 * `npm start`: serves the annotator with the bundled model on this machine and prints its address. `samus serve` has
 * the options.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { SamusError } from '../errors.js';
import { isFields } from '../formats/jsonFields.js';
import { bundledModels } from '../predict/loadModel.node.js';
import { createServer, type Server } from '../server/server.js';
import { isInterrupted, onInterrupt } from './interrupt.js';
import { DEFAULT_MODEL } from './modelOptions.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { reportError } from './run.js';
import { runServer, usualLogFormat } from './serveRun.js';

const HOST = '127.0.0.1';
const PORT = 8000;
/** Number of ports to try after it. */
const MORE_PORTS = 20;
/** Timeout for the health check of the program that has the port. */
const PATIENCE_MS = 2000;
/** Interval between checks whether a stopping samus has stopped. */
const LOOK_MS = 200;

async function start(): Promise<void> {
  const [unexpected] = process.argv.slice(2);
  if (unexpected !== undefined) {
    const message = `expected no arguments, got "${unexpected}"`;
    throw new SamusError('USAGE_ARGUMENTS', message, 'for options run: npx samus serve --help');
  }
  if (!(await bundledModels()).includes(DEFAULT_MODEL)) {
    throw new SamusError(
      'MODEL_NOT_BUNDLED',
      `the bundled model models/${DEFAULT_MODEL} is missing`,
      'get the complete repository or package, or serve your own model: npx samus serve --model FOLDER',
    );
  }
  const server = await createServer({
    models: [DEFAULT_MODEL],
    version: packageVersion(),
    notice: NOTICE,
    hosts: ['localhost', HOST],
    logLevel: 'warn',
    logFormat: usualLogFormat(),
  });
  await runServer(server, {
    listen: () => listenNear(server, PORT),
    drainSeconds: 10,
    announce: (url) => {
      const moved = url === addressAt(PORT) ? [] : MOVED;
      say(...moved, `open ${url} in a browser; press Ctrl-C to stop`);
    },
  });
}

/** A browser stores a page's data by address, port included. */
const MOVED = [
  `port ${PORT} is in use by another program, so the address differs; saved work is not lost:`,
  `the browser keeps it for ${addressAt(PORT)} and shows it there once that port is free`,
];

/**
 * Listens at `port`, or at the first free port after it. If samus already runs at one of them, it does not start: work
 * saved in that page would seem lost at another address. If that samus is stopping, waits for its port.
 * @throws SamusError PORT_TAKEN if none is free
 */
async function listenNear(
  server: Server,
  port: number,
  more = MORE_PORTS,
  wasEnding = false,
): Promise<string | undefined> {
  try {
    return await server.listen(HOST, port);
  } catch (error) {
    const taken = error instanceof SamusError && error.code === 'PORT_TAKEN';
    if (!taken) throw error;
    const url = addressAt(port);
    const status = await samusStatus(url);
    if (status === 'ending' || wasEnding) {
      if (!wasEnding) say(`waiting for samus at ${url} to stop`);
      await delay(LOOK_MS);
      return isInterrupted() ? undefined : listenNear(server, port, more, status === 'ending');
    }
    if (status !== undefined) {
      const served = await servedModels(url);
      const model = served === undefined ? '' : ` with the model ${served}`;
      const start = `samus is already running${model}: open ${url} in a browser`;
      say(start, 'to start another one: npx samus serve --port 9000');
      return undefined;
    }
    if (more === 0) throw error;
    return listenNear(server, port + 1, more - 1);
  }
}

/** The status of samus at an address; undefined if another program or nothing answers. */
async function samusStatus(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/api/v1/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const health: unknown = await answer.json();
    return isFields(health) && health.name === 'samus' ? String(health.status) : undefined;
  } catch {
    return undefined;
  }
}

/** The models of samus at an address; undefined if it asks for a token. */
async function servedModels(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/api/v1/models`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const found: unknown = await answer.json();
    if (!isFields(found) || !Array.isArray(found.models)) return undefined;
    return found.models.map((model: unknown) => (isFields(model) ? String(model.name) : '')).join(', ');
  } catch {
    return undefined;
  }
}

function addressAt(port: number): string {
  return `http://${HOST}:${port}`;
}

function say(...lines: readonly string[]): void {
  process.stdout.write(`${[...lines, `${NOTICE}.`].join('\n')}\n`);
}

onInterrupt((error, exitCode) => {
  reportError(error, false);
  process.exit(exitCode);
});

try {
  await start();
} catch (error) {
  reportError(error, false);
  process.exitCode = error instanceof SamusError ? error.exitCode : 1;
}
