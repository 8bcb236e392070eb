/**
 * The program of an inference thread: does the jobs that it is sent, and ends when told to. Started by thread.ts, never
 * imported. Messages are received between the runs of a long job, which is how one is cancelled.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../../runtime/workerMessages.js';
import type { FromThread, ThreadSetup, ToThread } from './messages.js';
import { Work } from './work.js';

const port = parentPort;
if (!port) throw new Error('inference/worker.js is the program of a worker thread');

const setup: ThreadSetup = workerData;
const work = new Work(setup);
const running = new Map<number, AbortController>();

const send = (message: FromThread): void => port.postMessage(message);

port.on('message', async (message: ToThread) => {
  if (message.type === 'cancel') running.get(message.id)?.abort();
  else if (message.type === 'close') {
    for (const controller of running.values()) controller.abort();
    await work.close();
    port.close();
  } else {
    const { id, job } = message;
    const controller = new AbortController();
    running.set(id, controller);
    try {
      send({ type: 'done', id, result: await work.run(job, controller.signal) });
    } catch (error) {
      send({ type: 'failed', id, error: packError(error) });
    } finally {
      running.delete(id);
    }
  }
});
