/**
 * The program of a session's thread: makes one session, runs it in the order of the messages, and ends when told
 * to dispose. Started by workerSession.node.ts, never imported.
 */
import { parentPort } from 'node:worker_threads';
import { createInThread } from './inThread.node.js';
import type { Session } from './session.js';
import { type FromWorker, packError, packTensors, type ToWorker, unpackTensors } from './workerMessages.js';

const port = parentPort;
if (!port) throw new Error('sessionWorker.node.js is the program of a worker thread');

const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

let session: Session | undefined;

port.on('message', async (message: ToWorker) => {
  if (message.type === 'create') {
    try {
      session = await createInThread(message.model, message.options);
      send({ type: 'created', inputs: session.inputs, outputs: session.outputs });
    } catch (error) {
      send({ type: 'failed', error: packError(error) });
      port.close();
    }
  } else if (message.type === 'run') {
    const { id, feeds, fetches } = message;
    try {
      if (!session) throw new Error('a run was asked for before the session was made');
      const results = await session.run(unpackTensors(feeds), { fetches });
      const { packed, transfer } = packTensors(results, true);
      send({ type: 'ran', id, results: packed }, transfer);
    } catch (error) {
      send({ type: 'runFailed', id, error: packError(error) });
    }
  } else {
    await session?.dispose();
    port.close();
  }
});
