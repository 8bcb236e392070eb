/**
 * `npm start`: serves the annotator with the bundled model to this machine, and says what to open. Whoever wants it
 * otherwise takes `samus serve`.
 */
import { SamusError } from '../errors.js';
import { bundledModels } from '../predict/loadModel.node.js';
import { createServer, type Server } from '../server/server.js';
import { onInterrupt } from './interrupt.js';
import { DEFAULT_MODEL } from './modelOptions.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { reportError } from './run.js';
import { runServer } from './serveRun.js';

const HOST = '127.0.0.1';
const PORT = 8000;
/** Ports that are tried after it. */
const MORE_PORTS = 20;

async function start(): Promise<void> {
  if (!(await bundledModels()).includes(DEFAULT_MODEL)) {
    throw new SamusError(
      'input',
      'MODEL_NOT_BUNDLED',
      `the bundled model was expected in models/${DEFAULT_MODEL}, it is not there`,
      'get the whole repository or package, or serve a model of yours: npx samus serve --model FOLDER',
    );
  }
  const server = await createServer({
    models: [DEFAULT_MODEL],
    version: packageVersion(),
    notice: NOTICE,
    hosts: ['localhost', HOST],
    logLevel: 'warn',
  });
  await runServer(server, {
    listen: () => listenNear(server, PORT),
    drainSeconds: 10,
    announce: (url) => {
      const taken = url.endsWith(`:${PORT}`) ? [] : [`port ${PORT} is taken by another program, so it is another one`];
      const lines = [...taken, `open ${url} in a browser; Ctrl-C ends it`, `${NOTICE}.`];
      process.stdout.write(`${lines.join('\n')}\n`);
    },
  });
}

/** At `port`, or at the first one after it that is free. @throws SamusError PORT_TAKEN if none is */
async function listenNear(server: Server, port: number, more = MORE_PORTS): Promise<string> {
  try {
    return await server.listen(HOST, port);
  } catch (error) {
    const taken = error instanceof SamusError && error.code === 'PORT_TAKEN';
    if (!taken || more === 0) throw error;
    return listenNear(server, port + 1, more - 1);
  }
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
