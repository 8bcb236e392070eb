/**
 * The program of an inference thread: does the jobs that it is sent, and ends when told to. Started by lane.ts, never
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
/** Jobs at hand: how to cancel each, and its end. */
const running = new Map<number, { readonly controller: AbortController; readonly ended: Promise<void> }>();

const send = (message: FromThread): void => port.postMessage(message);

async function run({ id, job }: Extract<ToThread, { type: 'run' }>, signal: AbortSignal): Promise<void> {
  try {
    send({ type: 'done', id, result: await work.run(job, signal) });
  } catch (error) {
    send({ type: 'failed', id, error: packError(error) });
  } finally {
    running.delete(id);
  }
}

port.on('message', async (message: ToThread) => {
  if (message.type === 'cancel') running.get(message.id)?.controller.abort();
  else if (message.type === 'close') {
    const jobs = [...running.values()];
    for (const { controller } of jobs) controller.abort();
    // A session that a job makes after the others were freed would outlive the thread.
    await Promise.all(jobs.map(({ ended }) => ended));
    await work.close();
    port.close();
  } else {
    const controller = new AbortController();
    running.set(message.id, { controller, ended: run(message, controller.signal) });
  }
});
